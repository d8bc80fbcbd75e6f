"""The mark in a speech stem, and the search for it in any file's sound: piece by piece, so that memory stays flat."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from polyreel.engine.sound.pcm import Samples
from polyreel.engine.sound.resample import resample
from polyreel.engine.sound.stem import RATE as STEM_RATE
from polyreel.engine.sound.stem import read_stem, write_samples
from polyreel.engine.threads import GoOn
from polyreel.engine.watermark.spectrum import RATE
from polyreel.media.audio import read_blocks

# The network hears 0.2 s around a frame: with half a second, pieces meet without a seam. All are whole frames.
_PIECE, _AROUND = STEM_RATE * 10, STEM_RATE // 2
_PER_MS = STEM_RATE // 1000
STRETCH_S = 10
_SHORTEST_S = 3
_SILENCE = 1e-4
SURE = 0.5
"""From how sure the network is that a stretch is marked, it counts as marked."""
_LEAST_SHARE = 0.1


class Marker(Protocol):
    """A network that lays a mark into sound, and finds it (`network.PerthNet`)."""

    def compute_mark(self, samples: Samples) -> Samples:
        """What has to be added to a sound to mark it."""

    def find_mark(self, samples: Samples) -> float:
        """How surely a sound holds the mark, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Search:
    """What was found in a track: stretches of 10 s that are not silent, how many hold the mark, the surest of them."""

    stretches: int
    marked: int
    surest: float

    @property
    def is_found(self) -> bool:
        """Whether the track is marked: in at least a tenth of it, and never on one stretch of many."""
        return self.marked > 0 and self.marked >= self.stretches * _LEAST_SHARE


def mark_stem(stem: Path, target: Path, marker: Marker, go_on: GoOn, *, spared: Sequence[tuple[int, int]] = ()) -> None:
    """Write a stem (`polyreel.engine.sound.stem`) with the mark in it, exactly as long. Blocks.

    ``spared`` (ms) is what people said themselves: no machine made it, so nothing says that one did.
    """
    write_samples(target, _mark_pieces(stem, marker, go_on, spared))


def _mark_pieces(stem: Path, marker: Marker, go_on: GoOn, spared: Sequence[tuple[int, int]]) -> Iterator[Samples]:
    samples = stem.stat().st_size // 2
    for start in range(0, samples, _PIECE):
        go_on()
        before = min(_AROUND, start)
        count = min(_PIECE, samples - start)
        around = read_stem(stem, start - before, before + count + _AROUND)
        piece = around[before : before + count]
        # What is silent stays so to the sample.
        if np.abs(piece).max(initial=0.0) > _SILENCE:
            mark = _mark_of(around, marker)[before : before + count]
            for begin, end in spared:
                mark[max(0, begin * _PER_MS - start) : max(0, end * _PER_MS - start)] = 0
            piece = piece + mark
        yield piece


def _mark_of(around: Samples, marker: Marker) -> Samples:
    """The mark alone, at the stem's rate: what the network does not hear (above 16 kHz) is not touched by it."""
    heard = resample(around, STEM_RATE, RATE)
    if len(heard) < RATE // 10:
        return np.zeros_like(around)
    found = resample(marker.compute_mark(heard), RATE, STEM_RATE)
    return np.pad(found, (0, max(0, len(around) - len(found))))[: len(around)]


async def search_track(path: Path, track: int, marker: Marker) -> Search:
    """Look for the mark in a file's sound track. Raises as ffmpeg's runner does, or EngineError (``model_missing``)."""
    found: list[float] = []
    async with aclosing(read_blocks(path, channels=1, rate=RATE, block=RATE * STRETCH_S, track=track)) as pieces:
        async for piece in pieces:
            samples = np.ascontiguousarray(piece[:, 0])
            is_long = len(samples) >= RATE * _SHORTEST_S
            if is_long and np.abs(samples).max() > _SILENCE:
                found.append(await asyncio.to_thread(marker.find_mark, samples))
    return Search(len(found), sum(sure >= SURE for sure in found), round(max(found, default=0.0), 3))
