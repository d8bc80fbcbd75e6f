"""The one primitive: a call that must happen once, happens once.

1. The intent is durable before the call. 2. The call is made. 3. Its receipt is written at once. Whatever ends the
process between two of these leaves a row that tells the next one what to do: nothing under way and a receipt, it is
done; an intent without a receipt, ``find`` looks at the vendor first.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from polyreel.errors import HeldForPerson, LedgerError, PolyreelError, UnresolvedCall
from polyreel.ledger import steps
from polyreel.ledger.entry import CantTell, Entry, Finding, Found, NotThere, Receipt, State, Subject
from polyreel.ledger.holder import HoldWatch, Sign, is_own, new_holder
from polyreel.ledger.late import LISTED_LATE_S, look_until_shown
from polyreel.ledger.rows import Change, Edit, Rows
from polyreel.ledger.telling import tell_waiting
from polyreel.vendors.errors import CallError, UnsupportedLocale

T = TypeVar("T")
Call = Callable[[], Awaitable[Receipt]]
Find = Callable[[Entry], Awaitable[Finding]]
WaitForNews = Callable[[Entry], Awaitable[None]]
RECEIPT_TRIES = 8


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds, by a clock that nobody sets. ``lease``: how long a holder on another machine may give no sign of life.

    ``quiet``: how long after a takeover, or after the receipt, a "not there" is believed: before that, the request may
    still travel, and the vendor's list may lag behind.
    """

    lease: float = 45.0
    quiet: float = LISTED_LATE_S


async def once(
    rows: Rows, key: str, call: Call, find: Find, *, subject: Subject, wait_for_news: WaitForNews,
    timing: Timing | None = None,
) -> Entry:  # fmt: skip
    """The row of this key with its receipt; ``call`` is made only where no row says that it may have been made.

    ``call`` is one request to a vendor, and gives its receipt. ``find`` looks for what an earlier call may have made.
    Raises what ``call`` raises (then nothing was made, or the intent waits for ``find`` at the next try), what
    ``find`` raises, `UnresolvedCall` where only a person can tell, `LedgerError` where the ledger fails (before the
    call: nothing is made without an intent).
    """
    timing = timing or Timing()
    holder, has_told, watch = new_holder(), False, HoldWatch(timing.lease)
    while True:
        # Claimed anew each time round: the row may have been let go, settled by a person or removed while we waited
        # for it.
        claimed = await _claim_row(rows, key, subject, holder, timing.lease, watch.abandoned)
        entry = _require_row(claimed.after, key)
        is_ours = entry.holder == holder
        if has_told and (is_ours or not entry.is_open):
            tell_waiting("")
        if is_ours:
            attempt = _Attempt(rows, key, subject, holder, timing, call, find)
            # Only who made the row knows that nothing was asked of the vendor before; whoever finds it has to look
            # there first.
            done = await (attempt.begin() if claimed.before is None else attempt.take_over(entry))
            if done is not None:
                return done
            continue
        if not entry.is_open:
            return entry
        watch.look(entry.holder, entry.lease_until)
        if not has_told and not is_own(entry.holder):
            tell_waiting(f"waits for another run that is making the same: {entry.what or entry.kind}")
        has_told = True
        await wait_for_news(entry)


