"""A buyer that others may take for dead buys no more: cut off from the ledger, or stopped and gone on with."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

import pytest

from polyreel.errors import LedgerError
from polyreel.ledger import steps
from polyreel.ledger.entry import Entry, Finding, Found, NotThere, Receipt, Subject
from polyreel.ledger.holder import end_holder, is_alive, may_hold, new_holder
from polyreel.ledger.ledger import Ledger
from polyreel.ledger.once import Timing
from polyreel.ledger.rows import Change, Edit, Rows
from polyreel.ledger.testing import MemoryRows
from polyreel.vendors.errors import Unanswered
from polyreel.vendors.leave import require_leave

DUB = Subject(kind="dub", what="welcome", job="welcome", provider="panjaya", locale="fr-FR", minutes=3)


class Vendor:
    """Sells at the end of so many seconds, if nobody has called that off; shows it at once."""

    def __init__(self, slow: float = 0.0) -> None:
        self.book: list[str] = []
        self.slow = slow

    async def sell(self) -> Receipt:
        await asyncio.sleep(self.slow)
        return self.commit()

    async def sell_now(self) -> Receipt:
        return self.commit()

    def commit(self) -> Receipt:
        self.book.append(f"dub-{len(self.book) + 1}")
        return Receipt(id=self.book[-1])

    async def find(self, _entry: Entry) -> Finding:
        return Found(Receipt(id=self.book[-1])) if self.book else NotThere()


class Cut:
    """The way to rows of one machine, which may be cut, with an error or in silence."""

    def __init__(self, rows: Rows, *, silent: bool) -> None:
        self._rows, self._silent, self.is_cut = rows, silent, threading.Event()
        self.back = threading.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._rows, name)

    def change(self, key: str, edit: Edit) -> Change:
        if self.is_cut.is_set() and not self.back.is_set():
            if not self._silent:
                raise LedgerError("the ledger does not answer")
            self.back.wait(30)
        return self._rows.change(key, edit)


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first attempt is another machine's."""
    holders = iter(["another machine:1:1:x"])
    monkeypatch.setattr("polyreel.ledger.once.new_holder", lambda: next(holders, None) or new_holder())


def open_ledger(rows: Any, quiet: float = 0.5) -> Ledger:
    return Ledger(rows, timing=Timing(lease=1.0, quiet=quiet), every=0.05)


@pytest.mark.parametrize("silent", [False, True], ids=["refused", "in silence"])
async def test_a_buyer_that_is_cut_off_from_the_ledger_stops_before_another_one_buys(
    rows: Rows, elsewhere: None, silent: bool
) -> None:
    """An upload of minutes goes on without the ledger; whoever can reach that buys after a lease."""
    vendor, cut = Vendor(slow=4.0), Cut(rows, silent=silent)
    first = asyncio.create_task(open_ledger(cut).once("k", vendor.sell, vendor.find, subject=DUB))
    await asyncio.sleep(0.3)
    cut.is_cut.set()
    try:
        second = await asyncio.wait_for(open_ledger(rows).once("k", vendor.sell_now, vendor.find, subject=DUB), 20)
        await asyncio.sleep(3.0)
    finally:
        cut.back.set()
    (ended,) = await asyncio.gather(first, return_exceptions=True)
    assert vendor.book == [second.vendor_id] == ["dub-1"]
    # Cut off with an error, it says so; in silence, it hears of the other one's purchase when the ledger is back.
    assert isinstance(ended, LedgerError) or ended.vendor_id == "dub-1"


async def test_a_buyer_whose_claim_was_answered_too_late_makes_no_call(rows: Rows, elsewhere: None) -> None:
    """It was stopped between its intent and its call, and another one has bought meanwhile."""
    vendor, theirs = Vendor(), list[Entry]()

    class Late:
        """The first change is made, and its answer comes after another has taken over."""

        def __init__(self) -> None:
            self.has_answered = False

        def __getattr__(self, name: str) -> Any:
            return getattr(rows, name)

        def change(self, key: str, edit: Edit) -> Change:
            change = rows.change(key, edit)
            if not self.has_answered:
                self.has_answered = True
                theirs.append(asyncio.run(open_ledger(rows).once("k", vendor.sell, vendor.find, subject=DUB)))
            return change

    async def sell_again() -> Receipt:
        raise AssertionError("another run has bought it")

    ours = await asyncio.wait_for(open_ledger(Late()).once("k", sell_again, vendor.find, subject=DUB), 20)
    assert vendor.book == [ours.vendor_id] == [theirs[0].vendor_id]


