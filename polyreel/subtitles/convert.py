"""Files in, files out: decode, read, write, and everything that is not as it stood as notes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from polyreel.errors import SubtitleError
from polyreel.files import write_atomically
from polyreel.subtitles.decode import MAX_BYTES, decoded, too_big
from polyreel.subtitles.model import Note, Reading, Track, Writing
from polyreel.subtitles.registry import format_named, format_of_file, format_of_text


def read_file(path: Path) -> Reading:
    """Read a subtitle file; its format is its name's, its encoding is recognised.

    Raises SubtitleError where it can't be read without guessing (``where`` names the file and the line), or is bigger
    than `polyreel.subtitles.decode.MAX_BYTES`.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        remedy = "Give the path of a subtitle file that can be read."
        raise SubtitleError(f"can't be read: {error.strerror}", where=str(path), remedy=remedy) from error
    return read_bytes(data, name=str(path))


def read_bytes(data: bytes, format: str | None = None, name: str = "") -> Reading:  # noqa: A002 the field's own word
    """Read a subtitle file's bytes. ``format`` is ``srt`` or ``vtt``; without it the name's end or the text decides."""
    try:
        return _read(data, format, name)
    except SubtitleError as error:
        error.where = ", ".join(filter(None, [name, error.where])) if name not in error.where else error.where
        raise


def _read(data: bytes, wanted: str | None, name: str) -> Reading:
    if len(data) > MAX_BYTES:
        raise too_big(len(data))
    text, encoding, notes = decoded(data)
    found, mismatch = _format(text, wanted, name)
    if not text.strip("\ufeff\0 \t\r\n\f"):
        empty = Note("repaired", "empty_file", "the file holds no cues")
        return Reading(Track(), (*notes, empty), encoding, found)
    reader = format_named(found).read
    if reader is None:
        raise SubtitleError(f"{found} can be written, not read", code="unknown_format", remedy="Give an SRT or VTT.")
    reading = reader(text)
    return replace(reading, notes=(*notes, *mismatch, *reading.notes), encoding=encoding)


def _format(text: str, wanted: str | None, name: str) -> tuple[str, tuple[Note, ...]]:
    """The format to read as. WebVTT is known by its first line, whatever the file is called."""
    by_text, by_name = format_of_text(text), format_of_file(name)
    called = wanted or (by_name.name if by_name else by_text)
    if called == "srt" and by_text == "vtt":
        return "vtt", (Note("repaired", "format", "called SubRip, but begins with WEBVTT: read as WebVTT", 1),)
    return called, ()


def write(track: Track, format: str, *, locale: str | None = None) -> Writing:  # noqa: A002 the field's own word
    """A track as the text of a file: ``srt``, ``vtt`` or ``txt``. Encode it as UTF-8."""
    writer = format_named(format).write
    if writer is None:
        raise SubtitleError(f"{format} is not text", code="unknown_format", remedy="Use write_bytes.")
    return writer(track, locale)


def write_bytes(
    track: Track,
    format: str,  # noqa: A002 the field's own word
    *,
    locale: str | None = None,
) -> tuple[bytes, tuple[Note, ...]]:
    """A track as the bytes of a file, in any format that can be written; text is UTF-8 without a BOM."""
    binary = format_named(format).write_bytes
    if binary is not None:
        return binary(track, locale)
    writing = write(track, format, locale=locale)
    return writing.text.encode("utf-8", "replace"), writing.notes


def convert_file(src: Path, dst: Path) -> tuple[Note, ...]:
    """Read one file and write another, whole or not at all; returns everything repaired, dropped and lost.

    Raises SubtitleError where the source can't be read or the destination's name ends in no known format.
    """
    target = format_of_file(dst.name)
    if target is None:
        raise SubtitleError(
            f"its name ends in no known format: {dst.name}",
            code="unknown_format",
            where=str(dst),
            remedy="End it in .srt, .vtt, .txt or .docx.",
        )
    reading = read_file(src)
    content, lost = write_bytes(reading.track, target.name)
    write_atomically(dst, content)
    return (*reading.notes, *lost)
