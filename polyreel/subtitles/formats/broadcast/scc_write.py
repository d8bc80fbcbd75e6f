"""Scenarist closed captions, written: pop-on captions of line 21, frame-exact where the line has the room.

Each frame carries two bytes. A caption is loaded while the one before is shown, and shown by one code in the frame at
which it is to begin; the erasing of the one before is put in between, where its frame is. The code tables are ttconv's
(CTA-608); its own writer leaves out looks, cuts words in two, and leaves out captions that follow too soon.
"""

from __future__ import annotations

import itertools
import textwrap
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

from polyreel.subtitles.formats.base import Notes, WritingOptions, excerpt
from polyreel.subtitles.formats.broadcast.scc import HEADER, RATE
from polyreel.subtitles.formats.timedtext.regions import box_of
from polyreel.subtitles.formats.timedtext.runs import PLAIN, Look, Run, runs_of
from polyreel.subtitles.kinds import is_forced, unmark_forced
from polyreel.subtitles.model import Cue, Track, Writing
from polyreel.subtitles.simultaneous import merge_simultaneous
from polyreel.subtitles.timecodes import FrameRate, format_timecode, frame_at

_COLUMNS, _ROWS = 32, 15
# What decoders must show at once (47 CFR 79.101).
_MOST_ROWS = 4
_RCL, _ENM, _EDM, _EOC = 0x1420, 0x142E, 0x142C, 0x142F
# CTA-608's tab offsets are 17 21 to 17 23: by one, two or three columns.
_TAB = 0x1720
_COLOURS = {"white": 0, "green": 2, "blue": 4, "cyan": 6, "red": 8, "yellow": 10, "magenta": 12}
_NEAR = {"lime": "green", "black": "white"}
_PLAINER = {"’": "'", "‚": ",", "„": '"', "–": "-", "—": "-", "…": "...", "\xa0": " ", "‐": "-", "−": "-", "«": '"'}

Row = list[Run]


@dataclass(slots=True)
class _Caption:
    """One caption: the codes that load it, and the frames between which it is shown."""

    words: list[int]
    start: int
    end: int
    line: int


def write(track: Track, options: WritingOptions) -> Writing:
    """A track as SCC, drop-frame where asked. Tells what line 21 can't carry, and what it has no room for."""
    return _Writer(options).run(track)


