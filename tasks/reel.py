"""The stages that a job does once: check, take in, trim, part the sound."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

from prefect.logging import get_logger

from polyreel.dubbing.providers import provider_of
from polyreel.engine.separation.stems import Stems
from polyreel.errors import FetchError, MediaError
from polyreel.errors.together import Faults
from polyreel.intake.jobfile import is_address
from polyreel.job import Job, Trim
from polyreel.job.values import is_embedded
from polyreel.media.codecs import MP4_VIDEO
from polyreel.media.info import MediaInfo
from polyreel.media.probe import probe
from polyreel.media.tracks import SoundChoice, note_left_out
from polyreel.outcome import Reel, ReelChapter, StoredFile
from polyreel.planning import prepare as planning
from polyreel.planning.sound import container_of
from polyreel.plans import Plan
from polyreel.redaction import strip_address
from polyreel.sources.ingest import ingest as take_in
from polyreel.store.choice import open_store
from polyreel.store.local import path_of
from polyreel.store.scratch import clear_scratch
from tasks.run.accounts import accounts_of, list_changed_accounts, require_saved
from tasks.run.connections import client_of, connection_of
from tasks.run.early import take_early
from tasks.run.looks import look_at_vendors
from tasks.run.progress import board, reporter
from tasks.run.slots import at_work
from tasks.run.stage import stage
from tasks.script import require_translator
from tasks.sign import require_signer

log = get_logger("polyreel.reel")


@stage("prepare")
async def prepare(job: Job) -> Plan:
    """Read and check everything that the job names. Costs nothing, so it is done every time."""
    # Before anything is written, so that its room counts.
    await asyncio.to_thread(clear_scratch)  # what a killed run left half-made
    await open_store().check_usable()
    faults = Faults()
    with faults.gather():
        await require_saved(job)
    if faults and job.source.credentials:  # they know the way to the job's files
        await _require_none(faults, job)
    with faults.gather():
        # Now, though it signs at the end: a missing key is said before anything is bought.
        await require_signer(job)
    with faults.gather():
        plan = await _plan(job, {} if faults else await accounts_of(job))
    await _require_none(faults, job)
    return await _with_changed_accounts(plan)


async def _with_changed_accounts(plan: Plan) -> Plan:
    """The plan with a note of each account that is another one than before: said now, before anything is bought."""
    changed = await list_changed_accounts(plan.job)
    for each in changed:
        log.warning("%s", each)
        if show := board().warn:
            show(each)
    return plan.model_copy(update={"notes": (*plan.notes, *changed)})


async def _require_none(faults: Faults, job: Job) -> None:
    """Raise what was found, with what the vendors would say next: who mends the one should not meet the other."""
    if faults:
        faults.add(*(await look_at_vendors(job, source=True)).faults)
    faults.require_none()


async def _plan(job: Job, accounts: Mapping[str, str]) -> Plan:
    source = job.source
    async with client_of(source.vendor, source.credentials if source.vendor else None) as client:
        plan = await planning.prepare(job, open_store(), await connection_of(job), accounts, client)
    if any(language.needs_draft for language in plan.languages):
        await require_translator(job)
    return plan


@stage("ingest", retries=1, retry_if=FetchError)
async def ingest(plan: Plan) -> Plan:
    """Bring the video in, and bind the plan to it. The store itself knows what is already here and unchanged."""
    source = plan.job.source
    if early := take_early(source.media):
        return plan.with_source(await early.wait(reporter("ingest")))
    async with client_of(source.vendor, source.credentials if source.vendor else None) as client:
        file = await take_in(
            source.media,
            open_store(),
            on_progress=reporter("ingest"),
            connection=await connection_of(plan.job),
            client=client,
        )
    return plan.with_source(file)


@contextmanager
def name_source(media: str, kept: Path) -> Iterator[None]:
    """Let an error of the file in the store name the source as the job does: nobody knows the store's own paths."""
    try:
        yield
    except MediaError as error:
        if error.where == str(kept):
            error.where = strip_address(media) if is_address(media) else media
        raise


