"""One picture out of a film, small enough to be a cover."""

from __future__ import annotations

from pathlib import Path

from polyreel.media.command import local_input, local_output, run

WIDEST = 1280


async def take_still(media: Path, at_seconds: float, out: Path) -> Path:
    """A JPEG of the moment, at most `WIDEST` pixels wide. Raises `ToolError` where there is no picture."""
    picture = local_input(media, ss=f"{max(0.0, at_seconds):.3f}").video.filter("scale", f"min({WIDEST},iw)", -2)
    await run(local_output(picture, path=out, format="mjpeg", vframes=1, **{"q:v": 4}, pix_fmt="yuvj420p"))
    return out
