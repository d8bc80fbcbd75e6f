"""Asking again until the vendor is done: slower and slower, and not for ever."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from polyreel.vendors.errors import StillWorking
from polyreel.vendors.retry import pause

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds: the first wait, the longest one, and all of them together; each wait is `factor` times the last."""

    first: float = 1.0
    cap: float = 30.0
    total: float = 3600.0
    factor: float = 1.6


async def wait_for(
    look: Callable[[], Awaitable[T]], done: Callable[[T], bool], what: str, patience: Patience | None = None
) -> T:
    """What `look` sees once `done` says so. `done` may raise what it knows better; `StillWorking` when time is up."""
    patience = patience or Patience()
    deadline, wait = time.monotonic() + patience.total, patience.first
    while True:
        seen = await look()
        if done(seen):
            return seen
        # Given up before the last wait, not after it: nothing would be looked at in between.
        if time.monotonic() + wait > deadline:
            raise StillWorking(
                f"It is still at work after {patience.total:.0f} s.", where=what, remedy="Look again later."
            )
        await pause(wait)
        wait = min(patience.cap, wait * patience.factor)
