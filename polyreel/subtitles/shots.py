"""Cues on the frames of the picture: in and out at shot changes, by Netflix's rules; gaps even.

Netflix, *Timed Text Style Guide: Subtitle Timing Guidelines*, for 24 frames per second, where half a second is 12
frames; other rates in proportion. Within 7 frames of a shot change a cue begins with the shot; between 8 and 11 it
keeps half a second from it. It ends two frames before a shot change that is at most half a second ahead or 7 frames
behind. Gaps below half a second are closed to two frames, at every rate.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from polyreel.subtitles.model import Track
from polyreel.subtitles.timecodes import frame_at, time_of

# Netflix's timed text guide: two frames between cues, and between a cue's end and a cut.
GAP_FRAMES = 2


@dataclass(frozen=True, slots=True)
class _Rules:
    """Netflix's frames at one rate."""

    half: int
    near: int

    @classmethod
    def at(cls, rate: Fraction) -> _Rules:
        return cls(half=max(round(rate / 2), 3), near=max(round(rate * 7 / 24), 1))


def snap_to_shots(track: Track, shots_ms: Sequence[int], rate: Fraction) -> Track:
    """The track with each cue on frames, its ends where the rules have them. Cues must be in order.

    ``shots_ms`` are the times at which shots begin; a cue that would be left without time keeps its own.
    """
    rules = _Rules.at(rate)
    shots = sorted({frame_at(ms, rate) for ms in shots_ms})
    spans = [(frame_at(cue.start_ms, rate), frame_at(cue.end_ms, rate)) for cue in track.cues]
    moved = [_snap_cue(start, end, shots, rules) for start, end in spans]
    moved = _with_even_gaps(moved, rules)
    cues = tuple(
        replace(cue, start_ms=time_of(start, rate), end_ms=time_of(end, rate))
        for cue, (start, end) in zip(track.cues, moved, strict=True)
    )
    return replace(track, cues=cues)


def _snap_cue(start: int, end: int, shots: Sequence[int], rules: _Rules) -> tuple[int, int]:
    first = _snap_start(start, shots, rules)
    last = _snap_end(end, shots, rules)
    return (first, last) if last - first > GAP_FRAMES else (start, max(end, start + 1))


def _snap_start(start: int, shots: Sequence[int], rules: _Rules) -> int:
    shot = _find_nearest(start, shots)
    if shot is None or abs(start - shot) >= rules.half:
        return start
    if abs(start - shot) <= rules.near:
        return shot
    return max(shot - rules.half, 0) if start < shot else shot + rules.half


def _snap_end(end: int, shots: Sequence[int], rules: _Rules) -> int:
    at = bisect_left(shots, end)
    ahead = shots[at] if at < len(shots) else None
    if ahead is not None and ahead - end <= rules.half:
        return ahead - GAP_FRAMES
    behind = shots[at - 1] if at else None
    if behind is None or end - behind >= rules.half:
        return end
    return behind - GAP_FRAMES if end - behind <= rules.near else behind + rules.half


def _find_nearest(frame: int, shots: Sequence[int]) -> int | None:
    at = bisect_left(shots, frame)
    near = shots[max(at - 1, 0) : at + 1]
    return min(near, key=lambda shot: abs(shot - frame)) if near else None


def _with_even_gaps(spans: Sequence[tuple[int, int]], rules: _Rules) -> list[tuple[int, int]]:
    """Two frames between cues that are less than half a second apart; cues that overlapped before are left alone."""
    done = list(spans)
    for at in range(len(done) - 1):
        (start, end), (following, _) = done[at], done[at + 1]
        gap = following - end
        if -rules.half < gap < rules.half and following - GAP_FRAMES > start:
            done[at] = (start, following - GAP_FRAMES)
    return done
