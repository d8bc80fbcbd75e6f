"""The one primitive: a call that must happen once, happens once.

1. The intent is durable before the call. 2. The call is made. 3. Its receipt is written at once. Whatever ends the
process between two of these leaves a row that tells the next one what to do: nothing under way and a receipt, it is
done; an intent without a receipt, ``find`` looks at the vendor first.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from polyreel.errors import HeldForPerson, LedgerError, PolyreelError, UnresolvedCall
from polyreel.ledger import steps
from polyreel.ledger.entry import CantTell, Entry, Finding, Found, NotThere, Receipt, State, Subject
from polyreel.ledger.hold import Hold, HoldLost, finish_work, read_clock
from polyreel.ledger.holder import HoldWatch, Sign, end_holder, is_own, new_holder
from polyreel.ledger.late import LISTED_LATE_S, look_until_shown
from polyreel.ledger.rows import Change, Edit, Rows
from polyreel.ledger.telling import tell_waiting
from polyreel.vendors.errors import CallError, UnsupportedLocale

log = logging.getLogger("polyreel.ledger.once")
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
        since = read_clock()
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
            done = await attempt.make(None if claimed.before is None else entry, since)
            if done is not None:
                return done
            holder, has_told = new_holder(), False
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

    async def make(self, left: Entry | None, since: float) -> Entry | None:
        """The row with its receipt; None where it was taken from us. ``left`` is what somebody has left of it."""
        try:
            return await (self._begin(since) if left is None else self._take_over(left, since))
        except HoldLost as lost:
            if lost.holder != self.holder:
                raise
            log.warning(
                "%s: this run gave no sign of life for %g s; another may have gone on", self.key, self.timing.lease
            )
            return None
        finally:
            # Whatever the row says: a ledger that was away at the end must not leave it to a process that lives on.
            end_holder(self.holder)

    async def _begin(self, since: float) -> Entry:
        """The call of a fresh intent."""

        has_answer = False

        async def call() -> Entry:
            nonlocal has_answer
            receipt = await self.call()
            # In one with its receipt: what was made is written down, whoever has the row by now.
            has_answer = True
            return await self._record_receipt(receipt)

        async def give_sign() -> bool:
            # Again at the end: the answer may have come while the ledger was asked.
            return has_answer or await self._give_sign(attempting=True) or has_answer

        try:
            return await Hold(self.holder, self.timing.lease, give_sign, since).work(call)
        # A cancellation as well: the request may be on its way, and an intent that nobody holds is what `find` is
        # for.
        except BaseException as error:
            await self._after_failure(error)
            raise

    async def _take_over(self, entry: Entry, since: float) -> Entry | None:
        """An intent that somebody left without a receipt: look first. None where the row was taken from us."""
        hold = Hold(self.holder, self.timing.lease, lambda: self._give_sign(attempting=False), since)
        try:
            finding = await hold.work(lambda: self._look_for_call(entry))
        except BaseException:
            await self._give_back(steps.let_go(self.holder))
            raise
        match finding:
            case Found(receipt):
                return await self._record_receipt(receipt)
            case CantTell(look_at):
                await self._change_row(steps.hold_for_person(self.holder, look_at))
                raise make_unresolved(self.key, entry, look_at)
            case NotThere():
                since = read_clock()
                return await self._begin(since) if await self._attempt_again() else None

    async def _attempt_again(self) -> bool:
        """Note a new attempt; False where we had stood still for so long that somebody else has the row by now."""
        try:
            change = await self._change_row(steps.note_attempt(self.holder, self.timing.lease))
        except BaseException:
            await self._give_back(steps.let_go(self.holder))
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
            await self._give_back(steps.release_row(self.holder))
        else:
            note = error.message if isinstance(error, PolyreelError) else type(error).__name__
            await self._give_back(steps.let_go(self.holder, note))

    async def _give_back(self, edit: Edit) -> None:
        # Where the ledger is away, too, what is told is what has failed before it; the row is let go by `end_holder`.
        with contextlib.suppress(LedgerError):
            await self._change_row(edit)

    async def _record_receipt(self, receipt: Receipt) -> Entry:
        # In one: whoever cancels meanwhile must not take the note of what was made twice.
        return await finish_work(self._write_or_keep_spare(receipt))

    async def _write_or_keep_spare(self, receipt: Receipt) -> Entry:
        entry = await self._write_receipt(receipt)
        if entry.vendor_id == receipt.id:
            return entry
        await self._keep_spare(receipt)
        error = LedgerError(
            f"{entry.what or self.key} was made twice: {entry.vendor_id} and {receipt.id}", code="made_twice",
            where=self.key, remedy=f"Remove {receipt.id} at {entry.provider or 'the vendor'}.",
        )  # fmt: skip
        log.error("%s", error)  # it may be lost to a cancellation
        raise error

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

    async def _give_sign(self, *, attempting: bool) -> bool:
        edit = steps.keep_hold(self.holder, self.timing.lease, attempting=attempting)
        after = (await _change_row(self.rows, self.key, edit)).after
        return after is not None and after.holder == self.holder


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


async def _claim_row(
    rows: Rows, key: str, subject: Subject, holder: str, lease: float, abandoned: Sign | None
) -> Change:  # fmt: skip
    """The row, ours if nobody else has it. Cancelled meanwhile, it is nobody's: a living process keeps its holds."""
    claiming = asyncio.ensure_future(_change_row(rows, key, steps.claim_row(key, subject, holder, lease, abandoned)))
    try:
        return await finish_work(claiming)
    except BaseException:
        # The answer of a claim that was taken may be lost as well.
        end_holder(holder)
        if claiming.exception() is None:
            is_new = claiming.result().before is None
            with contextlib.suppress(LedgerError):
                await finish_work(_change_row(rows, key, steps.release_row(holder) if is_new else steps.let_go(holder)))
        raise


async def _change_row(rows: Rows, key: str, edit: Edit) -> Change:
    return await asyncio.to_thread(rows.change, key, edit)


def _require_row(entry: Entry | None, key: str) -> Entry:
    if entry is None:
        raise LedgerError("a row disappeared while it was worked on", where=key, remedy="Run the job again.")
    return entry
