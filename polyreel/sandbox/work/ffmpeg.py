"""Starting ffmpeg on files that strangers sent: local files only, known containers only, ended with its children."""

from __future__ import annotations

from pathlib import Path

from polyreel.errors import ToolError
from polyreel.media.binaries import ffmpeg as binary
from polyreel.media.process import Limits, execute

_CONTAINERS = "mov,matroska,webm,mpegts,mp3,wav,ogg,flac,aac,avi,flv,srt,webvtt,image2,png_pipe,jpeg_pipe"
_MAX_PIXELS = str(8192 * 4320)
_LIMITS = Limits(seconds=900)


class ToolFailed(Exception):
    """ffmpeg did not do what it was asked; the message ends in what it printed last."""


def list_input_options(path: Path) -> list[str]:
    """Arguments that open one local file and nothing beyond it."""
    return [
        *("-protocol_whitelist", "file", "-format_whitelist", _CONTAINERS, "-max_pixels", _MAX_PIXELS),
        *("-i", f"file:{path}"),
    ]


async def run_ffmpeg(*args: str) -> str:
    """Run ffmpeg to its end and return what it printed last; `ToolFailed` if it fails or takes too long."""
    try:
        return await execute([str(binary()), "-hide_banner", "-nostdin", "-nostats", "-y", *args], limits=_LIMITS)
    except ToolError as error:
        raise ToolFailed(error.message) from error
