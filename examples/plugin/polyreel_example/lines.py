"""A subtitle format: one cue a line, start and end in milliseconds, tabs between."""

from __future__ import annotations

from polyreel.errors import SubtitleError
from polyreel.subtitles.formats.base import Format, ReadingOptions, WritingOptions
from polyreel.subtitles.model import Cue, Reading, Track, Writing


def read(text: str, _options: ReadingOptions) -> Reading:
    """Raises SubtitleError with the line that is none."""
    cues = []
    for number, line in enumerate(text.splitlines(), 1):
        start, _, rest = line.partition("\t")
        end, _, words = rest.partition("\t")
        if not (start.isdecimal() and end.isdecimal()):
            raise SubtitleError("a line is a start, an end and words", line=number, where=f"line {number}")
        cues.append(Cue(int(start), int(end), words.replace(" / ", "\n")))
    return Reading(Track(tuple(cues)), ())


def write(track: Track, _options: WritingOptions) -> Writing:
    """Line breaks become ``/``."""
    lines = (f"{cue.start_ms}\t{cue.end_ms}\t{cue.text.replace(chr(10), ' / ')}" for cue in track.cues)
    return Writing("\n".join(lines) + "\n", ())


LINES = Format("lines", (".lines",), "one cue a line", read=read, write=write)
