"""What this process's allocator keeps for itself: glibc's own bounds, where this machine has them.

A thread takes memory from a pool of its own, 64 MB each, and what is freed there stays with the pool. A job has dozens
of threads one after the other (a stage each), and a gigabyte would lie in pools that nobody uses any more.
"""

from __future__ import annotations

import ctypes
import functools
from typing import Any

_ARENA_MAX = -8  # M_ARENA_MAX of glibc's malloc.h
_POOLS = 2


def share_pools() -> None:
    """Let all threads share two pools. Pools that threads have already stay: call it before there are any."""
    if (library := _find_glibc()) is not None:
        library.mallopt(_ARENA_MAX, _POOLS)


def give_back() -> None:
    """Give the system what the pools hold and nobody uses. Takes milliseconds."""
    if (library := _find_glibc()) is not None:
        library.malloc_trim(0)


@functools.cache
def _find_glibc() -> Any:
    """The C library of this process, if it is glibc: musl and macOS manage their memory otherwise."""
    library = ctypes.CDLL(None)
    return library if hasattr(library, "mallopt") and hasattr(library, "malloc_trim") else None
