"""What ffmpeg doesn't write into an MP4: a track's full language tag (``elng``, ISO/IEC 14496-12, 8.4.6).

Putting the index in front of the media (faststart) rewrites the file anyway, so both happen in one pass here. The index
is read into memory (some MB for a film), the media never.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TypeAlias

import numpy as np

from polyreel.errors import ToolError

_Extent: TypeAlias = tuple[bytes, int, int]
_ANEW = "Run the job again: the file is made anew."
_LEFT_BEHIND = frozenset({b"ftyp", b"moov", b"free"})
_CHUNKS = {b"stco": ">u4", b"co64": ">u8"}
_PARENTS = frozenset({b"moov", b"trak", b"mdia", b"minf", b"stbl"})
# `chpl` counts its chapters in one byte.
_MOST_CHAPTERS = 255
# Two bits of QuickTime's own: 3GPP's `tx3g` (TS 26.245) knows none for forced text.
_FORCED = 0xC0000000
_ROLES = b"urn:mpeg:dash:role:2011"
# The index is read into memory; one that claims more than this is damaged.
_INDEX_LIMIT = 512 << 20


@dataclass(frozen=True, slots=True)
class Box:
    """A box of an index: its kind, and its content or the boxes inside it."""

    kind: bytes
    content: bytes = b""
    inside: tuple[Box, ...] = ()

    def child(self, *path: bytes) -> Box | None:
        """The first box under this one by kinds, e.g. ``trak.child(b"mdia", b"elng")``."""
        found: Box | None = self
        for kind in path:
            found = next((box for box in found.inside if box.kind == kind), None) if found else None
        return found

    def as_bytes(self) -> bytes:
        """The box as it stands in a file."""
        body = self.content or b"".join(box.as_bytes() for box in self.inside)
        return struct.pack(">I4s", 8 + len(body), self.kind) + body


@dataclass(frozen=True, slots=True)
class Label:
    """What to say of a track: its BCP-47 tag ("" for none), whether it plays without being chosen, and its purpose as
    DASH names it (``main``) where ffmpeg has no word for it."""

    tag: str = ""
    enabled: bool = True
    purpose: str = ""
    is_forced: bool = False
    """Text that players show unasked: every sample of it (3GPP TS 26.245, Apple's QuickTime File Format)."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a chapter begins (milliseconds), and its title."""

    start_ms: int
    title: str


def write_index_first(part: Path, target: Path, labels: Sequence[Label], chapters: Sequence[Mark] = ()) -> None:
    """Write ``part`` to ``target`` with its index in front and a label per track, in track order, and its chapters."""
    with part.open("rb") as source:
        extents = list(_top_level(source, part.stat().st_size))
        index = _add_chapters(_label_tracks(_read_index(source, extents, part), labels), chapters)
        before = sum(size for kind, _, size in extents if kind == b"ftyp")
        moved = _shift_chunks(index, extents, before)
        with target.open("wb") as output:
            for kind, start, size in extents:
                if kind == b"ftyp":
                    _copy_stretch(source, output, start, size)
            output.write(moved.as_bytes())
            for kind, start, size in extents:
                if kind not in _LEFT_BEHIND:
                    _copy_stretch(source, output, start, size)


def track_tags(path: Path) -> list[tuple[str, str, str]]:
    """Per track: handler (``vide``, ``soun``, ``sbtl``), ISO 639-2 code, BCP-47 tag ("" where there is none)."""
    with path.open("rb") as source:
        index = _read_index(source, list(_top_level(source, path.stat().st_size)), path)
    return [_tags_of(trak) for trak in index.inside if trak.kind == b"trak"]


def _tags_of(trak: Box) -> tuple[str, str, str]:
    handler, header, extended = (trak.child(b"mdia", kind) for kind in (b"hdlr", b"mdhd", b"elng"))
    if handler is None or header is None:
        return "", "", ""
    # Three letters of five bits each, counted from a character before 'a' (ISO/IEC 14496-12, 8.4.2.3).
    packed = int.from_bytes(header.content[-4:-2], "big")
    code = "".join(chr(96 + (packed >> shift & 31)) for shift in (10, 5, 0))
    tag = extended.content[4:].split(b"\0")[0].decode("ascii", "replace") if extended else ""
    return handler.content[8:12].decode("ascii", "replace"), code, tag


def _top_level(source: BinaryIO, length: int) -> Iterator[_Extent]:
    position = 0
    while position + 8 <= length:
        source.seek(position)
        size, kind = struct.unpack(">I4s", source.read(8))
        # 1 says that the size is too large for 32 bits and follows; 0, that the box runs to the file's end.
        if size == 1:
            size = int.from_bytes(source.read(8), "big")
        size = size or length - position
        if size < 8 or position + size > length:
            raise ToolError("the written MP4 is damaged.", where="mp4", remedy="Check the disk's free space.")
        yield kind, position, size
        position += size


def _read_index(source: BinaryIO, extents: Sequence[_Extent], path: Path) -> Box:
    for kind, start, size in extents:
        if kind == b"moov" and size < _INDEX_LIMIT:
            source.seek(start + 8)
            return Box(kind, inside=tuple(_list_boxes(source.read(size - 8))))
    raise ToolError("no usable index in the MP4.", where=str(path), remedy="Check the disk's free space.")


def _list_boxes(content: bytes) -> Iterator[Box]:
    position = 0
    while position + 8 <= len(content):
        size, kind = struct.unpack_from(">I4s", content, position)
        if size < 8 or position + size > len(content):
            raise ToolError("the index of the MP4 is damaged.", where="mp4", remedy=_ANEW)
        body = content[position + 8 : position + size]
        yield Box(kind, inside=tuple(_list_boxes(body))) if kind in _PARENTS else Box(kind, body)
        position += size


def _label_tracks(index: Box, labels: Sequence[Label]) -> Box:
    waiting = iter(labels)
    inside = (_add_label(box, next(waiting, Label())) if box.kind == b"trak" else box for box in index.inside)
    return Box(index.kind, inside=tuple(inside))


def _add_label(trak: Box, label: Label) -> Box:
    inside = trak.inside
    if not label.enabled:
        # ffmpeg enables the first track of each kind, so subtitles would show unasked.
        inside = tuple(_disable_track(box) if box.kind == b"tkhd" else box for box in inside)
    if label.tag:
        elng = Box(b"elng", bytes(4) + label.tag.encode("ascii") + b"\0")
        inside = tuple(_after_header(box, elng) if box.kind == b"mdia" else box for box in inside)
    if label.is_forced:
        inside = tuple(_force_text(box) for box in inside)
    return Box(trak.kind, inside=_add_purpose(inside, label.purpose) if label.purpose else inside)


def _force_text(box: Box) -> Box:
    """The same with `displayFlags` of its text's sample description saying that some, and all, samples are forced."""
    if box.kind == b"stsd" and box.content[12:16] == b"tx3g":
        flags = int.from_bytes(box.content[24:28], "big") | _FORCED
        return Box(box.kind, box.content[:24] + flags.to_bytes(4, "big") + box.content[28:])
    return Box(box.kind, box.content, tuple(_force_text(one) for one in box.inside))


def _add_purpose(inside: tuple[Box, ...], purpose: str) -> tuple[Box, ...]:
    """A track's boxes with a ``kind`` (ISO/IEC 14496-12, 8.10.4) among what is said of it."""
    kind = Box(b"kind", bytes(4) + _ROLES + b"\0" + purpose.encode("ascii") + b"\0").as_bytes()
    said = b"".join(box.content for box in inside if box.kind == b"udta")
    return (*(box for box in inside if box.kind != b"udta"), Box(b"udta", said + kind))


def _add_chapters(index: Box, chapters: Sequence[Mark]) -> Box:
    """The index with a chapter list (``chpl``) among what it says of the whole file: ffmpeg writes chapters only from
    an input's own, which lie elsewhere after a trim."""
    if not chapters:
        return index
    marks = b"".join(_pack_mark(one) for one in chapters[:_MOST_CHAPTERS])
    listed = Box(b"chpl", bytes([1, 0, 0, 0]) + bytes(4) + bytes([min(len(chapters), _MOST_CHAPTERS)]) + marks)
    others = [box for box in index.inside if box.kind != b"udta"]
    said = b"".join(box.content for box in index.inside if box.kind == b"udta")
    return Box(index.kind, inside=(*others, Box(b"udta", said + listed.as_bytes())))


def _pack_mark(mark: Mark) -> bytes:
    # The length is one byte, and counts bytes: half a letter at the end is dropped.
    title = mark.title.encode("utf-8")[:255].decode("utf-8", "ignore").encode("utf-8")
    # `chpl` counts in units of 100 ns.
    return struct.pack(">QB", mark.start_ms * 10_000, len(title)) + title


def _disable_track(header: Box) -> Box:
    return Box(header.kind, header.content[:3] + bytes([header.content[3] & ~1]) + header.content[4:])


def _after_header(media: Box, elng: Box) -> Box:
    kept = [box for box in media.inside if box.kind != b"elng"]
    return Box(media.kind, inside=(*kept[:1], elng, *kept[1:]))


def _shift_chunks(index: Box, extents: Sequence[_Extent], before: int) -> Box:
    """The index with every chunk where it will be: behind the index, whose own length may depend on that."""
    # Narrow first: only a file beyond 4 GiB needs the longer table.
    narrow = _place_chunks(index, extents, before, wide=False)
    return narrow if narrow is not None else _place_chunks(index, extents, before, wide=True) or index


def _place_chunks(index: Box, extents: Sequence[_Extent], before: int, *, wide: bool) -> Box | None:
    """None where 32-bit offsets do not reach far enough."""
    # Once without moves, to learn how long the index is with offsets of this width.
    as_wide = _relocate_box(index, [], wide)
    if as_wide is None:
        return None
    moves, begin = [], before + len(as_wide.as_bytes())
    for kind, start, size in extents:
        if kind not in _LEFT_BEHIND:
            moves.append((start, size, begin - start))
            begin += size
    return _relocate_box(index, moves, wide)


def _relocate_box(box: Box, moves: Sequence[tuple[int, int, int]], wide: bool) -> Box | None:
    if box.kind in _CHUNKS:
        return _relocate_chunks(box, moves, wide)
    if not box.inside:
        return box
    inside = [_relocate_box(one, moves, wide) for one in box.inside]
    return None if None in inside else Box(box.kind, inside=tuple(one for one in inside if one))


def _relocate_chunks(box: Box, moves: Sequence[tuple[int, int, int]], wide: bool) -> Box | None:
    old = np.frombuffer(box.content[8:], dtype=_CHUNKS[box.kind]).astype(np.int64)
    new = old.copy()
    for start, size, by in moves:
        new[(old >= start) & (old < start + size)] += by
    kind = b"co64" if wide else box.kind
    # Moving the index to the front may push the last chunks over 4 GiB: then all offsets are written with 64 bits.
    if kind == b"stco" and new.size and new.max() > 0xFFFFFFFF:
        return None
    return Box(kind, box.content[:8] + new.astype(_CHUNKS[kind]).tobytes())


def _copy_stretch(source: BinaryIO, output: BinaryIO, start: int, size: int) -> None:
    """Copy a stretch of a file; the kernel does it where it can, so no media passes through this process."""
    # What Python still holds has to be written before the kernel goes on behind it.
    output.flush()
    while size:
        try:
            # Linux sends 2 GiB at most per call.
            done = os.sendfile(output.fileno(), source.fileno(), start, min(size, 1 << 30))
        except OSError as error:
            raise ToolError(
                f"could not be written: {error.strerror}.",
                where=output.name,
                remedy="Free some space, or point POLYREEL_HOME at another disk.",
            ) from error
        if done == 0:
            raise ToolError("the written MP4 is damaged.", where=source.name, remedy=_ANEW)
        start, size = start + done, size - done
    # The kernel moved the file's position, and Python's own has to follow.
    output.seek(0, os.SEEK_END)
