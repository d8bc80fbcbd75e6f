"""MicroDVD (.sub), read only: ``{25}{75}One line|and another``, times in frames.

The rate is the file's own, where its first line says it (``{1}{1}23.976``), else the reel's.
"""

from __future__ import annotations

import re
from fractions import Fraction

from polyreel.errors import SubtitleError
from polyreel.subtitles.formats.base import Notes, ReadingOptions, excerpt, normalise_line_ends
from polyreel.subtitles.formats.frames import frames_to_ms, require_rate
from polyreel.subtitles.formats.leftovers import translate_microdvd
from polyreel.subtitles.formats.srt_markup import from_srt
from polyreel.subtitles.model import Cue, Reading, Track
from polyreel.subtitles.timing import exact_rate

_LINE = re.compile(r"\{(\d{1,8})\}\{(\d{0,8})\}(.*)")
_RATE = re.compile(r"\d{2,3}(?:[.,]\d{1,4})?")
# A cue without an end is shown as long as one can be read.
_OPEN_MS = 4000


def read(text: str, options: ReadingOptions) -> Reading:
    """A MicroDVD file. Raises SubtitleError (``frame_rate_needed``, ``invalid_subtitles``)."""
    notes = Notes()
    cues: list[Cue] = []
    rate = options.frame_rate
    for number, line in enumerate(normalise_line_ends(text).split("\n"), 1):
        found = _LINE.fullmatch(line.strip())
        if found and not cues and _RATE.fullmatch(found[3].strip()) and found[1] == found[2]:
            rate = exact_rate(found[3].strip().replace(",", "."))
        elif found:
            cues.append(_make_cue(found, require_rate(rate, number), number, notes))
        elif line.strip():
            notes.note_dropped_words("stray_text", number, f"text without times: {excerpt(line)}")
    if not cues:
        raise SubtitleError(
            "no cue: no line reads like {25}{75}Text", line=1, where="line 1", remedy="Give a MicroDVD file."
        )
    notes.note_reading(
        "frames", cues[0].line, f"the times count frames; read at {float(rate or 0):.5g} frames per second"
    )
    return Reading(Track(cues=tuple(cues)), notes.by_line(), format="sub")


def _make_cue(found: re.Match[str], rate: Fraction, line: int, notes: Notes) -> Cue:
    def report(code: str, message: str) -> None:
        if code != "leftover":  # here a bar is no leftover
            notes.note_loss(code, line, message)

    start = frames_to_ms(int(found[1]), rate)
    end = frames_to_ms(int(found[2]), rate) if found[2] else start + _OPEN_MS
    text, settings = from_srt(translate_microdvd(found[3].replace(" | ", "|"), report), report)
    return Cue(min(start, end), max(start, end), text, settings=settings, line=line)
