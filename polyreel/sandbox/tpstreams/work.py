"""What happens to a TPStreams asset: Not Started -> Queued -> Processing -> Completed or Error; trims; subtitles."""

from __future__ import annotations

import math
import random
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from polyreel.sandbox import fetch
from polyreel.sandbox.box import Box
from polyreel.sandbox.jobs import Job
from polyreel.sandbox.money import BalanceTooSmall
from polyreel.sandbox.state import Json
from polyreel.sandbox.tpstreams.shapes import NAME, asset_detail
from polyreel.sandbox.work import edit
from polyreel.sandbox.work.ffmpeg import ToolFailed
from polyreel.sandbox.work.port import NothingSaid, Order
from polyreel.sandbox.work.probe import Clip, NotMedia, probe_media
from polyreel.sandbox.work.script import write_vtt

QUEUE_SECONDS = 10.0
WORK_SECONDS = 30.0
# S3's limit of one form upload, which is how its sessions take files.
MOST_BYTES = 5 << 30
TRIM_WORDS = {1: "Pending", 2: "Processing", 3: "Completed", 4: "Failed"}


def _tell_webhooks(box: Box, asset: Json) -> None:
    """Send the whole asset to every webhook."""
    for hook in box.documents(NAME).all("webhook"):
        box.mailbox.post(
            NAME, hook["url"], asset["status"], asset_detail(box, asset), _make_signer(hook["secret_token"])
        )


def _make_signer(secret: str) -> Callable[[bytes], Mapping[str, str]]:
    return lambda _body: {"x-streams-token": secret}


def _change_asset(box: Box, asset: Json, **changes: object) -> Json:
    changed = box.documents(NAME).change("asset", asset["id"], **changes)
    if "status" in changes:
        _tell_webhooks(box, changed)
    return changed


# -- a new video


async def queue_asset(box: Box, job: Job) -> None:
    """Not Started -> Queued."""
    asset = _change_asset(box, box.documents(NAME).need("asset", job.subject), status="Queued")
    box.jobs.start(NAME, "transcode", asset["id"], after=QUEUE_SECONDS)


async def transcode_asset(box: Box, job: Job) -> None:
    """Queued -> Processing; the work itself is the next step."""
    asset = _change_asset(box, box.documents(NAME).need("asset", job.subject), status="Processing", progress=10)
    box.jobs.start(NAME, "package", asset["id"], after=WORK_SECONDS)


async def package_asset(box: Box, job: Job) -> None:
    """Processing -> Completed, playable and with pictures."""
    asset = box.documents(NAME).need("asset", job.subject)
    try:
        if rehearsed := box.faults.take("job_fails", NAME, "package"):
            raise ToolFailed(rehearsed.message or rehearsed.code or "rehearsed failure")
        source = asset["source"] or (await _fetch_media(box, asset["inputs"][0]["url"])).name
        finished = await make_playable(box, asset, source)
    except (fetch.NotLoopback, fetch.NotFetched, fetch.TooLarge, NotMedia, ToolFailed) as error:
        _change_asset(box, asset, status="Error", error=str(error) or "the video is too large")
        return
    _change_asset(box, asset, status="Completed", progress=100, **finished)
    if asset["generate_subtitle"]:
        box.jobs.start(NAME, "subtitle", asset["id"], after=WORK_SECONDS)


async def _fetch_media(box: Box, url: str) -> Path:
    return await fetch.fetch_file(url, box.files.new(".mp4"), most_bytes=MOST_BYTES)


async def make_playable(box: Box, asset: Json, source: str) -> Json:
    """Everything that makes a file playable: streams, thumbnails, the scrub bar's sprite."""
    media = box.files.path(source)
    clip = await probe_media(media)
    if clip.video_codec is None:
        raise NotMedia("no video in the file")
    streams, pictures = box.files.new_folder(), box.files.new_folder()
    await _make_streams(box, asset, clip, media, streams)
    names = await edit.draw_thumbnails(media, clip, pictures)
    _mark_open(pictures)
    if not any(track["type"] == "Preview Thumbnail" for track in box.documents(NAME).all("track", asset["id"])):
        add_track(box, asset, type="Preview Thumbnail", file=await edit.draw_sprite(media, pictures))
    elif asset["pictures"]:
        shutil.copyfile(box.files.path(asset["pictures"]) / "sprite_image.png", pictures / "sprite_image.png")
    return {
        "source": source,
        "stream": streams.name,
        "pictures": pictures.name,
        "thumbnails": names,
        "cover": _keep_cover(box, asset, pictures),
        "duration": round(clip.seconds),
        "seconds": clip.seconds,
        "bytes": clip.bytes,
    }


