"""A full disk, told as one, at whichever moment it is met: which disk, and how much of it is free."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from polyreel.errors import PolyreelError, StoreError, VendorError

_FULL = {errno.ENOSPC, errno.EDQUOT}
# SQLite's words, of the ledger's database and of Prefect's; and those of children that can only tell by text.
_WORDS = ("database or disk is full", "No space left on device", "Disk quota exceeded")


def as_full_disk(error: BaseException, doing: str = "", where: Path | str = "") -> StoreError | None:
    """The error of a full disk, where that is what is behind ``error``; None where it is something else.

    Any error may carry it: the one that met the disk is often the cause of the one that arrives here.
    """
    if isinstance(error, PolyreelError) and error.code == "disk_full":
        return None  # it says so itself, and which disk
    met = next((each for each in _walk_causes(error) if _is_full(each)), None)
    if met is None:
        return None
    named = where or _file_of(met) or os.environ.get("POLYREEL_HOME") or Path.home() / ".polyreel"
    return StoreError(
        f"could not {doing or 'go on'}: the disk is full{_free_on(Path(named).expanduser())}",
        code="disk_full",
        where=str(named),
        remedy="Free some space on that disk (POLYREEL_HOME says where), then run again: finished work is kept.",
    )


def _walk_causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        each = waiting.pop(0)
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        waiting += [
            *(each.exceptions if isinstance(each, BaseExceptionGroup) else ()),
            each.__cause__,
            each.__context__,
        ]


def _is_full(error: BaseException) -> bool:
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno in _FULL
    # A vendor that quotes such words speaks of a disk of its own.
    return not isinstance(error, VendorError) and any(words in str(error)[:2000] for words in _WORDS)


def _file_of(error: BaseException) -> str:
    name = getattr(error, "filename", None)
    return name if isinstance(name, str) else ""


def _free_on(path: Path) -> str:
    """`` (0.1 of 6 MB are free)``; nothing where even that can't be asked."""
    there = next((each for each in (path, *path.parents) if each.exists()), None)
    if there is None:
        return ""
    usage = shutil.disk_usage(there)
    return f" ({usage.free / 1e6:,.1f} of {usage.total / 1e6:,.0f} MB are free)"
