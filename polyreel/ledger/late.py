"""How late vendors show what they have made: one rule for purchases, libraries, lists and single looks.

A list, or a copy of the vendor's database that answers a look at one thing, may lag behind what was made a moment ago.
Whoever takes that for "not there" makes it a second time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")
LISTED_LATE_S = 20.0
"""Seconds after which a vendor that still does not show a thing is believed to have none."""
SURELY_OLD_S = 86400.0
"""An age by a clock that may have been set since, which no setting of clocks makes up."""
_FIRST_PAUSE_S = 0.5


async def look_until_shown(
    look: Callable[[], Awaitable[T | None]], measure_left: Callable[[], Awaitable[float]]
) -> T | None:
    """What ``look`` sees; None is believed once ``measure_left`` (seconds) says that the thing is old enough.

    Each pause is twice the last one: most lists lag for a moment only, and a look may be one call for each of many
    things.
    """
    pause = _FIRST_PAUSE_S
    while True:
        # Before the look and after it: what became old meanwhile is looked at once more, and so is what a long look,
        # such as an upload that was gone on with, has made anew.
        before = await measure_left()
        seen = await look()
        left = 0.0 if seen is not None else await measure_left()
        if seen is not None or max(before, left) <= 0:
            return seen
        await asyncio.sleep(min(pause, max(left, 0.0)))
        pause *= 2