async def test_a_buyer_that_was_stopped_inside_its_call_sends_nothing_more(rows: Rows, elsewhere: None) -> None:
    """The reel was being staged; what is sent after that would be the purchase."""
    vendor, theirs = Vendor(), list[Entry]()

    async def stand_still_and_sell() -> Receipt:
        # A loop that is held up does nothing, as a stopped process does; the other one has a loop of its own.
        other = threading.Thread(
            target=lambda: theirs.append(
                asyncio.run(open_ledger(rows).once("k", vendor.sell, vendor.find, subject=DUB))
            )
        )
        other.start()
        other.join(20)
        await require_leave("GET")
        await require_leave("POST")
        return vendor.commit()

    ours = await asyncio.wait_for(open_ledger(rows).once("k", stand_still_and_sell, vendor.find, subject=DUB), 30)
    assert vendor.book == [ours.vendor_id] == [theirs[0].vendor_id]


async def test_under_a_claim_that_was_lost_nothing_is_bought_either(
    rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two providers' purchases of one language have two rows, and one claim."""
    holders = iter(["another machine:1:1:x"])
    monkeypatch.setattr("polyreel.ledger.claims.new_holder", lambda: next(holders, None) or new_holder())
    sold: list[str] = []

    async def buy_at_fallback() -> None:
        sold.append("fallback")

    async def stand_still_and_buy() -> str:
        if sold:
            return "paid elsewhere"
        other = threading.Thread(target=lambda: asyncio.run(open_ledger(rows).alone("choice", buy_at_fallback)))
        other.start()
        other.join(20)

        async def sell() -> Receipt:
            await require_leave("POST")
            sold.append("first")
            return Receipt(id="first")

        await open_ledger(rows).once("k", sell, Vendor().find, subject=DUB)
        return "bought"

    assert await asyncio.wait_for(open_ledger(rows).alone("choice", stand_still_and_buy), 30) == "paid elsewhere"
    assert sold == ["fallback"]


async def test_an_answer_that_comes_while_the_row_is_found_lost_is_written_beside_it() -> None:
    """Stopped inside its call, gone on with: its heir has bought, its own answer comes, and both must be known."""
    rows, asked = MemoryRows(), threading.Event()

    class Slow:
        """Takes its time once the heir has its receipt: for the sign of life, and longer for ours."""

        def __getattr__(self, name: str) -> Any:
            return getattr(rows, name)

        def change(self, key: str, edit: Edit) -> Change:
            there = rows.get("k")
            if there is not None and there.vendor_id:
                is_sign = not asked.is_set()
                asked.set()
                time.sleep(0.3 if is_sign else 1.0)
            return rows.change(key, edit)

    async def sell() -> Receipt:
        rows.change("k", steps.record_receipt("k", DUB, Receipt(id="heirs")))
        await asyncio.to_thread(asked.wait, 10)
        return Receipt(id="ours")

    with pytest.raises(LedgerError, match="made twice: heirs and ours"):
        await asyncio.wait_for(open_ledger(Slow()).once("k", sell, Vendor().find, subject=DUB), 20)
    found = {key: entry.vendor_id for key in ("k", "k~ours") if (entry := rows.get(key))}
    assert found == {"k": "heirs", "k~ours": "ours"}


async def test_an_answer_that_came_is_written_down_though_the_ledger_is_away_for_longer_than_a_lease() -> None:
    rows = MemoryRows()

    class Stumbling:
        """Fails for longer than a lease once the vendor has answered."""

        def __getattr__(self, name: str) -> Any:
            return getattr(rows, name)

        def change(self, key: str, edit: Edit) -> Change:
            if bought and time.monotonic() < bought[0] + 2.5:
                raise LedgerError("away")
            return rows.change(key, edit)

    vendor, bought = Vendor(), list[float]()

    async def sell() -> Receipt:
        receipt = await vendor.sell()
        bought.append(time.monotonic())
        return receipt

    row = await asyncio.wait_for(open_ledger(Stumbling()).once("k", sell, vendor.find, subject=DUB), 20)
    assert row.vendor_id == "dub-1"
    assert vendor.book == ["dub-1"]


async def test_what_a_ledger_that_was_away_left_held_is_not_waited_for_by_its_own_process(rows: Rows) -> None:
    """A living process keeps its hold for ten minutes: its own attempt, that has failed, is over at once."""
    vendor, cut = Vendor(), Cut(rows, silent=False)

    async def break_off() -> Receipt:
        cut.is_cut.set()
        raise Unanswered("reset")

    with pytest.raises(Unanswered):
        await open_ledger(cut).once("k", break_off, vendor.find, subject=DUB)
    cut.back.set()
    entry = await asyncio.wait_for(open_ledger(cut, quiet=0.0).once("k", vendor.sell, vendor.find, subject=DUB), 10)
    assert entry.vendor_id == "dub-1"


def test_an_attempt_that_is_over_holds_nothing_while_its_process_lives() -> None:
    ended, other = new_holder(), new_holder()
    end_holder(ended)
    assert (may_hold(ended), is_alive(ended)) == (False, False)
    assert (may_hold(other), is_alive(other)) == (True, True)
