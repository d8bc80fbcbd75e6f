"""A finished track measured once: its loudness as ffmpeg has it, and how loud it is when, from one decoding."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

from polyreel.engine.sound.meter import CHANNEL_WEIGHTS, Meter, Power
from polyreel.engine.sound.outline import weigh_channels
from polyreel.engine.sound.pcm import Frames
from polyreel.media.audio import Loudness, measure_and_read
from polyreel.media.probe import probe

_RATE = 24_000
"""What is higher counts next to nothing in loudness, and would double the work."""


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """A track's figures, and its K-weighted power per tenth of a second, channels weighted and summed."""

    loudness: Loudness
    power: Power


async def measure_track(track: Path) -> Measured:
    """Measure a file's first sound track. Raises as ffmpeg's runner does."""
    info = await asyncio.to_thread(probe, track)
    found = info.audio[0].channels
    channels = found if found in CHANNEL_WEIGHTS else 2
    meter = Meter(channels, _RATE)

    async def take(piece: Frames) -> None:
        await asyncio.to_thread(meter.feed, piece)

    loudness = await measure_and_read(track, take, channels=channels, rate=_RATE, block=_RATE * 20)
    return Measured(loudness, await asyncio.to_thread(weigh_channels, meter, channels))
