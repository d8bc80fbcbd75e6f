"""Matroska files that carry hundreds of megabytes of fonts and pictures, read without them.

libavformat takes every attachment into memory when it opens a file, and can't be told not to. Here the elements that
hold them are found by their sizes alone, and shown to it as padding (Void, RFC 9559) instead.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_EBML = b"\x1a\x45\xdf\xa3"
_SEGMENT = b"\x18\x53\x80\x67"
_ATTACHMENTS, _TAGS, _TRACKS = b"\x19\x41\xa4\x69", b"\x12\x54\xc3\x67", b"\x16\x54\xae\x6b"
# EBML's own filler: every reader passes over it, and no position behind it changes.
_VOID = 0xEC
_WORTH_HIDING = 4 << 20
# Films have a cluster every second or five; two hours with one for each of 60 pictures a second are 432,000.
_MOST_ELEMENTS = 500_000
LARGEST_HEADER = 64 << 20
"""Of what describes the tracks: there a codec's setup lies, some kilobytes of it."""


@dataclass(frozen=True, slots=True)
class Element:
    """One element below the segment: where it begins, how long its head is, and its content (bytes)."""

    kind: bytes
    start: int
    head: int
    size: int


class TooLargeHeader(ValueError):
    """What describes the tracks would take more memory, or what lies beside them more time, than a film's can need."""


@contextmanager
def open_without_attachments(path: Path) -> Iterator[BinaryIO | None]:
    """The file as a stream in which large attachments are padding; None where there is nothing to hide.

    Raises TooLargeHeader where the tracks' own description is beyond `LARGEST_HEADER`, or the
    elements have no end.
    """
    with path.open("rb", buffering=0) as file:
        hidden = [one for one in _list_elements(file, path.stat().st_size) if _is_to_hide(one)]
    if not hidden:
        yield None
        return
    with _Masked(path, hidden) as masked:
        yield masked


def _is_to_hide(one: Element) -> bool:
    if one.kind == _TRACKS and one.size > LARGEST_HEADER:
        raise TooLargeHeader(f"{one.size} bytes describe its tracks")
    return one.kind in (_ATTACHMENTS, _TAGS) and one.size > _WORTH_HIDING


def _list_elements(file: BinaryIO, length: int) -> Iterator[Element]:
    """The segment's own elements; none where the file is no Matroska. Only their heads are read."""
    if file.read(4) != _EBML:
        return
    looked_at = 0
    first = _element_at(file, 0)
    position = first.head + first.size if first else length
    while (one := _element_at(file, position)) is not None:
        looked_at += 1
        if looked_at > _MOST_ELEMENTS:
            # Hours of looking, in a file of two bytes each. To stop and open it would be to read what lies behind.
            raise TooLargeHeader(f"it is made of more than {_MOST_ELEMENTS:,} elements")
        if one.kind != _SEGMENT:
            yield one
        # An element of unknown length (a live recording's) hides what follows: nothing large is behind it to find.
        position += one.head if one.kind == _SEGMENT else one.head + one.size
        if one.kind != _SEGMENT and one.size < 0:
            return


def _element_at(file: BinaryIO, position: int) -> Element | None:
    """The head of an element (RFC 8794, 5 and 6). ``size`` is -1 where it is not stated."""
    # At most four bytes of a name and eight of a size.
    head = os.pread(file.fileno(), 12, position)
    if len(head) < 2 or not head[0]:
        return None
    name = 9 - head[0].bit_length()
    if name > 4 or len(head) <= name or not head[name]:
        return None
    width = 9 - head[name].bit_length()
    raw = head[name : name + width]
    if len(raw) < width:
        return None
    size = int.from_bytes(raw, "big") & ((1 << 7 * width) - 1)
    return Element(head[:name], position, name + width, -1 if size == (1 << 7 * width) - 1 else size)


class _Masked(io.FileIO):
    """A file that reads as it is, but for the heads of some elements."""

    def __init__(self, path: Path, hidden: list[Element]) -> None:
        super().__init__(path, "rb")
        self._heads = [(one.start, _make_void(one)) for one in hidden]

    def readinto(self, buffer: object) -> int:
        """Fill a buffer, as `io.FileIO` does."""
        start = self.tell()
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]
        count = super().readinto(view) or 0
        for position, head in self._heads:
            first, last = max(start, position), min(start + count, position + len(head))
            if first < last:
                view[first - start : last - start] = head[first - position : last - position]
        return count

    def read(self, size: int | None = -1) -> bytes:
        """Up to so many bytes, as `io.FileIO` does."""
        wanted = bytearray(size if size is not None and size >= 0 else 1 << 20)
        return bytes(wanted[: self.readinto(wanted)])


def _make_void(one: Element) -> bytes:
    """A Void element's head that ends where the content of ``one`` does, padded to cover that one's head."""
    # EBML's size field has eight bytes at most.
    width = min(8, one.head - 1)
    size = one.head - 1 - width + one.size
    return bytes([_VOID]) + (size | 1 << 7 * width).to_bytes(width, "big")
