"""What a subtitle format is, and how to add one.

To add a format: write one small module with a ``read(text) -> Reading`` and/or a ``write(track, locale) -> Writing``
(or ``write_bytes`` where the file is not text), and name it in `polyreel.subtitles.registry`. A reader takes text that
is already decoded (`normalised` gives it one line end); it may repair, but says so in a `Note` with the line; it may
refuse, by `SubtitleError` with the line; it never drops anything in silence. A writer reports what its format can't
carry as notes of kind ``lost``. Both stay linear in the size of the file.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from polyreel.errors import SubtitleError
from polyreel.subtitles.model import Note, NoteKind, Reading, Track, Writing

Reader = Callable[[str], Reading]
Writer = Callable[[Track, str | None], Writing]
BinaryWriter = Callable[[Track, str | None], tuple[bytes, tuple[Note, ...]]]


@dataclass(frozen=True, slots=True)
class Format:
    """One subtitle format: what it is called, how its files end, and what can be done with it."""

    name: str
    suffixes: tuple[str, ...]
    title: str
    read: Reader | None = None
    write: Writer | None = None
    write_bytes: BinaryWriter | None = None


# A file with more than this to say about it is no subtitle file; the notes alone would fill the memory.
_MOST_NOTES = 100_000


class Notes:
    """What a reader or a writer has to say, in the order of the lines."""

    def __init__(self) -> None:
        self._notes: list[Note] = []

    def add(self, kind: NoteKind, code: str, line: int, message: str) -> None:
        """Add one. Raises SubtitleError where there is no end of them."""
        if len(self._notes) >= _MOST_NOTES:
            raise SubtitleError(
                f"more than {_MOST_NOTES} things are wrong with it, the last one {message}",
                line=line,
                where=f"line {line}",
                remedy="Give a subtitle file.",
            )
        self._notes.append(Note(kind, code, message, line))

    def repaired(self, code: str, line: int, message: str) -> None:
        """Read, though it was not written as it should be."""
        self.add("repaired", code, line, message)

    def dropped(self, code: str, line: int, message: str) -> None:
        """Words that are not in the track."""
        self.add("dropped", code, line, message)

    def lost(self, code: str, line: int, message: str) -> None:
        """Something other than words that could not be carried."""
        self.add("lost", code, line, message)

    def by_line(self) -> tuple[Note, ...]:
        """All of them, by line."""
        return tuple(sorted(self._notes, key=lambda note: note.line))


def excerpt(text: str, limit: int = 60) -> str:
    """The beginning of a text, on one line, for a message."""
    flat = " / ".join(text[: limit * 4].split("\n"))
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"


def clock(ms: int, separator: str = ".") -> str:
    """Milliseconds as ``HH:MM:SS.mmm``; hours take as many digits as they need, times before zero are zero."""
    seconds, milliseconds = divmod(max(ms, 0), 1000)
    minutes, seconds = divmod(seconds, 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}{separator}{milliseconds:03d}"


def line_of(sign: str, text: str) -> int:
    """The line, counted from 1, that a sign first stands on. The text holds it, and has ``\\n`` as its line end."""
    return text.count("\n", 0, text.index(sign)) + 1


def normalised(text: str) -> str:
    """Text with ``\\n`` as its only line end."""
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
