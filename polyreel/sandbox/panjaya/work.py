"""What happens to a Panjaya asset and its versions.

An asset: Processing -> Ready or Failed. A version: NotReady -> ReadyToEdit -> Generating -> Completed or Failed.
"""

from __future__ import annotations

import math
from pathlib import Path

from polyreel.sandbox import fetch
from polyreel.sandbox.box import Box
from polyreel.sandbox.jobs import Job
from polyreel.sandbox.money import BalanceTooSmall
from polyreel.sandbox.panjaya.shapes import NAME, send_callback
from polyreel.sandbox.state import Json
from polyreel.sandbox.work.edit import trim_media
from polyreel.sandbox.work.ffmpeg import ToolFailed
from polyreel.sandbox.work.port import NothingSaid, Order
from polyreel.sandbox.work.probe import Clip, NotMedia, is_silent, probe_media
from polyreel.sandbox.work.script import BadScript, Line, cut_lines, parse_lines

# The page names no limit. Ours, so that its refusal can be rehearsed; the fact `panjaya-most-bytes` sets another.
MOST_BYTES = 5 << 30
PREPARE_SECONDS = 20.0
GENERATE_SECONDS = 40.0
_SCRIPT_BYTES = 4 << 20
# Containers round their lengths: an end that is the video's own must not lie beyond it.
_SLACK_SECONDS = 0.05


class AssetFailed(Exception):
    """A problem with the media, in one of Panjaya's words ("Asset processing failures")."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        self.message = message
        super().__init__(message)


# -- the asset


async def process_asset(box: Box, job: Job) -> None:
    """Fetch, judge and cut the media; then begin every language."""
    asset = box.documents(NAME).need("asset", job.subject)
    try:
        ready = await _prepare_media(box, asset)
    except AssetFailed as failure:
        _fail_asset(box, asset, failure)
        return
    box.documents(NAME).change("asset", asset["id"], status="Ready", updated_at=box.clock.stamp(), **ready)
    for version in box.documents(NAME).all("version", asset["id"]):
        begin_version(box, version)


async def _prepare_media(box: Box, asset: Json) -> Json:
    rehearsed = box.faults.take("job_fails", NAME, "asset")
    if rehearsed is not None:
        raise AssetFailed(rehearsed.code or "invalid_input", rehearsed.message or "rehearsed failure")
    media = await _find_media(box, asset)
    clip = await _judge_media(box, asset, media)
    known = {"background": await _find_background(box, asset), "size": clip.bytes}
    start, end = asset["start_time"] or 0.0, asset["end_time"]
    if end is None and not start:
        return {**known, "source": media.name, "duration": clip.seconds}
    cut = await trim_media(media, start, min(end or clip.seconds, clip.seconds), box.files.new(".mp4"))
    return {**known, "source": cut.name, "duration": (await probe_media(cut)).seconds}


async def _find_background(box: Box, asset: Json) -> str | None:
    """The clean background's file, uploaded or fetched."""
    if asset["background"] or not asset["background_url"]:
        return asset["background"] or None
    file = await _fetch_media(box, asset["background_url"])
    try:
        sounds = (await probe_media(file)).audio_codec is not None
    except NotMedia:
        sounds = False
    if not sounds:
        raise AssetFailed("invalid_input", "The background is not an audio file.")
    return file.name


async def _find_media(box: Box, asset: Json) -> Path:
    if asset["upload"]:
        path = box.files.path(asset["upload"])
        if path.stat().st_size > _most_bytes(box):
            raise AssetFailed("video_size_limit_reached", "The video is larger than this account may send.")
        return path
    return await _fetch_media(box, asset["media_url"])


def _most_bytes(box: Box) -> int:
    return int(box.state.fact("panjaya-most-bytes", lambda: str(MOST_BYTES)))


async def _fetch_media(box: Box, url: str) -> Path:
    try:
        return await fetch.fetch_file(url, box.files.new(".mp4"), most_bytes=_most_bytes(box))
    except (fetch.NotLoopback, fetch.NotFetched) as error:
        raise AssetFailed("invalid_input", str(error)) from error
    except fetch.TooLarge as error:
        raise AssetFailed("video_size_limit_reached", "The video is larger than this account may send.") from error


async def _judge_media(box: Box, asset: Json, media: Path) -> Clip:
    try:
        clip = await probe_media(media)
    except NotMedia as error:
        raise AssetFailed("unsupported_media", "No valid video stream was found in the media file.") from error
    if clip.video_codec is None:
        raise AssetFailed("unsupported_media", "No valid video stream was found in the media file.")
    if clip.audio_codec is None:
        raise AssetFailed("missing_audio_track", "No audio tracks were found in the source video.")
    last = max(asset["start_time"] or 0.0, asset["end_time"] or 0.0)
    # Found out only here, as an asset that fails: at the vendor, too, problems
    # with the media come later than the answer (WIRE.md "Panjaya").
    if last > clip.seconds + _SLACK_SECONDS:
        raise AssetFailed("time_out_of_range", f"{last:g} s is beyond the video's {clip.seconds:g} s.")
    if await is_silent(media):
        raise AssetFailed("empty_transcript", "No spoken content was identified in the uploaded video.")
    # Refused before any language is begun: the account pays for all of the video or for none of it.
    if box.purse.balance(NAME) < clip.seconds / 60:
        raise AssetFailed("video_duration_limit_reached", "The video duration limit of your account has been reached.")
    return clip


