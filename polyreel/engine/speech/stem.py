"""The speech stem: every sentence of a language at its place, on one mono track exactly as long as the reel.

Written front to back, sentence by sentence: memory stays flat however long the film is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from polyreel.engine.sound.pcm import Samples
from polyreel.engine.sound.resample import resample
from polyreel.engine.sound.stem import RATE, write_samples
from polyreel.engine.speech.booth import Take

# EBU R 128's level: far enough from full scale that no voice clips before the mix sets its own.
LEVEL = -23.0
_SILENCE_BLOCK = RATE * 10


@dataclass(frozen=True, slots=True)
class Placed:
    """A take, when it begins, and the gain (linear) that brings its voice to the common level."""

    take: Take
    start_ms: int
    gain: float


def write_stem(path: Path, placed: Iterable[Placed], length: int) -> None:
    """Write the stem, ``length`` samples of it (`polyreel.engine.sound.stem`). ``placed`` comes by start."""
    write_samples(path, _make_blocks(placed, length))


def voice_gains(takes: Iterable[tuple[str, Take]]) -> dict[str, float]:
    """Per voice, the linear gain that brings it to `LEVEL`: one for all it says, so that quiet lines stay quiet."""
    return {voice: float(10 ** ((LEVEL - level) / 20)) for voice, level in voice_levels(takes).items()}


def voice_levels(takes: Iterable[tuple[str, Take]]) -> dict[str, float]:
    """Per voice, the loudness (LUFS) of all it says together; what can't be heard is left out."""
    powers: dict[str, list[tuple[float, int]]] = {}
    for voice, take in takes:
        if np.isfinite(take.level):
            powers.setdefault(voice, []).append((10 ** (take.level / 10), take.samples))
    return {voice: _mean_level(found) for voice, found in powers.items()}


def _mean_level(found: list[tuple[float, int]]) -> float:
    mean = sum(power * samples for power, samples in found) / sum(samples for _, samples in found)
    return float(10 * np.log10(mean))


def _make_blocks(placed: Iterable[Placed], length: int) -> Iterator[Samples]:
    """The stem in pieces. A sentence that begins before the last one is over (two people at once) is added to it."""
    at = 0
    held = np.zeros(0, dtype=np.float32)  # what sounds from `at` on, and may still be added to
    for each in placed:
        # Rounding must not begin a sentence behind the reel.
        start = min(length, each.start_ms * RATE // 1000)
        yield from _fill_with_silence(held, at, start)
        held = held[start - at :]
        at = start
        held = _add_samples(held, _make_sound(each))
    yield from _fill_with_silence(held, at, length)


def _fill_with_silence(held: Samples, at: int, until: int) -> Iterator[Samples]:
    yield held[: until - at]
    silent = until - at - len(held)
    while silent > 0:
        yield np.zeros(min(silent, _SILENCE_BLOCK), dtype=np.float32)
        silent -= _SILENCE_BLOCK


def _make_sound(each: Placed) -> Samples:
    speech = each.take.speech()
    return resample(speech.samples, speech.rate, RATE) * np.float32(each.gain)


def _add_samples(one: Samples, other: Samples) -> Samples:
    longer, shorter = (one, other) if len(one) > len(other) else (other, one)
    mixed = longer.copy()
    mixed[: len(shorter)] += shorter
    return mixed
