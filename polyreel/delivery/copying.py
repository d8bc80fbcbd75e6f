"""Copies, verified while they are made. Never a hard link: a delivered file may be edited, the store's may not."""

from __future__ import annotations

import fcntl
import hashlib
import os
import threading

from polyreel.errors import DeliveryError, StoreError
from polyreel.outcome import StoredFile
from polyreel.store.local import path_of

_PIECE = 1 << 20
# Linux's FICLONE (linux/fs.h): the new file shares the old one's blocks until either is written to.
_FICLONE = 0x40049409


def copy_verified(stored_file: StoredFile, target: int, stop: threading.Event) -> None:
    """Fill an open, empty file with a stored file's bytes, on disk. `StoreError`: they are not what they should be."""
    try:
        source = os.open(path_of(stored_file), os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise _describe_damage(stored_file, "is gone") from error
    try:
        # A clone reads nothing, so what lies there now is read back.
        digest = _digest_of(target, stop) if _clone(source, target) else _copy_bytes(source, target, stop)
    finally:
        os.close(source)
    if digest != stored_file.sha256:
        raise _describe_damage(stored_file, "is not what it was")
    # A file's bytes are on the disk before its name is: a power cut must not leave a name without them.
    os.fsync(target)


def sha256_of_open(handle: int, stop: threading.Event) -> str:
    """SHA-256 of an open file from its beginning."""
    return _digest_of(handle, stop)


def _clone(source: int, target: int) -> bool:
    try:
        fcntl.ioctl(target, _FICLONE, source)
    except OSError:
        return False  # Another disk, or a file system that can't: an ordinary copy then.
    return True


def _copy_bytes(source: int, target: int, stop: threading.Event) -> str:
    digest = hashlib.sha256()
    while piece := _read_chunk(source, stop):
        digest.update(piece)
        view = memoryview(piece)
        while view:
            view = view[os.write(target, view) :]
    return digest.hexdigest()


def _digest_of(handle: int, stop: threading.Event) -> str:
    os.lseek(handle, 0, os.SEEK_SET)
    digest = hashlib.sha256()
    while piece := _read_chunk(handle, stop):
        digest.update(piece)
    return digest.hexdigest()


def _read_chunk(handle: int, stop: threading.Event) -> bytes:
    # Asked before each megabyte: a thread can't be cancelled, and a film takes minutes.
    if stop.is_set():
        raise DeliveryError("the delivery was stopped", code="cancelled", remedy="Run again: nothing was changed.")
    return os.read(handle, _PIECE)


def _describe_damage(stored_file: StoredFile, what: str) -> StoreError:
    remedy = "Remove that file if it is the store's, or put the source back; then run again and it is made anew."
    return StoreError(
        f"a stored file {what}", code="stored_file_damaged", where=str(path_of(stored_file)), remedy=remedy
    )
