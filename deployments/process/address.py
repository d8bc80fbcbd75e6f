"""Where `polyreel up` is, for the other commands: a small file, true as long as its writer holds a lock.

The kernel lets go of the lock when the process ends, however it ends, so that an address is never believed longer than
there is somebody behind it. Light on purpose: every command looks here before it imports anything.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from polyreel.errors import PolyreelError
from polyreel.machine import home
from polyreel.machine.files import read_note, write_atomically
from polyreel.machine.locks import open_locked

# A look holds the lock for microseconds: whoever holds it for a second is a running `polyreel up`.
_PATIENCE_S = 1.0


def find_folder() -> Path:
    """What `polyreel up` keeps for itself: address, logs, the UI's files."""
    return home.home() / "up"


def find_running_api() -> str | None:
    """The API's address of the `polyreel up` that is at work with this ``POLYREEL_HOME``, if one is."""
    return (read_address() or {}).get("api")


def read_address() -> dict[str, Any] | None:
    """What the running `polyreel up` wrote: ``pid``, ``api``, ``ui``. None when there is none, or it is not ready."""
    if not _is_held(_locate_lock()):
        return None
    return read_note(_locate_file())


@contextmanager
def only_one() -> Iterator[None]:
    """Be the one `polyreel up` of this ``POLYREEL_HOME``. Raises `PolyreelError` when there is one already."""
    find_folder().mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + _PATIENCE_S
    # Somebody who only looks holds the lock too, for a moment.
    while (handle := open_locked(_locate_lock())) is None and time.monotonic() < deadline:
        time.sleep(0.05)
    if handle is None:
        raise _already_up()
    try:
        yield
    finally:
        # While the lock is held: afterwards the file may be another one's already.
        _locate_file().unlink(missing_ok=True)
        os.close(handle)


def write_address(api: str, ui: str) -> None:
    """Say where it is, once it is ready."""
    write_atomically(_locate_file(), json.dumps({"pid": os.getpid(), "api": api, "ui": ui}).encode())


def _already_up() -> PolyreelError:
    there = read_address() or {}
    return PolyreelError(
        "polyreel is up already" + (f" at {there['ui']} (process {there['pid']})" if there else ""),
        code="already_up",
        remedy="Use that one, end it first, or give this one another POLYREEL_HOME.",
    )


def _locate_file() -> Path:
    return find_folder() / "address.json"


def _locate_lock() -> Path:
    return find_folder() / "up.lock"


def _is_held(path: Path) -> bool:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        # Shared, so that two commands that look at the same time don't take each other for a server.
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False
