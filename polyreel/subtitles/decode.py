"""From bytes to text: the encoding is recognised, and never guessed in silence."""

from __future__ import annotations

import codecs

from polyreel.errors import SubtitleError
from polyreel.subtitles.model import Note

MAX_BYTES = 16 * 1024 * 1024

# UTF-32 first: its little-endian BOM begins with UTF-16's.
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def too_big(size: int) -> SubtitleError:
    """What a file above the limit is refused with."""
    return SubtitleError(
        f"{'more than ' if size > MAX_BYTES else ''}{MAX_BYTES // (1024 * 1024)} MiB is no subtitle file",
        code="subtitles_too_big",
        remedy=f"Give a file of at most {MAX_BYTES // (1024 * 1024)} MiB.",
    )


def decoded(data: bytes) -> tuple[str, str, tuple[Note, ...]]:
    """``(text, encoding, notes)``. The BOM is gone; bytes that mean nothing are U+FFFD, with a note."""
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return _as(data[len(bom) :], encoding)
    return _as(data, "utf-8")


def _as(data: bytes, encoding: str) -> tuple[str, str, tuple[Note, ...]]:
    try:
        return data.decode(encoding), encoding, ()
    except UnicodeDecodeError as error:
        text = data.decode(encoding, "replace")
        line = data[: error.start].decode(encoding, "replace").count("\n") + 1
        return text, encoding, (Note("repaired", "bad_bytes", f"bytes that are not {encoding} read as U+FFFD", line),)
