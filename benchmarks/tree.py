"""What a process tree holds in memory, from outside: the sum of its processes' proportional set sizes (PSS).

Pages that several processes share (an interpreter's own, a library's) are divided among them: none counts twice.
"""

from __future__ import annotations

import subprocess
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

_NAMES = {"embedded_server": "server", "ffmpeg": "ffmpeg", "packager": "packager"}


@dataclass
class TreeMemory:
    """What was seen of a tree, in MB: the whole at the most, each kind of process at the most, and the course of it."""

    peak_mb: float = 0.0
    at_peak: dict[str, float] = field(default_factory=dict)
    most: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    course: list[tuple[float, dict[str, float]]] = field(default_factory=list)

    def add(self, second: float, seen: dict[str, float]) -> None:
        """Note what the tree holds now, by kind of process."""
        self.course.append((second, seen))
        for name, size in seen.items():
            self.most[name] = max(self.most[name], size)
        if sum(seen.values()) > self.peak_mb:
            self.peak_mb, self.at_peak = sum(seen.values()), seen


def memory_while(child: subprocess.Popen[bytes], every_s: float = 0.1) -> TreeMemory:
    """Watch a process and its descendants until it has ended."""
    found, begun, over = TreeMemory(), time.perf_counter(), threading.Event()

    def watch() -> None:
        while not over.wait(every_s):
            found.add(time.perf_counter() - begun, _read_tree(child.pid))

    watcher = threading.Thread(target=watch)
    watcher.start()
    child.wait()
    over.set()
    watcher.join()
    return found


def peak_while(child: subprocess.Popen[bytes], every_s: float = 0.1) -> float:
    """The most memory (MB) that a process and its descendants had together until it ended."""
    return memory_while(child, every_s).peak_mb


def _read_tree(root: int) -> dict[str, float]:
    seen: dict[str, float] = defaultdict(float)
    for process in _list_family(root):
        try:
            seen[_name_process(process)] += _read_pss(process)
        except (OSError, ValueError, IndexError):  # it has ended meanwhile
            continue
    return dict(seen)


def _list_family(root: int) -> Iterator[Path]:
    children: dict[int, list[int]] = defaultdict(list)
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            # "123 (a name (with) anything) S 45 ...": the parent is the second field after the last bracket.
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError, IndexError):
            continue
        children[parent].append(int(entry.name))
    waiting = [root]
    while waiting:
        process = waiting.pop()
        yield Path("/proc", str(process))
        waiting += children[process]


def _name_process(process: Path) -> str:
    command = (process / "cmdline").read_bytes().split(b"\0")
    said = f"{Path(command[0].decode(errors='replace')).name} {b' '.join(command[1:5]).decode(errors='replace')}"
    return next((name for sign, name in _NAMES.items() if sign in said), "polyreel")


def _read_pss(process: Path) -> float:
    line = next(each for each in (process / "smaps_rollup").read_text().splitlines() if each.startswith("Pss:"))
    return int(line.split()[1]) * 1024 / 1e6
