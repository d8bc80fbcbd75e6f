"""What follows a language's dub: its subtitle files, its video, and the checks that decide whether it may go out."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from polyreel import locales
from polyreel.dubbing.plugin_checks import FinishedLanguage, run_further_checks
from polyreel.dubbing.port import Dubbed, DubRequest
from polyreel.dubbing.providers import loudness_of, provider_of
from polyreel.engine.transcribe.whisper import listener_command
from polyreel.job import LoudnessTarget
from polyreel.keys import stage_key
from polyreel.outcome import Check, LineFit, Reel, StoredFile
from polyreel.plans import VERSIONS, LanguagePlan, asks_for_watermark
from polyreel.store.choice import open_store
from polyreel.store.local import path_of
from polyreel.store.port import Store
from polyreel.subtitles import read_bytes, read_file, write, write_bytes
from polyreel.subtitles.formats.registry import FORMATS, suffix_of
from polyreel.subtitles.model import Cue, Track
from tasks.run.progress import reporter
from tasks.run.slots import at_work
from tasks.run.stage import key_of, stage
from tasks.run.values import LanguageResult, Listening, Shots, TrackFile, Tracks
from tasks.script import writing_options

if TYPE_CHECKING:
    from polyreel.dubbing.limits import DubLimits, WordLimits
    from polyreel.dubbing.tracks import Scripts
    from polyreel.engine.sound.meter import Power
    from polyreel.media.mp4 import Mark


@stage("subtitles", key=key_of("subtitles"))
async def convert_subtitles(
    language: LanguagePlan,
    request: DubRequest,
    dubbed: Dubbed,
    listening: Listening | None,
    *,
    reel: Reel,
    shots: Shots | None = None,
) -> Tracks:
    """The script as it was spoken, in every format that the job asks for; where nobody gives one, as it was heard."""
    from polyreel.dubbing.tracks import explain_timing

    if script := dubbed.script or request.script:
        # What was to be shown belongs to the words that were asked for, not to a dub's own script.
        shown = request.shown if dubbed.script is None else None
        files = ScriptFiles(script, shown or script, dubbed.source_script)
        tracks = await asyncio.to_thread(_write_tracks, language, files, dubbed.lines, reel, shots)
        why = explain_timing(language.job.subtitles, dubbed.lines)
        return tracks.model_copy(update={"notes": (*why, *tracks.notes)})
    heard, notes, is_empty = await asyncio.to_thread(_write_heard_script, language, request, listening, open_store())
    tracks = await asyncio.to_thread(
        _write_tracks, language, ScriptFiles(heard, heard, dubbed.source_script), (), reel, shots
    )
    return tracks.model_copy(update={"notes": (*notes, *tracks.notes), "is_empty": is_empty})


@dataclass(frozen=True, slots=True)
class ScriptFiles:
    """A script with names as speakers, and as it is shown; and what whoever dubbed it heard in the source."""

    script: StoredFile
    shown: StoredFile
    source: StoredFile | None = None


@stage("shots", key=lambda given: stage_key("shots", VERSIONS["shots"], reel=given["reel"].file.sha256))
async def find_shots(reel: Reel) -> Shots:
    """Look where the reel's shots begin; once, for all languages."""
    from polyreel.media.probe import probe
    from polyreel.media.shots import find_shots as shots_in

    if not reel.has_picture:
        return Shots()
    async with at_work("shots"):
        info = await asyncio.to_thread(probe, path_of(reel.file))
        return Shots(starts_ms=tuple(await shots_in(path_of(reel.file), info, reporter("shots"))))


def lacks_script(dubbed: Dubbed, request: DubRequest) -> bool:
    """Whether nobody gives the dub's words: they have to be heard."""
    return dubbed.script is None and request.script is None


