"""The stages that a job does once: check, take in, trim, part the sound."""

from __future__ import annotations

import asyncio
from fractions import Fraction

from polyreel import preflight
from polyreel.dubbing.parting import part_sound
from polyreel.engine.separate import Stems
from polyreel.errors import FetchError
from polyreel.job import Job, Trim
from polyreel.media.codecs import MP4_VIDEO
from polyreel.media.probe import MediaInfo, probe
from polyreel.media.trim import trim as cut_video
from polyreel.outcome import Artefact, Reel
from polyreel.plan import Plan
from polyreel.scratch import clear_scratch
from polyreel.sources.ingest import ingest as take_in
from polyreel.store import path_of
from polyreel.stores import open_store
from tasks.places import at_work
from tasks.progress import reporter
from tasks.script import require_translator
from tasks.sources import connection_of
from tasks.stage import stage


@stage("prepare")
async def prepare(job: Job) -> Plan:
    """Read and check everything that the job names. Costs nothing, so it is done every time."""
    await asyncio.to_thread(clear_scratch)  # what a killed run left half-made
    await open_store().ready()
    plan = await preflight.prepare(job, open_store(), await connection_of(job))
    if any(language.needs_draft for language in plan.languages):
        await require_translator(job)
    return plan


@stage("ingest", retries=1, retry_if=FetchError)
async def ingest(plan: Plan) -> Plan:
    """Bring the video in, and bind the plan to it. The store itself knows what is already here and unchanged."""
    source = await take_in(
        plan.job.source.media,
        open_store(),
        on_progress=reporter("ingest"),
        connection=await connection_of(plan.job),
    )
    return plan.bound(source)


@stage("trim", key=lambda given: given["plan"].stage_keys["trim"])
async def trim(plan: Plan) -> Reel:
    """Cut the video where the job asks for it, exact to the frame; else take it as it is.

    A picture that no MP4 can hold is encoded here, once, and not once per language.
    """
    source = path_of(plan.source_at_hand())
    info = await asyncio.to_thread(probe, source)
    preflight.check_reel(info, plan.job)
    if plan.job.trim is None and _fits_an_mp4(info):
        return _reel(plan.source_at_hand(), info)
    wanted = plan.job.trim or Trim()
    store = open_store()
    with store.scratch() as folder:
        start, end = preflight.exact(wanted.start), preflight.exact(wanted.end)
        async with at_work("trim"):
            done = await cut_video(source, folder / "reel.mp4", info, start, end, on_progress=reporter("trim"))
        kept = await asyncio.to_thread(store.keep, folder / "reel.mp4")
    notes = (f"The whole picture was encoded: {done.reason}.",) if done.reason else ()
    return _reel(kept, await asyncio.to_thread(probe, path_of(kept)), done.start, notes)


def _fits_an_mp4(info: MediaInfo) -> bool:
    return info.video is not None and info.video.codec in MP4_VIDEO


def _reel(file: Artefact, info: MediaInfo, start: Fraction = Fraction(0), notes: tuple[str, ...] = ()) -> Reel:
    assert info.video is not None  # noqa: S101 - check_reel has seen to it
    return Reel(
        file=file,
        duration=str(info.duration),
        start=str(start),
        width=info.video.width,
        height=info.video.height,
        frame_rate=str(info.video.frame_rate),
        video_codec=info.video.codec,
        audio_codec=info.audio[0].codec,
        channels=info.audio[0].channels,
        notes=notes,
    )


@stage("separate", key=lambda given: given["plan"].stage_keys["separate"])
async def separate(plan: Plan, reel: Reel) -> Stems:
    """Decode the sound once, for every language, and part speech from background as well as can be."""
    async with at_work("separate"):
        # From the source itself: what trimming left has its sound encoded once more.
        return await part_sound(
            path_of(plan.source_at_hand()),
            open_store(),
            plan.parting,
            start=Fraction(reel.start),
            duration=Fraction(reel.duration),
            background=path_of(plan.background) if plan.background else None,
            on_progress=reporter("separate"),
        )
