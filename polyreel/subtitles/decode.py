"""From bytes to text. Which encoding it was is found out, and told; what can't be decoded is marked, and told."""

from __future__ import annotations

import codecs
import re

from polyreel.errors import SubtitleError
from polyreel.subtitles.codepages import recognise_code_page
from polyreel.subtitles.model import Note

# A film's subtitles have some hundred kilobytes, and an ASS file with fonts inside some megabytes.
MAX_BYTES = 16 * 1024 * 1024

# UTF-32 first: its little-endian BOM begins with UTF-16's.
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Enough letters to see which bytes of each are zero.
_HEAD = 4096
# Chinese in seven bits: pairs of letters between ~{ and ~}.
_HZ = re.compile(rb"~\{(?:[!-w][!-~])+~\}")
# Mac OS Arabic has ASCII's signs a second time, for text from right to left: its writers put those into times, too.
_MAC_ARABIC = re.compile(rb"\d\d\xba\d\d\xba\d\d")
_HALVES = re.compile(rb"\xed[\xa0-\xaf][\x80-\xbf]\xed[\xb0-\xbf][\x80-\xbf]")
_LONG_ZERO = b"\xc0\x80"
_DAMAGE = re.compile("\ufffd{1,3}")
_BEYOND_ASCII = re.compile(rb"[\x80-\xff]")

Decoded = tuple[str, str, tuple[Note, ...]]


def too_big(size: int) -> SubtitleError:
    """What a file above the limit is refused with."""
    return SubtitleError(
        f"more than {MAX_BYTES // (1024 * 1024)} MiB ({size} bytes read) is no subtitle file",
        code="subtitles_too_big",
        remedy=f"Give a file of at most {MAX_BYTES // (1024 * 1024)} MiB.",
    )


def decode_bytes(data: bytes, locale: str | None = None) -> Decoded:
    """``(text, encoding, notes)``: the BOM is gone; bytes that mean nothing are U+FFFD, with a note (``bad_bytes``).

    ``locale`` is the language that the text should be in: between code pages that all give letters, its own decide.

    In order: a BOM; UTF-16 or UTF-32 by where the zero bytes are; UTF-8, where at most a few bytes are wrong;
    ISO-2022-JP and -KR, HZ; a code page by `polyreel.subtitles.codepages`, with a note (``encoding_guess``) where it is
    a guess.
    """
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            data = data[len(bom) :]
            return _decode_once(_decode_utf8(data) if encoding == "utf-8" else _decode_as(data, encoding), locale)
    wide = _find_wide_encoding(data[:_HEAD])
    if wide:
        return _decode_as(data, wide)
    if b"\x1b$" in data and data.isascii():
        return _decode_as(data, "iso2022_kr" if b"\x1b$)C" in data else "iso2022_jp")
    if _HZ.search(data) and data.isascii():
        return _decode_as(data, "hz")
    if _is_utf8(_join_halves(data)):
        return _decode_once(_decode_utf8(data), locale)
    if _MAC_ARABIC.search(data):
        return _decode_as(data, "mac_arabic")
    return _as_code_page(data, locale)


def _decode_once(decoded: Decoded, locale: str | None) -> Decoded:
    """Text that was encoded once, whatever was done to it before."""
    text, encoding, notes = decoded
    if text.isascii():
        return decoded
    from polyreel.subtitles.mojibake import undo_double_encoding

    text, undone = undo_double_encoding(text, locale)
    return text, encoding, (*notes, *undone)


def _find_wide_encoding(head: bytes) -> str | None:
    """UTF-16 or UTF-32 without a BOM: digits, arrows and line ends are ASCII, and so bring zero bytes in step."""
    zeros = [head[offset::4].count(0) / max(len(head[offset::4]), 1) for offset in range(4)]
    rising = [share > 0.2 for share in zeros]
    if zeros[2] > 0.9 and zeros[3] > 0.9 and zeros[0] < 0.5:
        return "utf-32-le"
    if zeros[0] > 0.9 and zeros[1] > 0.9 and zeros[3] < 0.5:
        return "utf-32-be"
    return {(False, True, False, True): "utf-16-le", (True, False, True, False): "utf-16-be"}.get(
        (rising[0], rising[1], rising[2], rising[3])
    )


def _decode_utf8(data: bytes) -> Decoded:
    joined = _join_halves(data)
    text, encoding, notes = _decode_as(joined, "utf-8")
    if joined == data:
        return text, encoding, notes
    told = "characters written as two halves (CESU-8), as Java and old databases do, read as meant"
    return text, encoding, (Note("noted", "halves", told, _line_of_first(data, _HALVES)), *notes)


def _join_halves(data: bytes) -> bytes:
    """UTF-8 as it should be, of what Java and old databases write: a pair of surrogates, a zero in two bytes."""
    joined = _HALVES.sub(
        lambda pair: (
            pair[0].decode("utf-8", "surrogatepass").encode("utf-16-le", "surrogatepass").decode("utf-16-le").encode()
        ),
        data,
    )
    return joined.replace(_LONG_ZERO, b"\0")


def _is_utf8(data: bytes) -> bool:
    """Whether it is UTF-8, perhaps damaged: far more of what is beyond ASCII decodes than doesn't."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("utf-8", "replace")
        # One broken character may leave three signs behind; bytes that lie side by side were damaged together.
        bad = len(_DAMAGE.findall(text))
        beyond = len(text) - len(text.encode("ascii", "ignore")) - text.count("\ufffd")
        return beyond > 4 * bad
    return True


def _as_code_page(data: bytes, locale: str | None) -> Decoded:
    encoding, is_sure = recognise_code_page(data, locale)
    text, _, notes = _decode_as(data, encoding)
    if is_sure:
        return text, encoding, notes
    guess = Note("repaired", "encoding_guess", f"the encoding is a guess: {encoding}", _line_of_first(data))
    return text, encoding, (guess, *notes)


def _line_of_first(data: bytes, what: re.Pattern[bytes] = _BEYOND_ASCII) -> int:
    """The line of the first byte beyond ASCII, or of the first of something else."""
    found = what.search(data)
    return data.count(b"\n", 0, found.start()) + 1 if found else 1


def _decode_as(data: bytes, encoding: str) -> Decoded:
    try:
        return data.decode(encoding), encoding, ()
    except UnicodeDecodeError as error:
        text = data.decode(encoding, "replace")
        line = data[: error.start].decode(encoding, "replace").count("\n") + 1
        return text, encoding, (Note("repaired", "bad_bytes", f"bytes that are not {encoding} read as U+FFFD", line),)
