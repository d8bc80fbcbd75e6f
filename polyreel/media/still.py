"""One picture out of a film, small enough to be a cover."""

from __future__ import annotations

import asyncio
from pathlib import Path

from polyreel.errors import MediaError
from polyreel.media.command import local_input, local_output, run

WIDEST = 1280
_TRIES = ((WIDEST, 4), (WIDEST, 9), (WIDEST // 2, 9), (WIDEST // 4, 16))
"""Pixels in width, and ffmpeg's figure for JPEG (2 fine, 31 coarse): a picture of noise has thirty times the bytes of
others."""


async def take_still(media: Path, at_seconds: float, out: Path, *, most_bytes: int) -> Path:
    """A JPEG of the moment, at most `WIDEST` pixels wide, with less than so many bytes.

    Raises `ToolError` where there is no picture, `MediaError` where none is small enough.
    """
    for width, coarseness in _TRIES:
        picture = local_input(media, ss=f"{max(0.0, at_seconds):.3f}").video.filter("scale", f"min({width},iw)", -2)
        await run(local_output(picture, path=out, format="mjpeg", vframes=1, **{"q:v": coarseness}, pix_fmt="yuvj420p"))
        if (await asyncio.to_thread(out.stat)).st_size < most_bytes:
            return out
    raise MediaError(
        f"no picture of it has less than {most_bytes} bytes", code="too_large", where=media.name,
        remedy="Set a cover there by hand, or leave the one that it has.",
    )  # fmt: skip
