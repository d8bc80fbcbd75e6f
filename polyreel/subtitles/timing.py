"""Moving a track in time. Everything that has a time moves: the cues, and the times inside their texts."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

from polyreel.subtitles.model import Cue, Track

Move = Callable[[int], int]

_NO_TIME = -(10**15)
_INSIDE = re.compile(r"<(?:([0-9]{2,12}):)?([0-9]{2}):([0-9]{2})\.([0-9]{3})>")


def clock(ms: int, separator: str = ".") -> str:
    """Milliseconds as ``HH:MM:SS.mmm``; hours take as many digits as they need, times before zero are zero."""
    seconds, milliseconds = divmod(max(ms, 0), 1000)
    minutes, seconds = divmod(seconds, 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}{separator}{milliseconds:03d}"


def shift(track: Track, ms: int) -> Track:
    """The track ``ms`` later (negative: earlier). Nothing begins before zero: what would end there is left out."""
    return _move_cues(track, lambda time: time + ms, 0, None)


def trim(track: Track, start_ms: int, end_ms: int | None = None) -> Track:
    """What is shown in ``[start_ms, end_ms)``, counted from ``start_ms``; without an end, to the end of the track.

    Cues that straddle an edge are cut at it, cues outside are left out. Numbers are counted anew.
    """
    length = None if end_ms is None else end_ms - start_ms
    return _move_cues(track, lambda time: time - start_ms, 0, length)


def rescale(track: Track, factor: Fraction | int) -> Track:
    """Every time multiplied by an exact factor (``Fraction(25, 24)``: a film sped up for television, slowed again)."""
    if factor <= 0:
        raise ValueError(f"a track can't be scaled by {factor}")
    return _move_cues(track, lambda time: round(time * factor), 0, None)


def move(track: Track, to: Move) -> Track:
    """The track with every time where ``to`` puts it, also before zero."""
    return _move_cues(track, to, _NO_TIME, None)


# Broadcast rates are multiples of 1000/1001; people write them in decimals.
_NTSC = {"23.976": 24, "23.98": 24, "29.97": 30, "47.952": 48, "59.94": 60, "119.88": 120}


def exact_rate(rate: float | str | Fraction) -> Fraction:
    """Frames per second as an exact number: 23.976 is 24000/1001."""
    if isinstance(rate, Fraction):
        return rate
    written = f"{rate:g}" if isinstance(rate, float) else rate
    nominal = _NTSC.get(written)
    return Fraction(nominal * 1000, 1001) if nominal else Fraction(written)


def _move_cues(track: Track, move: Move, first: int, last: int | None) -> Track:
    kept: list[Cue] = []
    # places[i]: how many of the cues before cue i are still there, so that comments stay with their cue.
    places: list[int] = []
    for cue in track.cues:
        places.append(len(kept))
        cut = _cut_cue(cue, move, first, last)
        if cut:
            kept.append(cut)
    places.append(len(kept))
    if len(kept) < len(track.cues):
        kept = [_without_number(cue) for cue in kept]
    before = tuple(places[min(place, len(track.cues))] for place in track.comments_before)
    return replace(track, cues=tuple(kept), comments_before=before)


def _cut_cue(cue: Cue, move: Move, first: int, last: int | None) -> Cue | None:
    start, end = move(cue.start_ms), move(cue.end_ms)
    is_outside = (end <= first and start < first) or (last is not None and start >= last)
    if is_outside:
        return None
    start = max(start, first)
    end = end if last is None else min(end, last)
    text = _INSIDE.sub(lambda tag: _move_tag(tag, move, start, end), cue.text) if "<" in cue.text else cue.text
    return replace(cue, start_ms=start, end_ms=end, text=text)


def _move_tag(tag: re.Match[str], move: Move, start: int, end: int) -> str:
    """A time inside a cue; one that is no longer inside says nothing any more."""
    hours, minutes, seconds, milliseconds = (int(part or 0) for part in tag.groups())
    time = move(((hours * 60 + minutes) * 60 + seconds) * 1000 + milliseconds)
    return f"<{clock(time)}>" if start < time < end else ""


def _without_number(cue: Cue) -> Cue:
    is_number = cue.identifier is not None and cue.identifier.isascii() and cue.identifier.isdecimal()
    return replace(cue, identifier=None) if is_number else cue
