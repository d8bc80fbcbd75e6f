"""YouTube's SubViewer (.sbv), read only: ``0:00:01.000,0:00:02.500`` above each text."""

from __future__ import annotations

import re

from polyreel.errors import SubtitleError
from polyreel.subtitles.cuetext import escape_text
from polyreel.subtitles.formats.base import Notes, ReadingOptions, excerpt, normalise_line_ends
from polyreel.subtitles.model import Cue, Reading, Track

_TIME = r"(\d{1,3}):(\d{1,2}):(\d{1,2})[.,](\d{1,3})"
_TIMING = re.compile(rf"\s*{_TIME}\s*[,;]\s*{_TIME}\s*")
_BREAK = re.compile(r"\[br\]", re.IGNORECASE)


def read(text: str, _options: ReadingOptions) -> Reading:
    """A SubViewer file. Raises SubtitleError (``invalid_subtitles``) where there is not one cue."""
    notes = Notes()
    cues: list[Cue] = []
    line = 1
    for block in normalise_line_ends(text).split("\n\n"):
        rows = [(line + at, row) for at, row in enumerate(block.split("\n")) if row.strip()]
        line += block.count("\n") + 2
        cues += _read_block(rows, notes)
    if not cues:
        raise SubtitleError(
            "no cue: no line reads like 0:00:01.000,0:00:02.000",
            line=1,
            where="line 1",
            remedy="Give an SBV file, with times in it.",
        )
    return Reading(Track(cues=tuple(cues)), notes.by_line(), format="sbv")


def _read_block(rows: list[tuple[int, str]], notes: Notes) -> list[Cue]:
    if not rows:
        return []
    number, first = rows[0]
    timing = _TIMING.fullmatch(first)
    if timing is None:
        notes.note_dropped_words(
            "stray_text", number, f"text without times: {excerpt(' / '.join(row for _, row in rows))}"
        )
        return []
    start, end = _read_time(timing.groups()[:4]), _read_time(timing.groups()[4:])
    if end < start:
        notes.note_repair("end_before_start", number, "the cue ends before it starts: its times are swapped")
        start, end = end, start
    text = "\n".join(row.strip() for _, row in rows[1:])
    return [Cue(start, end, escape_text(_BREAK.sub("\n", text)), line=number)]


def _read_time(parts: tuple[str, ...]) -> int:
    hours, minutes, seconds = map(int, parts[:3])
    return ((hours * 60 + minutes) * 60 + seconds) * 1000 + int(parts[3].ljust(3, "0"))
