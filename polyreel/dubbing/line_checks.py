"""What is checked of each line's own sound in the speech stem: that it is there, and that nothing of it was cut off."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

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
_LOUD = 10 ** (-16 / 20)  # of the line's loudest block
_STILL_BLOCKS = 10
_SHARE_FAIL = 0.1
_SHOWN = 5


def check_lines(speech: StoredFile, lines: Sequence[LineFit]) -> tuple[Check, ...]:
    """``silent_lines`` and ``clipped_speech`` of a dub whose speech stem is there. Reads the stem; blocks."""
    path, samples = path_of(speech), speech.bytes // 2
    levels = [_read_levels(path, samples, line) for line in lines]
    silent = [line for line, found in zip(lines, levels, strict=True) if _is_silent(found)]
    cut = [line for line, found in zip(lines, levels, strict=True) if not _is_silent(found) and _is_cut(found)]
    return (
        _make_check("silent_lines", silent, lines, "nothing is heard where these lines should be", 0.0),
        _make_check("clipped_speech", cut, lines, "speech begins or ends in the middle of a sound", _SHARE_FAIL),
    )


def rate_lines(speech: StoredFile, lines: Sequence[LineFit]) -> list[tuple[float, bool]]:
    """Of each line, the share of its time that is silent, and whether it is cut off. Reads the stem; blocks."""
    path, samples = path_of(speech), speech.bytes // 2
    levels = (_read_levels(path, samples, line) for line in lines)
    return [(1 - _audible_share(found), not _is_silent(found) and _is_cut(found)) for found in levels]


def is_missing(silence: float) -> bool:
    """Whether a line of which so large a share is silent counts as not there."""
    return silence > 1 - _LEAST_HEARD


def _make_check(name: str, found: Sequence[LineFit], lines: Sequence[LineFit], what: str, fail: float) -> Check:
    share = len(found) / max(1, len(lines))
    status: CheckStatus = "pass" if not found else "fail" if share > fail else "warn"
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


def _is_cut(levels: NDArray[np.float32]) -> bool:
    """Whether a line is loud within a millisecond of the silence around it: mouths and fades take longer.

    Inside a line it is not looked for: there closures and plosives do the same.
    """
    return _begins_at_once(levels) or _begins_at_once(levels[::-1])


def _begins_at_once(levels: NDArray[np.float32]) -> bool:
    first = int((levels >= _SILENT).argmax())
    # Five milliseconds of silence first: without them the sound has begun before the part that is looked at.
    return first >= _STILL_BLOCKS and bool(levels[first : first + 2].max() > _LOUD * levels.max())
