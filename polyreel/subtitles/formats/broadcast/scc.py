"""Scenarist closed captions (.scc), read through ttconv: pop-on, roll-up and paint-on captions of channel 1."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction

from polyreel.errors import SubtitleError
from polyreel.subtitles.formats.base import Notes, ReadingOptions, excerpt, normalise_line_ends
from polyreel.subtitles.formats.broadcast.foreign import read_foreign
from polyreel.subtitles.formats.timedtext.regions import Settings
from polyreel.subtitles.model import Cue, Reading

HEADER = "Scenarist_SCC V1.0"
RATE = Fraction(30000, 1001)
"""Line 21 is NTSC's: every frame carries one pair of bytes."""

_LINE = re.compile(r"(\d{2}:\d{2}:\d{2}[:;.,]\d{2})[ \t]+((?:[0-9a-fA-F]{4}[ \t]*)+)")


def read(text: str, _options: ReadingOptions) -> Reading:
    """An SCC file. Raises SubtitleError (``invalid_subtitles``) where no line of it has a timecode and codes."""
    notes = Notes()
    lines = []
    for number, line in enumerate(normalise_line_ends(text).split("\n"), 1):
        found = _LINE.fullmatch(line.strip())
        if found:
            lines.append(f"{found[1]}\t{' '.join(found[2].split())}")
        elif line.strip() and not line.strip("\ufeff ").startswith("Scenarist_SCC"):
            notes.note_dropped_words("stray_text", number, f"no timecode with codes: {excerpt(line.strip())}")
    if not lines:
        raise SubtitleError(
            "no line has a timecode and codes", line=1, where="line 1", remedy="Give a Scenarist SCC file."
        )
    reading = read_foreign(lambda: _read_document("\n\n".join(lines)), "scc", "SCC", RATE)
    told = " drop-frame" if ";" in lines[0].split("\t")[0] else ""
    notes.note_reading("frames", 0, f"the times count frames; read at 29.97{told} frames per second, line 21's own")
    cues = tuple(replace(cue, settings=_place_caption(cue)) for cue in reading.track.cues)
    return Reading(replace(reading.track, cues=cues), (*notes.by_line(), *reading.notes), format="scc")


# A row of line 21 in per cent of the picture (15 of them in its middle 80 %), and how far from the middle a caption may
# be that is centred: it begins on a whole column.
_ROW, _OFF_CENTRE, _BOTTOM = 80 / 15, 4.0, 80.0


def _place_caption(cue: Cue) -> Settings:
    """Where a caption stands: nowhere in particular, where it is centred at the bottom."""
    named = dict(cue.settings)
    line, along, size = (named.get(name, "").split(",")[0].rstrip("%") for name in ("line", "position", "size"))
    if not (line and along and size):
        return cue.settings
    middle = float(along) + (float(size) / 2 if named["position"].endswith("line-left") else 0)
    if abs(middle - 50) > _OFF_CENTRE:
        return cue.settings
    ends = float(line) + _ROW * (cue.text.count("\n") + 1)
    return () if ends >= _BOTTOM else (("line", named["line"]),)


def _read_document(text: str) -> object:
    from ttconv.scc import reader

    return reader.to_model(text)
