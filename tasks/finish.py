"""What follows a language's dub: its subtitle files, its video, and the checks that decide whether it may go out."""

from __future__ import annotations

import asyncio
from fractions import Fraction

from pydantic import Field

from polyreel import locales
from polyreel.dubbing.backchecks import check_heard, check_language
from polyreel.dubbing.checks import check_dub
from polyreel.dubbing.hearing import heard_in
from polyreel.dubbing.port import Dubbed, DubRequest
from polyreel.dubbing.sound_checks import check_sound, limits_of
from polyreel.engine.transcribe.whisper import listener_command, listener_here, usual_listener
from polyreel.engine.transcribe.words import Heard
from polyreel.job import EmbeddedDubbing, Job, LoudnessTarget
from polyreel.media.mux import AudioTrack, SubtitleTrack
from polyreel.media.mux import mux as put_together
from polyreel.media.probe import probe
from polyreel.outcome import Artefact, Check, LineFit, Problem, Reel, Value
from polyreel.plan import LanguagePlan
from polyreel.store import Store, path_of
from polyreel.stores import open_store
from polyreel.subtitles import read_file, write_bytes
from polyreel.subtitles.checks import check as check_cues
from polyreel.subtitles.checks import summarised
from tasks.places import at_work
from tasks.progress import reporter
from tasks.stage import key_of, stage


class Tracks(Value):
    """A language's subtitle files by format. ``vtt`` is always there: the video and the report carry it."""

    files: dict[str, Artefact]
    script: Artefact
    notes: tuple[str, ...] = ()


class Listening(Value):
    """What was heard in the finished dub; without it, why not."""

    heard: Heard | None = None
    notes: tuple[str, ...] = ()


class Finished(Value):
    """A language, made and checked."""

    locale: str
    video: Artefact
    tracks: Tracks
    checks: tuple[Check, ...] = ()
    lines: tuple[LineFit, ...] = ()
    audio: Artefact | None = Field(default=None, description="The dubbed sound alone, for streaming packages.")
    notes: tuple[str, ...] = ()


class Languages(Value):
    """What became of every language: finished, or the reason why not."""

    finished: tuple[Finished, ...] = ()
    problems: dict[str, Problem] = Field(default_factory=dict)


@stage("listen", key=key_of("listen"))
async def listen(language: LanguagePlan, request: DubRequest, dubbed: Dubbed) -> Listening:
    """Write down what a listener hears in the finished dub."""
    if not listener_here():
        return Listening(notes=(f"Nobody listened to the dub: `{listener_command()}` gets the weights to do it with.",))
    async with at_work("listen", language.locale):
        heard = await heard_in(dubbed, request, usual_listener(), reporter("listen", language.locale))
    if heard is None:
        return Listening(notes=("Nobody listened to the dub: the listener was not taught this language.",))
    return Listening(heard=heard)


@stage("subtitles", key=key_of("subtitles"))
async def convert_subtitles(language: LanguagePlan, request: DubRequest, dubbed: Dubbed) -> Tracks:
    """The script as it was spoken, in every format that the job asks for."""
    script = dubbed.script or request.script
    if script is None:
        raise ValueError("a dub without any script")
    return await asyncio.to_thread(_written, language, script, open_store())


def _written(language: LanguagePlan, script: Artefact, store: Store) -> Tracks:
    track = read_file(path_of(script)).track
    files, notes = {}, []
    for wanted in dict.fromkeys(("vtt", *language.job.subtitles.formats)):
        content, lost = write_bytes(track, wanted, locale=language.locale)
        files[wanted] = store.keep_bytes(content, f".{wanted}")
        if wanted in language.job.subtitles.formats:
            notes += [f"{wanted}: {note.message}" for note in lost]
    return Tracks(files=files, script=script, notes=tuple(dict.fromkeys(notes)))


@stage("mux", key=key_of("mux"))
async def mux(language: LanguagePlan, reel: Reel, dubbed: Dubbed, tracks: Tracks) -> Artefact:
    """The reel's own picture, untouched, with the dubbed sound and the subtitles."""
    if dubbed.audio is None:
        raise ValueError("a dub without sound")
    store = open_store()
    name = locales.own_name(language.locale)
    audio = AudioTrack(path_of(dubbed.audio), language.locale, title=name, default=True)
    text = SubtitleTrack(path_of(tracks.files["vtt"]), language.locale, title=name)
    report = reporter("mux", language.locale)
    async with at_work("mux", language.locale):
        with store.scratch() as folder:
            target = folder / "dubbed.mp4"
            await put_together(path_of(reel.file), [audio], [text], target, on_progress=report)
            return await asyncio.to_thread(store.keep, target)


@stage("check", key=key_of("check"))
async def check(
    language: LanguagePlan, reel: Reel, dubbed: Dubbed, tracks: Tracks, video: Artefact, *, listening: Listening
) -> Finished:
    """Measure what came out against the reel, the script and the profile."""
    profile = language.job.subtitles.profile
    track = read_file(path_of(tracks.script)).track
    rate = float(Fraction(reel.frame_rate or 24)) or 24.0
    findings = check_cues(track, profile, language.locale, frame_rate=rate)
    async with at_work("check", language.locale):
        sound = await asyncio.to_thread(check_sound, dubbed, reel.duration_ms, limits_of(_loudness(language.job)))
        words = await _check_words(language, dubbed, listening)
    cues = summarised(findings, profile, len(track.cues))
    return Finished(
        locale=language.locale,
        video=video,
        audio=dubbed.audio,
        tracks=tracks,
        checks=(*check_dub(await _measured(dubbed, video), Fraction(reel.duration)), *sound, *words, cues),
        lines=dubbed.lines,
        notes=(*language.notes, *dubbed.notes, *tracks.notes, *listening.notes),
    )


async def _measured(dubbed: Dubbed, video: Artefact) -> Dubbed:
    """The dub with the length of what is delivered, not of what was meant."""
    delivered = (await asyncio.to_thread(probe, path_of(video))).audio[0].duration
    return dubbed.model_copy(update={"seconds": str(delivered)})


async def _check_words(language: LanguagePlan, dubbed: Dubbed, listening: Listening) -> tuple[Check, ...]:
    """What was heard against what was to be said; a vendor that gives no lines gives nothing to compare."""
    if listening.heard is None:
        return ()
    if not dubbed.lines:
        return (check_language(listening.heard, language.locale),)
    profile = language.job.subtitles.profile
    return await asyncio.to_thread(check_heard, listening.heard, dubbed.lines, language.locale, profile)


def _loudness(job: Job) -> LoudnessTarget:
    return job.dubbing.loudness if isinstance(job.dubbing, EmbeddedDubbing) else "source"
