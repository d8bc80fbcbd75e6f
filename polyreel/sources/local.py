"""A file of the user's own: used where it is, hashed once. Hashes are remembered by what a file's inode says."""

from __future__ import annotations

import asyncio
import hashlib
import os
import stat
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote, urlsplit

from polyreel.errors import InvalidJob
from polyreel.keys import stage_key
from polyreel.outcome import StoredFile
from polyreel.sources.port import Order
from polyreel.store.port import Store

_PIECE = 4 << 20
# Clocks of file systems tick this slowly: an older file can't change again without its times showing it.
_SETTLED_SECONDS = 0.05


async def from_file(order: Order) -> StoredFile:
    """The stored file that a local path or ``file:`` address names. The file itself is referenced, never copied."""
    path = local_path(order.location, order.base)
    handle = _open_file(path)
    try:
        facts = _require_file_facts(handle, path)
        await asyncio.sleep(max(0.0, max(facts.st_mtime, facts.st_ctime) + _SETTLED_SECONDS - time.time()))
        digest = await _digest_of(handle, path, order)
    finally:
        os.close(handle)
    return StoredFile(uri=path.as_uri(), sha256=digest, bytes=facts.st_size)


def require_file(location: str) -> None:
    """See that a location names a file that has something in it. Raises InvalidJob; opens it, but reads nothing."""
    path = local_path(location, None)
    handle = _open_file(path)
    try:
        _require_file_facts(handle, path)
    finally:
        os.close(handle)


def local_path(location: str, base: Path | None) -> Path:
    """The absolute path of a location; a relative one is seen from ``base`` (by default, the current folder)."""
    text = _path_in_url(location) if location[:5].lower() == "file:" else location
    if not text or "\0" in text:
        raise InvalidJob("the path is empty or holds a NUL", where="media", remedy="Name a media file.")
    try:
        # The kernel's own view of the path: links resolved, so that the stored file names the file that was hashed.
        return ((base or Path()).absolute() / Path(text).expanduser()).resolve()
    except (RuntimeError, OSError) as error:
        raise _make_unreadable(text, str(error)) from error


def _path_in_url(location: str) -> str:
    parts = urlsplit(location)
    if parts.netloc not in {"", "localhost"} or parts.query or parts.fragment:
        remedy = "Write file:///folder/name, with %3F for ? and %23 for #; or write the plain path."
        raise InvalidJob("not the address of a file on this machine", where=location, remedy=remedy)
    return unquote(parts.path)


def _open_file(path: Path) -> int:
    try:
        # Without O_NONBLOCK, opening a pipe that nobody writes to would wait for ever.
        return os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise _make_unreadable(str(path), error.strerror or str(error)) from error


def _make_unreadable(path: str, reason: str) -> InvalidJob:
    remedy = "Check the path (a relative one is seen from the job file's folder) and that you may read it."
    return InvalidJob(f"the file can't be read: {reason}", where=path, remedy=remedy)


def _require_file_facts(handle: int, path: Path) -> os.stat_result:
    facts = os.fstat(handle)
    kind = next((name for test, name in _KINDS if test(facts.st_mode)), "")
    if kind or not facts.st_size:
        remedy = "Name a file that has something in it."
        raise InvalidJob(f"no file to read from: {kind or 'it is empty'}", where=str(path), remedy=remedy)
    return facts


_KINDS: tuple[tuple[Callable[[int], bool], str], ...] = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (lambda mode: not stat.S_ISREG(mode), "a device"),
)


def is_known(location: str, store: Store) -> bool:
    """Whether this file, as it is now, was ever taken in with this store. Raises InvalidJob where it can't be read."""
    path = local_path(location, None)
    handle = _open_file(path)
    try:
        return store.load_record(_make_key(handle, path)) is not None
    finally:
        os.close(handle)


def _make_key(handle: int, path: Path) -> str:
    return stage_key("hash", 1, path=str(path), **_identify_file(handle))


async def _digest_of(handle: int, path: Path, order: Order) -> str:
    key = _make_key(handle, path)
    if (known := order.store.load_record(key)) is not None and isinstance(known.get("sha256"), str):
        _report_progress(order, 1.0)
        return str(known["sha256"])
    before = _identify_file(handle)
    digest = await _hash_file(handle, before["size"], order)
    if _identify_file(handle) != before:
        remedy = "Wait until whoever writes it is done, then run again."
        raise InvalidJob("the file changed while it was read", where=str(path), remedy=remedy)
    order.store.save_record(key, {"sha256": digest})
    return digest


def _identify_file(handle: int) -> dict[str, int]:
    facts = os.fstat(handle)
    return {
        "size": facts.st_size,
        "mtime_ns": facts.st_mtime_ns,
        "ctime_ns": facts.st_ctime_ns,
        "inode": facts.st_ino,
        "device": facts.st_dev,
    }


async def _hash_file(handle: int, size: int, order: Order) -> str:
    digest, done = hashlib.sha256(), 0
    while read := await asyncio.to_thread(_read_into, digest, handle, done):
        done += read
        _report_progress(order, min(1.0, done / size))
    return digest.hexdigest()


def _read_into(digest: hashlib._Hash, handle: int, start: int) -> int:
    # Sixteen megabytes for each hop to a thread and back, in pieces that stay in the cache. By position: when the run
    # is cancelled the handle is closed under this thread, and may be somebody else's stream by the next read.
    done = 0
    while done < 4 * _PIECE and (piece := os.pread(handle, _PIECE, start + done)):
        digest.update(piece)
        done += len(piece)
    return done


def _report_progress(order: Order, share: float) -> None:
    if order.on_progress is not None:
        order.on_progress(share)
