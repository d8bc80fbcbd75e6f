"""Blocking work beside the event loop: run in a thread, told to stop when its task is cancelled, and awaited then."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")
GoOn = Callable[[], None]
"""Called between two pieces of work; ends the work where nobody waits for it any more."""


async def in_thread(work: Callable[[GoOn], Result]) -> Result:
    """Run blocking work in a thread. When we are cancelled, it is told, and awaited: nothing runs on behind us."""
    stop = threading.Event()

    def go_on() -> None:
        if stop.is_set():
            raise _Stopped

    running = asyncio.ensure_future(asyncio.to_thread(work, go_on))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        stop.set()
        await asyncio.gather(running, return_exceptions=True)
        raise


class _Stopped(BaseException):
    """Ends work in a thread whose task was cancelled; nobody sees it."""
