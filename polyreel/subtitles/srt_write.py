"""SubRip, written through pysrt's items, so that every reader finds what was meant."""

from __future__ import annotations

import re

from pysrt import SubRipItem, SubRipTime

from polyreel.subtitles.base import excerpt, normalised
from polyreel.subtitles.model import Cue, Note, Track, Writing
from polyreel.subtitles.srt import is_number, is_timing
from polyreel.subtitles.srt_markup import Report, place_of, to_srt

_COORDINATES = frozenset({"X1", "X2", "Y1", "Y2"})


def write(track: Track, _locale: str | None = None) -> Writing:
    """A track as SubRip, and what SubRip can't carry."""
    notes: list[Note] = []
    for what, name in ((track.header, "header"), (track.styles, "styles"), (track.regions, "regions")):
        if what:
            notes.append(Note("lost", name, f"SubRip has no {name}"))
    if track.comments:
        notes.append(Note("lost", "comments", f"SubRip has no comments: {len(track.comments)} left out"))
    pieces = [_written(number, cue, notes) for number, cue in enumerate(track.cues, 1)]
    return Writing("".join(pieces), tuple(notes))


def _written(number: int, cue: Cue, notes: list[Note]) -> str:
    def lost(code: str, message: str) -> None:
        notes.append(Note("lost", code, message, cue.line))

    identifier = cue.identifier or ""
    if identifier and not is_number(identifier):
        lost("identifier", f"the identifier {excerpt(identifier)} can't be carried")
        identifier = ""
    if cue.speaker:
        lost("speaker", f"the speaker {cue.speaker} can't be carried")
    text, position = _lines_written(to_srt(cue.text, lost), lost), ""
    if cue.settings:
        place, position = _place_written(cue, lost)
        text = place + text
    item = SubRipItem(0, SubRipTime(0, 0, 0, cue.start_ms), SubRipTime(0, 0, 0, cue.end_ms), text, position)
    item.index = identifier or number
    return f"{item}\n"


def _place_written(cue: Cue, lost: Report) -> tuple[str, str]:
    """``{\\anN}`` and the coordinates behind the times."""
    coordinates = [f"{name}:{value}" for name, value in cue.settings if name in _COORDINATES]
    place, rest = place_of(tuple(pair for pair in cue.settings if pair[0] not in _COORDINATES))
    if rest:
        lost("settings", f"the settings {' '.join(map(':'.join, rest))} can't be carried")
    return place, " ".join(coordinates)


def _lines_written(text: str, lost: Report) -> str:
    """Text that no reader takes for the end of the cue or for the next one's times."""
    lines = normalised(text).split("\n")
    kept = [line for line in lines if line.strip()]
    if len(kept) < len(lines) and text:
        lost("blank_in_text", "an empty line inside a cue's text left out")
    if ">" not in text and "→" not in text:
        return "\n".join(kept)
    for at, line in enumerate(kept):
        if is_timing(line):
            lost("timing_in_text", f"text that looks like a timing: {excerpt(line)}")
            kept[at] = re.sub("[-–—=~]{1,3} ?>|→", "⟶", line)
    return "\n".join(kept)
