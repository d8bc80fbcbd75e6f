"""A finished track measured once: its loudness as ffmpeg has it, its true peak, and how loud it is when.

From one decoding: ffmpeg gates the loudness, the samples that it hands over give the rest. Its own true peak
oversamples all of a film, which took most of the time that measuring took.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

from polyreel.engine.sound.meter import CHANNEL_WEIGHTS, Meter, Power
from polyreel.engine.sound.outline import weigh_channels
from polyreel.engine.sound.pcm import Frames
from polyreel.engine.sound.true_peak import PeakMeter
from polyreel.media.audio import RATE, Loudness, measure_and_read, measure_loudness
from polyreel.media.probe import probe

_BLOCK = RATE * 10


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """A track's figures, and its K-weighted power per tenth of a second, channels weighted and summed."""

    loudness: Loudness
    power: Power


async def measure_track(track: Path) -> Measured:
    """Measure a file's first sound track. Raises as ffmpeg's runner does.

    Layouts beyond mono, stereo and 5.1 have the power of their stereo mix.
    """
    info = await asyncio.to_thread(probe, track)
    found = info.audio[0].channels
    channels = found if found in CHANNEL_WEIGHTS else 2
    meter, peaks = Meter(channels), PeakMeter(channels)

    def hear(piece: Frames) -> None:
        meter.feed(piece)
        peaks.feed(piece)

    async def take(piece: Frames) -> None:
        await asyncio.to_thread(hear, piece)

    integrated, spread = await measure_and_read(track, take, channels=channels, block=_BLOCK)
    power = await asyncio.to_thread(weigh_channels, meter, channels)
    # A stereo mix has other peaks than the layout that it was made of.
    peak = peaks.peak_dbtp() if channels == found else (await measure_loudness(track)).true_peak_dbtp
    return Measured(Loudness(integrated, peak, spread), power)
