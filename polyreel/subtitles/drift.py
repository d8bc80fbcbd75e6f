"""Offsets and frame-rate drifts: which of the usual ones brings a script's times onto another's.

A film that was timed at 25 frames per second and runs at 23.976 is 4.3 % late everywhere. The rates that films are
moved between are few, so each is tried, and the one that brings nearly every cue onto one of the other script is it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from statistics import median

from polyreel.subtitles.model import Track
from polyreel.subtitles.timing import clock, exact_rate

# What films and television are timed at: the rates between which a script is ever moved.
_RATES = ("25", "23.976", "24", "29.97", "30")
# Two scripts of one film begin their cues together, within a few frames.
_TOGETHER_MS = 120
_BIN_MS = 100
# Fewer agree by chance, whatever the offset.
_LEAST_CUES = 4
_AGREES = 0.6
_EXPLAINS = 0.8
# Less than this is a matter of taste in timing, not another version.
_LEAST_OFFSET_MS = 1000
_LEAST_DRIFT_MS = 500
_MOST_CUES = 1500
_SAMPLE = 60
_HOUR_MS = 3_600_000
_LEAST_FACTOR = Fraction(94, 100)


@dataclass(frozen=True, slots=True)
class Correction:
    """What brings a script onto its reel: every time multiplied by ``rate`` (``25/23.976``), then moved."""

    rate: str = ""
    offset_ms: int = 0

    def __bool__(self) -> bool:
        return self.factor != 1 or self.offset_ms != 0

    @property
    def factor(self) -> Fraction:
        """What ``rate`` multiplies times by."""
        return rate_factor(self.rate) if self.rate else Fraction(1)

    def describe(self) -> str:
        """What is the matter, in a sentence without its stop."""
        parts = []
        if self.rate:
            made, runs = self.rate.split("/")
            percent = abs(float(1 / self.factor - 1)) * 100
            side = "late" if self.factor < 1 else "early"
            drift = f"{percent:.1f} % {side}, as if timed at {made} frames per second for a film that runs at {runs}"
            parts.append(f"a frame-rate drift: {drift}")
        if self.offset_ms:
            side = "late" if self.offset_ms < 0 else "early"
            hour = f", as it begins at {clock(-self.offset_ms)}" if _is_whole_hour(self.offset_ms) else ""
            parts.append(f"a constant offset: {abs(self.offset_ms) / 1000:.10g} s {side}{hour}")
        return "Its times have " + ", ".join(parts)

    def as_option(self) -> str:
        """The options of a job that mend it: ``rate: 23.976/25, offset: -36000``."""
        rate = [f"rate: {self.rate}"] if self.rate else []
        return ", ".join(rate + ([f"offset: {self.offset_ms / 1000:.10g}"] if self.offset_ms else []))


def rate_factor(rate: str) -> Fraction:
    """``23.976/25`` as an exact factor of times."""
    made, _, runs = rate.partition("/")
    return exact_rate(made) / exact_rate(runs)


def find_correction(track: Track, reference: Track, reel_rate: Fraction | None = None) -> Correction | None:
    """What brings a script onto another of the same film; None where they agree, or where nothing usual explains it."""
    starts = [cue.start_ms for cue in track.cues[:_MOST_CUES]]
    others = sorted(cue.start_ms for cue in reference.cues[:_MOST_CUES])
    if min(len(starts), len(others)) < _LEAST_CUES:
        return None
    least = min(len(starts), len(others)) / len(starts)
    sample = starts[:: max(1, len(starts) // _SAMPLE)]
    agreement = _measure_overlap(sample, others, 0)[0] / least
    if agreement >= _AGREES:
        return None
    tried = [
        _find_best_offset(sample, others, rate)
        for rate in ("", *_list_rate_pairs(reel_rate))
        if not rate or _drifts(rate, starts)
    ]
    share, _, best = max(tried, key=lambda each: each[:2])
    found = replace(best, offset_ms=_to_whole_hour(best.offset_ms))
    is_plain = share / least >= _EXPLAINS and share / least > agreement + 0.3
    return found if is_plain and _matters(found, starts) else None


def agree(track: Track, reference: Track) -> bool:
    """Whether most cues of two scripts begin together as they stand. Too few to tell are no agreement."""
    starts = [cue.start_ms for cue in track.cues[:_MOST_CUES]]
    others = sorted(cue.start_ms for cue in reference.cues[:_MOST_CUES])
    if min(len(starts), len(others)) < _LEAST_CUES:
        return False
    return _measure_overlap(starts, others, 0)[0] * len(starts) / min(len(starts), len(others)) >= _AGREES


def find_rate(ends_ms: int, length_ms: int, reel_rate: Fraction | None) -> Correction | None:
    """The drift that would explain why a script ends a little behind its reel."""
    if not length_ms < ends_ms <= length_ms * 1.06:
        return None
    for rate in _list_rate_pairs(reel_rate):
        # Who ends 4 % late was not timed a fifth too late, though that would bring it inside as well.
        if _LEAST_FACTOR < (factor := rate_factor(rate)) < 1 and ends_ms * factor <= length_ms + 1000:
            return Correction(rate=rate)
    return None


def _list_rate_pairs(reel_rate: Fraction | None) -> list[str]:
    """``made/runs``, one for each factor; of several that have it (24/30 is 23.976/29.97) the reel's own."""
    pairs = [f"{made}/{runs}" for runs in _RATES for made in _RATES if made != runs]
    pairs.sort(key=lambda pair: not _is_rate(pair.split("/")[1], reel_rate))
    return list({rate_factor(pair): pair for pair in reversed(pairs)}.values())[::-1]


