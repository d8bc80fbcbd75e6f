"""Working tracks as arrays: random access into PCM WAV (RIFF or RF64) at 48 kHz, without a decoder's process."""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from polyreel.errors import EngineError

Frames = NDArray[np.float32]
"""Sound: shape (samples, channels), full scale 1.0."""
Samples = NDArray[np.float32]
"""Mono sound: shape (samples,), full scale 1.0."""

_FLOAT, _INTEGER, _EXTENSIBLE = 3, 1, 0xFFFE


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
        if file.read(12)[8:] != b"WAVE":
            raise _describe_fault(path)
        return _read_chunks(path, file)


def _read_chunks(path: Path, file: BinaryIO) -> WorkingTrack:
    form = (0, 0, 0)
    long_size = 0
    while len(head := file.read(8)) == 8:
        name, size = head[:4], struct.unpack("<I", head[4:])[0]
        if name == b"data":
            return _describe_track(path, file.tell(), form, long_size if size == 0xFFFFFFFF else size)
        # RIFF fills chunks of odd length up with one byte.
        body = file.read(size + size % 2)
        if name == b"fmt ":
            form = _read_format(body)
        elif name == b"ds64":  # RF64: the data's true length, where 32 bits don't hold it
            long_size = struct.unpack("<Q", body[8:16])[0]
    raise _describe_fault(path)


def _read_format(body: bytes) -> tuple[int, int, int]:
    code, channels, _, _, _, bits = struct.unpack("<HHIIHH", body[:16])
    # The extensible form keeps its true code at the head of an identifier behind the usual fields.
    return (struct.unpack("<H", body[24:26])[0] if code == _EXTENSIBLE else code), channels, bits


def _describe_track(path: Path, offset: int, form: tuple[int, int, int], size: int) -> WorkingTrack:
    code, channels, bits = form
    dtype = {(_INTEGER, 16): "<i2", (_FLOAT, 32): "<f4"}.get((code, bits))
    if dtype is None or not channels:
        raise _describe_fault(path)
    return WorkingTrack(path, channels, size // (channels * bits // 8), offset, dtype)


def _describe_fault(path: Path) -> EngineError:
    return EngineError(
        "not a working track (16-bit or float PCM in WAV).",
        where=path.name,
        remedy="Remove the store's copy and run the job again: it is made anew.",
    )
