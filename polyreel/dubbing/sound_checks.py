"""What is checked of a dub's sound beyond its level: the original's speech under it, its range, speech out of place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from polyreel.dubbing.limits import DubLimits, SoundLimits
from polyreel.dubbing.line_checks import check_lines
from polyreel.dubbing.line_noise import check_line_noise
from polyreel.dubbing.port import Dubbed
from polyreel.engine.sound.ducking import merge_spans
from polyreel.engine.sound.meter import Power, measure_dialogue
from polyreel.engine.sound.stem import RATE, read_stem
from polyreel.job import LoudnessTarget
from polyreel.outcome import Check, CheckStatus, LineFit, StoredFile
from polyreel.store.local import path_of

# Netflix, Sound Mix Specifications: dialogue at -27 LKFS, 2 LU more or less, by ITU-R BS.1770-1 and the dialogue alone.
# Where less than 15 % of a programme is dialogue, the whole of it counts instead, at -24 LKFS by BS.1770-3.
NETFLIX_LUFS, _DIALOGUE_LU, _LEAST_DIALOGUE = -27.0, 2.0, 0.15
_WIDER_THAN_SOURCE_LU = 4.0
_LEAST_WIDE_LU = 15.0
_FAILS_BEYOND_LU = 5.0
"""LU beyond the warning, where the job does not say when it fails."""
# EBU Tech 3342: for programmes of less than a minute the measure says little.
_SHORT_MS = 60_000

_AUDIBLE = 10 ** (-50 / 20)
_STEP_MS = 20
_EARLY_MS, _LATE_MS = 150, 250


def check_sound(dubbed: Dubbed, reel_ms: int, limits: DubLimits) -> tuple[Check, ...]:
    """Every check of the sound as a whole that could be made, and of each line's own. Reads the speech stem; blocks."""
    checks: list[Check] = []
    if dubbed.speech_left_db is not None:
        checks.append(check_background_speech(dubbed.speech_left_db, dubbed.separation, limits.sound))
    if dubbed.range_lu is not None:
        checks.append(check_range(dubbed.range_lu, dubbed.source_range_lu, reel_ms, limits.sound))
    if dubbed.speech is not None and dubbed.lines:
        checks.append(check_window(dubbed.speech, dubbed.lines, limits.sound))
        checks += check_lines(dubbed.speech, dubbed.lines, limits.lines)
        checks += check_line_noise(dubbed.lines, dubbed.speech, limits.lines)
    return tuple(checks)


def check_background_speech(left_db: float, separation: str, limits: SoundLimits) -> Check:
    """How much of the original's speech is still heard under the new one."""
    status = _judge(left_db, *limits.speech_left_db)
    told = {
        "given": "the given background holds speech",
        "learned": "separation left speech behind",
        "ducked": "the original is not lowered enough where its script says that somebody speaks",
    }
    return Check(
        name="background_speech",
        value=round(left_db, 1),
        unit="dB",
        limit=limits.speech_left_db[0],
        status=status,
        detail=f"{told.get(separation, separation)}: give a clean `source.background`" if status != "pass" else "",
    )


def check_range(range_lu: float, source_lu: float | None, reel_ms: int, limits: SoundLimits) -> Check:
    """Loudness range (in LU, by EBU Tech 3342) against the profile's, or against the reel's own.

    ``source_lu`` is the reel's, None where nobody measured it. A short reel's says little, so it warns at most.
    """
    limit = limits.range_lu
    if limit is None:
        limit = max(_LEAST_WIDE_LU, (source_lu or 0.0) + _WIDER_THAN_SOURCE_LU)
    fail = limit + _FAILS_BEYOND_LU if limits.range_fail_lu is None else limits.range_fail_lu
    # A job may say when it fails alone, and below what the profile, or the reel, would have it warn at.
    limit = min(limit, fail)
    status = _judge(range_lu, limit, fail)
    if status == "fail" and reel_ms < _SHORT_MS:
        status = "warn"
    own = "" if source_lu is None else f"the original's is {source_lu:.1f}"
    return Check(
        name="loudness_range", value=round(range_lu, 1), unit="LU", limit=round(limit, 1), status=status, detail=own
    )


