"""SubStation Alpha (.ass, .ssa), read only: times, text, who speaks, place, italics and colours.

What the player draws with (fonts, sizes, margins, positions in pixels, effects, karaoke) is lost, and said to be, once
for each style that is used. Events stand in any order in such a file; cues are put in the order of their times.
"""

from __future__ import annotations

import re

from polyreel.errors import SubtitleError
from polyreel.subtitles.cuetext import escape_text
from polyreel.subtitles.formats.ass_overrides import OVERRIDE, PLACES, Settings
from polyreel.subtitles.formats.base import Notes, ReadingOptions, excerpt, normalise_line_ends
from polyreel.subtitles.formats.leftovers import translate_leftovers, translate_overrides
from polyreel.subtitles.model import Cue, Reading, Track

_TIME = re.compile(r"\s*(\d{1,3}):(\d{1,2}):(\d{1,2})[.,:](\d{1,3})\s*")
_EVENT_FIELDS = "Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text"
_USUAL_PLACE, _USUAL_COLOUR = "2", "ffffff"
_COLOUR = re.compile(r"&H(?:[0-9A-Fa-f]{2})?([0-9A-Fa-f]{6})&?")


class _Style:
    """What a line of ``[V4+ Styles]`` says that a cue can carry."""

    def __init__(self, fields: dict[str, str], *, is_old: bool) -> None:
        alignment = fields.get("alignment", _USUAL_PLACE)
        # SubStation Alpha 4 numbers its places otherwise; in a style as in \a.
        self.override = f"a{alignment}" if is_old else f"an{alignment}"
        names = ("italic", "bold", "underline", "strikeout")
        self.tags = "".join(name[0] for name in names if fields.get(name, "0") not in {"0", ""})
        # Old files write it in decimals, which are no colour that an override could say.
        colour = _COLOUR.fullmatch(fields.get("primarycolour", ""))
        self.primary_colour = colour[1] if colour and colour[1].lower() != _USUAL_COLOUR else ""

    @property
    def overrides(self) -> str:
        """The same, as a text that says it at its begin."""
        colour = f"{{\\c&H{self.primary_colour}&}}" if self.primary_colour else ""
        return "".join(f"{{\\{tag}1}}" for tag in self.tags) + colour + f"{{\\{self.override}}}"


def read(text: str, _options: ReadingOptions) -> Reading:
    """A SubStation Alpha file. Raises SubtitleError (``invalid_subtitles``) where it has no events."""
    return _Parser(text).run()


class _Parser:
    """One pass over the lines; the two ``Format:`` lines say what the fields behind them are."""

    def __init__(self, text: str) -> None:
        self.lines = normalise_line_ends(text).split("\n")
        self.notes = Notes()
        self.cues: list[Cue] = []
        self.styles: dict[str, _Style] = {}
        self.used: dict[str, int] = {}
        self.section = ""
        self.fields: dict[str, list[str]] = {"events": _split_names(_EVENT_FIELDS)}

    def run(self) -> Reading:
        for number, line in enumerate(self.lines, 1):
            if line.startswith("["):
                self.section = _read_section(line)
            else:
                self.read_line(number, line)
        if "events" not in {_read_section(line) for line in self.lines if line.startswith("[")}:
            raise SubtitleError(
                "no cue: there is no [Events] section", line=1, where="line 1", remedy="Give the whole file."
            )
        for name, number in self.used.items():
            message = f"what the style {excerpt(name)} says of font, size, outline and margins can't be carried"
            self.notes.note_loss("style", number, message)
        ordered = sorted(self.cues, key=lambda cue: cue.start_ms)
        if ordered != self.cues:
            self.notes.note_reading("order", 0, "the cues are put in the order of their times")
        return Reading(Track(cues=tuple(ordered)), self.notes.by_line(), format="ass")

    def read_line(self, number: int, line: str) -> None:
        kind, colon, rest = line.partition(":")
        kind = kind.strip().lower()
        if not colon or self.section not in {"events", "styles"}:
            return
        if kind == "format":
            self.fields[self.section] = _split_names(rest)
        elif kind == "style":
            fields = self.split_fields(rest)
            self.styles[fields.get("name", "").lstrip("*")] = _Style(fields, is_old="tertiarycolour" in fields)
        elif kind == "dialogue":
            self.read_event(number, rest)
        elif kind == "comment" and rest.rpartition(",")[2].strip():
            self.notes.note_loss("comments", number, f"a comment left out: {excerpt(rest.rpartition(',')[2])}")

    def split_fields(self, rest: str) -> dict[str, str]:
        """The fields of a line by name; the last one, the text, may hold commas."""
        names = self.fields.get(self.section, [])
        return dict(zip(names, (part.strip() for part in rest.split(",", len(names) - 1)), strict=False))

    def read_event(self, number: int, rest: str) -> None:
        fields = self.split_fields(rest)
        times = [_TIME.fullmatch(fields.get(name, "")) for name in ("start", "end")]
        if times[0] is None or times[1] is None:
            self.notes.note_dropped_words("bad_timing", number, f"not an event with times: {excerpt(rest)}")
            return
        start, end = _read_time(times[0]), _read_time(times[1])
        if end < start:
            self.notes.note_repair("end_before_start", number, "the cue ends before it starts: its times are swapped")
            start, end = end, start
        text, settings = self.read_text(number, fields)
        if text.strip():
            self.cues.append(Cue(start, end, text, fields.get("name") or None, None, settings, number))

    def read_text(self, number: int, fields: dict[str, str]) -> tuple[str, Settings]:
        def report(code: str, message: str) -> None:
            if code != "leftover":  # here a \N is no leftover
                self.notes.note_loss(code, number, message)

        name = fields.get("style", "").lstrip("*")
        style = self.styles.get(name)
        raw = _escape_words(fields.get("text", ""))
        if style:
            self.used.setdefault(name, number)
            raw = style.overrides + raw
        if fields.get("effect"):
            report("effect", f"the effect {excerpt(fields['effect'])} can't be carried")
        text, settings = translate_overrides(translate_leftovers(raw, report), report)
        return text, () if settings == PLACES[_USUAL_PLACE] else settings


def _escape_words(text: str) -> str:
    """Text as cue text, its overrides as they stand: colours in them are written with an ampersand."""
    at, pieces = 0, []
    for found in OVERRIDE.finditer(text):
        pieces += [escape_text(text[at : found.start()]), found[0]]
        at = found.end()
    return "".join([*pieces, escape_text(text[at:])])


def _read_section(line: str) -> str:
    name = line.strip("[] \t").lower()
    return "styles" if "styles" in name else name


def _split_names(line: str) -> list[str]:
    return [name.strip().lower() for name in line.split(",")]


def _read_time(time: re.Match[str]) -> int:
    hours, minutes, seconds = map(int, time.groups()[:3])
    return ((hours * 60 + minutes) * 60 + seconds) * 1000 + int(time[4].ljust(3, "0"))
