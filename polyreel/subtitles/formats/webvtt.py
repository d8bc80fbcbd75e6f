"""WebVTT, read by the W3C's parsing rules (WebVTT: The Web Video Text Tracks Format, section 6.1 and 6.2).

The reader is the specification's block collector as a state machine over lines. What the rules drop is listed with its
line; what they keep is kept as it was written. `polyreel.subtitles.formats.webvtt_write` writes, through webvtt-py.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fractions import Fraction

from polyreel.errors import SubtitleError
from polyreel.subtitles.cuetext import has_unclosed_tag
from polyreel.subtitles.formats.ass_overrides import Settings
from polyreel.subtitles.formats.base import Notes, ReadingOptions, excerpt, line_of, normalise_line_ends
from polyreel.subtitles.formats.frames import FrameClock
from polyreel.subtitles.formats.leftovers import translate_leftovers, translate_microdvd, translate_overrides
from polyreel.subtitles.formats.webvtt_settings import cue_settings, region_settings
from polyreel.subtitles.model import Cue, Reading, Track
from polyreel.subtitles.speakers import take_voice_out

# Hours and, where no hours stand before them, minutes: the rules take any number of digits for hours. Twelve are
# enough for a hundred million years; more would only make int() slow.
_TIME = r"(?:([0-9]{1,12}):)?([0-9]{2}):([0-9]{2})\.([0-9]{3})(?![0-9])"
_TIMING = re.compile(rf"[ \t\f]*{_TIME}[ \t\f]*-->[ \t\f]*{_TIME}(.*)")
# A comma for the dot is SubRip's habit. The rules drop such a cue, and a file of such cues would be empty.
_COMMA_TIMING = re.compile(_TIMING.pattern.replace(r"\.", "[.,]"))
_FRAMES = r"([0-9]{2}):([0-9]{2}):([0-9]{2})([:;])([0-9]{2})"
_FRAME_TIMING = re.compile(rf"[ \t]*{_FRAMES}[ \t]*-->[ \t]*{_FRAMES}((?:[ \t].*)?)")
_MICRODVD = re.compile(r"\{[yYcCfFsSpPoO]:[^{}\n]{1,80}\}")
_METADATA = re.compile(r"[\w-]+\s*[:=]")


@dataclass(slots=True)
class _Block:
    """What the collector gathers between two empty lines; ``line`` is the first one's number."""

    line: int
    kind: str = ""
    identifier: str = ""
    timing: re.Match[str] | None = None
    timing_line: int = 0
    lines: list[str] = field(default_factory=list)


def read(text: str, options: ReadingOptions) -> Reading:
    """A WebVTT file; the frame rate is for times that count frames (``00:00:01:12``), which WebVTT does not have.

    Raises SubtitleError: ``invalid_subtitles`` where it does not begin with ``WEBVTT``, ``frame_rate_needed``.
    """
    return _Parser(normalise_line_ends(text), options.frame_rate).run()


