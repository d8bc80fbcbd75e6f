"""Files made so that a crash leaves them whole or not there at all; hashed while they are written; errors explained."""

from __future__ import annotations

import errno
import hashlib
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from polyreel.errors import StoreError

_CHUNK = 1 << 20
_FULL = {errno.ENOSPC, errno.EDQUOT}


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's content, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class HashingFile:
    """A new file that is hashed while it is written, so that nobody has to read it again to name it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.bytes = 0
        self._hash = hashlib.sha256()
        self._file = path.open("wb")

    @property
    def sha256(self) -> str:
        """The hash of everything written so far, lower-case hex."""
        return self._hash.hexdigest()

    def write(self, content: bytes | memoryview) -> int:
        """Append a piece."""
        self._hash.update(content)
        self.bytes += len(content)
        return self._file.write(content)

    def __enter__(self) -> HashingFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()


def copy_hashed(source: Path, copy: Path) -> HashingFile:
    """Copy a file and hash it in the one pass; what comes back is closed and knows ``sha256`` and ``bytes``."""
    with source.open("rb") as file, HashingFile(copy) as hashed:
        while piece := file.read(_CHUNK):
            hashed.write(piece)
    return hashed


def sync_folder(folder: Path) -> None:
    """Make renames inside a folder durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def replace_durably(part: Path, final: Path) -> None:
    """Move a finished file to its name: content first, then the name, so that a crash leaves one or the other."""
    handle = os.open(part, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
    part.replace(final)
    sync_folder(final.parent)


def place(part: Path, final: Path) -> None:
    """Move a finished file to its name, in a folder that is made where there is none."""
    make_folder(final.parent)
    replace_durably(part, final)


def write_atomically(final: Path, content: bytes) -> None:
    """Write a small file so that it is there whole or not at all."""
    make_folder(final.parent)
    part = final.with_name(f".{uuid.uuid4().hex[:12]}.part")
    try:
        part.write_bytes(content)
        replace_durably(part, final)
    finally:
        part.unlink(missing_ok=True)


def make_folder(folder: Path) -> None:
    """Make a folder, durably, with those above it where they are missing too."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    sync_folder(folder.parent)


@contextmanager
def explained(doing: str, where: Path | str) -> Iterator[None]:
    """Turn an operating system's error into one that says what to do about it."""
    try:
        yield
    except OSError as error:
        full = error.errno in _FULL
        remedy = "Free some space on that disk" if full else "See that the folder exists and can be written"
        raise StoreError(
            f"could not {doing}: {'the disk is full' if full else error.strerror or error}",
            code="disk_full" if full else None,
            where=str(where),
            remedy=f"{remedy} (POLYREEL_HOME says where), then run again: finished work is kept.",
        ) from error
