"""Where a picture gives way to a line that is too long: slowed, then held, as far as that is allowed.

For courses and slides, where the words matter more than the frames' own pace. Pure functions over integer milliseconds.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from polyreel.engine.speech.fit import USUAL, Limits, Spoken, find_end, fit, next_start, shortest_ms, talk_over
from polyreel.outcome import PictureYield
from polyreel.retiming import MOST_STRETCHED, sound_at, sum_added_ms

# A cut so near to where the pace would change takes the change to itself: there nobody sees it.
_NEAR_MS = 400
# Cues and pictures move by whole milliseconds.
_HARDLY_FASTER = 0.01
_BEFORE_CUT_MS = 5
_AFTER_HOLD_MS = 400


@dataclass(frozen=True, slots=True)
class YieldLimits:
    """How far a picture may give way to one line: times slower, ms held; and in how many places of a reel."""

    slowest: float = 1.25
    longest_hold_ms: int = 2000
    most: int = 400


LIMITS = YieldLimits()


def plan_yields(
    lines: Sequence[Spoken],
    reel_ms: int,
    *,
    shots_ms: Sequence[int] = (),
    frame_ms: float = 40.0,
    limits: YieldLimits = LIMITS,
    fitting: Limits = USUAL,
) -> tuple[PictureYield, ...]:
    """Where the picture waits so that every line can be said at `Limits.voice_speed` at most; in time order.

    ``lines`` come by start; ``shots_ms`` are the times at which shots begin. What the limits don't grant is left to
    fitting: that line is hurried more, or flagged.
    """
    yields: list[PictureYield] = []
    later = free = 0
    for at, line in enumerate(lines):
        if len(yields) == limits.most:
            break
        following = next_start(lines, at, reel_ms)
        need = -(-line.natural_ms * 1000 // round(fitting.voice_speed * 1000))
        waits = at > 0 and not talk_over(lines[at - 1], line)
        begin = max(line.start_ms + later, free if waits else 0)
        until = find_end(line, following, fitting) + later
        lack = begin + need - until
        window = _find_window(yields, line.start_ms, following, shots_ms)
        frames = _Frames(reel_ms, frame_ms)
        granted = _grant_yield(window, lack, line, shots_ms, frames, limits) if lack > 0 else None
        if granted and (short := begin + need - later - _find_moved_end(line, following, granted, fitting)) > 0:
            granted = _grant_yield(window, lack + short, line, shots_ms, frames, limits)
        if granted:
            until = later + _find_moved_end(line, following, granted, fitting)
            yields.append(granted)
            later += granted.added_ms
        room = max(until - begin, 0)
        free = begin + max(shortest_ms(line.natural_ms, fitting), min(line.natural_ms, room)) + fitting.gap_ms
    return tuple(yields)


@dataclass(frozen=True, slots=True)
class Pressed:
    """A line that is still said faster than the picture was to allow: its pace, and what the picture gave it."""

    start_ms: int
    ratio: float
    granted: PictureYield | None
    is_at_bounds: bool
    """Whether the picture gave it all that it may; else there was no more sound, or reel, to hold it over."""


def find_pressed(
    lines: Sequence[Spoken],
    reel_ms: int,
    yields: Sequence[PictureYield],
    limits: YieldLimits = LIMITS,
    fitting: Limits = USUAL,
) -> tuple[Pressed, ...]:
    """The lines that a planned picture leaves faster than `Limits.voice_speed`, or too long."""
    move = sound_at(yields)
    moved = [Spoken(move(each.start_ms), move(each.end_ms), each.natural_ms, each.speaker) for each in lines]
    by_line = {each.line_ms: each for each in yields}
    return tuple(
        Pressed(line.start_ms, place.ratio, granted, bool(granted and granted.hold_ms >= limits.longest_hold_ms))
        for line, place in zip(lines, fit(moved, reel_ms + sum_added_ms(yields), fitting), strict=True)
        if place.too_long or place.ratio > fitting.voice_speed + _HARDLY_FASTER
        for granted in (by_line.get(line.start_ms),)
    )


def _find_moved_end(line: Spoken, following: int, granted: PictureYield, fitting: Limits) -> int:
    """Until when a line may last once the picture has given way: a cue that ends before the hold gets less of it."""
    move = sound_at((granted,))
    moved = Spoken(move(line.start_ms), move(line.end_ms), line.natural_ms)
    return find_end(moved, move(following), fitting)


@dataclass(frozen=True, slots=True)
class _Frames:
    reel_ms: int
    each_ms: float

    @property
    def last_ms(self) -> int:
        """The latest time at which a picture is held.

        Some pictures have to come after it: those that are decoded last are not those that are shown last, and a film's
        length goes by them.
        """
        return round(self.reel_ms - max(_AFTER_HOLD_MS, self.each_ms)) - _BEFORE_CUT_MS


def _find_window(found: Sequence[PictureYield], start: int, end: int, shots_ms: Sequence[int]) -> tuple[int, int]:
    """Which part of the reel is slowed: while the line may be said, from cut to cut where one is near."""
    start = max(start, found[-1].end_ms if found else 0)
    first, last = bisect_left(shots_ms, start), bisect_right(shots_ms, end) - 1
    if first < len(shots_ms) and shots_ms[first] - start <= _NEAR_MS:
        start = shots_ms[first]
    if last >= 0 and end - shots_ms[last] <= _NEAR_MS and shots_ms[last] > start:
        end = shots_ms[last]
    return start, end


def _grant_yield(
    window: tuple[int, int], lack: int, line: Spoken, shots_ms: Sequence[int], frames: _Frames, limits: YieldLimits
) -> PictureYield | None:
    start, end = window
    span = end - start
    if span < frames.each_ms:
        return None
    slow = min(lack, int(span * (limits.slowest - 1)))
    # The last picture of a shot is held, never one in its middle where a cut is at hand.
    cut = next((shot for shot in reversed(shots_ms) if start < shot <= end), None)
    wanted = max(0, min(lack - slow, limits.longest_hold_ms))
    ways = [_hold(at, start, wanted, slow / span, frames) for at in ([cut - _BEFORE_CUT_MS] if cut else []) + [end]]
    # So soon after its beginning a cut leaves no sound to be stretched: what it lacks is held at the line's end.
    hold, hold_at = max(ways, key=lambda way: way[0])
    if slow + hold <= 0:
        return None
    return PictureYield(
        start_ms=start,
        end_ms=end,
        slow_ms=slow,
        hold_ms=hold,
        hold_at_ms=hold_at if hold else end,
        line_ms=line.start_ms,
    )


def _hold(at: int, start: int, wanted: int, slowed: float, frames: _Frames) -> tuple[int, int]:
    """How long a picture can be held of what is wanted, and where: the sound before it has to last so much longer."""
    at = min(at, frames.last_ms)
    most = int((at - start) * (MOST_STRETCHED - 1 - slowed)) if at > start else 0
    return min(wanted, most), at
