"""What happens to Nomad's assets in the background, from one status to the next."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import Any

from polyreel.sandbox.box import Box
from polyreel.sandbox.jobs import Job
from polyreel.sandbox.nomad.shapes import NAME
from polyreel.sandbox.nomad.timecode import format_timecode
from polyreel.sandbox.nomad.uploads import join_parts
from polyreel.sandbox.state import Json
from polyreel.sandbox.work import edit
from polyreel.sandbox.work.ffmpeg import ToolFailed
from polyreel.sandbox.work.port import NothingSaid, Order
from polyreel.sandbox.work.probe import Clip, NotMedia, probe_media

PROCESS_SECONDS = 15.0
SETTLE_SECONDS = 3.0
ARCHIVE_SECONDS = 20.0
_SEGMENT_SECONDS = 10


def begin_step(box: Box, asset: Json, step: str, status: str, *, after: float, **payload: Any) -> Json:
    """Put an asset into a passing status and start the step that leads out of it; noted in the job history."""
    changed = box.documents(NAME).change("asset", asset["id"], status=status, modifiedDate=box.clock.stamp())
    job = box.jobs.start(NAME, step, asset["id"], after=after, **payload)
    entry = {"jobType": step, "status": "Running", "startDate": box.clock.stamp(), "endDate": None, "error": None}
    box.documents(NAME).add("history", entry, key=job.id, parent=asset["id"])
    return changed


def _end_step(box: Box, job: Job, status: str, *, error: str | None = None, **changes: object) -> None:
    asset = box.documents(NAME).change("asset", job.subject, status=status, error=error, **changes)
    # A step that was taken up after a restart may have ended before its beginning was noted.
    if box.documents(NAME).get("history", job.id) is None:
        entry = {"jobType": job.step, "startDate": box.clock.stamp()}
        box.documents(NAME).add("history", entry, key=job.id, parent=asset["id"])
    said = "Failed" if error else "Completed"
    box.documents(NAME).change("history", job.id, status=said, endDate=box.clock.stamp(), error=error)


async def settle_asset(box: Box, job: Job) -> None:
    """The end of a light change: the asset is what it was."""
    _end_step(box, job, str(job.payload["to"]))


async def assemble_upload(box: Box, job: Job) -> None:
    """Assembling -> (SlugReplaced, for a placeholder) -> Creating."""
    upload = box.documents(NAME).need("upload", str(job.payload["upload"]))
    asset = box.documents(NAME).need("asset", job.subject)
    await asyncio.to_thread(join_parts, box, upload)
    box.files.remove(asset["file"])
    if asset.get("placeholder"):
        box.documents(NAME).change("asset", asset["id"], status="SlugReplaced", placeholder=False)
    begin_step(box, asset, "process", "Creating", after=PROCESS_SECONDS)


async def process_asset(box: Box, job: Job) -> None:
    """Creating -> Available: looked into, pictured, packaged, listened to. What is no media stays a plain file."""
    asset = box.documents(NAME).need("asset", job.subject)
    if rehearsed := box.faults.take("job_fails", NAME, "process"):
        _end_step(box, job, "Error", error=rehearsed.message or rehearsed.code or "Processing error occurred")
        return
    # A registered object lies in a bucket that a rehearsal doesn't have: a film of our own stands in for it.
    media = box.files.path(asset["file"]) if asset["file"] else await edit.stand_in(box.files.new(".mp4"))
    known: Json = {"file": media.name, "contentLength": media.stat().st_size}
    try:
        clip = await probe_media(media)
        facts = await _probe_media(box, asset, media, clip)
    except (NotMedia, ToolFailed):
        facts = {}
    _end_step(box, job, "Available", **known, **facts)


async def _probe_media(box: Box, asset: Json, media: Path, clip: Clip) -> Json:
    facts: Json = {"duration": clip.seconds, "clip": clip.as_dict()}
    if clip.audio_codec:
        await _transcribe_asset(box, asset, media)
    if clip.video_codec is None or clip.seconds == 0:
        return facts
    picture = await edit.take_screenshot(media, clip.seconds / 2, box.files.new(".png"))
    folder = box.files.new_folder()
    await edit.stream_as_is(media, clip, folder)
    if not box.documents(NAME).all("face", asset["id"]):
        box.documents(NAME).add(
            "face", {"personId": None, "confidence": 0.9, "timecode": format_timecode(0)}, parent=asset["id"]
        )
    return {**facts, "picture": picture.name, "stream": folder.name, "segments": _list_segments(clip)}


def _list_segments(clip: Clip) -> list[Json]:
    starts = range(0, max(1, int(clip.seconds)), _SEGMENT_SECONDS)
    return [
        {
            "id": f"segment-{number}",
            "startTimecode": format_timecode(start),
            "endTimecode": format_timecode(min(start + _SEGMENT_SECONDS, clip.seconds)),
            "screenshots": [{"id": f"screenshot-{number}", "timecode": format_timecode(start), "seconds": start}],
        }
        for number, start in enumerate(starts, 1)
    ]


async def _transcribe_asset(box: Box, asset: Json, media: Path) -> None:
    if box.documents(NAME).all("transcript", asset["id"]):
        return
    folder = box.files.new_folder()
    language = asset["languageId"] or "en-US"
    try:
        lines = await box.studio.listen(Order(media, language, language, "dub", folder))
    except (NothingSaid, ToolFailed):
        return
    finally:
        box.files.remove(folder.name)
    items = [{"text": line.text, "startTime": line.start_ms / 1000, "endTime": line.end_ms / 1000} for line in lines]
    box.documents(NAME).add("transcript", {"items": items, "languageId": language}, parent=asset["id"])


async def clip_asset(box: Box, job: Job) -> None:
    """Clipping -> Creating: a part of another asset becomes a file of its own."""
    asset = box.documents(NAME).need("asset", job.subject)
    source = box.documents(NAME).need("asset", str(job.payload["source"]))
    start, end = float(job.payload["start"]), float(job.payload["end"])
    try:
        out = await edit.trim_media(box.files.path(source["file"]), start, end, box.files.new(".mp4"))
    except ToolFailed as error:
        _end_step(box, job, "Error", error=str(error))
        return
    box.documents(NAME).change("asset", asset["id"], file=out.name)
    begin_step(box, asset, "process", "Creating", after=PROCESS_SECONDS)


async def copy_asset(box: Box, job: Job) -> None:
    """Copying -> Available: the same content once more."""
    source = box.documents(NAME).need("asset", str(job.payload["source"]))
    if not source["file"]:
        _end_step(box, job, source["status"])
        return
    path = box.files.path(source["file"])
    out = box.files.new(path.suffix)
    await asyncio.to_thread(shutil.copyfile, path, out)
    _end_step(box, job, "Available", file=out.name, duration=source["duration"], clip=source.get("clip"))


async def archive_asset(box: Box, job: Job) -> None:
    """PendingArchive -> Archiving; the end is the next step."""
    begin_step(
        box, box.documents(NAME).need("asset", job.subject), "settle", "Archiving", after=ARCHIVE_SECONDS, to="Archived"
    )


async def restore_asset(box: Box, job: Job) -> None:
    """PendingRestore -> Restoring; the end is the next step."""
    begin_step(
        box, box.documents(NAME).need("asset", job.subject), "settle", "Restoring", after=ARCHIVE_SECONDS, to="Restored"
    )


async def delete_asset(box: Box, job: Job) -> None:
    """Deleting -> gone."""
    remove_asset(box, box.documents(NAME).need("asset", job.subject))


def remove_asset(box: Box, asset: Json) -> None:
    """Delete an asset with everything that belongs to it; a folder with everything in it."""
    documents = box.documents(NAME)
    for child in documents.all("asset", asset["id"]):
        remove_asset(box, child)
    for kind in ("related", "screenshot", "annotation", "adbreak", "transcript", "face", "history", "queue"):
        for item in documents.all(kind, asset["id"]):
            box.files.remove(item.get("file"))
            documents.remove(kind, item["id"])
    box.jobs.drop(NAME, asset["id"])
    documents.remove("asset", asset["id"])
    box.files.remove(asset["file"], asset.get("picture"), asset.get("stream"))


def enqueue_assets(box: Box, assets: list[Json], *, proxy: bool) -> list[Json]:
    """Put files into the queue; what is there already stays as it is."""
    documents = box.documents(NAME)
    waiting = {item["assetId"] for item in documents.all("queue") if item["status"] in ("Queued", "Downloading")}
    added = []
    for asset in assets:
        if asset["id"] not in waiting:
            waiting.add(asset["id"])
            body = {"assetId": asset["id"], "status": "Queued", "downloadProxy": proxy}
            added.append(documents.add("queue", body, parent=asset["id"]))
    return added


async def queue_download(box: Box, job: Job) -> None:
    """A large order for the download queue."""
    found = [box.documents(NAME).get("asset", key) for key in job.payload["ids"]]
    enqueue_assets(box, [asset for asset in found if asset], proxy=bool(job.payload["proxy"]))


STEPS = {
    "settle": settle_asset,
    "assemble": assemble_upload,
    "process": process_asset,
    "clip": clip_asset,
    "copy": copy_asset,
    "archive": archive_asset,
    "restore": restore_asset,
    "delete": delete_asset,
    "queue": queue_download,
}
