"""The original's speech, as far as it is known: what the reel sounds like without its background."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from polyreel.engine.separation.stems import Stems
from polyreel.engine.sound.pcm import open_track
from polyreel.store.local import path_of

_RATE_MS = 48
# Of 5.1 the centre; else everything there is.
_VOICE_CHANNELS = {1: (0,), 2: (0, 1), 6: (2,)}


def original_speech(stems: Stems) -> Callable[[int, int], NDArray[np.float32]]:
    """Reads the original's speech from one ms to another: mono, 48 kHz, without what is known not to be speech."""
    original = open_track(path_of(stems.original.audio)).exactly(stems.samples)
    background = open_track(path_of(stems.background.audio)).exactly(stems.samples) if stems.background else None
    channels = _VOICE_CHANNELS[original.channels]

    def read(start: int, end: int) -> NDArray[np.float32]:
        first, count = start * _RATE_MS, (end - start) * _RATE_MS
        sound = original.read(first, count)[:, channels]
        if background is not None:
            sound = sound - background.read(first, count)[:, channels]
        mono: NDArray[np.float32] = sound.mean(axis=1)
        return mono

    return read
