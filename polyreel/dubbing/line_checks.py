"""What is checked of each line's own sound in the speech stem: that it is there, and that nothing of it was cut off."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from polyreel.dubbing.limits import LineLimits, Pair
from polyreel.engine.sound.stem import RATE, read_stem
from polyreel.outcome import Check, CheckStatus, LineFit, StoredFile
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
_SHOWN = 5


def check_lines(speech: StoredFile, lines: Sequence[LineFit], limits: LineLimits) -> tuple[Check, ...]:
    """``silent_lines`` and ``clipped_speech`` of a dub whose speech stem is there. Reads the stem; blocks."""
    path, samples = path_of(speech), speech.bytes // 2
    levels = [_read_levels(path, samples, line) for line in lines]
    silent = [line for line, found in zip(lines, levels, strict=True) if _is_silent(found)]
    cut = [line for line, is_cut in zip(lines, _find_cut(levels), strict=True) if is_cut]
    return (
        _make_check("silent_lines", silent, lines, "nothing is heard where these lines should be", limits.silent),
        _make_check("clipped_speech", cut, lines, "speech begins or ends in the middle of a sound", limits.clipped),
    )


def rate_lines(speech: StoredFile, lines: Sequence[LineFit]) -> list[tuple[float, bool]]:
    """Of each line, the share of its time that is silent, and whether it is cut off. Reads the stem; blocks."""
    path, samples = path_of(speech), speech.bytes // 2
    levels = [_read_levels(path, samples, line) for line in lines]
    return [(1 - _audible_share(found), is_cut) for found, is_cut in zip(levels, _find_cut(levels), strict=True)]


def is_missing(silence: float) -> bool:
    """Whether a line of which so large a share is silent counts as not there."""
    return silence > 1 - _LEAST_HEARD


def _make_check(name: str, found: Sequence[LineFit], lines: Sequence[LineFit], what: str, limit: Pair) -> Check:
    share, (warn, fail) = len(found) / max(1, len(lines)), limit
    status: CheckStatus = "fail" if share > fail else "warn" if share > warn else "pass"
    shown = ", ".join(f"{line.start_ms / 1000:.1f} s" for line in found[:_SHOWN])
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return Check(
        name=name,
        value=len(found),
        unit="lines",
        limit=0,
        status=status,
        detail=f"{what}: {shown}{more}" if found else "",
    )


def _read_levels(path: Path, samples: int, line: LineFit) -> NDArray[np.float32]:
    """The peak of each half millisecond, from a little before the line to a little after it."""
    start = max(0, (line.start_ms - _AROUND_MS) * RATE // 1000)
    end = min(samples, (line.end_ms + _AROUND_MS) * RATE // 1000)
    sound = np.abs(read_stem(path, start, max(0, end - start)))
    blocks: NDArray[np.float32] = np.pad(sound, (0, -len(sound) % _BLOCK)).reshape(-1, _BLOCK).max(axis=1, initial=0.0)
    return blocks


def _is_silent(levels: NDArray[np.float32]) -> bool:
    return _audible_share(levels) < _LEAST_HEARD


def _audible_share(levels: NDArray[np.float32]) -> float:
    return float((levels > _AUDIBLE).mean()) if len(levels) else 0.0


def _find_cut(levels: Sequence[NDArray[np.float32]]) -> list[bool]:
    """Which lines are loud within a millisecond of the silence around them: mouths and fades take longer.

    Inside a line it is not looked for: there closures and plosives do the same.
    """
    edges = [() if _is_silent(each) else (_measure_edge(each), _measure_edge(each[::-1])) for each in levels]
    measured = [edge for each in edges for edge in each if edge is not None]
    limit = _LOUD_DB
    if len(measured) >= _LEAST_EDGES:
        limit = min(_LOUD_DB, max(_ABRUPT_DB, float(np.percentile(measured, _USUAL)) + _ABOVE_USUAL_DB))
    return [any(edge is not None and edge > limit for edge in each) for each in edges]


def _measure_edge(levels: NDArray[np.float32]) -> float | None:
    """How loud a line is in its first millisecond, in dB of its loudest; None where no silence is before it."""
    first = int((levels >= _SILENT).argmax())
    # Five milliseconds of silence first: without them the sound has begun before the part that is looked at.
    if first < _STILL_BLOCKS:
        return None
    return float(20 * np.log10(max(_SILENT, float(levels[first : first + 2].max() / levels.max()))))
