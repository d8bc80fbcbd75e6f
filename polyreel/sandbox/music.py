"""The sample's music: four chords, a soft pad below and plucked notes above."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from polyreel.engine.sound.pcm import Samples

Wave = NDArray[np.float64]

RATE = 48_000
BAR_MS = 3200

# A minor, F, C, G: bass note and three voices of each chord, in hertz.
_CHORDS = (
    (110.00, 220.00, 261.63, 329.63),
    (87.31, 220.00, 261.63, 349.23),
    (130.81, 196.00, 261.63, 329.63),
    (98.00, 196.00, 246.94, 293.66),
)


def play_music(samples: int, lead_in: int = 0) -> Iterator[Samples]:
    """Stereo music in pieces of (samples, 2) at 48 kHz: the end of a bar as lead-in, then a chord to each bar.

    ``samples`` and ``lead_in`` count frames; the last piece fades out.
    """
    left, number = samples - lead_in, 0
    if lead_in:
        yield _play_bar(_CHORDS[-1])[-lead_in:]
    while left > 0:
        piece = _play_bar(_CHORDS[number % len(_CHORDS)])[:left]
        yield _fade_ends(piece) if len(piece) == left else piece
        left -= len(piece)
        number += 1


def _play_bar(chord: tuple[float, ...]) -> Samples:
    """One chord: a soft pad below, and its notes plucked one after the other above."""
    time = np.arange(BAR_MS * RATE // 1000) / RATE
    swell = np.minimum(1, np.minimum(time / 0.4, (time[-1] - time) / 0.5))
    pad = sum(_make_tone(note, time) for note in chord) * swell * 0.012
    plucks = [_pluck_note(chord[1 + step % 3] * 2, time - step * 0.4) for step in range(8)]
    left = pad + 0.022 * sum(plucks[0::2]) + 0.012 * sum(plucks[1::2])
    right = pad + 0.012 * sum(plucks[0::2]) + 0.022 * sum(plucks[1::2])
    release = np.minimum(1, (time[-1] - time) / 0.03)
    sound: Samples = (np.stack([left, right], axis=1) * release[:, None]).astype(np.float32)
    return sound


def _make_tone(note: float, time: Wave) -> Wave:
    tone: Wave = np.sin(2 * np.pi * note * time) + 0.3 * np.sin(4 * np.pi * note * 1.001 * time)
    return tone


def _pluck_note(note: float, time: Wave) -> Wave:
    envelope: Wave = np.where(time > 0, np.exp(-3.2 * time) * np.minimum(1, np.maximum(time, 0) / 0.008), 0)
    plucked: Wave = envelope * np.sin(2 * np.pi * note * time)
    return plucked


def _fade_ends(piece: Samples) -> Samples:
    length = min(len(piece), RATE // 2)
    fade = np.ones(len(piece), np.float32)
    fade[-length:] = np.linspace(1, 0, length, dtype=np.float32)
    return np.multiply(piece, fade[:, None], dtype=np.float32)
