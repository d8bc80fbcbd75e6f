"""Two languages in one file: the line to read first, below it the other one, on the first one's times."""

from __future__ import annotations

from dataclasses import replace

from polyreel.subtitles.cuetext import plain_text
from polyreel.subtitles.kinds import unmark_forced
from polyreel.subtitles.model import Cue, Track

# Less of a line than this is the neighbour's, timed a little differently.
_LEAST_SHARE = 0.4


def join_languages(first: Track, second: Track) -> Track:
    """Every cue of ``first`` with what ``second`` says at that time below it, in italics; nothing is lost.

    A line of ``second`` belongs to the cue that is shown for most of it; one that no cue is shown for stands alone.
    """
    cues = list(map(unmark_forced, first.cues))
    below: list[list[str]] = [[] for _ in cues]
    alone: list[Cue] = []
    at = 0
    for other in map(unmark_forced, second.cues):
        while at < len(cues) and cues[at].end_ms <= other.start_ms:
            at += 1
        near = range(at, min(at + 20, len(cues)))
        best = max(near, key=lambda place: _overlap_ms(cues[place], other), default=-1)
        if best >= 0 and _overlap_ms(cues[best], other) >= _LEAST_SHARE * min(
            cues[best].duration_ms, other.duration_ms
        ):
            below[best].append(_on_one_line(other.text))
        else:
            alone.append(replace(other, text=f"<i>{_on_one_line(other.text)}</i>", identifier=None))
    joined = [
        replace(cue, text=f"{_on_one_line(cue.text)}\n<i>{' '.join(lines)}</i>") if lines else cue
        for cue, lines in zip(cues, below, strict=True)
    ]
    ordered = sorted([*joined, *alone], key=lambda cue: cue.start_ms)
    return replace(first, cues=tuple(ordered), comments=(), comments_before=())


def _on_one_line(text: str) -> str:
    return " ".join(line.strip() for line in text.split("\n") if plain_text(line).strip())


def _overlap_ms(one: Cue, other: Cue) -> int:
    return max(min(one.end_ms, other.end_ms) - max(one.start_ms, other.start_ms), 0)
