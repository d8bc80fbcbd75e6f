"""Approved lines from two scripts of one reel: a cue of the one and the cue of the other that is shown with it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from datetime import UTC, datetime

from polyreel.series.memory import Unit, normalise_line
from polyreel.subtitles.cuetext import voices
from polyreel.subtitles.model import Cue, Track

# Translators move a cue to its cut by some frames; further off it is the next line.
_APART_MS = 400


def pair_scripts(source: Track, target: Track, source_locale: str, target_locale: str) -> list[Unit]:
    """A unit for every line that begins and ends with its translation; what is cut otherwise is left out."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    pairs = ((one, other) for one, other in _pair_lines(source, target) if one and other)
    return [Unit(((source_locale, one), (target_locale, other)), now) for one, other in pairs]


def _pair_lines(source: Track, target: Track) -> Iterator[tuple[str, str]]:
    cues = sorted(target.cues, key=lambda cue: cue.start_ms)
    starts = [cue.start_ms for cue in cues]
    for cue in source.cues:
        place = bisect_left(starts, cue.start_ms - _APART_MS)
        near = [each for each in cues[place : place + 4] if _are_together(cue, each)]
        if len(near) == 1:
            yield from _pair_parts(cue, near[0])


def _are_together(one: Cue, other: Cue) -> bool:
    return abs(one.start_ms - other.start_ms) <= _APART_MS and abs(one.end_ms - other.end_ms) <= _APART_MS


def _pair_parts(one: Cue, other: Cue) -> Iterator[tuple[str, str]]:
    """Each speaker's line with its own translation, where both cues have as many."""
    mine, theirs = voices(one), voices(other)
    if len(mine) == len(theirs):
        yield from (
            (normalise_line(text), " ".join(said.split())) for (_, text), (_, said) in zip(mine, theirs, strict=True)
        )
