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
        # With the time of the change that each has seen: of two who wait for one row, one may have read it later.
        self._waiting: dict[str, dict[asyncio.Future[Entry], float]] = defaultdict(dict)
        self._poller: asyncio.Task[None] | None = None

    def expect(self, key: str, seen_at: float) -> asyncio.Future[Entry]:
        """A future of the row's next change but the one of that time. Give it back with `drop`."""
        future: asyncio.Future[Entry] = asyncio.get_running_loop().create_future()
        self._waiting[key][future] = seen_at
        if self._poller is None or self._poller.done():
            self._poller = asyncio.create_task(self._poll_rows())
        return future

    def drop(self, key: str, future: asyncio.Future[Entry]) -> None:
        """Nobody waits for this future any more."""
        future.cancel()
        self._waiting[key].pop(future, None)
        if not self._waiting[key]:
            del self._waiting[key]

    def tell(self, entries: Iterable[Entry]) -> None:
        """Wake those who wait for these rows, if they are news."""
        for entry in entries:
            for future, seen_at in self._waiting.get(entry.key, {}).items():
                # Any other time is news: where a clock was set back, what comes next looks older.
                if entry.updated_at != seen_at and not future.done():
                    future.set_result(entry)

    async def close(self) -> None:
        """Stop asking."""
        if self._poller is not None:
            self._poller.cancel()
            # Not by awaiting it: a cancellation of ours that came meanwhile would be taken for its own.
            await asyncio.wait({self._poller})

    async def _poll_rows(self) -> None:
        since = 0.0
        while self._waiting:
            with contextlib.suppress(LedgerError):  # whoever waits goes on waiting while the ledger is away
                now = await asyncio.to_thread(self._rows.now)
                # The earlier of both: the clock may have been set back between.
                earliest = min(since or now, now) - _OVERLAP_SECONDS
                changed = await asyncio.to_thread(self._rows.select, Filter(updated_since=earliest))
                # The time before the question, not after it: what was committed in between is asked for again, and
                # known.
                since = now
                self.tell(changed)
            await asyncio.sleep(self._every)