@stage("trim", key=lambda given: given["plan"].stage_keys["trim"])
async def trim(plan: Plan) -> Reel:
    """Cut the video where the job asks for it, exact to the frame; else take it as it is.

    A picture that no MP4 can hold is encoded here, once, and not once per language.
    """
    from polyreel.media.trim import trim as cut_video

    source = path_of(plan.source_at_hand())
    with name_source(plan.job.source.media, source):
        info = await asyncio.to_thread(probe, source)
        sound = planning.check_reel(info, plan.job)
    if info.video is None:
        return await _trim_sound(plan, info, sound)
    # The source as it is: no copy of a film of many gigabytes.
    if plan.job.trim is None and _fits_an_mp4(info) and _is_for_here(plan.job, info):
        return _make_reel(plan, info, sound, plan.source_at_hand(), info)
    wanted = plan.job.trim or Trim()
    store = open_store()
    with store.open_scratch() as folder:
        start, end = planning.make_exact(wanted.start), planning.make_exact(wanted.end)
        async with at_work("trim"):
            done = await cut_video(
                source, folder / "reel.mp4", info, start, end, sound=sound.tracks, on_progress=reporter("trim")
            )
        kept = await asyncio.to_thread(store.keep_file, folder / "reel.mp4")
    notes = (f"The whole picture was encoded {done.encoding}: {done.reason}.",) if done.reason else ()
    # Measured, not computed: a cut ends on a whole frame, and every later length is compared with this one.
    made = await asyncio.to_thread(probe, path_of(kept))
    return _make_reel(plan, info, sound, kept, made, done.start, notes)


async def _trim_sound(plan: Plan, info: MediaInfo, sound: SoundChoice) -> Reel:
    """The same for sound alone, which is taken as it is where nothing is cut off."""
    from polyreel.media.sound_file import cut_sound

    if plan.job.trim is None:
        return _make_reel(plan, info, sound, plan.source_at_hand(), info)
    start, end = planning.make_exact(plan.job.trim.start) or Fraction(0), planning.make_exact(plan.job.trim.end)
    store = open_store()
    with store.open_scratch() as folder:
        target = folder / "reel.m4a"
        async with at_work("trim"):
            await cut_sound(info, target, sound.tracks, start, end, on_progress=reporter("trim"))
        kept = await asyncio.to_thread(store.keep_file, target, ".m4a")
    return _make_reel(plan, info, sound, kept, await asyncio.to_thread(probe, path_of(kept)), start)


def _fits_an_mp4(info: MediaInfo) -> bool:
    return info.video is not None and info.video.codec in MP4_VIDEO


def _is_for_here(job: Job, info: MediaInfo) -> bool:
    """Whether the file can go to who dubs as it is: others than us would take the first of several sound tracks."""
    return len(info.audio) < 2 or all(provider_of(each).works_here for each in (job.dubbing, *job.fallback))


def _make_reel(
    plan: Plan,
    source: MediaInfo,
    sound: SoundChoice,
    file: StoredFile,
    info: MediaInfo,
    start: Fraction = Fraction(0),
    notes: tuple[str, ...] = (),
) -> Reel:
    from polyreel.media.sound_file import note_not_carried

    video, container = info.video, container_of(source, plan.job)
    track = source.audio[sound.first]
    return Reel(
        file=file,
        duration=str(info.duration),
        start=str(start),
        width=video.width if video else 0,
        height=video.height if video else 0,
        frame_rate=str(video.frame_rate) if video else "",
        video_codec=video.codec if video else "",
        container=container,
        audio_codec=track.codec,
        channels=track.channels if isinstance(sound.tracks, int) else len(sound.tracks),
        sound=(sound.tracks,) if isinstance(sound.tracks, int) else sound.tracks,
        chapters=tuple(_cut_chapters(source, start, info.duration)),
        notes=(
            *notes,
            *sound.notes,
            *note_left_out(source, is_embedded(plan.job.source.subtitles or "")),
            *(() if video else note_not_carried(source, container)),
        ),
    )


def _cut_chapters(source: MediaInfo, start: Fraction, duration: Fraction) -> Iterator[ReelChapter]:
    """The source's chapters as far as they lie inside the reel, on its own timeline."""
    for one in source.chapters:
        first, last = max(one.start - start, Fraction(0)), min(one.end - start, duration)
        if first < last:
            yield ReelChapter(start_ms=round(first * 1000), end_ms=round(last * 1000), title=one.title)


@stage("separate", key=lambda given: given["plan"].stage_keys["separate"])
async def separate(plan: Plan, reel: Reel) -> Stems:
    """Decode the sound once, for every language, and part speech from background as well as can be."""
    from polyreel.dubbing.parting import part_sound

    async with at_work("separate"):
        # From the source itself: what trimming left has its sound encoded once more.
        return await part_sound(
            path_of(plan.source_at_hand()),
            open_store(),
            plan.parting,
            start=Fraction(reel.start),
            duration=Fraction(reel.duration),
            background=path_of(plan.background) if plan.background else None,
            track=reel.sound[0] if len(reel.sound) == 1 else (reel.sound[0], reel.sound[1]),
            on_progress=reporter("separate"),
        )
