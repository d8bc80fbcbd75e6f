"""Dubbing one language: the script cut to the reel, submitted once, waited for, collected."""

from __future__ import annotations

from fractions import Fraction

from polyreel.dubbing.choice import dubber_for, loudness_of, voices_asked
from polyreel.dubbing.port import Dubbed, Dubber, DubRequest, Receipt
from polyreel.engine.separate import Stems
from polyreel.errors import SubtitleError
from polyreel.outcome import Artefact, Reel
from polyreel.plan import LanguagePlan
from polyreel.store import Store, path_of
from polyreel.subtitles import read_file, write
from polyreel.subtitles.timing import trim as cut_cues
from tasks.progress import reporter
from tasks.stage import key_of, stage


@stage("script", key=key_of("script"))
async def request_dub(language: LanguagePlan, reel: Reel, stems: Stems) -> DubRequest:
    """What is asked of the dubber: the scripts, moved and cut with the trim, and every option of the job."""
    job, store = language.job, Store()
    script = _cut(language.script, reel, store)
    if script is None:
        raise SubtitleError(
            "no cue of the script lies inside the trim",
            code="empty_transcript",
            where=language.locale,
            remedy="Trim less, or give a script for this part.",
        )
    lufs, peak = loudness_of(job.dubbing) if job.dubbing.provider == "embedded" else (None, -1.0)
    return DubRequest(
        locale=language.locale,
        source_locale=job.source.locale,
        reel=reel.file,
        duration=reel.duration,
        script=script,
        source_script=_cut(language.source_script, reel, store),
        speakers=job.source.speakers,
        mix=job.dubbing.mix,
        voices=language.voice,
        stems=stems,
        target_lufs=lufs,
        peak_dbtp=peak,
    )


def _cut(script: Artefact | None, reel: Reel, store: Store) -> Artefact | None:
    """A script with the reel's own zero, as WebVTT; None where nothing of it is left."""
    if script is None:
        return None
    start_ms = round(Fraction(reel.start) * 1000)
    track = cut_cues(read_file(path_of(script)).track, start_ms, start_ms + reel.duration_ms)
    return store.keep_bytes(write(track, "vtt").text.encode(), ".vtt") if track.cues else None


@stage("submit", key=key_of("submit"))
async def submit_dub(language: LanguagePlan, request: DubRequest) -> Receipt:
    """Commit to the work. Never retried: a second submission may be a second bill."""
    return await _dubber(language).submit(request)


@stage("dub", key=key_of("dub"))
async def wait_for_dub(language: LanguagePlan, request: DubRequest, receipt: Receipt) -> None:
    """Wait until it is done; here that means doing it. What is already spoken is not spoken again."""
    await _dubber(language).wait(request, receipt, reporter("dub", language.locale))


@stage("collect", key=key_of("collect"))
async def collect_dub(language: LanguagePlan, request: DubRequest, receipt: Receipt) -> Dubbed:
    """The finished dub, in the store."""
    return await _dubber(language).collect(request, receipt, reporter("collect", language.locale))


def _dubber(language: LanguagePlan) -> Dubber:
    dubbing = language.job.dubbing
    return dubber_for(dubbing.provider, Store(), voices_asked(dubbing))
