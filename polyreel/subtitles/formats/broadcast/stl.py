"""EBU-STL (EBU Tech 3264, .stl), read through ttconv: open subtitles and teletext, at 25 or 30 frames per second."""

from __future__ import annotations

import io
from fractions import Fraction

from polyreel.errors import SubtitleError
from polyreel.subtitles.formats.base import ReadingOptions
from polyreel.subtitles.formats.broadcast.foreign import read_foreign
from polyreel.subtitles.formats.registry import format_of_bytes
from polyreel.subtitles.model import Note, Reading
from polyreel.subtitles.timecodes import count_frames, time_of
from polyreel.subtitles.timing import shift

# The general block, then blocks of text; the programme's start stands in the first (EBU Tech 3264, section 4.2).
_HEAD, _BLOCK = 1024, 128
# The byte in a block that says whether its text is for viewers (EBU Tech 3264).
_COMMENT_FLAG = 15
_PROGRAMME_START = slice(256, 264)


def read_bytes(data: bytes, _options: ReadingOptions) -> Reading:
    """An EBU-STL file; its times count from the start of the programme. Raises SubtitleError."""
    if not format_of_bytes(data) or len(data) < _HEAD + _BLOCK:
        raise SubtitleError(
            f"it is no EBU-STL file: {len(data)} bytes without its general block and a block of text",
            remedy="Give an .stl file as EBU Tech 3264 has it.",
        )
    whole = _HEAD + (len(data) - _HEAD) // _BLOCK * _BLOCK
    rate = Fraction(int(data[6:8])) if data[6:8] in {b"25", b"30"} else Fraction(25)
    blocks = [data[at : at + _BLOCK] for at in range(_HEAD, whole, _BLOCK)]
    shown = [block for block in blocks if block[_COMMENT_FLAG] != 1]
    reading = read_foreign(lambda: _read_document(data[:_HEAD] + b"".join(shown)), "stl", "EBU-STL", rate)
    notes = [Note("noted", "frames", f"the times count frames; read at {float(rate):g} frames per second")]
    if len(shown) < len(blocks):
        # ttconv shows them like the rest.
        left = f"{len(blocks) - len(shown)} blocks for the people who work on it, not for viewers, are left out"
        notes.append(Note("lost", "comments", left))
    if whole < len(data):
        notes.append(Note("dropped", "bad_bytes", f"{len(data) - whole} bytes at the end are no whole block of text"))
    track, begins = reading.track, _programme_start(data, rate)
    if begins and track.cues and min(cue.start_ms for cue in track.cues) >= begins:
        track = shift(track, -begins)
        said = data[_PROGRAMME_START].decode("ascii")
        notes.append(Note("noted", "programme_start", f"times count from the programme's start, {said} (HHMMSSFF)"))
    return Reading(track, (*notes, *reading.notes), format="stl")


def _programme_start(data: bytes, rate: Fraction) -> int:
    digits = data[_PROGRAMME_START]
    if not digits.isdigit():
        return 0
    hours, minutes, seconds, frames = (int(digits[at : at + 2]) for at in range(0, 8, 2))
    return time_of(count_frames((hours, minutes, seconds), frames, round(rate), is_drop=False), rate)


def _read_document(data: bytes) -> object:
    from ttconv.stl import reader

    return reader.to_model(io.BytesIO(data))
