"""How much memory this process and all that it started take together, at the most."""

from __future__ import annotations

import os
import resource
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

_EVERY_S = 1.0
_PAGE = os.sysconf("SC_PAGE_SIZE")


class MemoryWatch:
    """Looks once a second, from ``with`` on, at what the process tree holds in memory (resident pages)."""

    def __init__(self, every_s: float = _EVERY_S) -> None:
        self._every_s = every_s
        self._over = threading.Event()
        self._peak = 0
        self._lock = threading.Lock()
        self._watcher = threading.Thread(target=self._watch, name="memory-watch", daemon=True)

    @property
    def peak_bytes(self) -> int:
        """The most that was seen so far."""
        self._look()
        return self._peak

    def __enter__(self) -> MemoryWatch:
        self._watcher.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._watcher.join()

    def _watch(self) -> None:
        while not self._over.wait(self._every_s):
            self._look()

    def _look(self) -> None:
        seen = tree_bytes()
        with self._lock:  # the watcher and whoever asks look at the same time: a peak must not be written over
            self._peak = max(self._peak, seen)


def tree_bytes() -> int:
    """Resident memory of this process and its descendants now; without ``/proc``, the most this one ever had."""
    if not Path("/proc/self/statm").exists():
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    return sum(_read_resident(process) for process in _list_family())


def _list_family() -> Iterator[int]:
    """This process and its descendants. One that ends meanwhile has no children."""
    parents: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal() and (parent := _read_parent(folder)):
            parents.setdefault(parent, []).append(int(folder.name))
    waiting = [os.getpid()]
    while waiting:
        process = waiting.pop()
        yield process
        waiting += parents.get(process, [])


def _read_parent(folder: Path) -> int:
    try:
        # "123 (a name (with) anything) S 45 ...": the parent is the second field after the last bracket.
        return int((folder / "stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, IndexError, ValueError):
        return 0


def _read_resident(process: int) -> int:
    try:
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * _PAGE
    except (OSError, IndexError, ValueError):
        return 0
