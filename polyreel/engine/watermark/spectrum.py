"""Sound at 32 kHz as PerthNet sees it: frames of 2048 every 320, magnitudes in dB, as shares of what it was taught."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from polyreel.engine.sound.pcm import Samples

RATE = 32_000
FRAME, STEP = 2048, 320
_FLOOR = np.float32(1e-9)
_LOWEST_DB, _SPAN_DB = -180.0, 195.0
_MOST_DB = 200.0

Spectrum = NDArray[np.complex64]
"""Shape (frames, bins)."""
Levels = NDArray[np.float32]
"""Magnitudes in dB from -180 (0.0) to 15 (1.0). Shape (frames, bins)."""


def spectrum_of(samples: Samples) -> Spectrum:
    """The frames of a sound, the first centred on its first sample; what lies outside is the sound's mirror image."""
    around = np.pad(samples, FRAME // 2, mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(around, FRAME)[::STEP]
    # numpy's transform keeps the precision it is given; its annotations don't say so.
    return np.fft.rfft(windows * _make_window()).astype(np.complex64, copy=False)


def levels_of(spectrum: Spectrum) -> Levels:
    """Its magnitudes as the network takes them."""
    decibels = 20 * np.log10(np.maximum(np.abs(spectrum), _FLOOR))
    levels: Levels = ((decibels - _LOWEST_DB) / _SPAN_DB).astype(np.float32)
    return levels


def magnitudes_at(levels: Levels) -> NDArray[np.float32]:
    """Levels as magnitudes again."""
    decibels = np.minimum(levels * _SPAN_DB + _LOWEST_DB, _MOST_DB)
    magnitudes: NDArray[np.float32] = (10 ** (decibels / 20)).astype(np.float32)
    return magnitudes


def sound_of(spectrum: Spectrum, samples: int) -> Samples:
    """The sound of which a spectrum is (`spectrum_of`), so many samples of it."""
    frames = np.fft.irfft(spectrum, FRAME) * _make_window()
    length = (len(frames) - 1) * STEP + FRAME
    sound, weight = np.zeros(length, dtype=np.float32), np.zeros(length, dtype=np.float32)
    squares = np.square(_make_window())
    for number, frame in enumerate(frames):
        at = number * STEP
        sound[at : at + FRAME] += frame
        weight[at : at + FRAME] += squares
    inside = slice(FRAME // 2, FRAME // 2 + samples)
    found: Samples = (sound[inside] / np.maximum(weight[inside], 1e-6)).astype(np.float32)
    return found


@cache
def _make_window() -> NDArray[np.float32]:
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(FRAME) / FRAME)).astype(np.float32)
