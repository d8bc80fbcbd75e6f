"""Cues on the times of what is spoken: a dub begins and ends where its voice does, not where the script had it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from polyreel.outcome import LineFit
from polyreel.subtitles.model import Cue, Track

# A voice's last sound is not yet read.
_LINGER_MS = 200


def time_to_speech(track: Track, lines: Sequence[LineFit], length_ms: int) -> Track:
    """The track with each cue shown while its lines are spoken; what nobody speaks (sounds, signs) stays where it is.

    ``lines`` are the dub's own: they say of which cue they are, and when the voice begins and ends.
    """
    spoken: dict[int, tuple[int, int]] = {}
    ordered = sorted(range(len(track.cues)), key=lambda place: track.cues[place].start_ms)
    for line in sorted(lines, key=lambda each: each.cue_start_ms):
        place = _cue_of(line, track, ordered)
        if place is None:
            continue
        start, end = spoken.get(place, (line.start_ms, line.end_ms))
        spoken[place] = (min(start, line.start_ms), max(end, line.end_ms))
    cues = [_time_cue(cue, spoken.get(place), length_ms) for place, cue in enumerate(track.cues)]
    return replace(track, cues=tuple(_in_order(cues)))


def _cue_of(line: LineFit, track: Track, ordered: Sequence[int]) -> int | None:
    """The cue that a line is of: the one that begins with it or holds its beginning."""
    held = [
        place
        for place in _select_around(line.cue_start_ms, track, ordered)
        if track.cues[place].start_ms <= line.cue_start_ms < track.cues[place].end_ms
    ]
    return next((place for place in held if line.text[:12] in track.cues[place].text), held[-1] if held else None)


def _select_around(ms: int, track: Track, ordered: Sequence[int]) -> Sequence[int]:
    low, high = 0, len(ordered)
    while low < high:
        middle = (low + high) // 2
        if track.cues[ordered[middle]].start_ms <= ms:
            low = middle + 1
        else:
            high = middle
    return ordered[max(low - 8, 0) : low]


def _time_cue(cue: Cue, spoken: tuple[int, int] | None, length_ms: int) -> Cue:
    if spoken is None:
        return cue
    start, end = max(spoken[0], 0), min(spoken[1] + _LINGER_MS, length_ms)
    return replace(cue, start_ms=start, end_ms=max(end, start + 1))


def _in_order(cues: Sequence[Cue]) -> list[Cue]:
    """No cue is shown beyond the next one's beginning, unless the script had both at once."""
    done = sorted(cues, key=lambda cue: cue.start_ms)
    for at in range(len(done) - 1):
        following = done[at + 1].start_ms
        if done[at].start_ms < following < done[at].end_ms <= following + _LINGER_MS:
            done[at] = replace(done[at], end_ms=following)
    return done