def _fail_asset(box: Box, asset: Json, failure: AssetFailed) -> None:
    error = {"code": failure.code, "message": failure.message}
    failed = box.documents(NAME).change(
        "asset", asset["id"], status="Failed", error=error, updated_at=box.clock.stamp()
    )
    for version in box.documents(NAME).all("version", asset["id"]):
        box.documents(NAME).change("version", version["id"], status="Failed")
    send_callback(box, failed, "asset_failed")


# -- its versions


def begin_version(box: Box, version: Json) -> None:
    """Start on one language."""
    box.jobs.start(NAME, "prepare", version["id"], after=PREPARE_SECONDS)


async def prepare_version(box: Box, job: Job) -> None:
    """NotReady -> ReadyToEdit, charged by the minute; a first version then goes on to generating by itself."""
    documents = box.documents(NAME)
    version = documents.need("version", job.subject)
    asset = documents.need("asset", version["asset_id"])
    try:
        lines = await _read_script(box, version, asset)
        # Under the version's id: a step that runs again after a restart charges nothing more.
        box.purse.charge(NAME, version["id"], math.ceil(asset["duration"] / 60), f"dubbing into {version['locale']}")
    except (AssetFailed, BadScript, BalanceTooSmall) as failure:
        _fail_version(box, asset, version, "version_failed", str(failure))
        return
    if rehearsed := box.faults.take("job_fails", NAME, "prepare"):
        _fail_version(box, asset, version, "version_failed", rehearsed.message or "rehearsed failure")
        return
    version = documents.change("version", version["id"], status="ReadyToEdit", lines=lines)
    send_callback(box, asset, "version_ready", version)
    if not box.faults.take("job_stuck", NAME, "studio"):
        box.jobs.start(NAME, "generate", version["id"], after=PREPARE_SECONDS)


async def _read_script(box: Box, version: Json, asset: Json) -> list[list[object]]:
    """The given script's lines, on the cut video's clock."""
    content = version["srt"]
    if not content:
        return []
    if content.startswith(("http://", "https://")):
        file = box.files.new(".srt")
        try:
            await fetch.fetch_file(content, file, most_bytes=_SCRIPT_BYTES)
        except (fetch.NotLoopback, fetch.NotFetched, fetch.TooLarge) as error:
            raise AssetFailed("invalid_input", "the script could not be fetched") from error
        content = file.read_text("utf-8-sig", "replace")
        box.files.remove(file.name)
    start = int((asset["start_time"] or 0) * 1000)
    lines = cut_lines(parse_lines(content), start, start + int(asset["duration"] * 1000))
    return [[line.start_ms, line.end_ms, line.text, line.speaker] for line in lines]


async def generate_version(box: Box, job: Job) -> None:
    """ReadyToEdit -> Generating; the work itself is the next step."""
    documents = box.documents(NAME)
    version = documents.move_on("version", job.subject, ("ReadyToEdit",), "Generating")
    if version is None:
        return
    send_callback(box, documents.need("asset", version["asset_id"]), "version_generating", version)
    box.jobs.start(NAME, "finish", version["id"], after=GENERATE_SECONDS)


async def finish_version(box: Box, job: Job) -> None:
    """Generating -> Completed, with the dubbed video."""
    documents = box.documents(NAME)
    version = documents.need("version", job.subject)
    asset = documents.need("asset", version["asset_id"])
    try:
        if rehearsed := box.faults.take("job_fails", NAME, "generate"):
            raise ToolFailed(rehearsed.message or "rehearsed failure")
        result = await _make_dub(box, asset, version)
    except (NothingSaid, ToolFailed) as error:
        _fail_version(box, asset, version, "version_generate_failed", str(error) or "nothing is said in the video")
        return
    done = documents.move_on("version", version["id"], ("Generating",), "Completed", result=result)
    if done is not None:
        send_callback(box, asset, "version_generated", done)


async def _make_dub(box: Box, asset: Json, version: Json) -> str:
    folder = box.files.new_folder()
    try:
        order = Order(
            media=box.files.path(asset["source"]),
            source_locale=asset["locale"],
            target_locale=version["locale"],
            mix="dub",
            folder=folder,
            script=tuple(Line(*line) for line in version["lines"]),
            background=box.files.path(asset["background"]) if asset["background"] else None,
            background_start=asset["start_time"] or 0.0,
        )
        dubbed = await box.studio.dub(order)
        return dubbed.video.rename(box.files.new(".mp4")).name
    finally:
        box.files.remove(folder.name)


def _fail_version(box: Box, asset: Json, version: Json, event: str, why: str) -> None:
    error = {"code": "invalid_input", "message": why}
    failed = box.documents(NAME).change("version", version["id"], status="Failed", error=error)
    send_callback(box, asset, event, failed)


STEPS = {
    "asset": process_asset,
    "prepare": prepare_version,
    "generate": generate_version,
    "finish": finish_version,
}
