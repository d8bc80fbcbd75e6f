"""Whether lines are said by one voice: each line's print against the others of its speaker, and against other speakers.

Prints are compared by cosine. Lines of one voice of ours are 0.82 and more like the rest of its lines, different voices
0.82 at most and mostly below 0.7. Of less than a second and a half a print says nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LEAST_MS = 1500
"""Shorter lines are not compared."""

Prints = NDArray[np.float32]
"""Shape (lines, 256), each of unit length."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """How much a line sounds like its speaker's other lines (None: there are none), and like the nearest other one."""

    own: float | None
    other: str
    likeness: float


def compare_lines(prints: Prints, speakers: Sequence[str]) -> list[Likeness]:
    """The likeness of each line; ``speakers`` names who should be heard in it."""
    # Sums in place of means: the cosine doesn't see a vector's length.
    sums = {who: prints[_lines_of(who, speakers)].sum(axis=0) for who in dict.fromkeys(speakers)}
    found: list[Likeness] = []
    for line, who in zip(prints, speakers, strict=True):
        # Without the line itself, which would be most like itself.
        rest = sums[who] - line
        own = _compute_cosine(line, rest) if speakers.count(who) > 1 else None
        others = {name: _compute_cosine(line, total) for name, total in sums.items() if name != who}
        nearest = max(others, key=lambda name: others[name], default="")
        found.append(Likeness(own, nearest, others.get(nearest, 0.0)))
    return found


def compare_speakers(prints: Prints, speakers: Sequence[str]) -> dict[tuple[str, str], float]:
    """How alike each two speakers sound who have two lines or more."""
    sums = {
        who: prints[_lines_of(who, speakers)].sum(axis=0) for who in dict.fromkeys(speakers) if speakers.count(who) > 1
    }
    names = list(sums)
    return {
        (one, other): _compute_cosine(sums[one], sums[other])
        for place, one in enumerate(names)
        for other in names[place + 1 :]
    }


def _lines_of(who: str, speakers: Sequence[str]) -> list[int]:
    return [place for place, name in enumerate(speakers) if name == who]


def _compute_cosine(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    lengths = float(np.linalg.norm(one)) * float(np.linalg.norm(other))
    return float(one @ other) / max(lengths, 1e-12)
