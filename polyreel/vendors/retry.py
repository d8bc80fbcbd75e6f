"""When to ask again, and how long to wait first. The policy only decides; the transport waits.

`waiting_off()` is the one switch that turns every wait of the vendors' clients into nothing, for tests.
"""

from __future__ import annotations

import asyncio
import random
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from polyreel.vendors.errors import CallError, NoWay, RateLimited, Unreachable


@dataclass(frozen=True, slots=True)
class Wait:
    """The decision to ask again after so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Bounded attempts, capped full-jitter backoff, and the vendor's own Retry-After up to a limit. Seconds.

    ``refusals``: attempts at a host that can't be reached, as the system says at once. ``busy``: how often a vendor may
    say that it has too many calls (429), which is counted by itself: such a refusal is no failed attempt.
    """

    attempts: int = 5
    refusals: int = 3
    busy: int = 15
    base: float = 0.5
    cap: float = 20.0
    longest_retry_after: float = 60.0

    def decide(
        self, failure: CallError, attempt: int, left: float, draw: Callable[[], float] = random.random
    ) -> Wait | None:
        """Whether, and after how long, to repeat what failed at this attempt (from 1), with `left` seconds to go.

        ``attempt`` counts failures of one sort: too many calls by themselves, everything else together.
        """
        if attempt >= min(self._find_most(failure), _most.get()) or not failure.transient:
            return None
        # What was never sent, or turned away at the door, is not repeated when sent again. Everything else needs a
        # harmless call or a key.
        if not (failure.facts.repeatable or isinstance(failure, (Unreachable, RateLimited))):
            return None
        seconds = self.choose_delay(failure, attempt, draw)
        # A wait that outlasts the call's time would only make the same failure come later.
        return Wait(seconds) if seconds < left else None

    def _find_most(self, failure: CallError) -> int:
        if isinstance(failure, RateLimited):
            return self.busy
        return min(self.attempts, self.refusals) if isinstance(failure, NoWay) else self.attempts

    def choose_delay(self, failure: CallError, attempt: int, draw: Callable[[], float]) -> float:
        """Seconds before the next attempt: the vendor's wish, clamped, else anything up to the backoff's ceiling."""
        if failure.retry_after is not None:
            return min(max(failure.retry_after, 0.0), self.longest_retry_after)
        if isinstance(failure, NoWay):
            return draw() * min(self.cap, self.base)
        # Full jitter: clients that failed together must not come back together.
        return draw() * min(self.cap, self.base * float(2 ** (attempt - 1)))


NEVER = RetryPolicy(attempts=1, busy=1)
_most: ContextVar[int] = ContextVar("polyreel_most_attempts", default=sys.maxsize)


@contextmanager
def attempts_limited(most: int) -> Iterator[None]:
    """Inside, and in the tasks begun there, no call is tried more often, whatever its client's policy says."""
    token = _most.set(most)
    try:
        yield
    finally:
        _most.reset(token)


class _Waiting:
    on = True


async def pause(seconds: float) -> None:
    """Wait, unless waiting is switched off."""
    await asyncio.sleep(seconds if _Waiting.on else 0)


def waits() -> bool:
    """Whether waiting is switched on."""
    return _Waiting.on


@contextmanager
def waiting_off() -> Iterator[None]:
    """Inside, no client waits: not between attempts, not for its rate, not between polls."""
    before, _Waiting.on = _Waiting.on, False
    try:
        yield
    finally:
        _Waiting.on = before
