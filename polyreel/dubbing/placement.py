"""Whether each line is heard when it is due, and once: by the speech stem's own sound, and by the words heard.

The stem shows to the hundredth of a second when a line of ours begins and ends, but not which line that is. Words show
which, in the finished mix, to a quarter of a second. A vendor says only in which cue a line belongs, so there a line is
judged by how early or late the dub's others are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from polyreel.dubbing.limits import LineLimits
from polyreel.dubbing.spread import measure_spread
from polyreel.dubbing.telling import describe_flaw, make_line_check
from polyreel.engine.backcheck.places import HeardPlace, Span, find_lines
from polyreel.engine.sound.stem import RATE, read_stem
from polyreel.engine.transcribe.words import Heard
from polyreel.outcome import Check, CheckStatus, LineFit, StoredFile
from polyreel.store.local import path_of

# A voice's own beginnings and ends are quieter than -50 dB at times, what is between its lines is nothing at all.
_AUDIBLE = 10 ** (-60 / 20)
_STEP_MS = 10
_AS_FAR_AS_MS = 20_000
"""No more of a line's beginning and end is looked at."""
# Of 200 good lines the words were as far from their place at both ends at once: 110 ms at most.
_HEARD_WITHIN_MS = 200
_EARLIEST_USUAL_MS, _LATEST_USUAL_MS = 200, 400
_USUAL_TIMES = 3.0
_LEAST_LINES = 4
_SHARE_FAIL = 0.1


@dataclass(frozen=True, slots=True)
class Misplaced:
    """A line that is heard so many ms late (early: below 0), or a second time."""

    line: LineFit
    off_ms: int
    again_ms: int | None = None

    @property
    def told(self) -> str:
        """As the check has it."""
        if self.again_ms is not None:
            return f"again at {self.again_ms / 1000:.1f} s"
        return f"{abs(self.off_ms) / 1000:.1f} s {'late' if self.off_ms > 0 else 'early'}"


def check_timing(
    lines: Sequence[LineFit], speech: StoredFile | None, heard: Heard | None, locale: str, limits: LineLimits
) -> Check | None:
    """``line_timing``: lines that are heard early, late, or twice; None where there is nothing to tell it by. Blocks.

    ``speech`` is the new speech alone (`polyreel.engine.sound.stem`), ``heard`` the words of the finished dub.
    """
    found = measure_timing(lines, speech, heard, locale, limits)
    if found is None:
        return None
    warn, fail = limits.timing_ms
    wrong = [each for each in found if each and (each.again_ms is not None or abs(each.off_ms) > warn)]
    status: CheckStatus = "warn" if wrong else "pass"
    if len(wrong) > max(1, _SHARE_FAIL * len(lines)) or any(abs(each.off_ms) > fail for each in wrong):
        status = "fail"
    flaws = [describe_flaw(each.line, each.told, abs(each.off_ms), warn) for each in wrong]
    return make_line_check("line_timing", status, f"not heard when due ({warn / 1000:g} s at most)", flaws)


