"""The speech stem as a file: raw 16-bit little-endian mono at 48 kHz, exactly as long as the reel."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import numpy as np

from polyreel.engine.sound.pcm import Samples

RATE = 48_000
_FULL = 32767


def samples_in(duration: Fraction) -> int:
    """How many samples a reel of this many seconds has: ``round(duration * 48000)``."""
    return round(duration * RATE)


def write_samples(path: Path, blocks: Iterable[Samples]) -> None:
    """Write a stem block by block; what is beyond full scale is clipped."""
    with path.open("wb") as file:
        for block in blocks:
            file.write(as_stem(block))


def as_stem(block: Samples) -> bytes:
    """Samples as a stem holds them."""
    # By 32767 and not 32768, so that +1.0 has a sample of its own and clips nothing.
    return (np.clip(block, -1, 1) * _FULL).round().astype("<i2").tobytes()


def read_stem(path: Path, start: int, count: int) -> Samples:
    """``count`` samples of a stem from ``start``; fewer at its end, none where ``count`` is below 0."""
    # To numpy, fewer than none are all that there are: a stretch that ends before it begins would be a whole film.
    held = np.fromfile(path, "<i2", max(0, count), offset=start * 2)
    return held.astype(np.float32) / np.float32(_FULL)


def read_span(path: Path, start_ms: int, end_ms: int) -> Samples:
    """A stem from one ms to another."""
    return read_stem(path, start_ms * RATE // 1000, (end_ms - start_ms) * RATE // 1000)
