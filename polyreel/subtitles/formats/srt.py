"""SubRip (SRT). Nobody specified it, so the reader takes what players take, repairs what it can, and says so.

pysrt counts the times (and writes the items: `polyreel.subtitles.formats.srt_write`). Its own reader gives nothing at
all for garbage and swallows a cue where the empty line before it is missing; so the lines are sorted into items here,
around the timing lines, in one pass.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from pysrt import SubRipTime

from polyreel.errors import SubtitleError
from polyreel.subtitles.formats.ass_overrides import Settings
from polyreel.subtitles.formats.base import Notes, ReadingOptions, excerpt, line_of, normalise_line_ends
from polyreel.subtitles.formats.frames import FrameClock
from polyreel.subtitles.formats.leftovers import translate_leftovers, translate_microdvd
from polyreel.subtitles.formats.srt_markup import from_srt
from polyreel.subtitles.formats.webvtt_settings import cue_settings, names_settings
from polyreel.subtitles.model import Cue, Reading, Track
from polyreel.subtitles.speakers import take_voice_out

_STRICT = re.compile(
    r"([0-9]{2}):([0-5][0-9]):([0-5][0-9]),([0-9]{3}) --> ([0-9]{2}):([0-5][0-9]):([0-5][0-9]),([0-9]{3})[ \t]*"
)
_LOOSE_TIME = r"(-?) ?(?:([0-9]{1,12}) ?: ?)?([0-9]{1,4}) ?: ?([0-9]{1,4})(?: ?([,.:;]) ?([0-9]{1,9}))?"
_LOOSE = re.compile(rf"\s*{_LOOSE_TIME}\s*(?:[-–—=~]{{1,3}}\s?(?:>|&gt;)|→)\s*{_LOOSE_TIME}(?:\s+(\S.*?))?\s*")
# Whole times with a dash or nothing between them, alone on their line: no text looks so.
_WHOLE_TIME = r"(-?) ?([0-9]{1,3}) ?: ?([0-5][0-9]) ?: ?([0-5][0-9])([,.:;])([0-9]{1,3})"
_DASHED = re.compile(rf"\s*{_WHOLE_TIME}(?:\s*(?:[-–—=~]{{1,3}}|/|,)\s*|\s+){_WHOLE_TIME}(())?\s*")
_MARKED_NUMBER = re.compile(r"[\[(#]{0,2}([0-9]{1,12})[\])]?[.:]?")
# A timing line is short. Longer lines are text, however they look, and cost the expression above nothing.
LONGEST_TIMING = 240
# What every line with times has; it costs little to look for.
_MAY_BE_TIMING = re.compile(r">|→|&gt;|^\s*-?[0-9]{1,3} ?: ?[0-5][0-9] ?: ?[0-5][0-9][,.:;]")
_COORDINATE = re.compile(r"([XY][12]):(-?[0-9]+)", re.IGNORECASE)
# Marks that are not seen, and that editors and chats leave in front of numbers and times.
_UNSEEN = re.compile("[\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
_HOUR = 3_600_000


@dataclass(slots=True)
class _Item:
    """A timing line and what belongs to it, by line index: ``first`` is its index line or the timing line itself."""

    first: int
    timing: int
    match: re.Match[str] | None
    is_strict: bool = True
    index: str = ""

    @property
    def line(self) -> int:
        """The timing line's number, counted from 1."""
        return self.timing + 1


def read(text: str, options: ReadingOptions) -> Reading:
    """A SubRip file; the frame rate is for times that count frames (``00:00:01:12``).

    Raises SubtitleError: ``invalid_subtitles`` where there is text but not one cue, ``frame_rate_needed``.
    """
    return _Parser(text, options.frame_rate).run()


