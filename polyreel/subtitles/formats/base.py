"""What a subtitle format is, and how to add one.

To add a format: write one small module with a ``read(text, options) -> Reading`` and/or a
``write(track, options) -> Writing`` (``read_bytes`` and ``write_bytes`` where the file is not text), and name it in
`polyreel.subtitles.formats.registry`. A reader takes text that is already decoded (`normalise_line_ends` gives it one
line end); it may repair, but says so in a `Note` with the line; it may refuse, by `SubtitleError` with the line; it
never drops anything in silence. A writer reports what its format can't carry as notes of kind ``lost``. Both stay
linear in the size of the file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from polyreel.errors import SubtitleError
from polyreel.subtitles.model import Note, NoteKind, Reading, Track, Writing


@dataclass(frozen=True, slots=True)
class ReadingOptions:
    """What is known of a file besides its bytes.

    ``locale`` is the language of its text, a witness where the encoding has to be found out. ``frame_rate`` is the
    reel's, for times that count frames.
    """

    locale: str | None = None
    frame_rate: Fraction | None = None


TrackKind = Literal["subtitles", "captions", "forced"]


@dataclass(frozen=True, slots=True)
class WritingOptions:
    """What a file is to say besides its cues.

    ``source_locale`` is what the text was translated from. ``frame_rate`` is the reel's, for formats that name it or
    count frames; ``is_drop_frame`` whether their numbers are dropped; ``start_frame`` the frame number at which the
    reel begins. ``kind`` is what the track is for.
    """

    locale: str | None = None
    source_locale: str | None = None
    frame_rate: Fraction | None = None
    is_drop_frame: bool = False
    start_frame: int = 0
    kind: TrackKind = "subtitles"


Reader = Callable[[str, ReadingOptions], Reading]
BinaryReader = Callable[[bytes, ReadingOptions], Reading]
Writer = Callable[[Track, WritingOptions], Writing]
BinaryWriter = Callable[[Track, WritingOptions], tuple[bytes, tuple[Note, ...]]]


@dataclass(frozen=True, slots=True)
class Format:
    """One subtitle format: what it is called, how its files end, and what can be done with it."""

    name: str
    suffixes: tuple[str, ...]
    title: str
    read: Reader | None = None
    read_bytes: BinaryReader | None = None
    write: Writer | None = None
    write_bytes: BinaryWriter | None = None


# So many notes of one kind are listed; of more, only how many there are, up to which line. A file of nothing but
# oddities would else give more notes than it has bytes.
MOST_NOTES = 200
MOST_DROPPED = 1000


class Notes:
    """What a reader or a writer has to say, in the order of the lines.

    ``code`` is a short word to count by (``bad_setting``), ``line`` counts from 1 in the file that is read or, of a
    writer, is the cue's own; the message is for a person. Of one code only the first so many are listed::

        notes.note_repair("end_before_start", number, "the cue ends before it starts: its times are swapped")
    """

    def __init__(self) -> None:
        self._notes: list[Note] = []
        self._counts: Counter[str] = Counter()
        self._last: dict[str, Note] = {}

    def add(self, kind: NoteKind, code: str, line: int, message: str) -> None:
        """Add one. Raises SubtitleError where more words are dropped than can be listed."""
        self._counts[code] += 1
        note = Note(kind, code, message, line)
        if self._counts[code] <= (MOST_DROPPED if kind == "dropped" else MOST_NOTES):
            self._notes.append(note)
        elif kind == "dropped":
            raise SubtitleError(
                f"more than {MOST_DROPPED} pieces of it would be left out, the last one at line {line}",
                line=line,
                where=f"line {line}",
                remedy="Give a subtitle file.",
            )
        else:
            self._last[code] = note

    def note_repair(self, code: str, line: int, message: str) -> None:
        """Read, though it was not written as it should be."""
        self.add("repaired", code, line, message)

    def note_dropped_words(self, code: str, line: int, message: str) -> None:
        """Words that are not in the track."""
        self.add("dropped", code, line, message)

    def note_loss(self, code: str, line: int, message: str) -> None:
        """Something other than words that could not be carried."""
        self.add("lost", code, line, message)

    def note_reading(self, code: str, line: int, message: str) -> None:
        """Read by a convention that leaves no doubt."""
        self.add("noted", code, line, message)

    def by_line(self) -> tuple[Note, ...]:
        """All of them, by line; what was too much to be listed is counted in a last one of its kind."""
        rest = [self._count_rest(code, last) for code, last in self._last.items()]
        return tuple(sorted([*self._notes, *rest], key=lambda note: note.line))

    def _count_rest(self, code: str, last: Note) -> Note:
        more = self._counts[code] - MOST_NOTES
        return Note(last.kind, code, f"{more} more like these, up to here: {last.message}", last.line)


def excerpt(text: str, limit: int = 60) -> str:
    """The beginning of a text, on one line, for a message."""
    flat = " / ".join(text[: limit * 4].split("\n"))
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"


def line_of(sign: str, text: str) -> int:
    """The line, counted from 1, that a sign first stands on. The text holds it, and has ``\\n`` as its line end."""
    return text.count("\n", 0, text.index(sign)) + 1


def normalise_line_ends(text: str) -> str:
    """Text with ``\\n`` as its only line end."""
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
