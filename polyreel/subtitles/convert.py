"""Files in, files out: decode, read, write, and everything that is not as it stood as notes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from polyreel.errors import SubtitleError
from polyreel.errors.full_disk import as_full_disk
from polyreel.machine.files import TooManyBytes, read_whole, write_atomically
from polyreel.subtitles.decode import MAX_BYTES, decode_bytes, too_big
from polyreel.subtitles.formats.base import Format, ReadingOptions, WritingOptions
from polyreel.subtitles.formats.registry import (
    format_named,
    format_of_bytes,
    format_of_file,
    format_of_text,
    names_written,
    suffix_of,
)
from polyreel.subtitles.model import Note, Reading, Track, Writing
from polyreel.subtitles.retime import Retiming, retime
from polyreel.subtitles.rolling import collapse_rolling

_NOTHING_KNOWN = ReadingOptions()
_NOTHING_TO_SAY = WritingOptions()


def read_file(path: Path, options: ReadingOptions = _NOTHING_KNOWN) -> Reading:
    """Read a subtitle file; its format is its name's, its encoding is recognised.

    Raises SubtitleError where it can't be read without guessing (``where`` names the file and the line), or is bigger
    than `polyreel.subtitles.decode.MAX_BYTES`.
    """
    try:
        data = read_whole(path, MAX_BYTES)
    except TooManyBytes as error:
        big = too_big(error.bytes)
        big.where = str(path)
        raise big from None
    except OSError as error:
        remedy = "Give the path of a subtitle file that can be read."
        raise SubtitleError(f"can't be read: {error.strerror}", where=str(path), remedy=remedy) from error
    return read_bytes(data, name=str(path), options=options)


def read_bytes(
    data: bytes,
    format: str | None = None,  # noqa: A002 the field's own word
    name: str = "",
    options: ReadingOptions = _NOTHING_KNOWN,
) -> Reading:
    """Read a subtitle file's bytes. ``format`` is ``srt`` or ``vtt``; without it the name's end or the text decides."""
    try:
        return _read_format(data, format, name, options)
    except SubtitleError as error:
        error.where = ", ".join(filter(None, [name, error.where])) if name not in error.where else error.where
        raise


def _read_format(data: bytes, wanted: str | None, name: str, options: ReadingOptions) -> Reading:
    if len(data) > MAX_BYTES:
        raise too_big(len(data))
    binary = _binary_format(data, wanted, name)
    if binary and binary.read_bytes:
        return binary.read_bytes(data, options)
    text, encoding, notes = decode_bytes(data, options.locale)
    found, mismatch = _find_format(text, wanted, name)
    if not text.strip("\ufeff\0 \t\r\n\f"):
        _refuse_zeros(data)
        empty = Note("repaired", "empty_file", "the file holds no cues")
        return Reading(Track(), (*notes, empty), encoding, found)
    reader = format_named(found).read
    if reader is None:
        raise SubtitleError(f"{found} can be written, not read", code="unknown_format", remedy="Give an SRT or VTT.")
    reading = reader(text, options)
    track, rolled = collapse_rolling(reading.track)
    return replace(reading, track=track, notes=(*notes, *mismatch, *reading.notes, *rolled), encoding=encoding)


def _binary_format(data: bytes, wanted: str | None, name: str) -> Format | None:
    """The format of a file that is no text; EBU-STL says so in its first bytes, whatever it is called."""
    known = format_of_bytes(data) or (format_named(wanted) if wanted else format_of_file(name))
    return known if known and known.read_bytes else None


def _refuse_zeros(data: bytes) -> None:
    """A file of zero bytes alone is what a disk leaves that was full or was unplugged, and no empty script."""
    if b"\0" in data:
        raise SubtitleError(
            f"it holds nothing but zero bytes ({len(data)} of them): the file is damaged",
            remedy="Copy it anew from where it came from.",
        )


def _find_format(text: str, wanted: str | None, name: str) -> tuple[str, tuple[Note, ...]]:
    """The format to read as. WebVTT is known by its first line, whatever the file is called."""
    by_text, by_name = format_of_text(text), format_of_file(name)
    called = wanted or (by_name.name if by_name else by_text)
    if called == "srt" and by_text == "vtt":
        return "vtt", (Note("repaired", "format", "called SubRip, but begins with WEBVTT: read as WebVTT", 1),)
    if called == "srt" and by_text != "srt":
        title = format_named(by_text).title
        return by_text, (Note("noted", "format", f"called SubRip, but is {title}: read as that", 1),)
    return called, ()


def write(
    track: Track,
    format: str,  # noqa: A002 the field's own word
    *,
    locale: str | None = None,
    options: WritingOptions = _NOTHING_TO_SAY,
) -> Writing:
    """A track as the text of a file, in any format that is text. Encode it as UTF-8."""
    writer = format_named(format).write
    if writer is None:
        known = format_named(format)
        if known.write_bytes is None:
            raise SubtitleError(
                f"{known.title} can be read, not written",
                code="unknown_format",
                remedy=f"Known are {', '.join(names_written())}.",
            )
        raise SubtitleError(f"{format} is not text", code="unknown_format", remedy="Use write_bytes.")
    return writer(track, replace(options, locale=locale) if locale else options)


def write_bytes(
    track: Track,
    format: str,  # noqa: A002 the field's own word
    *,
    locale: str | None = None,
    options: WritingOptions = _NOTHING_TO_SAY,
) -> tuple[bytes, tuple[Note, ...]]:
    """A track as the bytes of a file, in any format that can be written; text is UTF-8 without a BOM."""
    binary = format_named(format).write_bytes
    if binary is not None:
        return binary(track, replace(options, locale=locale) if locale else options)
    writing = write(track, format, locale=locale, options=options)
    return writing.text.encode("utf-8", "replace"), writing.notes


@dataclass(frozen=True, slots=True)
class Conversion:
    """What is asked of a conversion beside its two files. ``target`` is a format's name; else the ending decides."""

    reading: ReadingOptions = _NOTHING_KNOWN
    writing: WritingOptions = _NOTHING_TO_SAY
    retiming: Retiming = field(default_factory=Retiming)
    target: str | None = None


