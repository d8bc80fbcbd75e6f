"""What is sent along with a call: JSON, forms and pieces of files, read as they go out so that memory stays flat.

Every body knows its length before the first byte (signed upload addresses and multipart parts need a Content-Length),
and can be read again from its start, by its own handle, for another attempt.
"""

from __future__ import annotations

import asyncio
import json
import mimetypes
import os
import uuid
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from polyreel.errors import InvalidJob

CHUNK = 1 << 20


@contextmanager
def reading_file(name: str) -> Iterator[None]:
    """The user's file ``name`` is read inside the block. Raises `InvalidJob` where it can't be."""
    try:
        yield
    except OSError as error:
        raise InvalidJob(
            f"The file can't be read: {error.strerror}.",
            where=name,
            remedy="Check the path, and that polyreel may read it.",
        ) from None


class Body(Protocol):
    """What a request carries."""

    @property
    def content_type(self) -> str:
        """The Content-Type header; empty for none."""
        ...

    @property
    def length(self) -> int:
        """Bytes."""
        ...

    def read_chunks(self) -> AsyncIterator[bytes]:
        """The bytes, from the start, each time it is called."""
        ...


@dataclass(frozen=True, slots=True)
class Bytes:
    """Bytes that are in memory already."""

    data: bytes
    content_type: str = "application/octet-stream"

    @property
    def length(self) -> int:
        """Bytes."""
        return len(self.data)

    async def read_chunks(self) -> AsyncIterator[bytes]:
        """All of it."""
        yield self.data


def json_body(value: Any) -> Bytes:
    """A value as JSON."""
    return Bytes(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(), "application/json")


@dataclass(frozen=True, slots=True)
class FileSlice:
    """`length` bytes of a file from `start`. Opens its own handle each time, so slices can go out side by side."""

    path: Path
    start: int = 0
    length: int = -1
    content_type: str = "application/octet-stream"

    def __post_init__(self) -> None:
        if self.length < 0:
            object.__setattr__(self, "length", self.path.stat().st_size - self.start)

    async def read_chunks(self) -> AsyncIterator[bytes]:
        """The slice, at most `CHUNK` bytes at a time."""
        # A handle of its own: a published client shares one among its upload threads, and so
        # sent wrong bytes under a right ETag in 4 of 10 uploads of five parts (WIRE.md).
        file = await asyncio.to_thread(os.open, self.path, os.O_RDONLY)
        try:
            at, end = self.start, self.start + self.length
            while at < end:
                size = min(CHUNK, end - at)
                # Handing a block to a thread and back costs as much as reading it from memory.
                cached = _is_cached(file, at, size)
                data = os.pread(file, size, at) if cached else await asyncio.to_thread(os.pread, file, size, at)
                if not data:
                    raise OSError(f"{self.path.name} became shorter while it was being sent")
                at += len(data)
                yield data
        finally:
            os.close(file)


def _is_cached(file: int, at: int, size: int) -> bool:
    """Whether the system has a piece of a file in memory, as far as its ends tell; False where it can't be asked."""
    try:
        return all(os.preadv(file, [bytearray(1)], place, os.RWF_NOWAIT) for place in (at, at + size - 1))
    except (OSError, AttributeError):
        return False


@dataclass(frozen=True, slots=True)
class FilePart:
    """A file (or bytes) in a form."""

    source: Path | bytes
    name: str = ""
    content_type: str = ""

    @property
    def filename(self) -> str:
        """The name the vendor sees."""
        return self.name or (self.source.name if isinstance(self.source, Path) else "file")

    def make_body(self) -> Body:
        """The part's bytes."""
        kind = self.content_type or mimetypes.guess_type(self.filename)[0] or "application/octet-stream"
        return FileSlice(self.source, content_type=kind) if isinstance(self.source, Path) else Bytes(self.source, kind)


@dataclass(frozen=True)
class Form:
    """A multipart/form-data body: the fields first, the files after them, both in the order given.

    A field may be text, or a `Bytes` with a content type of its own (JSON beside a file).
    """

    fields: Mapping[str, str | Bytes] = field(default_factory=dict)
    files: Mapping[str, FilePart] = field(default_factory=dict)
    # Chosen once: the length is told before the body is written, and a repeat has to be as long.
    boundary: str = field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def content_type(self) -> str:
        """With the boundary."""
        return f"multipart/form-data; boundary={self.boundary}"

    @property
    def length(self) -> int:
        """Of the whole form, heads and boundaries included."""
        return sum(len(head) + body.length + 2 for head, body in self._make_parts()) + len(self._make_end())

    async def read_chunks(self) -> AsyncIterator[bytes]:
        """Part after part."""
        for head, body in self._make_parts():
            yield head
            async for data in body.read_chunks():
                yield data
            yield b"\r\n"
        yield self._make_end()

    def _make_parts(self) -> list[tuple[bytes, Body]]:
        # Fields go first: an S3 POST form takes no notice of what follows its `file` (TPStreams' upload sessions).
        plain = [
            (self._make_head(name), _make_text_part(value))
            for name, value in self.fields.items()
            if isinstance(value, str)
        ]
        typed = [(self._make_head(n, "", v.content_type), v) for n, v in self.fields.items() if isinstance(v, Bytes)]
        files = [(name, part.filename, part.make_body()) for name, part in self.files.items()]
        return [
            *plain,
            *typed,
            *((self._make_head(name, shown, body.content_type), body) for name, shown, body in files),
        ]

    def _make_head(self, name: str, filename: str = "", content_type: str = "") -> bytes:
        lines = [f"--{self.boundary}", f'Content-Disposition: form-data; name="{_quote_name(name)}"']
        lines[1] += f'; filename="{_quote_name(filename)}"' if filename else ""
        lines += [f"Content-Type: {content_type}"] if content_type else []
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    def _make_end(self) -> bytes:
        return f"--{self.boundary}--\r\n".encode()


@dataclass(frozen=True)
class Watched:
    """A body that tells how many bytes have gone out."""

    body: Body
    tell: Callable[[int, int], None]

    @property
    def content_type(self) -> str:
        """The watched body's."""
        return self.body.content_type

    @property
    def length(self) -> int:
        """The watched body's."""
        return self.body.length

    async def read_chunks(self) -> AsyncIterator[bytes]:
        """The watched body's; `tell(sent, length)` is called after each chunk was taken."""
        sent, length = 0, self.length
        async for data in self.body.read_chunks():
            yield data
            # Only here has the connection taken the piece: whoever reads a body comes back when it wants more.
            sent += len(data)
            self.tell(sent, length)


def _make_text_part(value: str) -> Bytes:
    return Bytes(value.encode(), "")


def _quote_name(text: str) -> str:
    # As browsers do (HTML, multipart/form-data encoding algorithm).
    return os.fspath(text).replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
