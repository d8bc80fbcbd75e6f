"""One run at a time: what two runs would make side by side is made by one of them, while the other waits.

`polyreel.ledger.once` guards one call. A delivery is many calls: an asset is begun, its file is sent, what it replaces
is removed. Without a claim, a second run takes what the first has half made for the leavings of a dead one, and removes
it. A claim says who works under a name, and until when it is believed without a sign of life.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from polyreel.errors import LedgerError
from polyreel.ledger.hold import Hold, HoldLost, finish_work, read_clock
from polyreel.ledger.holder import (
    HoldWatch,
    Sign,
    end_holder,
    is_alive,
    is_own,
    may_hold,
    new_holder,
    seems_to_hold,
)
from polyreel.ledger.once import Timing
from polyreel.ledger.rows import Claim, ClaimEdit, Rows
from polyreel.ledger.telling import tell_waiting

T = TypeVar("T")
log = logging.getLogger("polyreel.ledger.claims")
_LOOK_SECONDS = 0.25


async def do_alone(
    rows: Rows, name: str, work: Callable[[], Awaitable[T]], *, what: str = "", timing: Timing | None = None
) -> T:
    """What ``work`` gives; meanwhile nobody else who shares these rows works under ``name``.

    Waits for whoever does, and says so (`tell_waiting`); a holder that died is not waited for (on another machine,
    until it was silent for a lease). ``what`` is shown to who waits: whose work it is. ``work`` has to be repeatable:
    where the claim is lost (a machine that slept, a ledger that was away), it is cancelled, and begun again after
    whoever has the claim now. Not to be nested under one name: it would wait for itself. Raises what ``work`` raises,
    and `LedgerError` where the ledger does not answer.
    """
    while True:
        turn = _Turn(rows, name, what, new_holder(), (timing or Timing()).lease)
        since = await turn.wait()
        try:
            return await turn.work(work, since)
        except HoldLost as lost:
            if lost.holder != turn.holder:
                raise
            log.warning("%s: this run gave no sign of life for %g s; another one may have gone on", name, turn.lease)


def list_live(rows: Rows) -> list[Claim]:
    """The claims whose holder seems to be at work, by the ledger's clock. Blocks; raises `LedgerError`."""
    now = rows.now()
    return [each for each in rows.list_claims() if seems_to_hold(each.holder, each.lease_until, now)]


def list_unended(rows: Rows) -> list[Claim]:
    """The claims whose holder is not known to have ended, however long it was silent. Blocks; raises `LedgerError`."""
    return [each for each in rows.list_claims() if may_hold(each.holder)]


def list_dead(rows: Rows) -> list[Claim]:
    """The claims that nobody seems to need any more. Blocks; raises `LedgerError`."""
    now = rows.now()
    silent = [each for each in rows.list_claims() if not seems_to_hold(each.holder, each.lease_until, now)]
    # Who lives here gives its claim back, or loses it to one who waits.
    return [each for each in silent if not is_alive(each.holder)]


async def sweep(rows: Rows, lease: float) -> list[Claim]:
    """Remove the claims that dead runs left, and nobody took over; those. Raises `LedgerError`.

    Those of other machines are watched for a lease first: a clock that was set forward ends every lease.
    """
    watches = {each.name: HoldWatch(lease) for each in await asyncio.to_thread(list_dead, rows)}
    swept: list[Claim] = []
    while watches:
        there = {each.name: each for each in await asyncio.to_thread(rows.list_claims)}
        for name, watch in list(watches.items()):
            claim = there.get(name)
            if claim is not None and (not may_hold(claim.holder) or watch.abandoned == _sign_of(claim)):
                if await asyncio.to_thread(rows.change_claim, name, _edit_to_remove(_sign_of(claim))) is None:
                    swept.append(claim)
                claim = None
            if claim is None or not watch.look(*_sign_of(claim)):
                del watches[name]
        if watches:
            await asyncio.sleep(min(_LOOK_SECONDS, lease / 4))
    return swept


@dataclass(frozen=True, slots=True)
class _Turn:
    rows: Rows
    name: str
    what: str
    holder: str
    lease: float

    async def wait(self) -> float:
        """Wait until the claim is ours; when that was asked for (`read_clock`)."""
        told, watch, since = "", HoldWatch(self.lease), read_clock()
        while (there := await self._take(watch.abandoned)).holder != self.holder:
            watch.look(*_sign_of(there))
            if there.holder != told and not is_own(there.holder):
                tell_waiting(f"waits for another run that is at work there{f': {there.what}' if there.what else ''}")
            told = there.holder
            await asyncio.sleep(_LOOK_SECONDS)
            since = read_clock()
        if told:
            tell_waiting("")
        return since

    async def _take(self, abandoned: Sign | None) -> Claim:
        """Who has the claim now. Where that ends otherwise, it is not us: a living process would keep it."""
        try:
            edit = _edit_to_take(self.name, self.what, self.holder, self.lease, abandoned)
            there = await finish_work(self._change_claim(edit))
        # An answer that is lost may have been that it is ours.
        except (asyncio.CancelledError, LedgerError):
            await finish_work(self._give_back())
            raise
        assert there is not None  # noqa: S101 - the edit never removes one
        return there

    async def work(self, work: Callable[[], Awaitable[T]], since: float) -> T:
        """The work, under the claim that was taken at ``since``.

        Raises `HoldLost` when that is not ours any more; the work is then cancelled.
        """
        try:
            return await Hold(self.holder, self.lease, self._give_sign, since).work(work)
        finally:
            await finish_work(self._give_back())

    async def _give_sign(self) -> bool:
        there = await self._change_claim(_edit_to_keep(self.holder, self.lease))
        return there is not None and there.holder == self.holder

    async def _give_back(self) -> None:
        # A ledger that is away takes nothing back; what was done stays done. Here it is known, elsewhere the lease runs
        # out.
        end_holder(self.holder)
        with contextlib.suppress(LedgerError):
            await self._change_claim(_give_back(self.holder))

    async def _change_claim(self, edit: ClaimEdit) -> Claim | None:
        return await asyncio.to_thread(self.rows.change_claim, self.name, edit)


def _sign_of(claim: Claim) -> Sign:
    return claim.holder, claim.lease_until


def _edit_to_take(name: str, what: str, holder: str, lease: float, abandoned: Sign | None) -> ClaimEdit:
    def edit_claim(there: Claim | None, now: float) -> Claim:
        if there is not None and may_hold(there.holder) and _sign_of(there) != abandoned:
            return there
        return Claim(name, holder, now + lease, what)

    return edit_claim


def _edit_to_keep(holder: str, lease: float) -> ClaimEdit:
    def edit_claim(there: Claim | None, now: float) -> Claim | None:
        if there is None or there.holder != holder:
            return there
        return there._replace(lease_until=now + lease)

    return edit_claim


def _give_back(holder: str) -> ClaimEdit:
    return lambda there, _now: None if there is not None and there.holder == holder else there


def _edit_to_remove(sign: Sign) -> ClaimEdit:
    return lambda there, _now: None if there is not None and _sign_of(there) == sign else there
