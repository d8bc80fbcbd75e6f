"""ttconv's documents as our tracks. Whatever it warns of is a note here: its log is read by nobody."""

from __future__ import annotations

import io
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from typing import Any

from polyreel.errors import SubtitleError
from polyreel.subtitles.formats.base import ReadingOptions
from polyreel.subtitles.formats.timedtext.read import read
from polyreel.subtitles.model import Note, NoteKind, Reading

# How ttconv lays out what these formats leave to the decoder: no property of the file, so nothing is lost with it.
_DECODERS_OWN = ("fontFamily", "lineHeight", "linePadding", "fillLineGap", "fontSize", "backgroundColor")


def read_foreign(make: Callable[[], Any], name: str, title: str, rate: Fraction) -> Reading:
    """What ttconv makes of a file, through IMSC with times in whole frames. Raises SubtitleError.

    ``rate`` is that of the file's times. Warnings become notes ``lost``, errors ``dropped``.
    """
    from ttconv.imsc import writer
    from ttconv.imsc.config import IMSCWriterConfiguration

    with _warnings_kept() as records:
        try:
            document = make()
            tree = writer.from_model(document, IMSCWriterConfiguration(fps=rate))
        except Exception as error:  # ttconv raises what Python does: whatever it is, the file is at fault
            raise SubtitleError(
                f"it can't be read as {title}: {type(error).__name__}: {str(error)[:120]}",
                remedy=f"Give a {title} file that plays elsewhere.",
            ) from error
    written = io.BytesIO()
    tree.write(written, encoding="utf-8")
    reading = read(written.getvalue().decode("utf-8"), ReadingOptions())
    # The lines are those of the IMSC in between, which nobody has.
    cues = tuple(replace(cue, line=0) for cue in reading.track.cues)
    kept = [replace(note, line=0) for note in reading.notes if not _is_decoders_own(note)]
    notes = (*kept, *dict.fromkeys(map(_note_of, records)))
    return Reading(replace(reading.track, cues=cues), notes, format=name)


def _is_decoders_own(note: Note) -> bool:
    is_style = note.code == "style_property" and any(f":{name} " in note.message for name in _DECODERS_OWN)
    return is_style or note.code in {"frames", "metadata"}


def _note_of(record: logging.LogRecord) -> Note:
    kind: NoteKind = "dropped" if record.levelno >= logging.ERROR else "lost"
    return Note(kind, "decoder", " ".join(record.getMessage().split()))


@contextmanager
def _warnings_kept() -> Iterator[list[logging.LogRecord]]:
    """What ttconv logs in this thread, kept instead of printed."""
    records: list[logging.LogRecord] = []
    keeper = _Keeper(records, threading.get_ident())
    logger = logging.getLogger("ttconv")
    logger.addHandler(keeper)
    try:
        yield records
    finally:
        logger.removeHandler(keeper)


class _Keeper(logging.Handler):
    """Keeps the records of one thread; others may convert other files at the same time."""

    def __init__(self, records: list[logging.LogRecord], thread: int) -> None:
        super().__init__(logging.WARNING)
        self._records = records
        self._thread = thread

    def emit(self, record: logging.LogRecord) -> None:
        if record.thread == self._thread and len(self._records) < 200:
            self._records.append(record)