def measure_timing(
    lines: Sequence[LineFit], speech: StoredFile | None, heard: Heard | None, locale: str, limits: LineLimits
) -> list[Misplaced | None] | None:
    """Where each line is heard; None of a line of which that can't be told, or of all of them. Blocks."""
    placed_here = all(line.voice for line in lines)
    by_sound = _measure_stem(path_of(speech), speech.bytes // 2, lines) if speech and placed_here else None
    if not lines or (by_sound is None and heard is None):
        return None
    found = by_sound or [None] * len(lines)
    if heard is not None:
        by_words = _measure_words(lines, heard, locale, placed_here=placed_here, limits=limits)
        found = [_choose(*both) for both in zip(found, by_words, strict=True)]
    return found


def _choose(one: Misplaced | None, other: Misplaced | None) -> Misplaced | None:
    """What is further off, as each of them is blind to something; a line that is heard twice before all."""
    both = [each for each in (one, other) if each is not None]
    return max(both, key=lambda each: (each.again_ms is not None, abs(each.off_ms)), default=None)


# -- by the sound of the stem


def _measure_stem(path: Path, samples: int, lines: Sequence[LineFit]) -> list[Misplaced | None]:
    """By the silence where a line of ours should begin, and where it should end: what was moved leaves one of them."""
    found: list[Misplaced | None] = []
    for line in lines:
        first, last = line.start_ms, min(line.end_ms, samples * 1000 // RATE)
        head = _silence_ms(path, first, min(last, first + _AS_FAR_AS_MS))
        tail = _silence_ms(path, max(first, last - _AS_FAR_AS_MS), last, from_end=True)
        # A line of nothing but silence is missing, and another check's.
        is_missing = last <= first or head is None or tail is None
        found.append(None if is_missing else Misplaced(line, _choose_edge(head or 0, tail or 0)))
    return found


def _choose_edge(head_ms: int, tail_ms: int) -> int:
    """Late by the silence before it, or early by that behind it."""
    return head_ms if head_ms > tail_ms else -tail_ms


def _silence_ms(path: Path, start_ms: int, end_ms: int, *, from_end: bool = False) -> int | None:
    """For how long nothing is heard at the beginning of a stretch, or at its end; None where nothing is at all."""
    # What no pace could fit may be placed behind the reel's end.
    if end_ms <= start_ms:
        return None
    samples = read_stem(path, start_ms * RATE // 1000, (end_ms - start_ms) * RATE // 1000)
    step = RATE * _STEP_MS // 1000
    loud = np.abs(samples[: len(samples) // step * step]).reshape(-1, step).max(axis=1, initial=0.0) > _AUDIBLE
    if not loud.any():
        return None
    return int((loud[::-1] if from_end else loud).argmax()) * _STEP_MS


# -- by the words


def _measure_words(
    lines: Sequence[LineFit], heard: Heard, locale: str, *, placed_here: bool, limits: LineLimits
) -> list[Misplaced | None]:
    spans = [
        Span(line.text, line.start_ms, line.end_ms)
        if placed_here
        else Span(line.text, line.cue_start_ms, line.cue_end_ms)
        for line in lines
    ]
    found = find_lines(spans, heard, locale)
    offs = [None if each is None else _off_by(each, span) for each, span in zip(found, spans, strict=True)]
    usual, spread = (0.0, 0.0) if placed_here else _find_usual(found, spans)
    least = max(limits.timing_ms[0], _HEARD_WITHIN_MS, _USUAL_TIMES * spread)
    misplaced: list[Misplaced | None] = []
    for line, each, off in zip(lines, found, offs, strict=True):
        if each is None or off is None:
            misplaced.append(None)
            continue
        by_itself = off if placed_here else round(each.start_ms - line.cue_start_ms - usual)
        is_off = abs(by_itself) > least
        misplaced.append(Misplaced(line, by_itself if is_off else 0, each.again_ms))
    return misplaced


def _off_by(found: HeardPlace, span: Span) -> int:
    """How far both ends of a line are from their places the same way: one of them alone may be misheard."""
    start, end = found.start_ms - span.start_ms, found.end_ms - span.end_ms
    if start * end <= 0:
        return 0
    return start if abs(start) < abs(end) else end


def _find_usual(found: Sequence[HeardPlace | None], spans: Sequence[Span]) -> tuple[float, float]:
    """How late a vendor's lines begin in their cues, and how far they are from each other in that (ms)."""
    starts = [each.start_ms - span.start_ms for each, span in zip(found, spans, strict=True) if each is not None]
    if len(starts) < _LEAST_LINES:
        return 0.0, 0.0
    usual = float(np.median(starts))
    # More than that before or behind every cue is no manner, but a dub that is early or late as a whole.
    usual = float(np.clip(usual, -_EARLIEST_USUAL_MS, _LATEST_USUAL_MS))
    return usual, measure_spread(starts)
