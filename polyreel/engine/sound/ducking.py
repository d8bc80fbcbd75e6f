"""Gain over time: a track made quieter while somebody speaks, gently, and without pumping."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RATE = 48_000


@dataclass(frozen=True, slots=True)
class Ramp:
    """How a gain moves. It is down when the speech begins, and comes up after it; short pauses don't bring it up."""

    attack_ms: int = 150
    release_ms: int = 500
    bridge_ms: int = 900


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """Gain in dB, straight between the points. ``at`` counts samples."""

    at: NDArray[np.int64]
    db: NDArray[np.float64]

    def gain(self, start: int, count: int) -> NDArray[np.float32] | np.float32:
        """Linear gain for ``count`` samples; one number where it does not move."""
        ends = np.interp([start, start + count], self.at, self.db)
        inside = self.at.searchsorted([start, start + count])
        # Most of a film has a steady gain: one number then, in place of an array as long as the sound.
        if inside[0] == inside[1] and ends[0] == ends[1]:
            return np.float32(10 ** (ends[0] / 20))
        moving = np.interp(np.arange(start, start + count), self.at, self.db)
        return np.power(10, moving / 20).astype(np.float32)

    def db_at(self, samples: NDArray[np.int64]) -> NDArray[np.float64]:
        """Gain in dB at some samples."""
        return np.interp(samples, self.at, self.db)


def merge_spans(spans: Iterable[tuple[int, int]], bridge: int = 0) -> list[tuple[int, int]]:
    """Spans in order, those that touch or are closer than ``bridge`` made one."""
    found: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if found and start - found[-1][1] <= bridge:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def duck(spans_ms: Iterable[tuple[int, int]], depth_db: float, ramp: Ramp = Ramp()) -> Curve:
    """Down to ``depth_db`` (negative) in every span, 0 dB elsewhere."""
    # In a shorter pause the gain could not come up and go down again.
    bridge = max(ramp.bridge_ms, ramp.attack_ms + ramp.release_ms)
    points = [(0, 0.0)]
    for start, end in merge_spans(spans_ms, bridge):
        points += [(start - ramp.attack_ms, 0.0), (start, depth_db), (end, depth_db), (end + ramp.release_ms, 0.0)]
    at = np.array([ms * RATE // 1000 for ms, _ in points], dtype=np.int64)
    db = np.array([value for _, value in points])
    if len(points) > 1 and at[1] <= 0:  # the reel begins with speech: it begins ducked
        at, db = at[1:], db[1:]
    return Curve(at, db)
