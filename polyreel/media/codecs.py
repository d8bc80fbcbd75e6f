"""What an MP4 may hold as it is, and how video is encoded where it has to be."""

from __future__ import annotations

from polyreel.media.command import Stream

MP4_VIDEO = frozenset({"h264", "hevc", "av1", "vp9", "mpeg4"})
"""Video codecs that go into an MP4 untouched and that players expect there."""


def mp4_tag(codec: str) -> dict[str, str]:
    """The sample entry's name where the usual one is not played everywhere."""
    return {"tag:v": "hvc1"} if codec == "hevc" else {}


def h264_options(crf: int = 18) -> dict[str, object]:
    """H.264 that is hard to tell from its source, at a bearable speed; every picture keeps its own time."""
    return {"c:v": "libx264", "crf": crf, "preset": "veryfast", "fps_mode:v": "passthrough", "enc_time_base:v": "demux"}


def playable(video: Stream) -> Stream:
    """Pictures as every H.264 player takes them: 8 bit 4:2:0, so even in width and height (a line is added)."""
    return video.filter("pad", "ceil(iw/2)*2", "ceil(ih/2)*2").filter("format", "yuv420p")