def _write_heard_script(
    language: LanguagePlan, request: DubRequest, listening: Listening | None, store: Store
) -> tuple[StoredFile, tuple[str, ...], bool]:
    """A script of what was heard in the dub; an empty one (True), and why, where nobody listened."""
    from polyreel.engine.transcribe.cues import into_cues

    title, heard = provider_of(language.dubbing).title, listening.heard if listening else None
    cues: tuple[Cue, ...] = ()
    if heard is not None:
        # Whisper may put the last word past the end of the sound.
        length_ms = round(request.seconds * 1000)
        cues = into_cues(list(heard.words()), language.job.subtitles.profile, language.locale, length_ms)
    script = store.keep_bytes(write(Track(cues), "vtt").text.encode(), ".vtt")
    if cues:
        said = f"{title} gives no script: the subtitles are what was heard in the dub, read by nobody."
        return script, (said,), False
    advice = f"Give the target its `subtitles`, or let the dub be listened to: `{listener_command()}`."
    return script, (f"No subtitles: {title} gives no script. {advice}",), True


def _write_tracks(
    language: LanguagePlan, files: ScriptFiles, lines: tuple[LineFit, ...], reel: Reel, shots: Shots | None
) -> Tracks:
    """WebVTT says who speaks by its own means; in SubRip a name stays in the text, where the script had it."""
    from polyreel.dubbing.tracks import ReelTimes, retime_scripts, tracks_of
    from polyreel.subtitles.simultaneous import merge_simultaneous

    store, subtitles = open_store(), language.subtitles
    said = writing_options(language.job, reel, language.locale)
    times = ReelTimes(reel.duration_ms, said.frame_rate, shots.starts_ms if shots else ())
    scripts, mended = retime_scripts(_read_scripts(language, files, reel), subtitles, language.locale, lines, times)
    kinds, missing = tracks_of(scripts, subtitles)
    found: dict[tuple[str, str], StoredFile] = {}
    notes: list[str] = []
    for kind, (track, shown) in kinds.items():
        for wanted in subtitles.formats:
            content, lost = write_bytes(shown if wanted == "srt" else track, wanted, options=said)
            found[kind, wanted] = store.keep_bytes(content, suffix_of(wanted))
            notes += [f"{wanted}: {note.message}" for note in lost]
    # An MP4's own text track shows one text at a time: where cues meet, both are put into it.
    together = write_bytes(merge_simultaneous(scripts.shown), "vtt")[0]
    own = store.keep_bytes(write_bytes(scripts.said, "vtt", options=said)[0], ".vtt")
    return Tracks(
        # WebVTT is always there: the film's own text track, packages
        # and reviews are made of it, whatever formats go out.
        files={"vtt": own} | {wanted: file for (kind, wanted), file in found.items() if kind == "subtitles"},
        script=files.script if scripts.said == read_file(path_of(files.script)).track else own,
        embedded=store.keep_bytes(together, ".vtt"),
        more=tuple(
            TrackFile(kind=kind, format=wanted, file=file)
            for (kind, wanted), file in found.items()
            if kind != "subtitles"
        ),
        notes=(*missing, *mended, *limit_notes(tuple(dict.fromkeys(notes)))),
    )


def _read_scripts(language: LanguagePlan, files: ScriptFiles, reel: Reel) -> Scripts:
    """The scripts that the files are made of, each on the reel's own times."""
    from polyreel.dubbing.tracks import Scripts
    from polyreel.subtitles.reel_times import cut_to_reel

    said, shown = (read_file(path_of(each)).track for each in (files.script, files.shown))

    def inside(file: StoredFile | None) -> Track | None:
        return cut_to_reel(read_file(path_of(file)).track, reel) if file else None

    source, by_vendor = inside(language.source_script or language.heard_source), files.source
    if source is None and by_vendor is not None:
        # It came with the dub, so that it counts from the reel's zero, as the dub does.
        source = read_file(path_of(by_vendor)).track
    is_heard = language.job.source.subtitles is None
    return Scripts(said, shown, source, inside(language.forced), is_heard=is_heard)


