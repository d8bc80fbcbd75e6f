"""The speech stem: every sentence of a language at its place, on one mono track exactly as long as the reel.

Written front to back, sentence by sentence: memory stays flat however long the film is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from polyreel.engine.booth import Take
from polyreel.engine.resample import resampled
from polyreel.engine.voices import Samples

RATE = 48_000
LEVEL = -23.0
_FULL = 32767
_SILENCE_BLOCK = RATE * 10


@dataclass(frozen=True, slots=True)
class Placed:
    """A take, when it begins, and the gain (linear) that brings its voice to the common level."""

    take: Take
    start_ms: int
    gain: float


def samples_in(duration: Fraction) -> int:
    """How many samples a reel of this many seconds has: ``round(duration * 48000)``."""
    return round(duration * RATE)


def write_stem(path: Path, placed: Iterable[Placed], length: int) -> None:
    """Write the stem: raw 16-bit little-endian mono at 48 kHz, ``length`` samples. ``placed`` comes by start."""
    with path.open("wb") as file:
        for block in _blocks(placed, length):
            file.write((np.clip(block, -1, 1) * _FULL).round().astype("<i2").tobytes())


def read_stem(path: Path, start: int, count: int) -> Samples:
    """``count`` samples of a stem from ``start``; fewer at its end."""
    held = np.fromfile(path, "<i2", count, offset=start * 2)
    return held.astype(np.float32) / np.float32(_FULL)


def voice_gains(takes: Iterable[tuple[str, Take]]) -> dict[str, float]:
    """Per voice, the linear gain that brings it to `LEVEL`: one for all it says, so that quiet lines stay quiet."""
    powers: dict[str, list[tuple[float, int]]] = {}
    for voice, take in takes:
        if np.isfinite(take.level):
            powers.setdefault(voice, []).append((10 ** (take.level / 10), take.samples))
    return {voice: _gain(found) for voice, found in powers.items()}


def _gain(found: list[tuple[float, int]]) -> float:
    mean = sum(power * samples for power, samples in found) / sum(samples for _, samples in found)
    return float(10 ** (LEVEL / 20) / np.sqrt(mean))


def _blocks(placed: Iterable[Placed], length: int) -> Iterator[Samples]:
    """The stem in pieces. A sentence that begins before the last one is over (two people at once) is added to it."""
    at = 0
    held = np.zeros(0, dtype=np.float32)  # what sounds from `at` on, and may still be added to
    for each in placed:
        start = min(length, each.start_ms * RATE // 1000)
        yield from _silence_or(held, at, start)
        held = held[start - at :]
        at = start
        held = _added(held, _sound(each))
    yield from _silence_or(held, at, length)


def _silence_or(held: Samples, at: int, until: int) -> Iterator[Samples]:
    yield held[: until - at]
    silent = until - at - len(held)
    while silent > 0:
        yield np.zeros(min(silent, _SILENCE_BLOCK), dtype=np.float32)
        silent -= _SILENCE_BLOCK


def _sound(each: Placed) -> Samples:
    speech = each.take.speech()
    return resampled(speech.samples, speech.rate, RATE) * np.float32(each.gain)


def _added(one: Samples, other: Samples) -> Samples:
    longer, shorter = (one, other) if len(one) > len(other) else (other, one)
    mixed = longer.copy()
    mixed[: len(shorter)] += shorter
    return mixed
