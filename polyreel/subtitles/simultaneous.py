"""Cues at one time, for text tracks that can show only one: an MP4's samples follow each other and never overlap."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from polyreel.subtitles.model import Cue, Track
from polyreel.subtitles.speakers import put_voice_back

# No picture has room for more, and a file of nothing but simultaneous cues would grow with the square of its size.
_MOST_TOGETHER = 10


def merge_simultaneous(track: Track) -> Track:
    """The same words on the screen at the same times, in cues that follow each other.

    While several cues are shown, one cue has the lines of all: those at the top of the picture first, the rest in the
    order of the file. Where nothing overlaps, cues and their settings stay as they are.
    """
    cues = sorted((cue for cue in track.cues if cue.duration_ms > 0), key=lambda cue: (cue.start_ms, cue.end_ms))
    merged: list[Cue] = []
    group: list[Cue] = []
    ends = 0
    for cue in cues:
        if group and cue.start_ms >= ends:
            merged += _split_group(group)
            group = []
        group.append(cue)
        ends = max(cue.end_ms, ends) if len(group) > 1 else cue.end_ms
    merged += _split_group(group)
    return replace(track, cues=tuple(merged), comments=(), comments_before=())


def _split_group(group: list[Cue]) -> list[Cue]:
    """Cues that touch in time, as one cue for each span in which the same of them are shown."""
    if len(group) < 2:
        return group
    edges = sorted({edge for cue in group for edge in (cue.start_ms, cue.end_ms)})
    found: list[Cue] = []
    showing: list[Cue] = []
    waiting = list(reversed(group))
    for start, end in pairwise(edges):
        showing = [cue for cue in showing if cue.end_ms > start]
        while waiting and waiting[-1].start_ms <= start:
            cue = waiting.pop()
            if len(showing) < _MOST_TOGETHER:
                showing.append(cue)
        if showing:
            found.append(_merge_cues(showing, start, end))
    return found


def _merge_cues(showing: list[Cue], start: int, end: int) -> Cue:
    # Sorting is stable: what is not placed keeps the order of the file.
    ordered = sorted(showing, key=lambda cue: not _is_at_the_top(cue))
    text = "\n".join(put_voice_back(cue) for cue in ordered)
    return Cue(start, end, text, settings=showing[0].settings if len(showing) == 1 else ())


def _is_at_the_top(cue: Cue) -> bool:
    return dict(cue.settings).get("line", "").rstrip("%") in {"0", "1", "2", "5", "10"}
