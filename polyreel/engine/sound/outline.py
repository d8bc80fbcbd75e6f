"""A track's sound in a few hundred points, for a drawing: peaks of speech, loudness over time."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from polyreel.engine.sound.meter import CHANNEL_WEIGHTS, SILENCE, STEP_MS, Meter, Power, loudness

POINTS = 480
_SHORT_TERM_STEPS = 3000 // STEP_MS
_FULL = 32767


def outline_stem(stem: Path, points: int = POINTS) -> tuple[int, ...]:
    """The peak of each stretch of a speech stem (16-bit mono), 0 to 100 of full scale. Blocks."""
    if not (count := stem.stat().st_size // 2):
        return ()
    edges = np.linspace(0, count, min(points, count) + 1).astype(np.int64)
    return tuple(round(_read_peak(stem, int(start), int(end)) * 100 / _FULL) for start, end in pairwise(edges))


def _read_peak(stem: Path, start: int, end: int) -> int:
    """The peak of one stretch: a stem of two hours that is mapped as a whole counts as 690 MB of ours."""
    samples = np.fromfile(stem, "<i2", end - start, offset=2 * start)
    # In 32 bits, as the largest negative sample has no positive one in 16.
    return int(np.abs(samples.astype(np.int32)).max())


def outline_power(power: Power, points: int = POINTS) -> tuple[int, ...]:
    """How loud each stretch is, by its power per step (channels weighted and summed), 0 to 100 of full scale."""
    return tuple(min(100, round(100 * float(np.sqrt(stretch.max())))) for stretch in _split_stretches(power, points))


def outline_loudness(power: Power, points: int = POINTS) -> tuple[float, ...]:
    """Short-term loudness (3 s) in LUFS around each point; -70 where it is silent."""
    if not len(power):
        return ()
    width = min(_SHORT_TERM_STEPS, len(power))
    smooth = np.convolve(power, np.full(width, 1 / width), "same")
    return tuple(round(max(SILENCE, loudness(float(part.mean()))), 1) for part in _split_stretches(smooth, points))


def weigh_channels(meter: Meter, channels: int) -> Power:
    """What a meter heard, its channels weighted and summed. Ends the stream."""
    summed: Power = meter.power() @ np.array(CHANNEL_WEIGHTS[channels])
    return summed


def _split_stretches(values: NDArray[np.float64], points: int) -> list[NDArray[np.float64]]:
    return np.array_split(values, min(points, len(values))) if len(values) else []
