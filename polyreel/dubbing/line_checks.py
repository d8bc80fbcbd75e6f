"""What is checked of each line's own sound in the speech stem: that it is there, and that nothing of it was cut off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from polyreel.dubbing.limits import LineLimits, Pair
from polyreel.dubbing.telling import describe_flaw, make_line_check
from polyreel.engine.sound.stem import RATE, read_stem
from polyreel.outcome import Check, CheckStatus, FlawedLine, LineFit, StoredFile
from polyreel.store.local import path_of

_BLOCK = RATE // 2000  # half a millisecond
# Kokoro's own hush lies at -52 dB and less.
_AUDIBLE = 10 ** (-50 / 20)
_LEAST_HEARD = 0.25
"""A line of which less is audible is missing: pauses take less of the tersest line."""
# Enough to see five milliseconds of silence, and too little to reach the line beside it (120 ms away).
_AROUND_MS = 60
_SILENT = 10 ** (-70 / 20)
# Of the line's loudest block. Pico's and Kokoro's lines begin and end below -34 dB, espeak-ng's at up to -15: what is
# abrupt for one voice is another's own way, so that the limit follows how the dub's other lines begin and end.
_LOUD_DB, _ABRUPT_DB, _ABOVE_USUAL_DB = -16.0, -28.0, 20.0
_USUAL, _LEAST_EDGES = 75, 6
_STILL_BLOCKS = 10
_SOFTEST_DB = -140.0


def check_lines(speech: StoredFile, lines: Sequence[LineFit], limits: LineLimits) -> tuple[Check, ...]:
    """``silent_lines`` and ``clipped_speech`` of a dub whose speech stem is there. Reads the stem; blocks."""
    silent, cut = list[FlawedLine](), list[FlawedLine]()
    for line, each in zip(lines, measure_lines(speech, lines), strict=True):
        if each.is_missing:
            silent.append(describe_flaw(line, f"{each.silence:.0%} silent", each.silence, 1 - _LEAST_HEARD))
        elif each.is_cut:
            measured = f"{each.edge_db:.0f} dB of its loudest"
            cut.append(describe_flaw(line, measured, each.edge_db, each.limit_db))
    softest = f"{cut[0].limit:.0f} dB at most" if cut else ""
    return (
        _make_check("silent_lines", silent, lines, "nothing is heard where these lines should be", limits.silent),
        _make_check(
            "clipped_speech", cut, lines, f"begins or ends in the middle of a sound ({softest})", limits.clipped
        ),
    )


@dataclass(frozen=True, slots=True)
class LineSound:
    """How a line sounds: which share of it is silent, and how loud it is where it begins or ends (dB of its loudest).

    ``limit_db`` is how loud that may be, in this dub.
    """

    silence: float
    edge_db: float
    limit_db: float

    @property
    def is_missing(self) -> bool:
        """Whether so little is heard that it counts as not there."""
        return self.silence > 1 - _LEAST_HEARD

    @property
    def is_cut(self) -> bool:
        """Whether it is loud within a millisecond of the silence around it."""
        return not self.is_missing and self.edge_db > self.limit_db


def measure_lines(speech: StoredFile, lines: Sequence[LineFit]) -> list[LineSound]:
    """How each line sounds in the speech stem. Reads it; blocks."""
    path, samples = path_of(speech), speech.bytes // 2
    levels = [_read_levels(path, samples, line) for line in lines]
    shares = [_audible_share(each) for each in levels]
    edges = [
        () if share < _LEAST_HEARD else (_measure_edge(each), _measure_edge(each[::-1]))
        for each, share in zip(levels, shares, strict=True)
    ]
    limit = _find_edge_limit([edge for each in edges for edge in each if edge is not None])
    return [
        LineSound(1 - share, max((edge for edge in each if edge is not None), default=_SOFTEST_DB), limit)
        for share, each in zip(shares, edges, strict=True)
    ]


def _make_check(name: str, found: Sequence[FlawedLine], lines: Sequence[LineFit], what: str, limit: Pair) -> Check:
    share, (warn, fail) = len(found) / max(1, len(lines)), limit
    status: CheckStatus = "fail" if share > fail else "warn" if share > warn else "pass"
    return make_line_check(name, status, what, found)


def _read_levels(path: Path, samples: int, line: LineFit) -> NDArray[np.float32]:
    """The peak of each half millisecond, from a little before the line to a little after it."""
    start = max(0, (line.start_ms - _AROUND_MS) * RATE // 1000)
    end = min(samples, (line.end_ms + _AROUND_MS) * RATE // 1000)
    sound = np.abs(read_stem(path, start, max(0, end - start)))
    blocks: NDArray[np.float32] = np.pad(sound, (0, -len(sound) % _BLOCK)).reshape(-1, _BLOCK).max(axis=1, initial=0.0)
    return blocks


def _audible_share(levels: NDArray[np.float32]) -> float:
    return float((levels > _AUDIBLE).mean()) if len(levels) else 0.0


def _find_edge_limit(edges: Sequence[float]) -> float:
    """How loud a line may begin or end: mouths and fades take longer than a millisecond to get loud.

    Inside a line it is not looked for: there closures and plosives do the same.
    """
    if len(edges) < _LEAST_EDGES:
        return _LOUD_DB
    return min(_LOUD_DB, max(_ABRUPT_DB, float(np.percentile(edges, _USUAL)) + _ABOVE_USUAL_DB))


def _measure_edge(levels: NDArray[np.float32]) -> float | None:
    """How loud a line is in its first millisecond, in dB of its loudest; None where no silence is before it."""
    first = int((levels >= _SILENT).argmax())
    # Five milliseconds of silence first: without them the sound has begun before the part that is looked at.
    if first < _STILL_BLOCKS:
        return None
    return float(20 * np.log10(max(_SILENT, float(levels[first : first + 2].max() / levels.max()))))