@dataclass(frozen=True, slots=True)
class _Attempt:
    """What one holder does with an intent that is its own."""

    rows: Rows
    key: str
    subject: Subject
    holder: str
    timing: Timing
    call: Call
    find: Find

    async def begin(self) -> Entry:
        """The call of a fresh intent."""
        try:
            with self._hold_row(attempting=True):
                receipt = await self.call()
        # A cancellation as well: the request may be on its way, and an intent that nobody holds is what `find` is
        # for.
        except BaseException as error:
            await self._after_failure(error)
            raise
        return await self._record_receipt(receipt)

    async def take_over(self, entry: Entry) -> Entry | None:
        """An intent that somebody left without a receipt: look first. None where the row was taken from us."""
        try:
            with self._hold_row(attempting=False):
                finding = await self._look_for_call(entry)
        except BaseException:
            await self._change_row(steps.let_go(self.holder))
            raise
        match finding:
            case Found(receipt):
                return await self._record_receipt(receipt)
            case CantTell(look_at):
                await self._change_row(steps.hold_for_person(self.holder, look_at))
                raise make_unresolved(self.key, entry, look_at)
            case NotThere():
                return await self.begin() if await self._attempt_again() else None

    async def _attempt_again(self) -> bool:
        """Note a new attempt; False where we had stood still for so long that somebody else has the row by now."""
        try:
            change = await self._change_row(steps.note_attempt(self.holder, self.timing.lease))
        except BaseException:
            await self._change_row(steps.let_go(self.holder))
            raise
        return change.after is not None and change.after.holder == self.holder

    async def _look_for_call(self, entry: Entry) -> Finding:
        # From now on, and not from the last sign of life: that was given up to a quarter of a lease before the end, and
        # its time is by a clock that may have been set since. What was announced only was never asked for by itself.
        quiet_until = time.monotonic() + (self.timing.quiet if entry.attempted_at else 0.0)

        async def look() -> Finding | None:
            finding = await self.find(entry)
            return None if isinstance(finding, NotThere) else finding

        async def measure_left() -> float:
            return quiet_until - time.monotonic()

        return await look_until_shown(look, measure_left) or NotThere()

    async def _after_failure(self, error: BaseException) -> None:
        if made_nothing(error):
            await self._change_row(steps.release_row(self.holder))
        else:
            note = error.message if isinstance(error, PolyreelError) else type(error).__name__
            await self._change_row(steps.let_go(self.holder, note))

    async def _record_receipt(self, receipt: Receipt) -> Entry:
        entry = await finish_work(self._write_receipt(receipt))
        if entry.vendor_id != receipt.id:
            await finish_work(self._keep_spare(receipt))
            raise LedgerError(
                f"{entry.what or self.key} was made twice: {entry.vendor_id} and {receipt.id}", code="made_twice",
                where=self.key, remedy=f"Remove {receipt.id} at {entry.provider or 'the vendor'}.",
            )  # fmt: skip
        return entry

    async def _write_receipt(self, receipt: Receipt) -> Entry:
        # What was bought must not be lost to a ledger that is away for a moment. (If it stays away, `find` finds it.)
        edit = steps.record_receipt(self.key, self.subject, receipt)
        for pause in range(1, RECEIPT_TRIES):
            try:
                return _require_row((await _change_row(self.rows, self.key, edit)).after, self.key)
            except LedgerError:
                await asyncio.sleep(pause / 2)
        return _require_row((await _change_row(self.rows, self.key, edit)).after, self.key)

    async def _keep_spare(self, receipt: Receipt) -> None:
        # Somebody took over (we had been stopped for longer than our lease) and has a receipt of its own.
        other = f"{self.key}~{receipt.id}"
        await _change_row(self.rows, other, steps.record_receipt(other, self.subject, receipt))

    async def _change_row(self, edit: Edit) -> Change:
        return await finish_work(_change_row(self.rows, self.key, edit))

    @contextmanager
    def _hold_row(self, *, attempting: bool) -> Iterator[None]:
        beat = asyncio.create_task(self._renew_hold(attempting))
        try:
            yield
        finally:
            # Not waited for: a cancellation that came meanwhile would be taken for the beat's own, and the run go on.
            # A last sign of life that is on its way changes only a row that is still ours.
            beat.cancel()

    async def _renew_hold(self, attempting: bool) -> None:
        edit = steps.keep_hold(self.holder, self.timing.lease, attempting=attempting)
        while True:
            # Three signs of life may be lost before anybody else takes the row for abandoned.
            await asyncio.sleep(self.timing.lease / 4)
            with contextlib.suppress(LedgerError):  # the lease outlasts a ledger that is away for a moment
                await _change_row(self.rows, self.key, edit)


def made_nothing(error: BaseException) -> bool:
    """Whether the failure of a call says for certain that the vendor made, and charged, nothing."""
    if isinstance(error, PolyreelError) and error.bought_nothing:
        return True
    return isinstance(error, UnsupportedLocale) or (isinstance(error, CallError) and error.made_nothing)


@contextmanager
def before_purchase() -> Iterator[None]:
    """What fails inside is known to have bought nothing: it makes ready what is bought, and is asked of nobody else.

    A lost answer there leaves no doubt about the purchase: its intent goes, and another provider may be paid.
    """
    try:
        yield
    except HeldForPerson:
        raise  # a person decides; the language is given to nobody meanwhile
    except PolyreelError as error:
        error.bought_nothing = True
        raise


def make_unresolved(key: str, entry: Entry, look_at: str) -> UnresolvedCall:
    """What a person is told who has to look whether a call was made."""
    what = " ".join(filter(None, (entry.what or entry.kind, entry.locale)))
    return UnresolvedCall(
        f"It is not known whether {entry.provider or 'the vendor'} took this: {what}",
        key=key, seen=str(State.UNRESOLVED), where=key,
        remedy=f"Look at {look_at.rstrip('.')}. If it is there: `polyreel ledger settle {key} --found ID`; "
        f"if not: `polyreel ledger settle {key} --not-bought`. Then run the job again.",
    )  # fmt: skip


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


async def _claim_row(
    rows: Rows, key: str, subject: Subject, holder: str, lease: float, abandoned: Sign | None
) -> Change:  # fmt: skip
    """The row, ours if nobody else has it. Cancelled meanwhile, it is nobody's: a living process keeps its holds."""
    claiming = asyncio.ensure_future(_change_row(rows, key, steps.claim_row(key, subject, holder, lease, abandoned)))
    try:
        return await finish_work(claiming)
    except asyncio.CancelledError:
        if claiming.exception() is None:
            is_new = claiming.result().before is None
            await finish_work(_change_row(rows, key, steps.release_row(holder) if is_new else steps.let_go(holder)))
        raise


async def _change_row(rows: Rows, key: str, edit: Edit) -> Change:
    return await asyncio.to_thread(rows.change, key, edit)


def _require_row(entry: Entry | None, key: str) -> Entry:
    if entry is None:
        raise LedgerError("a row disappeared while it was worked on", where=key, remedy="Run the job again.")
    return entry
