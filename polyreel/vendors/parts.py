"""A file that is still arriving: `NAME.part`, and beside it `NAME.part.json`, which remembers what it is a part of."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

BLOCK = 1 << 20


@dataclass
class Part:
    """The begun file of `to`. Every method that touches bytes blocks: call it in a thread."""

    to: Path
    _hash: Any = field(default_factory=hashlib.sha256)
    _hashed: int = 0
    _file: int = -1

    @property
    def path(self) -> Path:
        """Where the bytes are until they are whole."""
        return self.to.with_name(self.to.name + ".part")

    @property
    def note(self) -> Path:
        """Where it is remembered which file they belong to."""
        return self.to.with_name(self.to.name + ".part.json")

    @property
    def size(self) -> int:
        """Bytes that are here already; those without a note don't count."""
        return self.path.stat().st_size if self.path.exists() and self.note.exists() else 0

    def noted(self) -> tuple[str, int | None]:
        """The ETag and length of the file that was begun; empty and None when they are not known."""
        try:
            note = json.loads(self.note.read_text())
            return str(note["etag"]), note["length"] if isinstance(note["length"], int) else None
        except (OSError, ValueError, KeyError, TypeError):
            return "", None

    def remember(self, etag: str, length: int | None) -> None:
        """Note what is being fetched."""
        # A weak ETag can't vouch for bytes (RFC 9110, 13.1.5); without a strong one the length has to do.
        self.note.write_text(json.dumps({"etag": "" if etag.startswith("W/") else etag, "length": length}))

    def forget(self) -> None:
        """Start over."""
        self.path.unlink(missing_ok=True)
        self.note.unlink(missing_ok=True)

    def open(self, start: int) -> None:
        """Go on at `start`; 0 begins anew. What is already there is read once more, for the hash."""
        self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | (0 if start else os.O_TRUNC), 0o644)
        if self._hashed != start:
            self._hash, self._hashed = hashlib.sha256(), 0
            while self._hashed < start:
                self.hash(os.pread(self._file, min(BLOCK, start - self._hashed), self._hashed))
        os.lseek(self._file, start, os.SEEK_SET)

    def write(self, block: bytes | memoryview) -> None:
        """Write the next bytes. They have to be hashed as well, at the same time or before the next ones."""
        view = memoryview(block)
        while view:
            view = view[os.write(self._file, view) :]

    def hash(self, block: bytes | memoryview) -> None:
        """Take the next bytes into the hash."""
        self._hash.update(block)
        self._hashed += len(block)

    def close(self) -> None:
        """Nothing more comes for now. Not synced to the disk: the store does that when it takes the file."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    @property
    def sha256(self) -> str:
        """Of everything that was added, from the file's start."""
        return str(self._hash.hexdigest())

    def finish(self) -> None:
        """The file is whole: give it its name."""
        self.path.replace(self.to)
        self.note.unlink(missing_ok=True)
