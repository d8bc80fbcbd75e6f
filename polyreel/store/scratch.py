"""Folders for half-made files, and whose each one is: what a process that is gone has left there is removed.

::

    scratch/<boot>-<random>             half-made files, with their owner's lock beside them (``.lock``)
    scratch/lasting-<key>               half-made files that a later run goes on with
"""

from __future__ import annotations

import os
import shutil
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from polyreel.machine import home
from polyreel.machine.boot import boot_id
from polyreel.machine.files import explain_errors, make_folder
from polyreel.machine.locks import hold_lock, open_locked

# Longer than any stage may run (12 h), as another machine's lock may not be seen here.
_ELSEWHERE_KEPT_SECONDS = 2 * 86_400
_LASTING_KEPT_SECONDS = 7 * 86_400


@contextmanager
def passing_folder(base: Path) -> Iterator[Path]:
    """A folder below ``base``; gone afterwards, whatever happened. Raises `StoreError` where it can't be made."""
    folder, lock = _claim_folder(base)
    try:
        yield folder
    finally:
        _drop_folder(folder, lock)


@asynccontextmanager
async def lasting_folder(folder: Path) -> AsyncIterator[Path]:
    """A folder (``lasting-...``) that a later run goes on with; one user at a time, the others wait.

    It stays as long as something is in it; `clear_scratch` removes it when nobody has touched it for a week.
    """
    with explain_errors("make a folder for half-made files", folder):
        make_folder(folder.parent)
    async with hold_lock(_lock_of(folder)):
        make_folder(folder)
        try:
            yield folder
        finally:
            _drop_if_empty(folder)


def _claim_folder(base: Path) -> tuple[Path, int]:
    with explain_errors("make a folder for half-made files", base):
        base.mkdir(parents=True, exist_ok=True)
        while True:
            folder = base / f"{boot_id()}-{uuid.uuid4().hex[:12]}"
            if (lock := open_locked(_lock_of(folder))) is not None:
                # Locked before it is there: whoever clears up meanwhile sees a folder only with its owner.
                folder.mkdir()
                return folder, lock


def _lock_of(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.lock")


def _drop_folder(folder: Path, lock: int) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    _lock_of(folder).unlink(missing_ok=True)
    # Last: as long as it is held, nobody can take the folder's name for a dead one's.
    os.close(lock)


def _drop_if_empty(folder: Path) -> None:
    if not any(folder.iterdir()):
        folder.rmdir()
        _lock_of(folder).unlink(missing_ok=True)


def clear_scratch(root: Path | None = None) -> None:
    """Remove half-made files of processes that are gone (a run that was killed leaves some).

    A process holds its folder's lock as long as it lives, so a reused process number deceives nobody. Locks are not
    seen from machine to machine on every shared disk: another machine's folder goes only when it has long been still.
    """
    base = root or home.scratch_dir()
    for name in {entry.name.removesuffix(".lock") for entry in base.glob("*-*")}:
        folder = base / name
        if time.time() - _last_touched(folder) < _find_lifetime(name):
            continue
        if (lock := open_locked(_lock_of(folder))) is not None:
            _drop_folder(folder, lock)


def _find_lifetime(name: str) -> float:
    if name.startswith("lasting-"):
        return _LASTING_KEPT_SECONDS
    return 0 if name.startswith(f"{boot_id()}-") else _ELSEWHERE_KEPT_SECONDS


def _last_touched(folder: Path) -> float:
    times = [0.0]
    for path in [_lock_of(folder), folder, *folder.rglob("*")]:
        try:
            times.append(path.lstat().st_mtime)
        except FileNotFoundError:
            continue  # Its owner is at work, and has just removed it.
    return max(times)
