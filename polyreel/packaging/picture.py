"""The picture of a streaming package: as it is, or encoded once where players of HLS and DASH would not show it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from polyreel.media.codecs import describe_encoding, encode_picture
from polyreel.media.command import DEFAULT, Limits, local_input, local_output, run
from polyreel.media.info import MediaInfo, VideoStream

PACKAGE_VIDEO = frozenset({"h264", "hevc", "av1", "vp9"})
"""Codecs that the packager takes and that players of HLS and DASH know."""

KEY_PICTURES = {"force_key_frames": "expr:gte(t,n_forced*2)"}
"""Segments are cut at key pictures: one every two seconds, at the same times whatever the size."""


def explain_encoding(video: VideoStream) -> str:
    """Why a package can't take this picture as it is, and what it becomes; "" where it can."""
    reason = _find_reason(video)
    return f"{reason}: encoded {describe_encoding(as_shown(video))}" if reason else ""


def _find_reason(video: VideoStream) -> str:
    if video.codec not in PACKAGE_VIDEO:
        return f"HLS and DASH don't know {video.codec}"
    if video.is_turned:
        return "HLS and DASH can't turn a picture"
    if video.fields:
        return "streaming players don't deinterlace"
    if video.chroma != "420":
        return f"streaming players don't show 4:{video.chroma[1]}:{video.chroma[2]}"
    if video.codec == "h264" and video.depth > 8:
        return f"streaming players don't show {video.depth}-bit H.264"
    return ""


def as_shown(video: VideoStream) -> VideoStream:
    """A picture with its colour as players of streams want it; finer colour has no place there."""
    return replace(video, pixel_format="yuv420p10le" if video.depth > 8 or video.hdr else "yuv420p")


async def encode_for_package(
    info: MediaInfo,
    target: Path,
    *,
    limits: Limits = DEFAULT,
    on_progress: Callable[[float], None] | None = None,
) -> None:
    """Write the picture alone, upright, as an MP4 that can be packaged. Raises as `run` does."""
    if info.video is None:
        raise ValueError("there is no picture to package")
    picture, options = encode_picture(local_input(info.path)[str(info.video.index)], as_shown(info.video))
    output = local_output(picture, path=target, format="mp4", **options, **KEY_PICTURES)
    await run(output, limits=limits, on_progress=on_progress, expected_ms=round(info.duration * 1000))
