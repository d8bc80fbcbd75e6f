"""Copies, verified while they are made. Never a hard link: a delivered file may be edited, the store's may not."""

from __future__ import annotations

import fcntl
import hashlib
import os
import threading

from polyreel.errors import DeliveryError, StoreError
from polyreel.outcome import Artefact
from polyreel.store import path_of

_PIECE = 1 << 20
# Linux's FICLONE (linux/fs.h): the new file shares the old one's blocks until either is written to.
_FICLONE = 0x40049409


def copy_verified(artefact: Artefact, target: int, stop: threading.Event) -> None:
    """Fill an open, empty file with an artefact's bytes, on disk. `StoreError`: they are not what they should be."""
    try:
        source = os.open(path_of(artefact), os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise _damaged(artefact, "is gone") from error
    try:
        digest = _digest_of(target, stop) if _cloned(source, target) else _copied(source, target, stop)
    finally:
        os.close(source)
    if digest != artefact.sha256:
        raise _damaged(artefact, "is not what it was")
    os.fsync(target)


def sha256_of_open(handle: int, stop: threading.Event) -> str:
    """SHA-256 of an open file from its beginning."""
    return _digest_of(handle, stop)


def _cloned(source: int, target: int) -> bool:
    try:
        fcntl.ioctl(target, _FICLONE, source)
    except OSError:
        return False  # Another disk, or a file system that can't: an ordinary copy then.
    return True


def _copied(source: int, target: int, stop: threading.Event) -> str:
    digest = hashlib.sha256()
    while piece := _read(source, stop):
        digest.update(piece)
        view = memoryview(piece)
        while view:
            view = view[os.write(target, view) :]
    return digest.hexdigest()


def _digest_of(handle: int, stop: threading.Event) -> str:
    os.lseek(handle, 0, os.SEEK_SET)
    digest = hashlib.sha256()
    while piece := _read(handle, stop):
        digest.update(piece)
    return digest.hexdigest()


def _read(handle: int, stop: threading.Event) -> bytes:
    if stop.is_set():
        raise DeliveryError("the delivery was stopped", code="cancelled", remedy="Run again: nothing was changed.")
    return os.read(handle, _PIECE)


def _damaged(artefact: Artefact, what: str) -> StoreError:
    remedy = "Remove that file if it is the store's, or put the source back; then run again and it is made anew."
    return StoreError(f"an artefact {what}", code="artefact_damaged", where=str(path_of(artefact)), remedy=remedy)
