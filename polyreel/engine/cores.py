"""Who works on this machine now: a few places for heavy work, shared by every language of every job in the process.

A chain that waits for a vendor needs no place and may run beside sixty others. A stage that speaks, listens, parts,
mixes or encodes here takes one of `PLACES`: there are as many as cores, and whoever asked first is served first. In it,
each run of a network takes one of `RUNS`, so that the sentences of one language fill the cores that no other one uses.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections import deque
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import Future
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

_LEAST, _MOST = 2, 8
"""One waits for its disk while another computes; and each place may cost some 300 MB."""


def usable_cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class _Turn:
    """Who waits, and for how many places."""

    given: Future[None]
    wanted: int


class Places:
    """So many places; first come, first served. One set serves every thread and event loop of a process."""

    def __init__(self, count: int) -> None:
        self._count = self._free = count
        self._waiting: deque[_Turn] = deque()
        self._lock = threading.Lock()

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """Hold a place while the block runs, waiting for it as long as it takes. Never ask for a second one inside."""
        await self._take_turn()
        try:
            yield
        finally:
            self._free_places(1)

    @contextmanager
    def hold(self, wanted: int = 1) -> Iterator[None]:
        """The same for a thread, which waits until its turn comes. What wants more places than there are gets all."""
        wanted = min(wanted, self._count)
        self._join_queue(wanted).result()
        try:
            yield
        finally:
            self._free_places(wanted)

    async def _take_turn(self) -> None:
        turn = self._join_queue()
        try:
            await asyncio.wrap_future(turn)
        except asyncio.CancelledError:
            # A turn that can't be cancelled has been given: kept by nobody, it would be lost to all who wait.
            if not turn.cancel() and not turn.cancelled():
                self._free_places(1)  # our turn came in the moment we gave up
            raise

    def _join_queue(self, wanted: int = 1) -> Future[None]:
        turn: Future[None] = Future()
        with self._lock:
            self._waiting.append(_Turn(turn, wanted))
            self._serve_waiting()
        return turn

    def _free_places(self, count: int) -> None:
        with self._lock:
            self._free += count
            self._serve_waiting()

    def _serve_waiting(self) -> None:
        # The first in the queue is served first even where a later one would fit: who wants many would never be.
        while self._waiting and (self._waiting[0].wanted <= self._free or self._waiting[0].given.cancelled()):
            turn = self._waiting.popleft()
            # False where it was given up meanwhile: the turn goes to the next one.
            if turn.given.set_running_or_notify_cancel():
                self._free -= turn.wanted
                turn.given.set_result(None)


COUNT = max(_LEAST, min(_MOST, usable_cores()))
"""How much heavy work goes on at once."""
PLACES = Places(COUNT)
"""This process's places for stages."""
RUNS = Places(COUNT)
"""This process's places for runs of networks: short, and only taken by threads that need nothing else meanwhile."""
