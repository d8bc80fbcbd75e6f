"""Working tracks as arrays: random access into PCM WAV (RIFF or RF64) at 48 kHz, without a decoder's process."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from polyreel.errors import EngineError
from polyreel.media.riff import FLOAT, INTEGER, read_wave_head

Frames = NDArray[np.float32]
"""Sound: shape (samples, channels), full scale 1.0."""
Samples = NDArray[np.float32]
"""Mono sound: shape (samples,), full scale 1.0."""


@dataclass(frozen=True, slots=True)
class WorkingTrack:
    """A PCM WAV file and where its samples lie."""

    path: Path
    channels: int
    samples: int
    offset: int
    dtype: str

    def read(self, start: int, count: int) -> Frames:
        """``count`` frames from ``start``; silence beyond the end."""
        there = max(0, min(count, self.samples - start))
        width = self.channels * np.dtype(self.dtype).itemsize
        # Opened for each read: languages read side by side from threads, and a shared handle has one position.
        held = np.fromfile(self.path, self.dtype, there * self.channels, offset=self.offset + start * width)
        frames = held.reshape(-1, self.channels).astype(np.float32)
        if self.dtype == "<i2":
            frames /= np.float32(32768)
        missing = count - len(frames)
        return np.pad(frames, ((0, missing), (0, 0))) if missing else frames

    def exactly(self, samples: int) -> WorkingTrack:
        """The same track with another length: what is beyond it is not heard, what it lacks is silence."""
        return replace(self, samples=samples)


def open_track(path: Path) -> WorkingTrack:
    """Read a WAV file's header. Raises EngineError for what is no 16-bit or float PCM."""
    with path.open("rb") as file:
        head = read_wave_head(file)
    dtype = {(INTEGER, 16): "<i2", (FLOAT, 32): "<f4"}.get((head.code, head.bits)) if head else None
    if head is None or dtype is None:
        raise _describe_fault(path)
    return WorkingTrack(path, head.channels, head.size // (head.channels * head.bits // 8), head.offset, dtype)


def _describe_fault(path: Path) -> EngineError:
    return EngineError(
        "not a working track (16-bit or float PCM in WAV).",
        where=path.name,
        remedy="Remove the store's copy and run the job again: it is made anew.",
    )