@stage("mux", key=key_of("mux"))
async def mux(language: LanguagePlan, reel: Reel, dubbed: Dubbed, tracks: Tracks) -> StoredFile:
    """The reel's own picture, untouched, or the one that a vendor was asked to change; the dub and the subtitles."""
    from polyreel.media.mux import AudioTrack, SubtitleTrack
    from polyreel.media.mux import mux as put_together

    # Every adapter gives one: without it a film would go out with the old sound, or none.
    if dubbed.audio is None:
        raise ValueError("a dub without sound")
    if not reel.has_picture:
        return await _write_sound(language, reel, dubbed, dubbed.audio)
    store = open_store()
    name = locales.own_name(language.locale)
    audio = AudioTrack(path_of(dubbed.audio), language.locale, title=name, default=True)
    # Players would offer a text track with nothing in it.
    said = bool(read_file(path_of(tracks.script)).track.cues)
    shown = path_of(tracks.embedded or tracks.files["vtt"])
    texts = [SubtitleTrack(shown, language.locale, title=name)] if said else []
    report = reporter("mux", language.locale)
    async with at_work("mux", language.locale):
        with store.open_scratch() as folder:
            target = folder / "dubbed.mp4"
            await put_together(
                path_of(dubbed.video or reel.file),
                [audio],
                texts,
                target,
                chapters=_chapter_marks(reel),
                on_progress=report,
            )
            return await asyncio.to_thread(store.keep_file, target)


async def _write_sound(language: LanguagePlan, reel: Reel, dubbed: Dubbed, audio: StoredFile) -> StoredFile:
    """The dub of a reel without a picture, with what the source says of itself."""
    from polyreel.media.probe import probe
    from polyreel.media.sound_file import SoundLabel, write_sound_file
    from polyreel.packaging.start import start_of

    store, source = open_store(), language.source or reel.file
    start = await asyncio.to_thread(start_of, source, reel, language.job.source)
    label = SoundLabel(
        language.locale,
        reel.duration_ms,
        await asyncio.to_thread(probe, path_of(source)),
        _chapter_marks(reel),
        start.samples,
    )
    mix = path_of(dubbed.lossless.mix) if dubbed.lossless else None
    async with at_work("mux", language.locale):
        with store.open_scratch() as folder:
            target = folder / f"dubbed.{reel.container}"
            await write_sound_file(path_of(audio), mix, target, label)
            return await asyncio.to_thread(store.keep_file, target, target.suffix)


def _chapter_marks(reel: Reel) -> list[Mark]:
    from polyreel.media.mp4 import Mark

    marks = [Mark(one.start_ms, one.title) for one in reel.chapters]
    # A chapter lasts until the next: the list has no ends, so what comes before the first is one without a name.
    return [Mark(0, ""), *marks] if marks and marks[0].start_ms else marks


@stage("check", key=key_of("check"))
async def check(
    language: LanguagePlan, reel: Reel, dubbed: Dubbed, tracks: Tracks, video: StoredFile, *, listening: Listening
) -> LanguageResult:
    """Measure what came out against the reel, the script and the profile."""
    from polyreel.dubbing.checks import check_dub
    from polyreel.dubbing.each_line import check_each_line
    from polyreel.dubbing.outlines import load_power, outline_dub, split_heard
    from polyreel.dubbing.remedies import Ways, add_remedies
    from polyreel.dubbing.sound_checks import check_sound
    from polyreel.dubbing.voice_checks import check_voices
    from polyreel.subtitles.checks import check as check_cues
    from polyreel.subtitles.checks import summarise_findings

    profile = language.job.subtitles.profile
    track = read_file(path_of(tracks.script)).track
    # Sound has no frames; profiles count gaps in them, and 24 is the strictest that is common.
    rate = float(Fraction(reel.frame_rate or 24)) or 24.0
    findings = check_cues(track, profile, language.locale, frame_rate=rate)
    async with at_work("check", language.locale):
        target = loudness_of(language.dubbing, has_picture=reel.has_picture)
        limits = limits_of(language, reel)
        sound = await asyncio.to_thread(check_sound, dubbed, reel.duration_ms, limits)
        words = await _check_words(language, dubbed, listening, limits.words)
        power = await load_power(dubbed)
        lines = await asyncio.to_thread(check_each_line, dubbed, listening.heard, power, limits.lines)
        outline = await outline_dub(dubbed, power)
        dialogue = _check_dialogue(dubbed, track, power, target)
        given = FinishedLanguage.of(language, reel, dubbed, video, track.cues, listening.heard)
        further = await asyncio.to_thread(run_further_checks, given)
    voices = check_voices(listening.lines, language.locale, limits.voices) if listening.lines else ()
    cues = summarise_findings(findings, profile, len(track.cues))
    captions = _check_captions(language, tracks, rate)
    own = (
        *check_dub(await _with_delivered_length(dubbed, video), Fraction(reel.duration), limits.sound),
        *sound,
        *lines,
        *dialogue,
        *words,
        *voices,
    )
    ways = Ways(language.dubbing.mix, language.mends)
    return LanguageResult(
        locale=language.locale,
        video=video,
        container=reel.container,
        audio=dubbed.audio,
        provider=provider_of(language.dubbing).title,
        mix=language.dubbing.mix,
        has_own_picture=dubbed.video is not None or bool(reel.yields),
        is_machine_text=language.machine_draft or language.script is None,
        tracks=tracks,
        checks=(*add_remedies(own, dubbed, ways), cues, *captions, *further),
        lines=dubbed.lines,
        heard=split_heard(listening.heard, dubbed.lines) if listening.heard else (),
        outline=outline,
        lossless=dubbed.lossless,
        watermark=dubbed.watermark,
        notes=(*language.notes, *dubbed.notes, *tracks.notes, *listening.notes, *_note_unmarked(language, dubbed)),
    )


