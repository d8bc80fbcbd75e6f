"""How much memory this process and all that it started take together, at the most.

Pages that several processes share (an interpreter's own, a library's) are divided among them where the kernel says how
(PSS): none counts twice. That figure costs the kernel a walk through every page (60 ms for 1.3 GB were seen), resident
pages cost nothing, so the walk is made where those have grown, and now and then.
"""

from __future__ import annotations

import os
import resource
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

# Peaks that matter (a model, a film's sound) last longer than a second.
_EVERY_S = 1.0
_WALK_EVERY_S = 10.0
"""Other processes may hold as many pages, but share fewer of them: after so long it is looked at again."""
# Shares of pages are slow to read: only where more is resident can their sum be a new peak.
_GROWN = 1.01
_PAGE = os.sysconf("SC_PAGE_SIZE")


class MemoryWatch:
    """Looks once a second, from ``with`` on, at what the process tree holds in memory."""

    def __init__(self, every_s: float = _EVERY_S) -> None:
        self._every_s = every_s
        self._over = threading.Event()
        self._peak = 0
        self._resident, self._walked = 0, float("-inf")
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
        with self._lock:  # the watcher and whoever asks look at the same time: a peak must not be written over
            resident = sum(_read_resident(process) for process in _list_family()) if _can_see() else _read_own_most()
            if resident <= self._peak:  # shared pages count in full here: what the tree holds is no more than this
                return
            if resident <= self._resident * _GROWN and time.monotonic() - self._walked < _WALK_EVERY_S:
                return
            self._resident, self._walked = resident, time.monotonic()
            self._peak = max(self._peak, tree_bytes())


def tree_bytes() -> int:
    """What this process and its descendants hold now; without ``/proc``, the most this one ever had."""
    return sum(_read_share(process) for process in _list_family()) if _can_see() else _read_own_most()


def _can_see() -> bool:
    return Path("/proc/self/statm").exists()


def _read_own_most() -> int:
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


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


def _read_share(process: int) -> int:
    """A process's pages, each divided by those who share it; where the kernel does not say, all that are resident."""
    try:
        for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except (OSError, IndexError, ValueError):  # an older kernel, another user's process, or it has ended
        pass
    return _read_resident(process)


def _read_resident(process: int) -> int:
    try:
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * _PAGE
    except (OSError, IndexError, ValueError):
        return 0
