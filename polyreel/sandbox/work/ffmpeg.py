"""Starting ffmpeg on files that strangers sent: local files only, known containers only, in its own process group."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from functools import cache
from pathlib import Path

_CONTAINERS = "mov,matroska,webm,mpegts,mp3,wav,ogg,flac,aac,avi,flv,srt,webvtt,image2,png_pipe,jpeg_pipe,lavfi"
_MAX_PIXELS = str(8192 * 4320)
_DEADLINE = 900.0


class ToolFailed(Exception):
    """ffmpeg did not do what it was asked; the message ends in what it printed last."""


@cache
def binary() -> str:
    """Path of the ffmpeg that came with the package."""
    import imageio_ffmpeg

    return str(imageio_ffmpeg.get_ffmpeg_exe())


def source(path: Path) -> list[str]:
    """Arguments that open one local file and nothing beyond it."""
    return [
        *("-protocol_whitelist", "file", "-format_whitelist", _CONTAINERS, "-max_pixels", _MAX_PIXELS),
        *("-i", f"file:{path}"),
    ]


async def ffmpeg(*args: str) -> str:
    """Run ffmpeg to its end and return what it printed; `ToolFailed` if it fails or takes too long."""
    process = await asyncio.create_subprocess_exec(
        *(binary(), "-hide_banner", "-nostdin", "-y", *args),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(_DEADLINE):
            _, printed = await process.communicate()
    except TimeoutError as error:
        raise ToolFailed("ffmpeg took too long") from error
    finally:
        _end(process)
    words = printed.decode("utf-8", "replace")
    if process.returncode != 0:
        raise ToolFailed(" / ".join(words.strip().splitlines()[-3:]))
    return words


def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
