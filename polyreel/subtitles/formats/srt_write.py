"""SubRip, written through pysrt's items, so that every reader finds what was meant."""

from __future__ import annotations

import re

from pysrt import SubRipItem, SubRipTime

from polyreel.subtitles.formats.ass_overrides import Report
from polyreel.subtitles.formats.base import Notes, WritingOptions, excerpt, normalise_line_ends
from polyreel.subtitles.formats.srt import is_number, is_timing
from polyreel.subtitles.formats.srt_markup import place_of, to_srt
from polyreel.subtitles.model import Cue, Track, Writing

_COORDINATES = frozenset({"X1", "X2", "Y1", "Y2"})


_BETWEEN_TIMES = re.compile(r"\s*(?:[-–—=~]{1,3} ?(?:>|&gt;)|→|(?<=[0-9])(?:[-–—=~/,]|\s)+(?=[0-9]{1,3} ?:))\s*")


def write(track: Track, _options: WritingOptions) -> Writing:
    """A track as SubRip, and what SubRip can't carry."""
    notes = Notes()
    for what, name in ((track.header, "header"), (track.styles, "styles"), (track.regions, "regions")):
        if what:
            notes.note_loss(name, 0, f"SubRip has no {name}")
    if track.comments:
        notes.note_loss("comments", 0, f"SubRip has no comments: {len(track.comments)} left out")
    pieces = [_write_cue(number, cue, notes) for number, cue in enumerate(track.cues, 1)]
    return Writing("".join(pieces), notes.by_line())


def _write_cue(number: int, cue: Cue, notes: Notes) -> str:
    def note_loss(code: str, message: str) -> None:
        notes.note_loss(code, cue.line, message)

    identifier = cue.identifier or ""
    if identifier and not is_number(identifier):
        note_loss("identifier", f"the identifier {excerpt(identifier)} can't be carried")
        identifier = ""
    if cue.speaker:
        note_loss("speaker", f"the speaker {cue.speaker} can't be carried")
    text, position = _lines_written(to_srt(cue.text, note_loss), note_loss), ""
    if cue.settings:
        place, position = _place_written(cue, note_loss)
        text = place + text
    item = SubRipItem(0, SubRipTime(0, 0, 0, cue.start_ms), SubRipTime(0, 0, 0, cue.end_ms), text, position)
    item.index = identifier or number
    return f"{item}\n"


def _place_written(cue: Cue, note_loss: Report) -> tuple[str, str]:
    """``{\\anN}`` and the coordinates behind the times."""
    coordinates = [f"{name}:{value}" for name, value in cue.settings if name in _COORDINATES]
    place, rest = place_of(tuple(pair for pair in cue.settings if pair[0] not in _COORDINATES))
    if rest:
        note_loss("settings", f"the settings {' '.join(map(':'.join, rest))} can't be carried")
    return place, " ".join(coordinates)


def _lines_written(text: str, note_loss: Report) -> str:
    """Text that no reader takes for the end of the cue or for the next one's times."""
    lines = normalise_line_ends(text).split("\n")
    kept = [line for line in lines if line.strip()]
    if len(kept) < len(lines) and text:
        note_loss("blank_in_text", "an empty line inside a cue's text left out")
    for at, line in enumerate(kept):
        if is_timing(line):
            note_loss("timing_in_text", f"text that looks like a timing: {excerpt(line)}")
            kept[at] = _BETWEEN_TIMES.sub(" ⟶ ", line)
    return "\n".join(kept)
