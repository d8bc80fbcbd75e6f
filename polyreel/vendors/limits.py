"""How fast and how much at once: a token bucket for the rate, a semaphore for what is under way."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from polyreel.vendors.retry import pause, waits


@dataclass(frozen=True, slots=True)
class Limits:
    """A vendor's limits: calls per second (with a burst above it) and calls under way at once."""

    per_second: float = 10.0
    burst: int = 20
    at_once: int = 8


class Gate:
    """Lets calls through no faster, and no more at once, than `Limits` allow. Belongs to one event loop."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._places = asyncio.Semaphore(limits.at_once)
        self._tokens = float(limits.burst)
        self._filled = time.monotonic()

    @asynccontextmanager
    async def open_passage(self, *, hold: bool = True) -> AsyncIterator[None]:
        """Wait for the rate and hold one place; without `hold`, only the beginning waits for a place."""
        async with self._places:
            # Without `hold`, a transfer of minutes doesn't keep its place from short calls.
            await self._take_token()
            if hold:
                yield
                return
        yield

    async def _take_token(self) -> None:
        # The debt is taken before the wait, so that callers queue up behind each other without a lock.
        now = time.monotonic()
        grown = (now - self._filled) * self.limits.per_second
        self._tokens, self._filled = min(float(self.limits.burst), self._tokens + grown) - 1, now
        if self._tokens < 0 and waits():
            await pause(-self._tokens / self.limits.per_second)
