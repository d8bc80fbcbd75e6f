"""The ledger as the rest of polyreel uses it: `once`, waiting for rows, news of them, what a person settled."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from copy import copy
from functools import partial
from typing import Any, TypeVar

from polyreel.errors import InvalidJob, LedgerError
from polyreel.ledger import steps
from polyreel.ledger.address import ledger_rows
from polyreel.ledger.claims import do_alone, list_dead, list_live, list_unended, sweep
from polyreel.ledger.entry import NOT_BOUGHT, CantTell, Entry, Found, NotThere, Receipt, State, Subject
from polyreel.ledger.holder import HoldWatch, is_alive, may_hold
from polyreel.ledger.late import SURELY_OLD_S, look_until_shown
from polyreel.ledger.news import EVERY_SECONDS, News
from polyreel.ledger.once import Call, Find, Timing, make_unresolved, once
from polyreel.ledger.rows import Change, Claim, Condition, Edit, Filter, Rows
from polyreel.ledger.telling import tell_waiting
from polyreel.net.closing import ClosesAfterBlock
from polyreel.vendors.errors import CallError

T = TypeVar("T")
_LOOK_AGAIN_SECONDS = 30.0


class Ledger(ClosesAfterBlock):
    """What must happen once, and what came of it. An async context manager; belongs to one event loop.

    ::

        async with Ledger() as ledger:
            entry = await ledger.once(key, call, find, subject=Subject(kind="dub", provider="panjaya", ...))
            entry = await ledger.wait_for(key, lambda row: row.state is State.READY)
    """

    def __init__(self, rows: Rows | None = None, *, timing: Timing | None = None, every: float = EVERY_SECONDS) -> None:
        self.rows: Rows = rows or ledger_rows()
        self.news = News(self.rows, every)
        self._timing = timing or Timing()
        self._every = every
        self._is_to_make = True

    @property
    def quiet(self) -> float:
        """Seconds after which a vendor that still does not show what it has taken is believed to have none."""
        return self._timing.quiet

    async def aclose(self) -> None:
        """Stop waiting for news. The connections stay, for whoever opens the ledger next."""
        await self.news.close()

    async def once(self, key: str, call: Call, find: Find, *, subject: Subject) -> Entry:
        """The row of this key with its receipt: see `polyreel.ledger.once.once`, which says what is raised."""

        async def look() -> Receipt:
            return await self._look_for(key, find)

        made = call if self._is_to_make else look
        entry = await once(
            self.rows, key, made, find, subject=subject, wait_for_news=self._wait_a_moment, timing=self._timing
        )
        self.news.tell([entry])
        return entry

    def to_look(self) -> Ledger:
        """The same ledger, under which nothing is made: `once` gives the row where an earlier call was taken.

        Where it was not, `once` leaves no intent, and raises `CallError` (``not_bought``).
        """
        looking = copy(self)
        looking._is_to_make = False
        return looking

    async def _look_for(self, key: str, find: Find) -> Receipt:
        # Also where there was no intent: what was made first may have had the rest in it.
        entry = await self.get(key)
        match await find(entry) if entry else NotThere():
            case Found(receipt):
                return receipt
            case CantTell(look_at) if entry:
                raise make_unresolved(key, entry, look_at)
        error = CallError("the vendor has not taken it", code=NOT_BOUGHT, remedy="Run the job again to buy it.")
        error.bought_nothing = True
        raise error

    async def look_for_made(self, key: str, look: Callable[[], Awaitable[T | None]]) -> T | None:
        """What ``look`` sees of what a row's vendor has made; None where it does not show it.

        A row that was written to within a day is looked for until `Timing.quiet` is over: a thing that was just made,
        and that a lagging list or database denies, would be made again; and clocks don't say what was just made.
        """

        async def read_time_of_row() -> float:
            entry = await self.get(key)
            return entry.made_at if entry else 0.0

        return await self._look_until_shown(look, read_time_of_row)

    async def look_for_new(self, made_at: float, look: Callable[[], Awaitable[T | None]]) -> T | None:
        """The same for what was made at a time of the ledger's clock (`read_clock`), and has no row of its own."""

        async def tell_time() -> float:
            return made_at

        return await self._look_until_shown(look, tell_time)

    async def _look_until_shown(
        self, look: Callable[[], Awaitable[T | None]], read_made_at: Callable[[], Awaitable[float]]
    ) -> T | None:
        quiet, seen_at = self._timing.quiet, dict[float, float]()

        async def measure_left() -> float:
            made_at, now = await read_made_at(), time.monotonic()
            if await self.read_clock() - made_at > SURELY_OLD_S:
                return 0.0
            # By a clock of our own, from when it was seen: the ledger's may have been set since it was made.
            return seen_at.setdefault(made_at, now) + quiet - now

        return await look_until_shown(look, measure_left)

    async def alone(self, name: str, work: Callable[[], Awaitable[T]], *, what: str = "") -> T:
        """What ``work`` gives; meanwhile no other run does anything under ``name``.

        See `polyreel.ledger.claims.do_alone`, which says what is raised.
        """
        return await do_alone(self.rows, name, work, what=what, timing=self._timing)

    async def list_claims(self) -> list[Claim]:
        """Who is at work alone (`alone`) right now, by name. For what is shown: a clock can be set."""
        return await asyncio.to_thread(list_live, self.rows)

    async def list_unended_claims(self) -> list[Claim]:
        """Who may be at work alone, by name: also one that was silent for long, and is not known to have ended."""
        return await asyncio.to_thread(list_unended, self.rows)

    async def list_dead_claims(self) -> list[Claim]:
        """What `sweep_claims` would remove."""
        return await asyncio.to_thread(list_dead, self.rows)

    async def sweep_claims(self) -> list[Claim]:
        """Remove what dead runs left claimed; their claims. Nobody waits for those, so nothing begins by it.

        Claims of another machine's runs are watched for a lease before.
        """
        return await sweep(self.rows, self._timing.lease)

    async def _wait_a_moment(self, entry: Entry) -> None:
        # A holder that died changes nothing, so the row is looked at again even without news of it.
        await self._wait_for_change(entry, 2 * self._every)

    async def read_clock(self) -> float:
        """The time by the ledger's clock, which rows' times are compared with: seconds since 1970."""
        return await asyncio.to_thread(self.rows.now)

    async def is_first_attempt(self, key: str) -> bool:
        """Whether the call that is being made is the only one that a row counts: an earlier one may have bought."""
        entry = await self.get(key)
        return entry is None or entry.attempts <= 1

    async def get(self, key: str) -> Entry | None:
        """One row."""
        return await asyncio.to_thread(self.rows.get, key)

    async def select(self, wanted: Filter | None = None) -> list[Entry]:
        """The rows that match, oldest first."""
        return await asyncio.to_thread(self.rows.select, wanted or Filter())

    async def wait_for(self, key: str, done: Callable[[Entry], bool]) -> Entry:
        """The row, once `done` says so; `done` may raise what it knows better. Waits as long as the caller lets it."""
        while True:
            entry = await self.get(key)
            if entry is None:
                raise LedgerError("there is no such row", code="no_such_row", where=key, remedy="Run the job again.")
            if done(entry):
                return entry
            await self._wait_for_change(entry, _LOOK_AGAIN_SECONDS)

    async def _wait_for_change(self, entry: Entry, seconds: float) -> None:
        future = self.news.expect(entry.key, entry.updated_at)
        try:
            await asyncio.wait({future}, timeout=seconds)
        finally:
            self.news.drop(entry.key, future)

    async def advance(
        self, key: str, state: State, *, note: str = "", minutes: float | None = None, due_at: float = 0.0,
        details: Mapping[str, Any] | None = None,
    ) -> Entry | None:  # fmt: skip
        """Write what was learned of a row with a receipt: never backwards. The row as it is now; None without one."""
        return await self._change_row(
            key, steps.advance_row(state, note=note, minutes=minutes, due_at=due_at, details=details)
        )

    async def wait_as(self, key: str, run_id: str) -> Entry | None:
        """Note which run waits for the row, so that it can be woken."""
        return await self._change_row(key, steps.wait_as(run_id))

    async def settle_found(self, key: str, vendor_id: str, minutes: float | None = None) -> Entry:
        """A person has seen that the vendor took it: this is its id there. Raises `InvalidJob`."""
        entry = await self.wait_until_free(key)
        if not entry.is_open:
            # Most rows were never settled by anybody: the vendor's own answer was their receipt.
            by_person = entry.receipt.get("settled")
            raise InvalidJob(
                f"{'this was settled before' if by_person else 'there is a receipt'}: {entry.state}, "
                f"as {entry.vendor_id}",
                where=key,
                code="settled_before" if by_person else "bought",
                remedy="Look at it with `polyreel ledger`; what has a receipt stays.",
            )
        receipt = Receipt(id=vendor_id, minutes=minutes, details={"settled": "by a person"})
        settled = await self._change_as_seen(entry, {key: steps.record_receipt(key, Subject(kind=entry.kind), receipt)})
        if settled is None:
            raise _refuse_moved_on(key)
        return settled[key].after or entry

    async def settle_not_bought(self, key: str) -> Entry:
        """A person has seen that the vendor has nothing (any more): the next run may buy it. Raises `InvalidJob`.

        What failed at the vendor, or was deleted there, keeps its receipt under a key of its own.
        """
        entry = await self.wait_until_free(key)
        if not entry.is_open and entry.state not in (State.FAILED, State.FORGOTTEN):
            remedy = "Only what is unresolved, failed or forgotten may be bought again."
            raise InvalidJob(
                f"there is a receipt: {entry.state}, as {entry.vendor_id}", where=key, code="bought", remedy=remedy
            )
        edits = _make_edits_to_set_aside(entry) if entry.vendor_id else {key: steps.remove_row()}
        if await self._change_as_seen(entry, edits) is None:
            raise _refuse_moved_on(key)
        return entry

    async def set_aside(self, entry: Entry) -> None:
        """Keep a row that is over under a key of its own: `once` makes the call anew. One that has moved on stays."""
        await self._change_as_seen(entry, _make_edits_to_set_aside(entry))

    async def _change_as_seen(self, entry: Entry, edits: Mapping[str, Edit]) -> dict[str, Change] | None:
        """Edit rows, where the one that it was decided on still stands so; None where it has moved on since."""
        is_as_seen = False

        def is_unchanged(rows: Mapping[str, Entry]) -> bool:
            nonlocal is_as_seen
            is_as_seen = rows.get(entry.key) == entry
            return is_as_seen

        changes = await self._change_together(edits, only_if=is_unchanged)
        return changes if is_as_seen else None

    async def wait_until_free(self, key: str) -> Entry:
        """The row, where nobody works on it: what another machine's run holds is watched, at most for a lease.

        Raises `InvalidJob` where somebody does, and where there is no such row.
        """
        watch, told = HoldWatch(self._timing.lease), ""
        while True:
            entry = await self.get(key)
            if entry is None:
                raise InvalidJob(
                    "the ledger has no such row", where=key, remedy="`polyreel ledger` shows those it has."
                )
            sign = (entry.holder, entry.lease_until)
            if not entry.is_open or not may_hold(entry.holder) or watch.abandoned == sign:
                return entry
            if is_alive(entry.holder) or not watch.look(*sign):
                remedy = "Wait until it has ended."
                raise InvalidJob("a run is making this call right now", where=key, code="under_way", remedy=remedy)
            if not told:
                told = f"Looking whether a run on another machine still works on this: {watch.lease:g} s at most."
                tell_waiting(told)
            await asyncio.sleep(min(self._every, watch.lease / 4))

    async def change_all(self, edits: Mapping[str, Edit]) -> None:
        """Edit several rows in one transaction (`polyreel.ledger.steps` has the edits), and tell who waits for them."""
        await self._change_together(edits)

    async def _change_together(
        self, edits: Mapping[str, Edit], only_if: Condition | None = None
    ) -> dict[str, Change]:  # fmt: skip
        changes = await asyncio.to_thread(partial(self.rows.change_all, edits, only_if=only_if))
        self.news.tell([it.after for it in changes.values() if it.after is not None and it.after is not it.before])
        return changes

    async def _change_row(self, key: str, edit: Edit) -> Entry | None:
        change = await asyncio.to_thread(self.rows.change, key, edit)
        if change.after is not None and change.after is not change.before:
            self.news.tell([change.after])
        return change.after


def _make_edits_to_set_aside(entry: Entry) -> dict[str, Edit]:
    old = f"{entry.key}~{entry.vendor_id}"
    return {old: steps.copy_as(old, entry), entry.key: steps.remove_row()}


def _refuse_moved_on(key: str) -> InvalidJob:
    return InvalidJob(
        "this row was changed just now, by a run or by somebody else",
        where=key,
        code="moved_on",
        remedy="Look at it with `polyreel ledger`; then settle it, if there is still something to settle.",
    )