class _Parser:
    """Sorts lines into items around the timing lines; each line is looked at a fixed number of times."""

    def __init__(self, text: str, frame_rate: Fraction | None) -> None:
        self.notes = Notes()
        self.drawings: set[int] = set()
        self.frames = FrameClock(frame_rate, self.notes)
        self.lines = self.clean_text(text).split("\n")
        if _UNSEEN.search(text):
            self.drop_unseen()

    def clean_text(self, text: str) -> str:
        """Text with one kind of line end and without NUL, each oddity reported at its first line."""
        joined = text.replace("\r\n", "\n")
        if "\r" in joined:
            self.notes.note_repair("lone_cr", line_of("\r", joined), "a lone CR read as a line end")
            joined = normalise_line_ends(joined)
        if "\0" in joined:
            self.notes.note_repair("nul", line_of("\0", joined), "NUL characters removed")
            joined = joined.replace("\0", "")
        return joined

    def drop_unseen(self) -> None:
        """Numbers and times without the marks that nobody sees: with them they would be taken for text."""
        for at, line in enumerate(self.lines):
            seen = _UNSEEN.sub("", line)
            # A BOM begins a file; inside, two files were put together, and it is no part of the words.
            if seen != line and ("\ufeff" in line or is_timing(seen) or self.is_number_of_cue(at, seen)):
                self.lines[at] = seen
                self.notes.note_reading("unseen_mark", at + 1, "a mark that is not seen (U+FEFF or its like) taken out")

    def is_number_of_cue(self, at: int, seen: str) -> bool:
        """Whether a line is a number with times below it: any other may be words, whose marks say how they run."""
        return is_number(seen) and at + 1 < len(self.lines) and is_timing(_UNSEEN.sub("", self.lines[at + 1]))

    def run(self) -> Reading:
        items = self.list_items()
        self.refuse_without_times(items)
        cues = [self.make_cue(item, number, end) for number, (item, end) in enumerate(self.with_ends(items), 1)]
        self.read_preamble(items[0].first if items else len(self.lines), has_cues=bool(items))
        track = Track(cues=tuple(cue for cue in cues if cue))
        return Reading(track, self.notes.by_line(), format="srt")

    def refuse_without_times(self, items: list[_Item]) -> None:
        """Refuse a file in which arrows stand where times should, but not one time."""
        if items and all(item.match is None for item in items):
            self.refuse_garbage(min(items[0].first, self.first_text()))

    def first_text(self) -> int:
        return next((at for at, line in enumerate(self.lines) if line.strip()), 0)

    def read_preamble(self, end: int, *, has_cues: bool) -> None:
        """What stands before the first item, or instead of any."""
        begin = next((at for at in range(end) if self.lines[at].strip()), None)
        if not has_cues:
            self.refuse_garbage(begin)
        if begin is not None:
            text = "\n".join(line for line in self.lines[begin:end] if line.strip())
            self.notes.note_dropped_words("stray_text", begin + 1, f"text before the first cue: {excerpt(text)}")

    def refuse_garbage(self, begin: int | None) -> None:
        at = next((at for at, line in enumerate(self.lines) if line.strip()), None) if begin is None else begin
        if at is None:
            self.notes.note_repair("empty_file", 0, "the file holds no cues")
            return
        # The file is not quoted: it may be any file of this machine, named by somebody who may not read it.
        raise SubtitleError(
            "no cue: no line reads like 00:00:01,000 --> 00:00:02,000",
            line=at + 1,
            where=f"line {at + 1}",
            remedy="Give a SubRip (.srt) or WebVTT (.vtt) file, with times in it.",
        )

    # -- which lines are timing lines, and where their items begin

    def list_items(self) -> list[_Item]:
        found: list[_Item] = []
        previous, expected = -1, 1
        for at, line in enumerate(self.lines):
            if not _MAY_BE_TIMING.search(line):
                continue
            item = self.read_item(at, line, previous, expected)
            if item:
                found.append(item)
                previous, expected = at, (int(item.index) if item.index else expected) + 1
        return found

    def read_item(self, at: int, line: str, previous: int, expected: int) -> _Item | None:
        strict = _STRICT.fullmatch(line)
        match = strict or (_loose_match(line) if len(line) <= LONGEST_TIMING else None)
        if match is None and not ("-->" in line and self.is_timing_due(at, line, previous)):
            return None
        item = _Item(at, at, match, is_strict=strict is not None)
        self.find_index(item, previous, expected)
        return item

    def is_timing_due(self, at: int, line: str, previous: int) -> bool:
        """Whether a line with an arrow that is no timing stands where only a timing can: it is not text."""
        if at == 0 or (self.is_blank(at - 1, previous) and line.lstrip()[:1] in _TIMING_BEGINS):
            return True
        return is_number(self.lines[at - 1]) and (at == 1 or self.is_blank(at - 2, previous))

    def is_blank(self, at: int, previous: int) -> bool:
        return at > previous and not self.lines[at].strip()

    def find_index(self, item: _Item, previous: int, expected: int) -> None:
        at = item.timing - 1
        while self.is_blank(at, previous):
            at -= 1
        gap = item.timing - 1 - at
        if at <= previous or not self.is_index(at, previous, expected, gap):
            self.without_index(item, previous, gap)
            return
        item.first, item.index = at, self.unmark_number(at)
        if gap:
            self.notes.note_repair("blank_after_index", at + 1, "an empty line between a cue's number and its times")
        if at - 1 > previous and not self.is_blank(at - 1, previous):
            self.notes.note_repair("no_blank_line", at + 1, "no empty line before this cue")

    def unmark_number(self, at: int) -> str:
        """The number of a cue without what stands around it: ``[2]``, ``2.``, ``#2``."""
        written = self.lines[at].strip()
        if is_number(written):
            return written
        self.notes.note_repair("number", at + 1, f"not quite a cue's number, but read as one: {excerpt(written)}")
        return "".join(filter(str.isdecimal, written))

    def is_index(self, at: int, previous: int, expected: int, gap: int) -> bool:
        """A number is the cue's own, unless it may be the text of the cue before: then only the next number is."""
        is_apart = previous < 0 or self.is_blank(at - 1, previous)
        if not is_number(self.lines[at]):
            marked = _MARKED_NUMBER.fullmatch(self.lines[at].strip())
            return marked is not None and is_apart and int(marked[1]) == expected and not gap
        is_next = int(self.lines[at]) == expected
        return is_next if gap or (at - 1 == previous and not is_apart) else True

    def without_index(self, item: _Item, previous: int, gap: int) -> None:
        self.notes.note_repair("no_index", item.line, "a cue without a number")
        if item.timing - 1 > previous and not gap:
            self.notes.note_repair("no_blank_line", item.line, "no empty line before this cue")

    def with_ends(self, items: list[_Item]) -> list[tuple[_Item, int]]:
        ends = [item.first for item in items[1:]]
        return list(zip(items, [*ends, len(self.lines)], strict=False))

    # -- from an item to a cue

    def make_cue(self, item: _Item, number: int, end: int) -> Cue | None:
        texts = self.read_lines(item, end)
        if item.match is None:
            whole = "\n".join([self.lines[item.timing], *texts])
            self.notes.note_dropped_words("bad_timing", item.line, f"not a timing: {excerpt(whole)}")
            return None
        if item.is_strict:
            start_ms, end_ms = _strict_times(item.match)
            settings: tuple[tuple[str, str], ...] = ()
        else:
            start_ms, end_ms = self.loose_times(item.match, item.line)
            settings = self.after_times(item, texts)
        start_ms, end_ms = self.in_order(start_ms, end_ms, item.line)
        text, place = self.read_text(item, "\n".join(texts))
        if item.line in self.drawings and not text.strip():
            return None  # nothing but a drawing, which was noted
        identifier = item.index if item.index != str(number) else ""
        speaker, text = take_voice_out(text)
        return Cue(start_ms, end_ms, text, speaker, identifier or None, settings + place, item.line)

    def read_text(self, item: _Item, raw: str) -> tuple[str, Settings]:
        """A cue's text in WebVTT's spelling, and the settings that its markup stands for."""

        def report(code: str, message: str) -> None:
            add = self.notes.note_reading if code == "leftover" else self.notes.note_loss
            if code == "drawing":
                self.drawings.add(item.line)
            add(code, item.line, message)

        return from_srt(translate_leftovers(translate_microdvd(raw, report), report), report)

    def read_lines(self, item: _Item, end: int) -> list[str]:
        """The lines of a cue's text. Empty lines end a cue in WebVTT, so there are none inside."""
        lines = self.lines[item.timing + 1 : end]
        while lines and not lines[-1].strip():
            lines.pop()
        opened = next((at for at, line in enumerate(lines) if line.strip()), 0)
        if opened and item.match:
            self.notes.note_reading("blank_before_text", item.line + 1, "an empty line before a cue's text taken out")
            lines = lines[opened:]
        blank = next((at for at, line in enumerate(lines) if not line.strip()), None)
        if blank is None:
            return lines
        if item.match:
            self.notes.note_repair("blank_in_text", item.line + 1 + blank, "an empty line inside a cue's text removed")
        return [line for line in lines if line.strip()]

    def loose_times(self, match: re.Match[str], line: int) -> tuple[int, int]:
        parts = match.groups()
        times = [self.loose_time(parts[:6], line), self.loose_time(parts[6:12], line)]
        if min(times) < 0:
            self.notes.note_repair("negative_time", line, "a time before zero set to zero")
        elif self.frames.are_counted(parts[4], parts[5]):
            pass  # noted by the clock, once
        elif f"{SubRipTime.from_ordinal(times[0])} --> {SubRipTime.from_ordinal(times[1])}" not in match[0]:
            self.notes.note_repair("timing", line, f"not quite a timing, but read as one: {excerpt(match[0].strip())}")
        if max(times) >= 100 * _HOUR:
            self.notes.note_repair("long_time", line, "a time of a hundred hours or more, kept as it stands")
        return max(times[0], 0), max(times[1], 0)

    def loose_time(self, parts: tuple[str | None, ...], line: int) -> int:
        sign, hours, minutes, seconds, separator, fraction = parts
        hms = int(hours or 0), int(minutes or 0), int(seconds or 0)
        if separator and fraction and self.frames.are_counted(separator, fraction):
            ordinal = self.frames.read_timecode(hms, int(fraction), is_drop=separator == ";", line=line)
        else:
            ordinal = SubRipTime(*hms, int((fraction or "0").ljust(3, "0")[:3])).ordinal
        return -ordinal if sign else ordinal

    def after_times(self, item: _Item, texts: list[str]) -> tuple[tuple[str, str], ...]:
        """What stands behind the times: coordinates, WebVTT's settings, or words that belong to the text."""
        rest = item.match[13] if item.match else None
        if not rest:
            return ()
        words = rest.split()
        if all(_COORDINATE.fullmatch(word) for word in words):
            return tuple((word[:2].upper(), word[3:]) for word in words)
        if names_settings(words):
            settings, dropped = cue_settings(rest, ())
            for setting in dropped:
                self.notes.note_loss("bad_setting", item.line, f"the cue setting {excerpt(setting)} does not hold")
            return settings
        self.notes.note_repair("text_on_timing_line", item.line, f"read as the cue's text: {excerpt(rest)}")
        texts.insert(0, rest)
        return ()

    def in_order(self, start_ms: int, end_ms: int, line: int) -> tuple[int, int]:
        if end_ms >= start_ms:
            return start_ms, end_ms
        self.notes.note_repair("end_before_start", line, "the cue ends before it starts: its times are swapped")
        return end_ms, start_ms


_TIMING_BEGINS = frozenset("-0123456789")


def is_number(line: str) -> bool:
    """Whether a line is a cue's number and nothing else."""
    digits = line.strip()
    return digits.isascii() and digits.isdecimal() and len(digits) <= 12


def is_timing(line: str) -> bool:
    """Whether the reader takes a line for the times of a cue."""
    return len(line) <= LONGEST_TIMING and _loose_match(line) is not None


def _loose_match(line: str) -> re.Match[str] | None:
    return _LOOSE.fullmatch(line) or _DASHED.fullmatch(line)


def _strict_times(match: re.Match[str]) -> tuple[int, int]:
    h1, m1, s1, f1, h2, m2, s2, f2 = map(int, match.groups())
    return SubRipTime(h1, m1, s1, f1).ordinal, SubRipTime(h2, m2, s2, f2).ordinal