class _Parser:
    """One pass over the lines. ``at`` is the index of the next line; every line is visited once."""

    def __init__(self, text: str, frame_rate: Fraction | None) -> None:
        self.notes = Notes()
        self.frames = FrameClock(frame_rate, self.notes)
        if "\0" in text:
            self.notes.note_repair("nul", line_of("\0", text), "NUL read as U+FFFD")
            text = text.replace("\0", "\ufffd")
        self.lines = text.split("\n")
        self.drop_marks()
        self.count_frames()
        self.timing = self.find_spelling()
        self.at = 0
        self.cues: list[Cue] = []
        self.styles: list[str] = []
        self.regions: list[str] = []
        self.region_ids: set[str] = set()
        self.comments: list[tuple[int, str]] = []
        self.seen_cue = False
        self.drawings: set[int] = set()

    def count_frames(self) -> None:
        """Times that count frames, as times that count thousandths."""
        for at, line in enumerate(self.lines):
            found = _FRAME_TIMING.fullmatch(line) if "-->" in line else None
            if found:
                start, end = (self.read_frames(found.groups()[first : first + 5], at + 1) for first in (0, 5))
                self.lines[at] = f"{start} --> {end}{found[11]}"

    def read_frames(self, parts: tuple[str, ...], line: int) -> str:
        hours, minutes, seconds, separator, frame = parts
        hms = (int(hours), int(minutes), int(seconds))
        ms = self.frames.read_timecode(hms, int(frame), is_drop=separator == ";", line=line)
        return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02}.{ms % 1000:03}"

    def find_spelling(self) -> re.Pattern[str]:
        """How the file writes its times: with commas only where every line with an arrow is a timing then."""
        arrows = [line for line in self.lines[1:] if "-->" in line]
        is_plain = all(map(_TIMING.fullmatch, arrows))
        return _TIMING if is_plain or not all(map(_COMMA_TIMING.fullmatch, arrows)) else _COMMA_TIMING

    def drop_marks(self) -> None:
        """A BOM begins a file; further in, two files were put together, and a number or a time has it in front."""
        for at in range(1, len(self.lines)):
            if "\ufeff" in self.lines[at]:
                self.lines[at] = self.lines[at].replace("\ufeff", "")
                self.notes.note_reading("unseen_mark", at + 1, "a mark that is not seen (U+FEFF) taken out")

    def run(self) -> Reading:
        header = self.read_header()
        while self.at < len(self.lines):
            if self.lines[self.at]:
                self.read_block()
            else:
                self.at += 1
        track = Track(
            cues=tuple(self.cues),
            header=header,
            styles=tuple(self.styles),
            regions=tuple(self.regions),
            comments=tuple(text for _, text in self.comments),
            comments_before=tuple(place for place, _ in self.comments),
        )
        return Reading(track, self.notes.by_line(), format="vtt")

    # -- the header

    def read_header(self) -> str:
        """What stands behind ``WEBVTT``, and the lines of the header block."""
        first = self.lines[0]
        if first[:6] != "WEBVTT" or first[6:7] not in {"", " ", "\t"}:
            raise SubtitleError(
                "not WebVTT: the first line is not WEBVTT",
                line=1,
                where="line 1",
                remedy="Begin the file with a line WEBVTT, or name it by the format that it is in.",
            )
        if "-->" in first:
            self.notes.note_dropped_words(
                "timing_in_header", 1, f"a cue can't begin on the first line: {excerpt(first)}"
            )
        self.at = 1
        more = self.header_lines()
        return "\n".join([first[6:].strip(" \t"), *more])

    def header_lines(self) -> list[str]:
        begin = self.at
        while self.at < len(self.lines) and self.lines[self.at] and "-->" not in self.lines[self.at]:
            if not _METADATA.match(self.lines[self.at]):
                self.notes.note_dropped_words("header_text", self.at + 1, f"not shown: {excerpt(self.lines[self.at])}")
            self.at += 1
        return self.lines[begin : self.at]

    # -- blocks

    def read_block(self) -> None:
        """Collect a block (section 6.1, "collect a WebVTT block") and keep what it is."""
        block = self.collect_block()
        if block.timing:
            self.keep_cue(block, block.timing)
        elif block.kind == "STYLE":
            self.styles.append("\n".join(block.lines))
        elif block.kind == "REGION":
            self.keep_region(block)
        else:
            self.keep_other(block)

    def collect_block(self) -> _Block:
        block = _Block(self.at + 1)
        count = 0
        seen_arrow = False
        while self.at < len(self.lines):
            line = self.lines[self.at]
            if not line:
                break
            count += 1
            if "-->" in line:
                if count > 2 or (count == 2 and seen_arrow):
                    break
                seen_arrow = True
                self.begin_cue(block, line)
            else:
                if count == 2 and not self.seen_cue:
                    _begin_kind(block)
                block.lines.append(line)
            self.at += 1
        return block

    def begin_cue(self, block: _Block, line: str) -> None:
        block.timing_line = self.at + 1
        found = self.timing.fullmatch(line)
        if found and _is_clock(found):
            block.timing = found
            block.identifier = block.lines[0] if block.lines else ""
            block.lines.clear()
            self.seen_cue = True
        else:
            message = f"not a timing: {excerpt(line)}"
            self.notes.note_dropped_words("bad_timing", self.at + 1, message)

    # -- what a block is

    def keep_cue(self, block: _Block, timing: re.Match[str]) -> None:
        line = block.timing_line
        start, end = _read_time(timing.groups()[:4]), _read_time(timing.groups()[4:8])
        if "," in timing[0][: timing.start(9)]:
            self.notes.note_reading("comma", line, "commas in the times, as SubRip has them, read as dots")
        if end < start:
            self.notes.note_repair("end_before_start", line, "the cue ends before it starts: its times are swapped")
            start, end = end, start
        settings: Settings = ()
        if timing[9]:
            settings, dropped = cue_settings(timing[9], self.region_ids)
            for setting in dropped:
                self.notes.note_loss("bad_setting", line, f"the cue setting {excerpt(setting)} does not hold")
        text, place = self.mend_text("\n".join(block.lines), line)
        if line in self.drawings and not text.strip():
            return  # nothing but a drawing, which was noted
        speaker, text = take_voice_out(text)
        if has_unclosed_tag(text):
            self.notes.note_dropped_words(
                "unclosed_tag", line, f"a < without > hides {excerpt(text[text.rfind('<') :])}"
            )
        self.cues.append(Cue(start, end, text, speaker, block.identifier or None, settings or place, line))

    def mend_text(self, text: str, line: int) -> tuple[str, Settings]:
        """The text without what other formats left in it, and the settings that this stood for."""

        def report(code: str, message: str) -> None:
            add = self.notes.note_reading if code == "leftover" else self.notes.note_loss
            if code == "drawing":
                self.drawings.add(line)
            add(code, line, message)

        if _MICRODVD.search(text):  # else a bar is a bar
            text = translate_microdvd(text, report)
        return translate_overrides(translate_leftovers(text, report), report)

    def keep_region(self, block: _Block) -> None:
        settings, dropped = region_settings("\n".join(block.lines))
        for setting in dropped:
            self.notes.note_loss("bad_setting", block.line, f"the region setting {excerpt(setting)} does not hold")
        self.region_ids.add(dict(settings).get("id", ""))
        self.regions.append(" ".join(f"{name}:{value}" for name, value in settings))

    def keep_other(self, block: _Block) -> None:
        """A comment, or a block that the rules drop."""
        text = "\n".join(block.lines)
        if not block.timing_line and re.match(r"NOTE(?![^ \t\n])", text):
            self.comments.append((len(self.cues), text[4:].strip(" \t\n")))
        elif text == "WEBVTT":
            self.notes.note_reading("glued", block.line, "a second WEBVTT: two files were put together")
        elif text:
            late = re.match(r"(STYLE|REGION)[ \t\f]*(?:\n|\Z)", text)
            why = f"{late[1]} after a cue" if late else "not a cue"
            self.notes.note_dropped_words("block", block.line, f"{why}: {excerpt(text)}")


def _begin_kind(block: _Block) -> None:
    """STYLE and REGION are known by their first line, and only before the first cue."""
    if len(block.lines) == 1 and not block.timing_line and re.fullmatch(r"(?:STYLE|REGION)[ \t\f]*", block.lines[0]):
        block.kind = block.lines[0].strip(" \t\f")
        block.lines.clear()


def _is_clock(timing: re.Match[str]) -> bool:
    """Minutes and seconds below 60. (``60:00.000`` is an error; so is an hour of one digit below ten.)"""
    times = timing.groups()
    return all(int(part) < 60 for part in (times[1], times[2], times[5], times[6]))


def _read_time(parts: tuple[str | None, ...]) -> int:
    hours, minutes, seconds, milliseconds = (int(part or 0) for part in parts)
    return ((hours * 60 + minutes) * 60 + seconds) * 1000 + milliseconds
