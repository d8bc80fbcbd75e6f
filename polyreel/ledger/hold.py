"""Work that goes on only while what it is done under, a row or a claim, is ours.

Whoever gives no sign of life for a lease is taken for dead by others, who begin where it stopped. So it must have
stopped by then: where no sign gets through (a ledger that is away for this machine alone), where it stood still (a
stopped process, a machine that slept), and where the answer says that somebody else has it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from polyreel.errors import LedgerError
from polyreel.vendors.leave import ask_before_sending

T = TypeVar("T")


class HoldLost(Exception):
    """Somebody else may be at work by now: what was under way was stopped. ``holder`` is who had it."""

    def __init__(self, holder: str) -> None:
        super().__init__(holder)
        self.holder = holder


def read_clock() -> float:
    """Seconds by a clock that nobody sets, and that goes on while the machine sleeps, as those of others do."""
    # Linux alone has it; elsewhere a sleep is found out by the sign of life after it.
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


class Hold:
    """What ``holder`` has taken by something that was asked of the ledger at ``since`` (`read_clock`).

    ``lease``: seconds after which others take over. ``give_sign`` tells the ledger that we live, and gives whether it
    is still ours; it may raise `LedgerError`.
    """

    def __init__(self, holder: str, lease: float, give_sign: Callable[[], Awaitable[bool]], since: float) -> None:
        self._holder = holder
        self._lease = lease
        self._give_sign = give_sign
        # When the last sign was asked for, and not when it was answered: others may see it long before that.
        self._seen = since

    async def work(self, work: Callable[[], Awaitable[T]]) -> T:
        """What ``work`` gives. Raises what it raises, and `HoldLost`: then it was cancelled, or never begun."""
        beat: asyncio.Task[None] | None = None
        try:
            # A timeout that `_keep` lets run out: a plain cancel could not be told from one that comes from outside.
            async with asyncio.timeout(None) as limit:
                beat = asyncio.create_task(self._keep(limit))
                with ask_before_sending(self._require):
                    await self._require()
                    return await work()
        except TimeoutError:
            if limit.expired():
                raise HoldLost(self._holder) from None
            raise
        finally:
            if beat is not None:
                # Not waited for: a cancellation that came meanwhile would take what the work has given. A last sign of
                # life that is on its way changes only what is still ours.
                beat.cancel()

    async def _keep(self, limit: asyncio.Timeout) -> None:
        while True:
            # Three signs of life may fail before anybody may take over.
            await asyncio.sleep(self._lease / 4)
            if not await self._is_ours():
                return limit.reschedule(asyncio.get_running_loop().time())

    async def _require(self) -> None:
        """Raise `HoldLost` where it may be somebody else's. Asks nobody while signs of life get through."""
        if read_clock() - self._seen >= self._lease / 2 and not await self._is_ours():
            raise HoldLost(self._holder)

    async def _is_ours(self) -> bool:
        now = read_clock()
        left = self._lease - (now - self._seen)
        try:
            # Nothing is left where we stood still: then it has to be asked whose it is by now.
            async with asyncio.timeout(left if left > 0 else self._lease / 4):
                is_ours = await self._give_sign()
        # A ledger that says nothing, as one that says no: whoever can still reach it takes us for dead after a lease.
        except (LedgerError, TimeoutError):
            return read_clock() - self._seen < self._lease
        if is_ours:
            self._seen = max(self._seen, now)
        return is_ours


async def finish_work(work: Awaitable[T]) -> T:
    """Await to the end even when cancelled meanwhile; the cancellation goes on afterwards."""
    # A task of its own: cancelling whoever awaits must not cancel a write of which the vendor's side is done already.
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        task.exception()  # lost to the cancellation, which is what the caller has to obey first
        raise cancelled
    return task.result()
