"""Dubbing one language: the script cut to the reel, submitted once, waited for, collected."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager, nullcontext
from fractions import Fraction

from polyreel.dubbing.casting import cast_script, named
from polyreel.dubbing.choice import dubber_for, loudness_of, voices_asked
from polyreel.dubbing.port import Dubbed, Dubber, DubRequest, Receipt
from polyreel.engine.separate import Stems
from polyreel.engine.textlanguage import contradiction
from polyreel.errors import SubtitleError
from polyreel.outcome import Artefact, Reel
from polyreel.plan import LanguagePlan
from polyreel.store import Store, path_of
from polyreel.stores import open_store
from polyreel.subtitles import plain_text, read_file, write
from polyreel.subtitles.model import Track
from polyreel.subtitles.timing import trim as cut_cues
from tasks.places import at_work
from tasks.progress import reporter
from tasks.stage import key_of, stage


def several_speak(language: LanguagePlan) -> bool:
    """Whether the job says that several people speak."""
    return (language.job.source.speakers or 1) > 1


@stage("script", key=key_of("script"))
async def request_dub(language: LanguagePlan, reel: Reel, stems: Stems | None) -> DubRequest:
    """What is asked of the dubber: the scripts, moved and cut with the trim, and every option of the job.

    ``stems`` are needed where `several_speak`: they may have to be told apart by ear.
    """
    job, store = language.job, open_store()
    whole = [named(track, job) for track in (_read(language.source_script), _read(language.script)) if track]
    source = _cut(whole[0], reel) if language.source_script else None
    script = _cut(whole[-1], reel) if language.script else None
    if script is None:
        raise SubtitleError(
            "no cue of the script lies inside the trim",
            code="empty_transcript",
            where=language.locale,
            remedy="Trim less, or give a script for this part.",
        )
    if not job.subtitles.accept_repairs:
        await asyncio.to_thread(_require_language, script, language.locale)
    casting = await cast_script(script, source, whole=whole, job=job, locale=language.locale, stems=stems, store=store)
    lufs, peak = loudness_of(job.dubbing) if job.dubbing.provider == "embedded" else (None, -1.0)
    return DubRequest(
        locale=language.locale,
        source_locale=job.source.locale,
        reel=reel.file,
        duration=reel.duration,
        script=_kept(casting.script, store),
        source_script=_kept(source, store) if source else None,
        machine_draft=language.machine_draft,
        speakers=job.source.speakers,
        mix=job.dubbing.mix,
        voices=language.voice,
        roster=casting.roster,
        pinned=casting.pinned,
        genders=casting.genders,
        stems=stems,
        target_lufs=lufs,
        peak_dbtp=peak,
        notes=casting.notes,
    )


def _require_language(script: Track, locale: str) -> None:
    found = contradiction(" ".join(plain_text(cue.text) for cue in script.cues), locale)
    if found:
        raise SubtitleError(
            f"the script is written in {found}",
            code="wrong_language",
            where=locale,
            remedy="Give the script of this language; if it is, set `subtitles: {accept_repairs: true}`.",
        )


def _read(script: Artefact | None) -> Track | None:
    return read_file(path_of(script)).track if script else None


def _cut(track: Track, reel: Reel) -> Track | None:
    """A script with the reel's own zero; None where nothing of it is left."""
    start_ms = round(Fraction(reel.start) * 1000)
    cut = cut_cues(track, start_ms, start_ms + reel.duration_ms)
    return cut if cut.cues else None


def _kept(track: Track, store: Store) -> Artefact:
    return store.keep_bytes(write(track, "vtt").text.encode(), ".vtt")


@stage("submit", key=key_of("submit"))
async def submit_dub(language: LanguagePlan, request: DubRequest) -> Receipt:
    """Commit to the work. Never retried: a second submission may be a second bill."""
    return await _dubber(language).submit(request)


@stage("dub", key=key_of("dub"))
async def wait_for_dub(language: LanguagePlan, request: DubRequest, receipt: Receipt) -> None:
    """Wait until it is done; here that means doing it. What is already spoken is not spoken again."""
    async with _at_work_or_waiting(language, "dub"):
        await _dubber(language).wait(request, receipt, reporter("dub", language.locale))


@stage("collect", key=key_of("collect"))
async def collect_dub(language: LanguagePlan, request: DubRequest, receipt: Receipt, stems: Stems) -> Dubbed:
    """The finished dub, in the store: here the speech is laid over what the sound was parted into."""
    request = request.model_copy(update={"stems": stems})
    async with _at_work_or_waiting(language, "collect"):
        return await _dubber(language).collect(request, receipt, reporter("collect", language.locale))


def _dubber(language: LanguagePlan) -> Dubber:
    dubbing = language.job.dubbing
    return dubber_for(dubbing.provider, open_store(), voices_asked(dubbing))


def _at_work_or_waiting(language: LanguagePlan, name: str) -> AbstractAsyncContextManager[None]:
    """A place on this machine where the dubber works on it; a vendor is waited for without one."""
    return at_work(name, language.locale) if language.job.dubbing.provider == "embedded" else nullcontext()
