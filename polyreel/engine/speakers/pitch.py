"""How high a voice speaks: the median fundamental of its voiced frames, and the gender that this suggests.

Frames of 50 ms at 8 kHz; the fundamental is the shortest lag at which a frame is nearly as much like itself as it ever
is (normalised autocorrelation). Men speak around 85 to 155 Hz, women around 165 to 255 (I. Titze, *Principles of Voice
Production*, 1994). The limits are stricter towards men: deep women's voices (143 to 157 Hz of Kokoro's) are left open.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from polyreel.engine.voice.port import Gender

RATE = 8000
_FRAME, _HOP = 400, 200
_LOWEST_HZ, _HIGHEST_HZ = 65, 400
_VOICED, _NEARLY = 0.6, 0.88
_QUIET = 10 ** (-30 / 20)
_ENOUGH = 20
_MEN_BELOW, _WOMEN_ABOVE = 142.0, 168.0

Mono = NDArray[np.float32]


def measure_pitches(sound: Mono) -> NDArray[np.float64]:
    """The fundamental of each voiced frame of mono sound at 48 kHz, in Hz."""
    # From 48 kHz to 8: a fundamental lies far below what is lost.
    plain = sound[: len(sound) // 6 * 6].reshape(-1, 6).mean(axis=1)
    if len(plain) < _FRAME:
        return np.zeros(0)
    frames = np.lib.stride_tricks.sliding_window_view(plain, _FRAME)[::_HOP]
    power = np.sqrt(np.square(frames).mean(axis=1))
    loud = frames[power > _QUIET * power.max(initial=0.0)]
    # Without their means, as a steady offset looks like itself at every lag.
    likeness = _compute_likeness(loud - loud.mean(axis=1, keepdims=True))
    shortest, longest = RATE // _HIGHEST_HZ, RATE // _LOWEST_HZ
    searched = likeness[:, shortest : longest + 1]
    best = searched.max(axis=1, initial=0.0)
    voiced = best > _VOICED
    # Two periods are as alike as one: the shortest lag that is nearly the best one is the period.
    lags = _find_first_peak(searched[voiced], best[voiced]) + shortest
    return np.asarray(RATE / lags, np.float64)


def gender_by_pitch(found: NDArray[np.float64]) -> Gender | None:
    """What the pitches of one speaker's frames suggest; None where they are few, or in between."""
    # 20 frames are half a second of voice: less is a laugh or a shout, and high in anybody.
    if len(found) < _ENOUGH:
        return None
    median = float(np.median(found))
    return "male" if median < _MEN_BELOW else "female" if median > _WOMEN_ABOVE else None


def _compute_likeness(frames: NDArray[np.float32]) -> NDArray[np.float64]:
    """Normalised autocorrelation of each frame, lag by lag: shape (frames, _FRAME)."""
    spectra = np.abs(np.fft.rfft(frames, 2 * _FRAME)) ** 2
    products = np.fft.irfft(spectra)[:, :_FRAME]
    energy = np.cumsum(np.square(frames, dtype=np.float64), axis=1)
    whole = energy[:, -1:]
    heads = np.concatenate([whole, energy[:, :-1][:, ::-1]], axis=1)
    tails = np.concatenate([whole, whole - energy[:, :-1]], axis=1)
    alike: NDArray[np.float64] = products / np.sqrt(np.maximum(heads * tails, 1e-12))
    return alike


def _find_first_peak(searched: NDArray[np.float64], best: NDArray[np.float64]) -> NDArray[np.int64]:
    near = searched >= _NEARLY * best[:, None]
    rising = np.diff(searched, axis=1, append=searched[:, -1:] - 1) > 0
    found: NDArray[np.int64] = np.argmax(near & ~rising, axis=1)
    return found