class _Writer:
    def __init__(self, options: WritingOptions) -> None:
        self.notes = Notes()
        self.rate = FrameRate(RATE, is_drop=options.is_drop_frame)
        self.first = _first_frame(options)

    def run(self, track: Track) -> Writing:
        for what, name in ((track.header, "header"), (track.styles, "styles"), (track.comments, "comments")):
            if what:
                self.notes.note_loss(name, 0, f"SCC has no {name}")
        together = merge_simultaneous(track)
        if len(together.cues) != sum(cue.duration_ms > 0 for cue in track.cues):
            self.notes.note_loss("overlap", 0, "cues that are shown at once are written as one after the other")
        captions = [caption for cue in together.cues if (caption := self.make_caption(cue))]
        lines = [self.encode_line(*line) for line in self.schedule_captions(captions)]
        return Writing("\n\n".join([HEADER, *lines]) + "\n", self.notes.by_line())

    # -- what is in a caption

    def make_caption(self, cue: Cue) -> _Caption | None:
        def note_loss(code: str, message: str) -> None:
            self.notes.note_loss(code, cue.line, message)

        if is_forced(cue):
            cue = unmark_forced(cue)
            note_loss("forced", "SCC has no mark for a forced cue; give it a file of its own")
        if cue.speaker:
            note_loss("speaker", f"the speaker {excerpt(cue.speaker)} can't be carried")
        if cue.identifier and not cue.identifier.isdecimal():
            note_loss("identifier", f"the identifier {excerpt(cue.identifier)} can't be carried")
        rows = self.lay_rows(cue, note_loss)
        if not rows:
            return None
        words = [_RCL, _RCL, _ENM, _ENM]
        for number, row in enumerate(rows, self.top_row(cue, len(rows), note_loss)):
            words += self.row_words(number, row, dict(cue.settings).get("align", "center"), cue)
        return _Caption(words, frame_at(cue.start_ms, RATE), frame_at(cue.end_ms, RATE), cue.line)

    def lay_rows(self, cue: Cue, note_loss: Callable[[str, str], None]) -> list[Row]:
        rows = [row for line in _divide_lines(self.fit_runs(cue, note_loss)) for row in self.wrap_row(line, note_loss)]
        if len(rows) > _MOST_ROWS:
            note_loss("rows", f"{len(rows)} rows; decoders need show no more than {_MOST_ROWS} at once")
        if len(rows) > _ROWS:
            self.notes.note_dropped_words("rows", cue.line, f"{len(rows)} rows do not fit: {excerpt(cue.text)}")
        return rows[:_ROWS]

    def fit_runs(self, cue: Cue, note_loss: Callable[[str, str], None]) -> list[Run]:
        """The runs with what line 21 has: its letters, its seven colours, glosses in brackets."""
        found = []
        for run in runs_of(cue.text, note_loss):
            look = run.look
            if look.bold or look.strike:
                note_loss("look", "bold and strike-out can't be carried")
            if look.speaker or look.language:
                note_loss("voice", "voices and languages inside a cue can't be carried")
            colour = _NEAR.get(look.colour, look.colour)
            if colour not in _COLOURS and colour:
                note_loss("colour", f"the colour {colour} can't be carried")
                colour = ""
            if run.role == "gloss":
                note_loss("ruby", "a ruby gloss is put in brackets")
            text = f"({run.text})" if run.role == "gloss" else run.text
            carried = Look(italic=look.italic, underline=look.underline, colour="" if colour == "white" else colour)
            found.append(Run(self.spell_text(text, cue), carried))
        return found

    def spell_text(self, text: str, cue: Cue) -> str:
        """Text in line 21's letters; what has none is told, and shown as a question mark."""
        text = "".join(char if _encode_char(char) else _PLAINER.get(char, char) for char in text)
        spelt = "".join(char if char == "\n" or _encode_char(char) else _without_accent(char) for char in text)
        missing = sorted({char for char in spelt if char != "\n" and not _encode_char(char)})
        if missing:
            self.notes.note_dropped_words(
                "character", cue.line, f"line 21 has no {' '.join(missing)[:60]}: {excerpt(text)}"
            )
        if spelt != text and not missing:
            self.notes.note_loss("accent", cue.line, f"accents that line 21 lacks are left out: {excerpt(text)}")
        return "".join(char if char == "\n" or _encode_char(char) else "?" for char in spelt)

    def wrap_row(self, row: Row, note_loss: Callable[[str, str], None]) -> list[Row]:
        """A line in rows of 32 columns, broken between words."""
        text = "".join(run.text for run in row)
        if len(text) + _count_changes(row) <= _COLUMNS:
            return [row] if text.strip() else []
        note_loss("line_length", f"a line of {len(text)} characters is broken; line 21 has {_COLUMNS}: {excerpt(text)}")
        pieces = textwrap.wrap(text, _COLUMNS - min(_count_changes(row), 4), break_on_hyphens=False)
        rows, at = [], 0
        for piece in pieces:
            at = text.index(piece[0], at) if piece else at
            rows.append(_slice_row(row, at, at + len(piece)))
            at += len(piece)
        return rows

    def top_row(self, cue: Cue, count: int, note_loss: Callable[[str, str], None]) -> int:
        """The first row: by the cue's place, else so that the last is the last but one of the screen."""
        box = box_of(tuple(pair for pair in cue.settings if pair[0] in {"line", "align", "size", "position"}))
        if any(name in {"vertical", "region", "X1"} for name, _ in cue.settings):
            note_loss("place", "columns, regions and coordinates can't be carried")
        if not cue.settings:
            return _ROWS - count
        at = {"before": box.y, "center": box.y + box.height / 2, "after": box.y + box.height}[box.display]
        row = 1 + round((at - 10) / 80 * _ROWS)
        row -= {"before": 0, "center": count // 2, "after": count}[box.display]
        return min(max(row, 1), _ROWS - count + 1)

    def row_words(self, number: int, row: Row, align: str, cue: Cue) -> list[int]:
        from ttconv.scc.codes.preambles_address_codes import _ROW_PAC_MAPPING_CH1

        high, low = _ROW_PAC_MAPPING_CH1[number - 1]
        width = sum(len(run.text) for run in row) + _count_changes(row)
        free = max(_COLUMNS - width, 0)
        column = {"left": 0, "start": 0, "right": free, "end": free}.get(align, free // 2)
        words = [((high + 0x10) << 8) | (low + 0x10 + column // 4 * 2)] * 2
        if column % 4:
            words += [_TAB + column % 4] * 2
        return words + _text_words(row)

    # -- when it is sent

    def schedule_captions(self, captions: list[_Caption]) -> Iterator[tuple[int, list[int]]]:
        """Lines of words, each with the frame of its first. No two overlap; one that is late is told."""
        free, erase = -(10**9), None
        for caption in captions:
            words, show = caption.words, caption.start
            begin = show - len(words)
            if erase is not None and erase + 2 <= begin:
                # Control codes are sent twice: a decoder that gets one of them damaged acts on the other, and once on
                # both.
                yield erase, [_EDM, _EDM]
                free, erase = erase + 2, None
            if erase is not None and erase < show:
                # Between loading codes, never within a pair; whoever shows at once erases by showing.
                at = max(erase - (begin - 2), 0)
                at -= at % 2
                words, begin, erase = [*words[:at], _EDM, _EDM, *words[at:]], begin - 2, None
            if begin < free:
                late = free - begin
                begin += late
                self._tell_late(caption, late)
            yield begin, [*words, _EOC, _EOC]
            free = begin + len(words) + 2
            erase = max(caption.end, free)
        if erase is not None:
            yield erase, [_EDM, _EDM]

    def _tell_late(self, caption: _Caption, late: int) -> None:
        self.notes.note_loss(
            "late", caption.line, f"a caption is shown {late} frames late: line 21 has two letters a frame, no more"
        )

    def encode_line(self, frame: int, words: list[int]) -> str:
        frame += self.first
        if frame < 0:
            self.notes.note_loss(
                "late", 0, f"the first caption is shown {-frame} frames late: it has to be loaded first"
            )
        return f"{format_timecode(frame, self.rate)}\t{' '.join(f'{_add_parity(word):04x}' for word in words)}"


def _first_frame(options: WritingOptions) -> int:
    """The picture's first frame in line 21's count: the same number at 30 a second, else the frame at that time."""
    rate = options.frame_rate
    if rate is None or round(rate) == round(RATE):
        return options.start_frame
    return round(options.start_frame / rate * RATE)


# -- letters and codes


def _divide_lines(runs: list[Run]) -> Iterator[Row]:
    row: Row = []
    for run in runs:
        first, *more = run.text.split("\n")
        row.append(run._replace(text=first))
        for text in more:
            yield row
            row = [run._replace(text=text)]
    yield row


def _slice_row(row: Row, start: int, end: int) -> Row:
    found, at = [], 0
    for run in row:
        text = run.text[max(start - at, 0) : max(end - at, 0)]
        if text:
            found.append(run._replace(text=text))
        at += len(run.text)
    return found


def _count_changes(row: Row) -> int:
    """How many columns changes of look take: each is a space on the screen."""
    looks = [PLAIN, *(run.look for run in row if run.text)]
    return sum(before != after for before, after in itertools.pairwise(looks))


def _text_words(row: Row) -> list[int]:
    words: list[int] = []
    held: list[int] = []

    def flush() -> None:
        if held:
            words.append((held[0] << 8) | (held[1] if len(held) > 1 else 0))
            held.clear()

    look = PLAIN
    for run in row:
        if run.look != look and run.text:
            flush()
            words.extend([_look_code(run.look)] * 2)
            look = run.look
        for char in run.text:
            code = _encode_char(char)
            if len(code) == 1:
                held.append(code[0])
                if len(held) == 2:
                    flush()
                continue
            if len(code) == 3:
                # An extended letter takes back the plain one before it, which older decoders show.
                held.append(code[0])
            flush()
            words.extend([(code[-2] << 8) | code[-1]] * 2)
    flush()
    return words


def _look_code(look: Look) -> int:
    """A mid-row code: a colour, or italics, and whether it is underlined."""
    return 0x1120 + (0x0E if look.italic else _COLOURS.get(look.colour, 0)) + look.underline


@cache
def _encode_char(char: str) -> tuple[int, ...]:
    """One byte, two of a special letter, three of an extended one (the plain letter first); none where it has none."""
    from ttconv.scc.codes.extended_characters import SccExtendedCharacter
    from ttconv.scc.codes.special_characters import SccSpecialCharacter
    from ttconv.scc.codes.standard_characters import TO_SCC_BYTES

    if char in TO_SCC_BYTES:
        return (TO_SCC_BYTES[char],)
    for special in SccSpecialCharacter:
        if special.get_unicode_value() == char:
            return (special.get_ch1_value() // 256, special.get_ch1_value() % 256)
    for extended in SccExtendedCharacter:
        if extended.get_unicode_value() == char:
            plain = TO_SCC_BYTES.get(_without_accent(char), 0x20)
            return (plain, *divmod(extended.get_ch1_value(), 256))
    return ()


def _without_accent(char: str) -> str:
    return unicodedata.normalize("NFKD", char)[:1] if not char.isascii() else char


def _add_parity(word: int) -> int:
    """Both bytes with odd parity, as line 21 sends them."""
    high, low = divmod(word, 256)
    return (_make_odd(high) << 8) | _make_odd(low)


def _make_odd(byte: int) -> int:
    return byte if byte.bit_count() % 2 else byte | 0x80
