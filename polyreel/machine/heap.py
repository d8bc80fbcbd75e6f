"""What this process's allocator keeps for itself: glibc's own bounds, where this machine has them.

A thread takes memory from a pool of its own, 64 MB each, and what is freed there stays with the pool. A job has dozens
of threads one after the other (a stage each), and a gigabyte would lie in pools that nobody uses any more.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import mmap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_ARENA_MAX = -8  # M_ARENA_MAX of glibc's malloc.h
_POOLS = 2
_MAPS = Path("/proc/self/maps")
_DICTIONARY = ".dic"
"""How the dictionaries end that Japanese is read by: 192 MB that are mapped, 90 of them held after some lines."""


def share_pools() -> None:
    """Let all threads share two pools. Pools that threads have already stay: call it before there are any."""
    if (library := _find_glibc()) is not None:
        library.mallopt(_ARENA_MAX, _POOLS)


def give_back() -> None:
    """Give the system what the pools hold and nobody uses, and what was read of dictionaries. Takes milliseconds."""
    if (library := _find_glibc()) is not None:
        library.malloc_trim(0)
        for start, length in _list_dictionaries():
            # They are only read: whoever looks up the next word gets its page from the system's own cache of the file.
            library.madvise(ctypes.c_void_p(start), ctypes.c_size_t(length), mmap.MADV_DONTNEED)


def _list_dictionaries() -> Iterator[tuple[int, int]]:
    """Where this process has mapped a dictionary to read it alone, and how many bytes."""
    # Only Linux tells what a process has mapped, and no other system is asked to give anything back.
    with contextlib.suppress(OSError), _MAPS.open(encoding="utf-8", errors="replace") as maps:
        for line in maps:
            span, rights, *_, name = line.split(maxsplit=5)
            if name.rstrip().endswith(_DICTIONARY) and rights.startswith("r--"):
                start, end = (int(each, 16) for each in span.split("-"))
                yield start, end - start


@functools.cache
def _find_glibc() -> Any:
    """The C library of this process, if it is glibc: musl and macOS manage their memory otherwise."""
    library = ctypes.CDLL(None)
    return library if hasattr(library, "mallopt") and hasattr(library, "malloc_trim") else None
