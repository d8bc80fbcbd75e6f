"""Scripts as files for people and programs: the source's own, and dubbing lists with source, target and fit."""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from polyreel.locales import is_right_to_left
from polyreel.outcome import LineFit
from polyreel.subtitles import plain_text, write_bytes
from polyreel.subtitles.formats.base import WritingOptions
from polyreel.subtitles.model import Cue, Track
from polyreel.subtitles.timecodes import FrameRate, format_timecode, frame_at
from polyreel.subtitles.timing import clock

# Cues of two languages that begin so near each other are the same line.
_SAME_LINE_MS = 1500


@dataclass(frozen=True, slots=True)
class ListLine:
    """One line of a dubbing list. ``fit`` is the voice's own length against the time it has: 1.2 is 20 % too long."""

    number: int
    start_ms: int
    end_ms: int
    speaker: str
    source: str
    text: str
    fit: float | None


def write_script(track: Track, format: str, options: WritingOptions) -> bytes:  # noqa: A002 the field's own word
    """The source's script in a format; ``json`` has the cues with their times in milliseconds."""
    if format != "json":
        return write_bytes(track, format, options=options)[0]
    cues = [
        {"start_ms": cue.start_ms, "end_ms": cue.end_ms, "speaker": cue.speaker, "text": plain_text(cue.text)}
        for cue in track.cues
    ]
    return _as_json({"locale": options.locale, "cues": cues})


def list_lines(track: Track, source: Track | None, fits: Sequence[LineFit]) -> list[ListLine]:
    """A language's lines beside the source's, and how each one sits in the time it has."""
    starts = [cue.start_ms for cue in source.cues] if source else []
    found = []
    for number, cue in enumerate(track.cues, 1):
        mine = _lines_of(cue, fits)
        # A cue on the dub's times was written where the script had it: there is the source's line.
        place = _find_nearest(starts, min((fit.cue_start_ms for fit in mine), default=cue.start_ms))
        pivot = plain_text(source.cues[place].text) if source and place is not None else ""
        text, ratio = plain_text(cue.text), max((fit.ratio for fit in mine), default=None)
        found.append(ListLine(number, cue.start_ms, cue.end_ms, cue.speaker or "", pivot, text, ratio))
    return found


def _lines_of(cue: Cue, fits: Sequence[LineFit]) -> list[LineFit]:
    """The spoken lines of a cue: those that were written at its time, else those that are spoken while it is shown."""
    # The text's beginning, too: two speakers' lines may stand at one time.
    written = [fit for fit in fits if cue.start_ms <= fit.cue_start_ms < cue.end_ms and fit.text[:12] in cue.text]
    if written:
        return written
    # More than half of the shorter one: neighbours that touch a cue are not its own.
    return [fit for fit in fits if _measure_overlap(cue, fit) * 2 > min(cue.duration_ms, fit.end_ms - fit.start_ms)]


def _measure_overlap(cue: Cue, fit: LineFit) -> int:
    return max(min(cue.end_ms, fit.end_ms) - max(cue.start_ms, fit.start_ms), 0)


def write_list(lines: Sequence[ListLine], format: str, options: WritingOptions) -> bytes:  # noqa: A002 as above
    """A dubbing list as a Word table (``docx``) or as ``json``. Times are timecodes where the frame rate is known."""
    source, locale = options.source_locale or "", options.locale or ""
    if format == "json":
        return _as_json({"locale": locale, "source_locale": source, "lines": [asdict(line) for line in lines]})
    from polyreel.subtitles.formats.docx import (
        write_table,  # Word's format takes long to import, and few lists ask for it
    )

    columns = ("No.", "In", "Out", "Speaker", source, locale, "Fit")
    rows = [
        (
            str(line.number),
            _format_time(line.start_ms, options),
            _format_time(line.end_ms, options),
            line.speaker,
            line.source,
            line.text,
            "" if line.fit is None else f"{line.fit:.2f}",
        )
        for line in lines
    ]
    turned = [place for place, each in ((4, source), (5, locale)) if each and is_right_to_left(each)]
    return write_table(columns, rows, locale, turned=turned)


def _format_time(ms: int, options: WritingOptions) -> str:
    if not options.frame_rate:
        return clock(ms)
    rate = FrameRate(options.frame_rate, options.is_drop_frame)
    return format_timecode(options.start_frame + frame_at(ms, rate.rate), rate)


def _find_nearest(starts: Sequence[int], ms: int) -> int | None:
    at = bisect_left(starts, ms)
    near = [place for place in (at - 1, at) if 0 <= place < len(starts) and abs(starts[place] - ms) <= _SAME_LINE_MS]
    return min(near, key=lambda place: abs(starts[place] - ms), default=None)


def _as_json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1).encode()
