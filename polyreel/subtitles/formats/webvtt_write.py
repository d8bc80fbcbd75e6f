"""WebVTT, written through webvtt-py. Text that would end a block or begin a cue is made harmless first."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import cast

from webvtt import vtt
from webvtt.models import Caption, Region, Style

from polyreel.subtitles.formats.base import Notes, WritingOptions, excerpt, normalise_line_ends
from polyreel.subtitles.model import Cue, Track, Writing
from polyreel.subtitles.speakers import put_voice_back
from polyreel.subtitles.timing import clock

_NAMES = frozenset({"vertical", "line", "position", "size", "align", "region"})


@dataclass(slots=True)
class _Caption:
    """What webvtt-py's writer asks of a caption. Its own parses the times again that we have just written out."""

    start: str
    end: str
    lines: list[str]
    identifier: str | None
    settings: str
    comments: list[str] = field(default_factory=list)

    @property
    def raw_text(self) -> str:
        """The text, which webvtt-py makes sure can be read back."""
        return "\n".join(self.lines)


def write(track: Track, _options: WritingOptions) -> Writing:
    """A track as WebVTT, and what WebVTT can't carry (SubRip's coordinates, empty lines inside a text)."""
    notes = Notes()
    captions = [_make_caption(cue, notes) for cue in track.cues]
    first, last = _place_comments(track, captions)
    header, *metadata = [line.replace("-->", "-- >") for line in normalise_line_ends(track.header).split("\n")]
    text = vtt.to_str(
        cast("list[Caption]", captions),
        [Style(style) for style in map(_make_harmless, track.styles) if style],
        first,
        last,
        header,
        [line for line in metadata if line],
        [Region.from_string(region) for region in map(_make_harmless, track.regions) if region],
    )
    return Writing(text if text.endswith("\n") else text + "\n", notes.by_line())


def _make_caption(cue: Cue, notes: Notes) -> _Caption:
    text = put_voice_back(cue) if cue.speaker else cue.text
    if not text or "\r" in text or "\n\n" in text or text[0] == "\n" or text[-1] == "\n":
        text = _without_blank_lines(text, cue, notes)
    lines = text.replace("-->", "--&gt;").split("\n") if text else []
    settings = _write_settings(cue, notes) if cue.settings else ""
    return _Caption(clock(cue.start_ms), clock(cue.end_ms), lines, _make_identifier(cue), settings)


def _without_blank_lines(text: str, cue: Cue, notes: Notes) -> str:
    if text:
        notes.note_loss("blank_in_text", cue.line, "an empty line inside a cue's text left out")
    return "\n".join(filter(None, normalise_line_ends(text).split("\n")))


def _make_harmless(text: str) -> str:
    """Text that neither ends its block nor begins a cue."""
    return "\n".join(line for line in normalise_line_ends(text).replace("-->", "-- >").split("\n") if line)


def _make_identifier(cue: Cue) -> str | None:
    return " ".join(_make_harmless(cue.identifier).split("\n")) if cue.identifier else None


def _write_settings(cue: Cue, notes: Notes) -> str:
    foreign = [f"{name}:{value}" for name, value in cue.settings if name not in _NAMES]
    if foreign:
        message = f"the coordinates {excerpt(' '.join(foreign))} can't be carried"
        notes.note_loss("coordinates", cue.line, message)
    return " ".join(f"{name}:{value}" for name, value in cue.settings if name in _NAMES)


def _place_comments(track: Track, captions: list[_Caption]) -> tuple[list[str], list[str]]:
    """Comments where they stood: at the top, before their cue, or at the end."""
    places: dict[int, list[str]] = defaultdict(list)
    for number, comment in enumerate(track.comments):
        place = track.comments_before[number] if number < len(track.comments_before) else 0
        places[min(place, len(captions))].append(_make_harmless(comment))
    for place, comments in places.items():
        if 0 < place < len(captions):
            captions[place].comments = comments
    return places[0], places[len(captions)] if captions else []
