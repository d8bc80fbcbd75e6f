"""What a media file is: length, picture, sound."""

from __future__ import annotations

import asyncio
import re
from dataclasses import asdict, dataclass
from pathlib import Path

from polyreel.errors import MediaError
from polyreel.media import probe as media
from polyreel.sandbox.work.ffmpeg import ToolFailed, list_input_options, run_ffmpeg

SILENCE_DB = -60.0


class NotMedia(Exception):
    """Nothing in the file that can be played."""


@dataclass(frozen=True, slots=True)
class Clip:
    """A media file's facts: seconds, pixels, frames per second, bytes. A codec is None where there is no stream."""

    seconds: float
    bytes: int
    video_codec: str | None
    audio_codec: str | None
    width: int
    height: int
    fps: float

    def as_dict(self) -> dict[str, object]:
        """The facts as JSON."""
        return asdict(self)


async def probe_media(path: Path) -> Clip:
    """Look into a file; `NotMedia` if there is nothing to play in it."""
    return await asyncio.to_thread(_probe_file, path)


def _probe_file(path: Path) -> Clip:
    try:
        info = media.probe(path)
    except MediaError as error:
        raise NotMedia("not a media file") from error
    picture = info.video
    return Clip(
        seconds=round(float(info.duration), 3),
        bytes=path.stat().st_size,
        video_codec=picture.codec if picture else None,
        audio_codec=info.audio[0].codec if info.audio else None,
        width=picture.width if picture else 0,
        height=picture.height if picture else 0,
        fps=round(float(picture.frame_rate), 3) if picture else 0.0,
    )


async def is_silent(path: Path) -> bool:
    """Whether the loudest moment is below -60 dBFS."""
    try:
        printed = await run_ffmpeg(*list_input_options(path), "-vn", "-af", "volumedetect", "-f", "null", "-")
    except ToolFailed:
        return True
    found = re.search(r"max_volume: (-?[\d.]+|-inf) dB", printed)
    return found is None or float(found[1]) < SILENCE_DB
