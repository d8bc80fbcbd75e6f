"""What an MP4 may hold as it is, and how video is encoded where it has to be."""

from __future__ import annotations

from typing import Any

from polyreel.media.command import Stream
from polyreel.media.info import VideoStream

MP4_VIDEO = frozenset({"h264", "hevc", "av1", "vp9", "mpeg4"})
"""Video codecs that go into an MP4 untouched and that players expect there."""

_CRF = 18
_DEEP_FORMATS = {"420": "yuv420p10le", "422": "yuv422p10le", "444": "yuv444p10le"}


def mp4_tag(codec: str) -> dict[str, str]:
    """The sample entry's name where the usual one is not played everywhere."""
    return {"tag:v": "hvc1"} if codec == "hevc" else {}


def h264_options(crf: int = _CRF) -> dict[str, object]:
    """H.264 that is hard to tell from its source, at a bearable speed; every picture keeps its own time."""
    return {"c:v": "libx264", "crf": crf, "preset": "veryfast", **_OWN_TIMES}


# A film of varying rate keeps its times: ffmpeg would else snap them to a constant rate's grid.
_OWN_TIMES = {"fps_mode:v": "passthrough", "enc_time_base:v": "demux"}
_HEVC: dict[str, object] = {
    "c:v": "libx265",
    "crf": _CRF,
    "preset": "veryfast",
    # The usual 250 pictures make a player wait long after a jump; packages cut at key pictures.
    "x265-params": "log-level=error:keyint=120",
    "tag:v": "hvc1",
    **_OWN_TIMES,
}


def is_deep(video: VideoStream) -> bool:
    """Whether eight bits would not hold this picture: it has more, or its light is coded for HDR."""
    return video.depth > 8 or bool(video.hdr)


def encode_picture(picture: Stream, video: VideoStream) -> tuple[Stream, dict[str, Any]]:
    """Pictures as they go into an MP4 when they can't be copied, and ffmpeg's options for it.

    Eight bits become H.264 4:2:0, which everything plays; more bits and HDR become 10-bit HEVC with the source's own
    colours and as fine. Sizes are made even (a line is added), and interlaced pictures progressive.
    """
    if video.fields:
        # Frames that know better than their container are left as they are.
        which = "interlaced" if video.fields == "auto" else "all"
        picture = picture.filter("bwdif", mode="send_frame", parity=video.fields, deint=which)
    # 4:2:0 halves both sides, so they have to be even.
    picture = picture.filter("pad", "ceil(iw/2)*2", "ceil(ih/2)*2")
    if is_deep(video):
        return picture.filter("format", _DEEP_FORMATS[video.chroma]), dict(_HEVC)
    return picture.filter("format", "yuv420p"), h264_options()


def describe_encoding(video: VideoStream) -> str:
    """What `encode_picture` makes of a picture, with all that is lost: goes on from "encoded"."""
    if is_deep(video):
        kind = f"as 10-bit HEVC{f' ({video.hdr})' if video.hdr else ''}"
        lost = [f"{video.depth} bits became 10"] if video.depth > 10 else []
        kept = [f"4:{video.chroma[1]}:{video.chroma[2]} is kept, which few players show"] if _is_fine(video) else []
    else:
        kind, kept = "as H.264", []
        lost = [f"colour at 4:{video.chroma[1]}:{video.chroma[2]} became 4:2:0"] if _is_fine(video) else []
    if video.is_transparent:
        lost.append("transparency was left out")
    made = ["interlaced pictures were made progressive"] if video.fields else []
    return "; ".join([kind, *made, *lost, *kept])


def _is_fine(video: VideoStream) -> bool:
    return video.chroma != "420"
