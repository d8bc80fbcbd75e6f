"""A multipart upload's arithmetic and its watch over the bytes; no calls (vendor page "Multipart Upload Flow").

The server decides the parts. Each part is read by a handle of its own, and what its PUT answered is held against the
MD5 of the bytes that were sent: that is what an ETag is in plain S3.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from polyreel.vendors.bodies import CHUNK, FileSlice, reading_file
from polyreel.vendors.errors import Damaged, Facts, Malformed
from polyreel.vendors.nomad.models_uploads import Part, Slice, Upload

_MD5 = re.compile(r'^"?([0-9a-f]{32})"?$', re.I)
_WHOLE = re.compile(r'^"?([0-9a-f]{32})-(\d+)"?$', re.I)


@dataclass(frozen=True, slots=True)
class Source:
    """A file as it is when its upload begins: were it to change on the way, nobody could say what was uploaded."""

    path: Path
    bytes: int
    modified_ns: int

    @classmethod
    def of_file(cls, path: Path) -> Source:
        """The file's facts now. Raises `InvalidJob` when there is no such file."""
        with reading_file(path.name):
            facts = path.stat()
        return cls(path, facts.st_size, facts.st_mtime_ns)

    def require_unchanged(self) -> None:
        """Raise `Damaged` when the file is not the one that was begun."""
        if Source.of_file(self.path) != self:
            raise Damaged("The file changed while it was being uploaded.", where=self.path.name)


@dataclass
class PartBody:
    """The bytes of one part, streamed from disk; `md5` is of what went out in the last attempt."""

    piece: Slice
    path: Path
    # A signed address may have been signed without a content type: none is sent.
    content_type: str = ""
    md5: str = ""

    @property
    def length(self) -> int:
        """Bytes."""
        return self.piece.length

    async def read_chunks(self) -> AsyncIterator[bytes]:
        """The part, from its start, each time, by a handle of its own; hashed beside the sending."""
        digest = hashlib.md5(usedforsecurity=False)
        async for data in FileSlice(self.path, self.piece.start, self.length).read_chunks():
            hashed = asyncio.ensure_future(asyncio.to_thread(digest.update, data))
            try:
                yield data
            finally:
                await hashed
        self.md5 = digest.hexdigest()

    def require_same_bytes(self, etag: str, facts: Facts) -> None:
        """Raise `Damaged` when the storage says it holds other bytes. ETags that are no MD5 say nothing."""
        if not etag.strip():
            raise Malformed("The storage took a part without giving an ETag.", facts=facts)
        told = _MD5.match(etag.strip())
        if told and told[1].lower() != self.md5:
            raise Damaged(f"Part {self.piece.part.part_number} arrived with other bytes.", facts=facts)


def cut_slices(upload: Upload, size: int, chunk: int) -> tuple[Slice, ...]:
    """Which bytes each part holds, as the server says; `chunk` is used only where it says nothing.

    Raises `Malformed` unless the parts cover the file once, without a gap.
    """
    # Before the first byte goes out: storage puts parts with a gap together, and answers as if all were well.
    cut = tuple(_cut_slice(part, size, chunk) for part in upload.parts)
    expected = 0
    for piece in cut:
        if piece.start != expected:
            raise Malformed(f"The vendor's parts leave a gap, or overlap, at byte {expected}.", where=upload.id)
        expected += piece.length
    if expected != size:
        raise Malformed(f"The vendor's parts hold {expected} bytes, the file has {size}.", where=upload.id)
    return cut


def _cut_slice(part: Part, size: int, chunk: int) -> Slice:
    start = part.starting_position if part.starting_position is not None else (part.part_number - 1) * chunk
    end = part.ending_position if part.ending_position is not None else min(start + chunk, size) - 1
    if start < 0 or end < start - 1:
        raise Malformed(f"Part {part.part_number} goes from byte {start} to {end}.", where="upload")
    return Slice(part=part, start=start, length=end + 1 - start)


def etag_of(path: Path, pieces: Sequence[Slice], known: Mapping[int, str]) -> str:
    """The ETag that plain S3 gives a file uploaded in these pieces: MD5 over their MD5s, dash, their number.

    `known` are MD5s by part number; the others are read from the file. Blocking: for a thread.
    """
    md5s = b"".join(bytes.fromhex(known.get(piece.part.part_number) or _hash_piece(path, piece)) for piece in pieces)
    return f"{hashlib.md5(md5s, usedforsecurity=False).hexdigest()}-{len(pieces)}"


def compare_etags(kept: str, ours: str) -> bool | None:
    """Whether the ETag an asset has now is that of our bytes; ``None`` where it says nothing about them.

    Another number of parts, or a hash of another kind: the vendor has put the file together its own way.
    """
    told = _WHOLE.match(kept.strip())
    if told is None or not ours.endswith(f"-{told[2]}"):
        return None
    return told[0].strip('"').lower() == ours


def _hash_piece(path: Path, piece: Slice) -> str:
    digest, left = hashlib.md5(usedforsecurity=False), piece.length
    with path.open("rb", buffering=0) as file:
        file.seek(piece.start)
        while left > 0 and (data := file.read(min(CHUNK, left))):
            digest.update(data)
            left -= len(data)
    return digest.hexdigest()
