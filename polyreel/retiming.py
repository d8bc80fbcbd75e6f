"""A reel whose picture gives way: where every moment of it went. Pure functions over integer milliseconds.

In a stretch that is slowed, picture, sound and text go on together. Where a picture is held, sound and text can't stop:
they are stretched out of the last part of the stretch, so that all of them meet again at its end.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence

from polyreel.outcome import PictureYield

MOST_STRETCHED = 2
"""How many times its length sound may last where a picture is held: more is no longer the same sound."""

Point = tuple[int, int]
"""A time of the reel as it was, and where that is now."""


def sum_added_ms(yields: Sequence[PictureYield]) -> int:
    """How much longer the reel has become."""
    return sum(each.added_ms for each in yields)


def picture_at(yields: Sequence[PictureYield]) -> Callable[[int], int]:
    """Where a picture that is shown from a time on is shown now."""

    def move(ms: int) -> int:
        return ms + sum(_count_slow_ms(each, ms) + (each.hold_ms if ms >= each.hold_at_ms else 0) for each in yields)

    return move


def sound_at(yields: Sequence[PictureYield]) -> Callable[[int], int]:
    """Where what is heard, or read, at a time is now."""
    return _follow(sound_points(yields))


def sound_before(yields: Sequence[PictureYield]) -> Callable[[int], int]:
    """Where what is heard, or read, at a time of the longer reel was: `sound_at` the other way round."""
    return _follow([(now, before) for before, now in sound_points(yields)])


def _follow(points: Sequence[Point]) -> Callable[[int], int]:
    starts = [start for start, _ in points]

    def move(ms: int) -> int:
        at = bisect_right(starts, ms) - 1
        if at < 0:
            return ms
        start, to = points[at]
        if at + 1 == len(points):
            return to + ms - start
        further, then = points[at + 1]
        return to + round((ms - start) * (then - to) / (further - start))

    return move


def sound_points(yields: Sequence[PictureYield]) -> list[Point]:
    """Where the pace of the sound changes: between two points it is even, before and after all of them its own."""
    points: list[Point] = []
    later = 0
    for each in yields:
        span, hold_at = each.end_ms - each.start_ms, each.hold_at_ms
        taking = _measure_smear(each)
        marks = sorted({each.start_ms, hold_at - taking, hold_at, each.end_ms})
        points.append((marks[0], marks[0] + later))
        for end in marks[1:]:
            slowed = round((end - each.start_ms) * each.slow_ms / span)
            held = each.hold_ms if end >= hold_at else 0
            points.append((end, end + later + slowed + held))
        later += each.added_ms
    return points


def _count_slow_ms(each: PictureYield, ms: int) -> int:
    inside = min(max(ms - each.start_ms, 0), each.end_ms - each.start_ms)
    return round(inside * each.slow_ms / (each.end_ms - each.start_ms))


def _measure_smear(each: PictureYield) -> int:
    """How much of the sound before a held picture lasts through it, in ms."""
    if not each.hold_ms:
        return 0
    slowed = 1 + each.slow_ms / (each.end_ms - each.start_ms)
    return min(each.hold_at_ms - each.start_ms, round(each.hold_ms / (MOST_STRETCHED - slowed)))