def check_dialogue(power: Power, spans: Iterable[tuple[int, int]], target: LoudnessTarget) -> Check | None:
    """How loud the dialogue is by itself, as Netflix measures it; None where nobody speaks.

    ``power`` is the finished track's (`polyreel.dubbing.outlines.load_power`), ``spans`` (ms) are its lines. Only
    Netflix's target is a limit for it; for others it is told.
    """
    lufs, share = measure_dialogue(power, spans)
    if not share:
        return None
    limit = NETFLIX_LUFS if target == "netflix" else None
    off = abs(lufs - NETFLIX_LUFS) if limit is not None else 0.0
    told = f"{share:.0%} of it is dialogue" + (f"; {off:.1f} LU away from the target" if off > _DIALOGUE_LU else "")
    if share < _LEAST_DIALOGUE:
        told += "; too little to go by: the plain figure counts"
    status: CheckStatus = "warn" if off > _DIALOGUE_LU and share >= _LEAST_DIALOGUE else "pass"
    return Check(name="dialogue_loudness", value=round(lufs, 1), unit="LUFS", limit=limit, status=status, detail=told)


def check_window(stem: StoredFile, lines: tuple[LineFit, ...], limits: SoundLimits) -> Check:
    """Whether the speech stem is silent wherever no line is due: neither in its cue nor where it was placed.

    The stem is raw 16-bit mono at 48 kHz. The value is how many milliseconds are heard where they should not be.
    """
    due = merge_spans((min(line.cue_start_ms, line.start_ms) - _EARLY_MS, _find_end(line) + _LATE_MS) for line in lines)
    strays = [span for span in _audible_spans(stem) for span in _subtract_spans(span, due)]
    total = sum(end - start for start, end in strays)
    status = _judge(total, *limits.stray_ms)
    shown = ", ".join(f"{start / 1000:.1f} s" for start, _ in strays[:5])
    return Check(
        name="speech_window",
        value=total,
        unit="ms outside",
        limit=limits.stray_ms[0],
        status=status,
        detail=f"speech where no line is due, at {shown}" if status != "pass" else "",
    )


def _find_end(line: LineFit) -> int:
    return max(line.cue_end_ms, line.end_ms)


def _judge(value: float, warn: float, fail: float) -> CheckStatus:
    """``pass`` up to one limit, ``warn`` up to the other."""
    return "pass" if value <= warn else "warn" if value <= fail else "fail"


def _audible_spans(stem: StoredFile) -> Iterator[tuple[int, int]]:
    """Where the stem is audible, as spans in ms."""
    path, step = path_of(stem), RATE * _STEP_MS // 1000
    count, block = stem.bytes // 2, step * 1000
    spans: list[tuple[int, int]] = []
    for start in range(0, count, block):
        loud = _find_loud_steps(read_stem(path, start, min(block, count - start)), step)
        turns = start // step + np.flatnonzero(np.diff(loud, prepend=False, append=False))
        spans += [(begin * _STEP_MS, end * _STEP_MS) for begin, end in turns.reshape(-1, 2).tolist()]
    return iter(merge_spans(spans))


def _find_loud_steps(samples: NDArray[np.float32], step: int) -> NDArray[np.bool_]:
    padded = np.pad(samples, (0, -len(samples) % step)).reshape(-1, step)
    audible: NDArray[np.bool_] = np.sqrt(np.square(padded).mean(axis=1)) > _AUDIBLE
    return audible


def _subtract_spans(span: tuple[int, int], due: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The parts of a span that lie in none of the others (which are in order and don't touch)."""
    at, end = span
    for start, stop in due:
        if start >= end:
            break
        if start > at:
            yield at, start
        at = max(at, stop)
    if at < end:
        yield at, end