def limits_of(language: LanguagePlan, reel: Reel) -> DubLimits:
    """What a language's dub is judged by: its profile's limits and its target's, but for those that the job sets."""
    from polyreel.dubbing.limits import DubLimits

    target = loudness_of(language.dubbing, has_picture=reel.has_picture)
    return DubLimits.of(language.job.subtitles.profile, target, language.job.quality.limits)


def _check_dialogue(dubbed: Dubbed, track: Track, power: Power | None, target: LoudnessTarget) -> tuple[Check, ...]:
    """By the dub's own lines; a vendor that gives none speaks where its script does."""
    from polyreel.dubbing.sound_checks import check_dialogue

    spoken = [(line.start_ms, line.end_ms) for line in dubbed.lines] or [(c.start_ms, c.end_ms) for c in track.cues]
    found = None if power is None else check_dialogue(power, spoken, target)
    return (found,) if found else ()


def _note_unmarked(language: LanguagePlan, dubbed: Dubbed) -> tuple[str, ...]:
    if dubbed.watermark or not asks_for_watermark(language.job):
        return ()
    return (f"No watermark is in it: {provider_of(language.dubbing).title} gives one finished sound.",)


def _check_captions(language: LanguagePlan, tracks: Tracks, rate: float) -> tuple[Check, ...]:
    """Captions have limits of their own: who reads them hears nothing, and reads more."""
    from polyreel.subtitles.checks import check as check_cues
    from polyreel.subtitles.checks import summarise_findings

    subtitles = language.job.subtitles
    # EBU STL and texts to read are only written here: captions in those alone can't be read back.
    file = next((each for each in tracks.more if each.kind == "captions" and FORMATS[each.format].read), None)
    if file is None:
        return ()
    track = read_bytes(path_of(file.file).read_bytes(), file.format).track
    findings = check_cues(track, subtitles.profile, language.locale, frame_rate=rate, kind="captions")
    found = summarise_findings(findings, subtitles.profile, len(track.cues))
    return (found.model_copy(update={"name": "captions"}),)


async def _with_delivered_length(dubbed: Dubbed, video: StoredFile) -> Dubbed:
    """The dub with the length of what is delivered, not of what was meant."""
    from polyreel.media.probe import probe

    delivered = (await asyncio.to_thread(probe, path_of(video))).audio[0].duration
    return dubbed.model_copy(update={"seconds": str(delivered)})


async def _check_words(
    language: LanguagePlan, dubbed: Dubbed, listening: Listening, limits: WordLimits
) -> tuple[Check, ...]:
    """What was heard against what was to be said; a vendor that gives no lines gives nothing to compare."""
    from polyreel.dubbing.backchecks import check_heard, check_language

    if listening.heard is None:
        return ()
    if not dubbed.lines:
        return (check_language(listening.heard, language.locale, limits),)
    return await asyncio.to_thread(check_heard, listening.heard, dubbed.lines, language.locale, limits)


# A film's SCC loses something at each of a thousand cues.
def limit_notes(notes: tuple[str, ...], most: int = 20) -> tuple[str, ...]:
    """The first notes, and how many more there are."""
    return (*notes[:most], f"and {len(notes) - most} more") if len(notes) > most else notes
