"""`polyreel up` wakes suspended runs: within a second of a change in the ledger, and of whatever slipped by, in a few.

Waking is decided by what stands in the ledger, not by the news of it: news only say that it is worth a look.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING

import httpx
from prefect.client.orchestration import PrefectClient

from polyreel.errors import LedgerError

if TYPE_CHECKING:
    from polyreel.ledger.ledger import Ledger

log = logging.getLogger("polyreel.waking")
LOOK_S = 0.25
ROUND_S = 5.0
"""Changes are seen at once, times that have come and runs that were about to sleep, after this at the latest."""
_OVERLAP_S = 5.0


async def wake_runs(client: PrefectClient) -> None:
    """Wake whoever is due, until cancelled. A server or a ledger that is away for a while is waited for."""
    from flows.waking import wake_due
    from polyreel.ledger.ledger import Ledger

    async with Ledger() as ledger:
        changes = Changes(ledger)
        while True:
            try:
                if await changes.are_there():
                    await wake_due(client, ledger)
            except (LedgerError, httpx.HTTPError) as error:
                log.warning("Waiting runs could not be looked after (%s); trying again.", error)
                await asyncio.sleep(ROUND_S)
            except Exception:
                # Whatever is wrong with one round, every deployment of this process would end with it.
                log.exception("Waiting runs could not be looked after; trying again.")
                await asyncio.sleep(ROUND_S)
            await asyncio.sleep(LOOK_S)


class Changes:
    """Whether the ledger has changed since the last look; true every few seconds in any case."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._seen: frozenset[tuple[str, float]] = frozenset()
        self._since = 0.0
        self._looked_at = float("-inf")

    async def are_there(self) -> bool:
        """One short question for what was changed lately."""
        from polyreel.ledger.rows import Filter

        now = await self._ledger.read_clock()
        # A change bears the time at which it was made, and is seen when it is committed: somewhat later.
        # The earlier of both: the clock may have been set back between.
        rows = await self._ledger.select(Filter(updated_since=min(self._since or now, now) - _OVERLAP_S))
        # By key and time: rows of the overlap come again, and are no news.
        seen = frozenset((row.key, row.updated_at) for row in rows)
        changed = bool(seen - self._seen) or time.monotonic() - self._looked_at >= ROUND_S
        self._seen, self._since = seen, now
        if changed:
            self._looked_at = time.monotonic()
        return changed