def _is_rate(name: str, rate: Fraction | None) -> bool:
    return rate is not None and abs(float(exact_rate(name) - rate)) < 0.005


def _find_best_offset(starts: Sequence[int], others: Sequence[int], rate: str) -> tuple[float, float, Correction]:
    """How many starts meet another at the best offset (as a share), how closely, and with which correction."""
    factor = float(rate_factor(rate)) if rate else 1.0
    scaled = [start * factor for start in starts]
    bins = Counter(round((other - start) / _BIN_MS) for start in scaled for other in others)
    peak = max(bins, key=lambda place: bins[place] + bins[place - 1] + bins[place + 1]) * _BIN_MS
    near = [other - start for start in scaled for other in _select_around(others, start + peak)]
    offset = round(median(near)) if near else 0
    if rate and abs(offset) <= _TOGETHER_MS:
        offset = 0
    share, distance = _measure_overlap(scaled, others, offset)
    return share, -distance - (1 if offset and rate else 0), Correction(rate, offset)


def _to_whole_hour(offset_ms: int) -> int:
    """An offset a few frames from a whole hour is that hour: scripts begin at 01:00:00 or 10:00:00 as tapes do."""
    hours = round(offset_ms / _HOUR_MS) * _HOUR_MS
    return hours if hours and abs(offset_ms - hours) <= _TOGETHER_MS else offset_ms


def _is_whole_hour(offset_ms: int) -> bool:
    return offset_ms < 0 and offset_ms % _HOUR_MS == 0


def _select_around(others: Sequence[int], time: float) -> Sequence[int]:
    first = bisect_left(others, time - 1.5 * _BIN_MS)
    return others[first : bisect_left(others, time + 1.5 * _BIN_MS)]


def _measure_overlap(starts: Sequence[float], others: Sequence[int], offset: int) -> tuple[float, float]:
    """How many starts meet another, as a share, and how far those are apart in the mean."""
    distances = [_measure_distance(others, start + offset) for start in starts]
    met = [distance for distance in distances if distance <= _TOGETHER_MS]
    return len(met) / len(starts), sum(met) / max(len(met), 1)


def _measure_distance(others: Sequence[int], time: float) -> float:
    at = bisect_left(others, time)
    return min(abs(other - time) for other in others[max(at - 1, 0) : at + 1])


def _matters(found: Correction, starts: Sequence[int]) -> bool:
    return _drifts(found.rate, starts) or abs(found.offset_ms) >= _LEAST_OFFSET_MS


def _drifts(rate: str, starts: Sequence[int]) -> bool:
    """Whether a drift is seen in a script of this length: one of a thousandth hides among frames in a short one."""
    drift = abs(float(rate_factor(rate) - 1)) if rate else 0.0
    return drift * (max(starts) - min(starts)) >= _LEAST_DRIFT_MS
