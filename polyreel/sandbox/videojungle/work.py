"""What happens to Video Jungle's files: fetched, analysed; generated assets rendered if nobody sends one."""

from __future__ import annotations

from polyreel.sandbox import fetch
from polyreel.sandbox.box import Box
from polyreel.sandbox.jobs import Job
from polyreel.sandbox.state import Json
from polyreel.sandbox.videojungle.shapes import NAME
from polyreel.sandbox.work.edit import stand_in, take_screenshot
from polyreel.sandbox.work.ffmpeg import ToolFailed
from polyreel.sandbox.work.probe import NotMedia, probe_media

ANALYSE_SECONDS = 15.0
RENDER_SECONDS = 30.0
# However fast jobs run, whoever has a file to send is given this much time to begin.
PATIENCE_SECONDS = 5.0
MOST_BYTES = 10 << 30


async def look_into(box: Box, video: Json, file: str) -> Json:
    """Take a file as a video's own: length, frame rate, thumbnail. A file that is no media is kept and said so."""
    path = box.files.path(file)
    size = path.stat().st_size
    try:
        clip = await probe_media(path)
        picture = await take_screenshot(path, clip.seconds / 2, box.files.new(".png")) if clip.video_codec else None
    except (NotMedia, ToolFailed):
        return box.documents(NAME).change("video", video["id"], file=file, size=size, current_status="failed")
    facts = {"duration": clip.seconds, "fps": clip.fps, "size": size, "thumbnail": picture.name if picture else None}
    return box.documents(NAME).change("video", video["id"], file=file, current_status="uploaded", **facts)


async def fetch_video(box: Box, job: Job) -> None:
    """A video file given by its address."""
    video = box.documents(NAME).need("video", job.subject)
    file = box.files.new(".mp4")
    try:
        await fetch.fetch_file(video["filename"], file, most_bytes=MOST_BYTES)
    except (fetch.NotLoopback, fetch.NotFetched, fetch.TooLarge):
        box.documents(NAME).change("video", video["id"], current_status="failed")
        return
    await look_into(box, video, file.name)


async def analyse_video(box: Box, job: Job) -> None:
    """Say something about a video file."""
    video = box.documents(NAME).need("video", job.subject)
    if rehearsed := box.faults.take("job_fails", NAME, "analyse"):
        box.documents(NAME).change(
            "video", video["id"], current_status="failed", analysis=[{"error": rehearsed.message}]
        )
        return
    said = {"id": job.id, "type": "summary", "text": f"{video['name']}: {video['duration']} s", "tags": []}
    box.documents(NAME).change("video", video["id"], current_status="analyzed", analysis=[said])


async def analyse_asset(box: Box, job: Job) -> None:
    """An uploaded asset is looked at as well."""
    box.documents(NAME).move_on("asset", job.subject, ("uploaded",), "analyzed")


async def render_asset(box: Box, job: Job) -> None:
    """A generated asset that nobody has sent a file for is rendered here."""
    asset = box.documents(NAME).need("asset", job.subject)
    if asset["uploaded"] or box.faults.take("job_fails", NAME, "render"):
        return
    film = await stand_in(box.files.path(asset["upload"]))
    box.documents(NAME).move_on("asset", asset["id"], ("generating",), "uploaded", uploaded=True, file=film.name)


STEPS = {"fetch": fetch_video, "analyse": analyse_video, "analyse_asset": analyse_asset, "render": render_asset}
