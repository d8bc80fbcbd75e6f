"""A transfer under way: the bytes so far, their hash, and what says that the rest belongs to them.

The one resumable transfer: sources from the web and from object stores, vendors' results and a shared store's files
all arrive in one.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Self

from polyreel.machine.boot import boot_id
from polyreel.machine.files import explain_errors, place, read_note

_PIECE = 1 << 20


class Part:
    """Bytes in one file, and beside it a note (JSON) of what they are the beginning of.

    After a restart of the process the bytes are trusted, and hashed again from the disk; after a restart of the machine
    they are not, because a length may have reached the disk before its content did. Without a validator nothing tells
    that the rest is of the same file, so such bytes are not gone on from. Every method that touches bytes blocks: call
    it in a thread where there are many.
    """

    def __init__(self, content: Path, note: Path) -> None:
        self.path, self.note = content, note
        self._hash, self._hashed, self._file = hashlib.sha256(), 0, -1
        self.size = 0
        self.validator = ""
        self.total: int | None = None
        self._recover_state()

    @classmethod
    def inside(cls, folder: Path) -> Self:
        """``content.part`` and ``state.json`` in a lasting scratch folder."""
        return cls(folder / "content.part", folder / "state.json")

    @classmethod
    def beside(cls, to: Path) -> Self:
        """``NAME.part`` and ``NAME.part.json`` beside the file that it becomes."""
        return cls(to.with_name(f"{to.name}.part"), to.with_name(f"{to.name}.part.json"))

    def _recover_state(self) -> None:
        said = read_note(self.note) or {}
        validator, total = said.get("validator"), said.get("total")
        if said.get("boot") == boot_id() and isinstance(validator, str) and validator:
            self.validator, self.total = validator, total if isinstance(total, int) else None
            self.size = self.path.stat().st_size if self.path.exists() else 0
        else:
            self.path.unlink(missing_ok=True)

    # -- what is there

    @property
    def sha256(self) -> str:
        """The hash of everything so far, lower-case hex."""
        return self._hash.hexdigest()

    @property
    def resumable(self) -> bool:
        """Whether there is something to go on from, and a way to see that it is still the same thing."""
        return self.size > 0 and bool(self.validator)

    @property
    def complete(self) -> bool:
        """Whether every byte is there, as far as the other side said how many there are."""
        return self.total is None or self.size == self.total

    @property
    def is_open(self) -> bool:
        """Whether bytes can be written right now."""
        return self._file >= 0

    # -- bytes

    def open(self) -> Self:
        """Go on where it stands. What is already there is read once more, for the hash, where it has not been yet."""
        if self._file < 0:
            self._file = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o644)
            while self._hashed < self.size:
                self.hash_piece(os.pread(self._file, min(_PIECE, self.size - self._hashed), self._hashed))
            os.lseek(self._file, self.size, os.SEEK_SET)
        return self

    def begin_anew(self, validator: str = "", total: int | None = None) -> None:
        """Start from nothing. ``validator`` is a strong ETag or a Last-Modified; without one a cut loses everything."""
        self.size, self._hash, self._hashed = 0, hashlib.sha256(), 0
        self.validator, self.total = validator, total
        self.open()
        os.ftruncate(self._file, 0)
        os.lseek(self._file, 0, os.SEEK_SET)
        self.note.write_text(json.dumps({"boot": boot_id(), "validator": validator, "total": total}))

    def write(self, content: bytes | memoryview) -> None:
        """Append a piece, and hash it."""
        self.write_unhashed(content)
        self.hash_piece(content)

    def write_unhashed(self, content: bytes | memoryview) -> None:
        """Append a piece that `hash_piece` hashes at the same time, in another thread."""
        view = memoryview(content)
        while view:
            done = os.write(self._file, view)
            self.size += done
            view = view[done:]

    def hash_piece(self, content: bytes | memoryview) -> None:
        """Take a piece into the hash."""
        self._hash.update(content)
        self._hashed += len(content)

    # -- ends

    def release_content(self) -> Path:
        """The finished content, closed, for whoever takes the file from there."""
        self.pause()
        self.note.unlink(missing_ok=True)
        return self.path

    def move_to(self, final: Path) -> None:
        """Move the finished transfer to its name, durably."""
        content = self.release_content()
        with explain_errors("keep what is fetched", final):
            place(content, final)

    def discard(self) -> None:
        """Forget everything, on disk too."""
        self.pause()
        self.size, self._hash, self._hashed = 0, hashlib.sha256(), 0
        self.validator, self.total = "", None
        self.path.unlink(missing_ok=True)
        self.note.unlink(missing_ok=True)

    def pause(self) -> None:
        """Nothing more comes for now; the bytes stay."""
        if self._file >= 0:
            descriptor, self._file = self._file, -1
            with explain_errors("keep what is fetched so far", self.path):
                os.close(descriptor)

    def close(self) -> None:
        """Leave the bytes for a later run; what can't be gone on from is removed."""
        self.pause()
        if not self.resumable:
            self.discard()


@asynccontextmanager
async def open_part(folder: Path) -> AsyncIterator[Part]:
    """A part in a scratch folder, opened in a thread (what is there is hashed again), closed at the block's end."""
    opening = asyncio.ensure_future(asyncio.to_thread(lambda: Part.inside(folder).open()))
    try:
        part = await asyncio.shield(opening)
    except asyncio.CancelledError:
        (await opening).close()  # a thread goes on when its waiter is cancelled: what it opens must be closed
        raise
    try:
        yield part
    finally:
        part.close()