def convert_file(src: Path, dst: Path, asked: ReadingOptions | Conversion = _NOTHING_KNOWN) -> tuple[Note, ...]:
    """Read one file and write another, whole or not at all; returns everything repaired, dropped, lost and noted.

    Raises SubtitleError where the source can't be read or holds no cue, or where the destination's name ends in no
    known format; InvalidJob for rates and timecodes that can't be.
    """
    if isinstance(asked, ReadingOptions):
        asked = Conversion(asked, WritingOptions(locale=asked.locale, frame_rate=asked.frame_rate))
    target = format_named(asked.target) if asked.target else format_of_file(dst.name)
    if target is None or target.name not in names_written():
        raise SubtitleError(
            f"its name ends in no known format that can be written: {dst.name[:80]}",
            code="unknown_format",
            where=str(dst),
            remedy=f"End it in {', '.join(suffix_of(name) for name in names_written())}.",
        )
    reading = read_file(src, asked.reading)
    require_cues(reading, str(src))
    track, retimed = retime(reading.track, asked.retiming)
    if not track.cues:
        raise SubtitleError(
            "all of its cues would end before zero: nothing would be left to write",
            code="empty_transcript",
            where=str(src),
            remedy="Give another --offset or --start-timecode: less is taken from the times then.",
        )
    content, lost = write_bytes(track, target.name, options=asked.writing)
    try:
        write_atomically(dst, content)
    except OSError as error:
        if full := as_full_disk(error, "write the subtitles", dst):
            raise full from error
        raise SubtitleError(
            f"can't be written: {error.strerror or error}",
            code="invalid_input",
            where=str(dst)[:200],
            remedy="Name a file in a folder that exists and can be written.",
        ) from error
    return (*reading.notes, *retimed, *lost)


def require_cues(reading: Reading, place: str) -> None:
    """Refuse a file without a cue, at the line of the first thing that is wrong with it. Raises SubtitleError."""
    if reading.track.cues:
        return
    first = next((note for note in reading.notes if note.line), None)
    raise SubtitleError(
        f"there is no cue in it{f' ({first.message})' if first else ''}",
        code="empty_transcript",
        line=first.line if first else 0,
        where=f"{place}, line {first.line}" if first else place,
        remedy="Give a script with text and times.",
    )
