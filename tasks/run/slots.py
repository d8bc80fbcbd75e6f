"""A stage's place on this machine. Its seconds count from when it has one: waiting for others is no work."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from polyreel.engine.cores import PLACES
from polyreel.machine import heap
from tasks.run.progress import board


@asynccontextmanager
async def at_work(stage: str, locale: str = "") -> AsyncIterator[None]:
    """Hold one of the machine's places for a stage's heavy work. What waits for others must not be in the block."""
    async with PLACES.one():
        # Begun anew, so that the seconds in the queue are not the stage's.
        board().begin(stage, locale)
        try:
            yield
        finally:
            heap.give_back()
