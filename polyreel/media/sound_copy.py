"""A reel's own sound as a small file of its own, for somebody who compares."""

from __future__ import annotations

import asyncio
from fractions import Fraction
from pathlib import Path

from polyreel.media.audio import RATE, aac_options, sound_of
from polyreel.media.command import local_input, local_output, run
from polyreel.media.info import MediaInfo, Tracks
from polyreel.media.probe import probe

_BITRATE = "96k"


async def copy_sound(source: Path, target: Path, track: Tracks = 0) -> None:
    """Write a sound track as .m4a, as long as the picture: copied where it is AAC already, else encoded.

    ``track`` is its number, or the left's and the right's of a mono pair. Raises `ToolError`, `MediaError`.
    """
    info = await asyncio.to_thread(probe, source)
    if isinstance(track, int) and _can_copy(info, track):
        kept = local_input(source, vn=None, sn=None, dn=None)[f"a:{track}"]
        output = local_output(kept, path=target, format="mp4", movflags="faststart", **{"c:a": "copy"})
    else:
        samples = round(info.duration * RATE)
        sound = sound_of(source, start=Fraction(0), samples=samples, track=track, channels=2, info=info)
        output = local_output(sound, path=target, format="mp4", movflags="faststart", **aac_options(2, _BITRATE))
    await run(output, expected_ms=round(info.duration * 1000))


def _can_copy(info: MediaInfo, track: int) -> bool:
    found = info.audio[track]
    return found.codec == "aac" and not info.shift(found)
