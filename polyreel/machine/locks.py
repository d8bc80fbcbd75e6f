"""One at a time, by the kernel's own locks: a process that dies, however it dies, holds nothing any more."""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

_POLL_SECONDS = 0.05


def try_lock(handle: int) -> bool:
    """Take the lock of an open file or folder if nobody has it; closing the handle gives it back.

    ``flock`` belongs to the open file, not to the process: two tasks of one process exclude each other too.
    """
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def open_locked(path: Path) -> int | None:
    """Open (make) a lock file and take its lock: the handle, or None when somebody has it or has just removed it."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    if try_lock(handle) and _still_named(handle, path):
        return handle
    os.close(handle)
    return None


def _still_named(handle: int, path: Path) -> bool:
    # Whoever cleans up removes the lock file while holding it: a lock on a file that has no name protects nothing.
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False


@asynccontextmanager
async def hold_lock(path: Path) -> AsyncIterator[None]:
    """Hold a lock file's lock, waiting for it as long as the caller's own deadline lets it wait."""
    while (handle := open_locked(path)) is None:  # noqa: ASYNC110 - the kernel tells no event loop of a freed lock
        await asyncio.sleep(_POLL_SECONDS)
    try:
        yield
    finally:
        os.close(handle)
