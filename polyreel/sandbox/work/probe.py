"""What a media file is: length, picture, sound."""

from __future__ import annotations

import asyncio
import re
from dataclasses import asdict, dataclass
from pathlib import Path

from polyreel.sandbox.work.ffmpeg import ToolFailed, ffmpeg, source

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


async def probe(path: Path) -> Clip:
    """Look into a file; `NotMedia` if there is nothing to play in it."""
    return await asyncio.to_thread(_probe, path)


def _probe(path: Path) -> Clip:
    import av

    try:
        # A playlist or a manifest would make the reader open further files, hence no protocol but file.
        with av.open(str(path), options={"protocol_whitelist": "file"}) as media:
            if media.format.name in ("hls", "dash", "concat", "concatf"):
                raise NotMedia("not a media file")
            return _clip(media, path)
    except (av.error.FFmpegError, OSError, ValueError, IndexError) as error:
        raise NotMedia("not a media file") from error


def _clip(media: object, path: Path) -> Clip:
    from av.container import InputContainer

    assert isinstance(media, InputContainer)  # noqa: S101 - av.open reads here, it never writes
    pictures, sounds = media.streams.video, media.streams.audio
    if not pictures and not sounds:
        raise NotMedia("no video and no audio in the file")
    picture = pictures[0] if pictures else None
    return Clip(
        seconds=round((media.duration or 0) / 1_000_000, 3),
        bytes=path.stat().st_size,
        video_codec=picture.codec_context.name if picture else None,
        audio_codec=sounds[0].codec_context.name if sounds else None,
        width=picture.codec_context.width if picture else 0,
        height=picture.codec_context.height if picture else 0,
        fps=float(picture.average_rate or 0) if picture else 0.0,
    )


async def is_silent(path: Path) -> bool:
    """Whether the loudest moment is below -60 dBFS."""
    try:
        printed = await ffmpeg(*source(path), "-vn", "-af", "volumedetect", "-f", "null", "-")
    except ToolFailed:
        return True
    found = re.search(r"max_volume: (-?[\d.]+|-inf) dB", printed)
    return found is None or float(found[1]) < SILENCE_DB