async def _make_streams(box: Box, asset: Json, clip: Clip, media: Path, folder: Path) -> None:
    if box.settings.engine == "instant":
        await edit.stream_as_is(media, clip, folder)
    else:
        await edit.write_stream(media, clip, asset["resolutions"], folder)
    if asset["content_protection_type"] == "disable":
        _mark_open(folder)


def _mark_open(folder: Path) -> None:
    (folder / ".open").touch()


def _keep_cover(box: Box, asset: Json, pictures: Path) -> str | None:
    if asset["cover"]:
        shutil.copyfile(box.files.path(asset["pictures"]) / asset["cover"], pictures / asset["cover"])
    return str(asset["cover"]) if asset["cover"] else None


def add_track(box: Box, asset: Json, **fields: object) -> Json:
    """A track with a number of its own."""
    documents = box.documents(NAME)
    with box.state.transaction():
        # Of six digits two are soon the same: a few hundred tracks are enough.
        numbers = iter(lambda: random.randrange(1000, 10**6), None)  # noqa: S311 - an id, not a secret
        number = next(each for each in numbers if documents.get("track", str(each)) is None)
        return documents.add("track", {"number": number, **fields}, key=str(number), parent=asset["id"])


# -- trims


async def trim_asset(box: Box, job: Job) -> None:
    """Cut the video; the full one is kept for a revert."""
    # What can't be cut leaves the video as it was, and playable.
    asset, documents = box.documents(NAME).need("asset", job.subject), box.documents(NAME)
    cut = documents.change("trim", job.payload["trim"], status=2, modified=box.clock.stamp())
    try:
        if rehearsed := box.faults.take("job_fails", NAME, "trim"):
            raise ToolFailed(rehearsed.message or "rehearsed failure")
        end = cut["end_time"] or asset["seconds"]
        out = await edit.trim_media(
            box.files.path(asset["source"]), cut["start_time"] or 0.0, end, box.files.new(".mp4")
        )
        finished = await make_playable(box, asset, out.name)
    except (ToolFailed, NotMedia):
        documents.change("trim", cut["id"], status=4, modified=box.clock.stamp())
        _change_asset(box, asset, status="Completed")
        return
    documents.change("trim", cut["id"], status=3, modified=box.clock.stamp())
    _change_asset(box, asset, status="Completed", original=asset["original"] or asset["source"], **finished)
    box.files.remove(asset["stream"], asset["pictures"], asset["source"] if asset["original"] else None)


async def revert_asset(box: Box, job: Job) -> None:
    """Back to the full video."""
    asset = box.documents(NAME).need("asset", job.subject)
    if asset["original"]:
        finished = await make_playable(box, asset, asset["original"])
        _change_asset(box, asset, status="Completed", original=None, **finished)
        box.files.remove(asset["stream"], asset["pictures"], asset["source"])


# -- subtitles


async def write_subtitle(box: Box, job: Job) -> None:
    """Listen, and write an English WebVTT track."""
    asset = box.documents(NAME).need("asset", job.subject)
    folder = box.files.new_folder()
    try:
        order = Order(box.files.path(asset["source"]), "en-US", "en-US", "dub", folder)
        lines = await box.studio.listen(order)
        box.purse.charge(NAME, f"{asset['id']}-subtitle", math.ceil(asset["seconds"] / 60), "automatic subtitles")
    except (NothingSaid, ToolFailed, BalanceTooSmall) as error:
        box.documents(NAME).change("asset", asset["id"], subtitling=False, subtitle_error=str(error))
        return
    finally:
        box.files.remove(folder.name)
    file = box.files.new(".vtt")
    file.write_text(write_vtt(lines))
    add_track(box, asset, type="Subtitle", name="English", language="en", automatic=True, file=file.name)


STEPS = {
    "queue": queue_asset,
    "transcode": transcode_asset,
    "package": package_asset,
    "trim": trim_asset,
    "revert": revert_asset,
    "subtitle": write_subtitle,
}
