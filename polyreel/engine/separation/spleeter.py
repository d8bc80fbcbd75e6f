"""Spleeter's way from sound to speech, with the numbers of its 2-stem model: 44.1 kHz, frames of 4096 every 1024.

A patch is 512 frames (11.9 s). Spleeter cuts a film into patches that don't touch; here the next one begins 441 frames
on, and the masks of two neighbours fade into each other. 441 frames are 10.24 s: a whole number of samples at 44.1 and
at 48 kHz, so that every patch stands alone and memory does not grow with the film.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import NDArray

from polyreel.engine.sound.pcm import Frames

# What the network was taught at: at 48 kHz it would hear everything one and a half semitones lower.
RATE = 44_100
FRAME, STEP = 4096, 1024
FRAMES, BINS = 512, 1024
HOP = 441
OVERLAP = FRAMES - HOP
PATCH = (FRAMES - 1) * STEP + FRAME
"""Samples in a patch. Patch *k* begins `FRAME` samples before ``k * HOP * STEP``: Spleeter begins in silence, too."""
SILENCE = 1e-4

Mask = NDArray[np.float32]
"""Shape (channels, frames, bins), 0 to 1."""
MaskOf = Callable[[NDArray[np.float32]], Mask]
"""The network: magnitudes (2, `FRAMES`, `BINS`) in, the speech's share out."""

# 8.3 to 11 kHz, and the power in it of noise at -80 dBFS.
_HIGHEST = slice(BINS * 3 // 4, BINS)
_EMPTY = np.float32(4e-3)
# The squares of Hann windows at a quarter's distance add up to 1.5.
_COMPENSATION = np.float32(2 / 3)


def patches_in(samples: int) -> int:
    """How many patches cover so many samples at 44.1 kHz."""
    frames = max(0, samples - 1) // STEP + 1 + FRAME // STEP
    return 1 + max(0, -(-(frames - FRAMES) // HOP))


def speech_in(patch: Frames, mask_of: MaskOf, *, first: bool, last: bool) -> Frames:
    """What a patch gives to the speech: float32 (`PATCH`, 2), to be added to what its neighbours give.

    ``first`` and ``last`` say that there is no neighbour to fade from or to.
    """
    # In silence nobody speaks, and the network is what takes the time.
    if float(np.abs(patch).max()) < SILENCE:
        return np.zeros_like(patch)
    spectra = [_compute_spectrum(patch[:, channel]) for channel in range(patch.shape[1])]
    mask = mask_of(np.stack([np.abs(spectrum[:, :BINS]) for spectrum in spectra]))
    mask = mask * _compute_fade(first, last)[None, :, None]
    return np.stack([_make_sound(_apply_mask(*each)) for each in zip(spectra, mask, strict=True)], axis=1)


def _compute_spectrum(track: NDArray[np.float32]) -> NDArray[np.complex64]:
    windows = np.lib.stride_tricks.sliding_window_view(np.ascontiguousarray(track), FRAME)[::STEP]
    # numpy's transform keeps the precision it is given; its annotations don't say so.
    return np.fft.rfft(windows * _make_window()).astype(np.complex64, copy=False)


def _apply_mask(spectrum: NDArray[np.complex64], mask: NDArray[np.float32]) -> NDArray[np.complex64]:
    """The model hears up to 11 kHz. Above, its judgement of the highest band goes on, frame by frame.

    Spleeter leaves all of that to the accompaniment: the hiss of every S would stay in a dub. Where the highest band is
    as good as empty there is nothing to go by, and nothing is taken.
    """
    masked = np.empty_like(spectrum)
    np.multiply(spectrum[:, :BINS], mask, out=masked[:, :BINS])
    power = np.square(np.abs(spectrum[:, _HIGHEST]))
    share = (power * mask[:, _HIGHEST]).sum(axis=1) / (power.sum(axis=1) + _EMPTY)
    np.multiply(spectrum[:, BINS:], share[:, None], out=masked[:, BINS:])
    return masked


def _make_sound(spectrum: NDArray[np.complex64]) -> NDArray[np.float32]:
    frames = np.fft.irfft(spectrum, FRAME) * (_make_window() * _COMPENSATION)
    # A quarter of every frame at a time: the quarters of one kind lie side by side, and are added as one.
    quarters = frames.reshape(FRAMES, FRAME // STEP, STEP)
    sound = np.zeros((FRAMES + FRAME // STEP - 1, STEP), dtype=np.float32)
    for quarter in range(FRAME // STEP):
        sound[quarter : quarter + FRAMES] += quarters[:, quarter]
    return sound.reshape(-1)


@cache
def _make_window() -> NDArray[np.float32]:
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(FRAME) / FRAME)).astype(np.float32)


@cache
def _compute_fade(first: bool, last: bool) -> NDArray[np.float32]:
    """A patch's weight per frame. What one neighbour loses, the other gains: together they are always one."""
    weight = np.ones(FRAMES, dtype=np.float32)
    rise = np.arange(1, OVERLAP + 1, dtype=np.float32) / (OVERLAP + 1)
    if not first:
        weight[:OVERLAP] = rise
    if not last:
        weight[-OVERLAP:] = rise[::-1]
    return weight
