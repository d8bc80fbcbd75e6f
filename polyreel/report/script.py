"""The script as the report shows it: each line of the dub beside what is said in the reel, and what is known of it."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from polyreel.outcome import LineFit
from polyreel.report.details import LanguageDetails, ScriptLine

_NEAR_MS = 1000


@dataclass
class Line:
    """One row. ``text`` is empty where the reel says something that the dub does not."""

    start_ms: int
    end_ms: int
    text: str = ""
    speaker: str | None = None
    source: str = ""
    heard: str = ""
    fit: LineFit | None = None
    remarks: list[str] = field(default_factory=list)

    @property
    def speed(self) -> float | None:
        """Characters per second that somebody has to read; None for a line that is not shown."""
        shown = len(self.text.replace("\n", ""))
        return shown * 1000 / (self.end_ms - self.start_ms) if shown and self.end_ms > self.start_ms else None


def pair_lines(details: LanguageDetails, source: Sequence[ScriptLine]) -> list[Line]:
    """The dub's lines in order, each with the source's lines that belong to its time; no line of either is lost."""
    lines = [*_lines_of(details)] or [
        Line(each.start_ms, each.end_ms, each.text, each.speaker) for each in details.script
    ]
    lines.sort(key=lambda line: line.start_ms)
    unspoken = _add_source(lines, source)
    _add_remarks(lines, details)
    return sorted([*lines, *unspoken], key=lambda line: line.start_ms)


def _lines_of(details: LanguageDetails) -> Iterable[Line]:
    # With another count, nobody can tell whose words are whose.
    heard = details.heard if len(details.heard) == len(details.fits) else ("",) * len(details.fits)
    for fit, words in zip(details.fits, heard, strict=True):
        # What was heard as it was written is not worth a row.
        said = "" if _keep_letters(words) == _keep_letters(fit.text) else words
        yield Line(fit.cue_start_ms, fit.cue_end_ms, fit.text, fit.speaker, heard=said, fit=fit)


def _keep_letters(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold()))


def _add_source(lines: Sequence[Line], source: Sequence[ScriptLine]) -> list[Line]:
    """Give each line of the source to the dub's line that shares most of its time; those without one come back."""
    starts, texts, alone = [line.start_ms for line in lines], defaultdict[int, list[str]](list), []
    for cue in source:
        place = _place_of(cue, lines, starts)
        if place is None:
            alone.append(Line(cue.start_ms, cue.end_ms, speaker=cue.speaker, source=cue.text))
        else:
            texts[place].append(cue.text)
    for place, said in texts.items():
        lines[place].source = " ".join(said)
    return alone


def _place_of(cue: ScriptLine, lines: Sequence[Line], starts: Sequence[int]) -> int | None:
    last = bisect_right(starts, cue.end_ms + _NEAR_MS)
    # A few lines that began earlier may still sound.
    near = range(max(0, bisect_right(starts, cue.start_ms) - 3), last)

    def measure_overlap(place: int) -> int:
        line = lines[place]
        return min(cue.end_ms, line.end_ms) - max(cue.start_ms, line.start_ms)

    best = max(near, key=measure_overlap, default=None)
    return best if best is not None and measure_overlap(best) > -_NEAR_MS else None


def _add_remarks(lines: Sequence[Line], details: LanguageDetails) -> None:
    starts = [line.start_ms for line in lines]
    for remark in details.remarks:
        place = bisect_right(starts, remark.at_ms) - 1
        if place >= 0:
            lines[place].remarks.append(remark.text)
