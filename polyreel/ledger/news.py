"""Who waits for a row is woken when it changes: at once by this process, within a second by any other.

However many wait, one question a half second asks for what has changed since the last one.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Iterable

from polyreel.errors import LedgerError
from polyreel.ledger.entry import Entry
from polyreel.ledger.rows import Filter, Rows

# How late a run hears that its dub is ready, which took minutes; one look for everybody is one short query.
EVERY_SECONDS = 0.5
_OVERLAP_SECONDS = 5.0
"""A change bears the time at which it was made, and is seen when it is committed: somewhat later."""


class News:
    """The rows' changes, for one event loop."""

    def __init__(self, rows: Rows, every: float = EVERY_SECONDS) -> None:
        self._rows = rows
        self._every = every
        self._waiting: dict[str, set[asyncio.Future[Entry]]] = defaultdict(set)
        self._seen: dict[str, float] = {}
        self._poller: asyncio.Task[None] | None = None

    def expect(self, key: str, seen_at: float) -> asyncio.Future[Entry]:
        """A future of the row's next change after the one of that time. Give it back with `drop`."""
        future: asyncio.Future[Entry] = asyncio.get_running_loop().create_future()
        self._waiting[key].add(future)
        self._seen[key] = max(seen_at, self._seen.get(key, 0.0))
        if self._poller is None or self._poller.done():
            self._poller = asyncio.create_task(self._poll_rows())
        return future

    def drop(self, key: str, future: asyncio.Future[Entry]) -> None:
        """Nobody waits for this future any more."""
        future.cancel()
        self._waiting[key].discard(future)
        if not self._waiting[key]:
            del self._waiting[key]
            self._seen.pop(key, None)

    def tell(self, entries: Iterable[Entry]) -> None:
        """Wake those who wait for these rows, if they are news."""
        for entry in entries:
            if entry.key in self._waiting and entry.updated_at > self._seen[entry.key]:
                self._seen[entry.key] = entry.updated_at
                for future in self._waiting[entry.key]:
                    if not future.done():
                        future.set_result(entry)

    async def close(self) -> None:
        """Stop asking."""
        if self._poller is not None:
            self._poller.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._poller

    async def _poll_rows(self) -> None:
        since = 0.0
        while self._waiting:
            with contextlib.suppress(LedgerError):  # whoever waits goes on waiting while the ledger is away
                now = await asyncio.to_thread(self._rows.now)
                changed = await asyncio.to_thread(
                    self._rows.select, Filter(updated_since=(since or now) - _OVERLAP_SECONDS)
                )
                # The time before the question, not after it: what was committed in between is asked for again, and
                # known.
                since = now
                self.tell(changed)
            await asyncio.sleep(self._every)
