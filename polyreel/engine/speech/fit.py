"""Fit speech into the time that the picture leaves it. Pure functions over integer milliseconds.

In this order: speak at the voice's own pace; borrow the silence up to the next line, keeping a gap; hurry the voice,
to 1.15; stretch the sound, to 1.30 in all; then flag the line as too long and let the next one wait. Speech is never
cut. It is not slowed to fill its time either: a line that ends before its cue does sounds natural, a drawn-out one
doesn't (a study of 320 h of human dubs found naturalness to matter more than strict isochrony). Only where the
original's own pace is followed does a line ask for less or more time than its voice would take (`Spoken.paced_ms`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """How far speech may be bent. Ratios are natural length by spoken length: 1.2 is 20 % faster."""

    gap_ms: int = 120
    voice_speed: float = 1.15
    fastest: float = 1.30
    slowest: float = 0.95
    late_ms: int = 1500
    overrun_ms: int = 5000


USUAL = Limits()


@dataclass(frozen=True, slots=True)
class Spoken:
    """A sentence that waits for its place: the time its cues have, and how long the voice takes at its own pace.

    ``paced_ms`` is how long it is to take where there is room; None: as long as at its own pace.
    """

    start_ms: int
    end_ms: int
    natural_ms: int
    speaker: str | None = None
    paced_ms: int | None = None

    @property
    def wanted_ms(self) -> int:
        """How long it takes where nothing presses."""
        return self.natural_ms if self.paced_ms is None else self.paced_ms


@dataclass(frozen=True, slots=True)
class Place:
    """When a sentence is spoken and at which pace. ``length_ms`` is never below ``natural_ms / fastest``."""

    start_ms: int
    length_ms: int
    natural_ms: int
    too_long: bool

    @property
    def end_ms(self) -> int:
        """When it ends."""
        return self.start_ms + self.length_ms

    @property
    def ratio(self) -> float:
        """natural / spoken."""
        return self.natural_ms / self.length_ms if self.length_ms else 1.0


def fit(lines: Sequence[Spoken], reel_ms: int, limits: Limits = USUAL, beat_ms: int = 0) -> tuple[Place, ...]:
    """A place for every line, in the order given (by start).

    No two lines sound at once, except where two speakers' own cues overlap. A line is flagged ``too_long`` when even
    at the fastest pace it runs past its time, when it had to begin ``late_ms`` away from its cue, when it goes on for
    ``overrun_ms`` after it, however silent it is there, or when it ends after the reel. ``beat_ms`` lets each line
    enter that much later where there is room (voice-over).
    """
    dues = _compute_latest_ends(lines, reel_ms, limits)
    placed: list[Place] = []
    floor = _Floor()
    for at, line in enumerate(lines):
        room = _Room(floor.free_from(line), next_start(lines, at, reel_ms), dues[at])
        place = _place_line(line, room, limits, beat_ms)
        placed.append(_flag_too_long(line, place, room, limits))
        floor.take(line, place.end_ms + limits.gap_ms)
    return tuple(placed)


def shortest_ms(natural_ms: int, limits: Limits = USUAL) -> int:
    """The least time that a line can be spoken in, rounded so that the ratio never exceeds ``fastest``."""
    per_mille = round(limits.fastest * 1000)
    return -(-natural_ms * 1000 // per_mille)


def voice_speed(ratio: float, limits: Limits = USUAL) -> float:
    """The part of a ratio that the voice itself takes; stretching does the rest."""
    return min(limits.voice_speed, max(limits.slowest, ratio))


def talk_over(one: Spoken, other: Spoken) -> bool:
    """Whether the script itself lets two different people speak at once."""
    overlap = min(one.end_ms, other.end_ms) - max(one.start_ms, other.start_ms)
    return one.speaker != other.speaker and overlap > 0


@dataclass(frozen=True, slots=True)
class _Room:
    """From when the floor is free (a gap included), when the next line's cue begins, when this line must be over."""

    free: int
    next_start: int
    due: int


class _Floor:
    """Until when the floor is taken, as seen by each next line. Lines come by start."""

    def __init__(self) -> None:
        self._settled = 0
        self._open: list[tuple[Spoken, int]] = []

    def take(self, line: Spoken, until_ms: int) -> None:
        self._open.append((line, until_ms))

    def free_from(self, line: Spoken) -> int:
        # Once a cue is over before this line's begins, nobody later can talk over it: it needs no more comparing.
        over = [until for earlier, until in self._open if earlier.end_ms <= line.start_ms]
        self._settled = max([self._settled, *over])
        self._open = [each for each in self._open if each[0].end_ms > line.start_ms]
        blocking = [until for earlier, until in self._open if not talk_over(earlier, line)]
        return max([self._settled, *blocking])


def _compute_latest_ends(lines: Sequence[Spoken], reel_ms: int, limits: Limits) -> list[int]:
    """The latest end of each line that leaves the rest room before the reel ends, everyone at the fastest pace."""
    dues: list[int] = []
    due = reel_ms
    for line in reversed(lines):
        dues.append(due)
        due -= shortest_ms(line.natural_ms, limits) + limits.gap_ms
    return dues[::-1]


def next_start(lines: Sequence[Spoken], at: int, reel_ms: int) -> int:
    """When the next line begins that can't be said while this one is; the reel's end after the last."""
    line = lines[at]
    later = range(at + 1, len(lines))
    following = (lines[each].start_ms for each in later if not talk_over(line, lines[each]))
    return next(following, reel_ms)


def find_end(line: Spoken, following: int, limits: Limits = USUAL) -> int:
    """Until when a line may last before ``following``, which is the next one's beginning or the reel's end."""
    # The cue's own time is the line's; beyond it, silence is borrowed but for a gap.
    return max(min(line.end_ms, following), following - limits.gap_ms)


def _place_line(line: Spoken, room: _Room, limits: Limits, beat_ms: int) -> Place:
    shortest = shortest_ms(line.natural_ms, limits)
    taken = room.free - limits.gap_ms
    begin = line.start_ms if taken <= line.start_ms else room.free
    begin = max(min(begin, room.due - shortest), taken, 0)
    until = min(find_end(line, room.next_start, limits), room.due)
    begin += max(0, min(beat_ms, until - begin - line.wanted_ms))
    length = max(shortest, min(line.wanted_ms, until - begin))
    return Place(begin, length, line.natural_ms, too_long=begin + length > until)


def _flag_too_long(line: Spoken, place: Place, room: _Room, limits: Limits) -> Place:
    astray = abs(place.start_ms - line.start_ms) > limits.late_ms
    overrun = place.end_ms - line.end_ms > limits.overrun_ms
    too_long = place.too_long or astray or overrun or place.end_ms > room.due
    return Place(place.start_ms, place.length_ms, place.natural_ms, too_long)
