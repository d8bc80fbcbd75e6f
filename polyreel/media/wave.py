"""24-bit Broadcast Wave files of our own, read piece by piece: one channel's bytes, without a decoder's process."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from polyreel.errors import MediaError
from polyreel.media.riff import read_wave_head

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
        head = read_wave_head(file)
    if head is None or head.bits != 8 * _BYTES:
        raise _describe_fault(path)
    return BroadcastWave(path, head.channels, head.size // (head.channels * _BYTES), head.offset)


def _describe_fault(path: Path) -> MediaError:
    return MediaError(
        "not a 24-bit wave file.",
        code="unsupported_media",
        where=path.name,
        remedy="Run the job again: a working file that is damaged is made anew.",
    )
