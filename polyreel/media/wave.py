"""24-bit Broadcast Wave files of our own, read piece by piece: one channel's bytes, without a decoder's process."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from polyreel.errors import MediaError

_BYTES = 3


@dataclass(frozen=True, slots=True)
class BroadcastWave:
    """A 24-bit PCM WAV (RIFF or RF64), and where its samples lie."""

    path: Path
    channels: int
    samples: int
    offset: int

    def read_channel(self, channel: int, start: int, count: int) -> bytes:
        """One channel's samples as 24-bit little-endian PCM; silence beyond the end."""
        width = self.channels * _BYTES
        there = max(0, min(count, self.samples - start))
        held = np.fromfile(self.path, "u1", there * width, offset=self.offset + start * width)
        mono = held.reshape(-1, self.channels, _BYTES)[:, channel].tobytes()
        return mono.ljust(count * _BYTES, b"\0")


def open_broadcast_wave(path: Path) -> BroadcastWave:
    """Read a file's header. Raises MediaError for what is no 24-bit PCM in WAV."""
    with path.open("rb") as file:
        if file.read(12)[8:] != b"WAVE":
            raise _describe_fault(path)
        return _read_chunks(path, file)


def _read_chunks(path: Path, file: BinaryIO) -> BroadcastWave:
    channels = bits = long_size = 0
    while len(head := file.read(8)) == 8:
        name, size = head[:4], struct.unpack("<I", head[4:])[0]
        if name == b"data":
            size = long_size if size == 0xFFFFFFFF else size
            if bits != 8 * _BYTES or not channels:
                raise _describe_fault(path)
            return BroadcastWave(path, channels, size // (channels * _BYTES), file.tell())
        body = file.read(size + size % 2)
        if name == b"fmt " and len(body) >= 16:
            _, channels, _, _, _, bits = struct.unpack("<HHIIHH", body[:16])
        elif name == b"ds64" and len(body) >= 16:  # RF64: the data's true length, where 32 bits don't hold it
            long_size = struct.unpack("<Q", body[8:16])[0]
    raise _describe_fault(path)


def _describe_fault(path: Path) -> MediaError:
    return MediaError(
        "not a 24-bit wave file.",
        code="unsupported_media",
        where=path.name,
        remedy="Run the job again: a working file that is damaged is made anew.",
    )
