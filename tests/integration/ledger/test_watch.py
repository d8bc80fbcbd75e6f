"""Watchers: one look for all that is under way, at a pace that suits it, and whoever waits is woken."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest

from polyreel.ledger import steps
from polyreel.ledger.entry import Entry, Receipt, State, Subject
from polyreel.ledger.ledger import Ledger
from polyreel.ledger.pace import Pace
from polyreel.ledger.rows import Rows
from polyreel.ledger.watch import Sighting, Watchers
from polyreel.vendors.errors import Unauthorized, Unreachable

ACCOUNT = "https://api.panjaya.ai#3f2a90bc11de"
QUICK = Pace(least=0.05, first=0.1, most=1, slowest=2)
SLOW = Pace(least=0.05, first=60, most=60, slowest=60)


@dataclass
class Account:
    """An account at a vendor: what is done there, and how often it was asked."""

    done: set[str] = field(default_factory=set)
    failures: list[Exception] = field(default_factory=list)
    asked: list[int] = field(default_factory=list)

    async def list_under_way(self, entries: Sequence[Entry]) -> Sequence[Sighting]:
        self.asked.append(len(entries))
        if self.failures:
            raise self.failures.pop()
        return [
            Sighting(entry.key, State.READY if entry.key in self.done else State.SUBMITTED, minutes=2)
            for entry in entries
        ]


def buy(rows: Rows, *keys: str) -> None:
    for key in keys:
        rows.change(
            key, steps.record_receipt(key, Subject(kind="dub", account=ACCOUNT, minutes=1), Receipt(id=f"at-{key}"))
        )


def ready(row: Entry) -> bool:
    return row.state is State.READY


@pytest.fixture
async def ledger(rows: Rows) -> AsyncIterator[Ledger]:
    async with Ledger(rows, every=0.1) as opened:
        yield opened


async def test_a_row_is_ready_when_the_vendor_is_and_the_charge_is_the_vendors(ledger: Ledger) -> None:
    vendor = Account()
    buy(ledger.rows, "k")
    async with Watchers(ledger).watch(ACCOUNT, vendor, QUICK) as watcher:
        waiting = asyncio.create_task(watcher.wait_for("k", ready))
        await asyncio.sleep(0.4)
        vendor.done.add("k")
        row = await asyncio.wait_for(waiting, 10)
    assert (row.state, row.charged_minutes, row.charged_by) == (State.READY, 2, "vendor")


async def test_one_account_is_asked_by_one_watcher_for_everybody(rows: Rows) -> None:
    vendor = Account()
    buy(rows, "a", "b", "c")
    async with AsyncExitStack() as stack:
        ledgers = [await stack.enter_async_context(Ledger(rows, every=0.1)) for _ in range(3)]
        watching = [await stack.enter_async_context(Watchers(it).watch(ACCOUNT, vendor, SLOW)) for it in ledgers]
        waiting = [asyncio.create_task(watcher.wait_for(key, ready)) for watcher in watching for key in ("a", "b", "c")]
        await asyncio.sleep(1.5)
        assert vendor.asked == []  # they are fresh
        vendor.done |= {"a", "b", "c"}
        # The hint comes to a process that does not lead: the one that does looks all the same.
        await asyncio.to_thread(rows.poke, ACCOUNT)
        assert all(map(ready, await asyncio.wait_for(asyncio.gather(*waiting), 10)))
    assert vendor.asked == [3]


async def test_whoever_leaves_takes_its_client_along_and_the_next_one_is_asked(ledger: Ledger) -> None:
    class Leaving(Account):
        """Its client is closed when it has left."""

        async def list_under_way(self, entries: Sequence[Entry]) -> Sequence[Sighting]:
            assert here
            return await super().list_under_way(entries)

    leaving, staying, here = Leaving(), Account(), True
    buy(ledger.rows, "k")
    watchers = Watchers(ledger)
    async with watchers.watch(ACCOUNT, staying, QUICK) as watcher:
        async with watchers.watch(ACCOUNT, leaving, QUICK):
            await asyncio.sleep(1)
        here = False
        staying.done.add("k")
        await asyncio.wait_for(watcher.wait_for("k", ready), 15)
    assert leaving.asked
    assert staying.asked


async def test_whoever_waits_goes_on_though_a_look_keeps_the_cancellation_for_itself(ledger: Ledger) -> None:
    """A library that takes a cancellation for its own timeout's must not hold a run for ever."""

    class Deaf(Account):
        """Its client makes a vendor's error of whatever ends its call."""

        async def list_under_way(self, entries: Sequence[Entry]) -> Sequence[Sighting]:
            looking.set()
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                raise Unreachable("the look was ended") from None
            return []

    looking, watching = asyncio.Event(), Watchers(ledger)
    buy(ledger.rows, "k")

    async def leave_while_looking() -> None:
        async with watching.watch(ACCOUNT, Deaf(), QUICK):
            await looking.wait()

    # In a task of its own: where it hangs, it would keep the timeout's cancellation, too.
    leaving = asyncio.create_task(leave_while_looking())
    done, _ = await asyncio.wait({leaving}, timeout=20)
    assert done


async def test_the_next_leads_when_the_leader_is_gone(rows: Rows) -> None:
    vendor = Account()
    buy(rows, "k")
    rows.lead(ACCOUNT, "a process that died", 1.0)
    async with Ledger(rows, every=0.1) as ledger, Watchers(ledger).watch(ACCOUNT, vendor, QUICK) as watcher:
        vendor.done.add("k")
        await asyncio.wait_for(watcher.wait_for("k", ready), 15)


async def test_a_callback_wakes_who_waits_within_two_seconds(ledger: Ledger) -> None:
    vendor = Account()
    keys = [f"k{number}" for number in range(200)]
    buy(ledger.rows, *keys)
    async with Watchers(ledger).watch(ACCOUNT, vendor, SLOW) as watcher:
        waiting = [asyncio.create_task(watcher.wait_for(key, ready)) for key in keys]
        await asyncio.sleep(1.5)
        vendor.done |= set(keys)
        began = time.monotonic()
        watcher.poke()
        await asyncio.wait_for(asyncio.gather(*waiting), 30)
        seconds = time.monotonic() - began
    assert vendor.asked == [200]
    assert seconds < 10  # the goal is 2 s, which benchmarks measure on a machine that does nothing else


async def test_of_many_rows_only_those_that_a_callback_was_about_are_asked_for(ledger: Ledger) -> None:
    vendor = Account()
    buy(ledger.rows, "a", "b", "c")
    async with Watchers(ledger).watch(ACCOUNT, vendor, SLOW) as watcher:
        waiting = asyncio.create_task(watcher.wait_for("b", ready))
        await asyncio.sleep(1)
        vendor.done.add("b")
        await ledger.change_all({"b": steps.hint_row()})
        await asyncio.to_thread(ledger.rows.poke, ACCOUNT)
        await asyncio.wait_for(waiting, 15)
    assert vendor.asked == [1]


async def test_a_vendor_that_is_away_is_asked_again_and_one_that_refuses_is_told(ledger: Ledger) -> None:
    vendor = Account(failures=[Unreachable("no route") for _ in range(5)])
    buy(ledger.rows, "k")
    vendor.done.add("k")
    async with Watchers(ledger).watch(ACCOUNT, vendor, Pace(least=0.05, first=0.02, slowest=0.05)) as watcher:
        await asyncio.wait_for(watcher.wait_for("k", ready), 15)
        assert watcher.seen.failures == 5
    buy(ledger.rows, "l")
    vendor.failures = [Unauthorized("the key is revoked") for _ in range(9)]
    async with Watchers(ledger).watch(ACCOUNT, vendor, Pace(least=0.05, first=0.02, slowest=0.05)) as watcher:
        with pytest.raises(Unauthorized, match="revoked"):
            await asyncio.wait_for(watcher.wait_for("l", ready), 15)


async def test_a_defect_of_an_observer_reaches_who_waits(ledger: Ledger) -> None:
    vendor = Account(failures=[ZeroDivisionError()])
    buy(ledger.rows, "k")
    async with Watchers(ledger).watch(ACCOUNT, vendor, QUICK) as watcher:
        with pytest.raises(ZeroDivisionError):
            await asyncio.wait_for(watcher.wait_for("k", ready), 15)


async def test_what_waits_for_a_person_says_so_and_goes_on(ledger: Ledger) -> None:
    class Studio(Account):
        async def list_under_way(self, entries: Sequence[Entry]) -> Sequence[Sighting]:
            note, waits = ("ready to edit", True) if not self.done else ("", False)
            state = State.READY if self.done else State.SUBMITTED
            return [Sighting(entry.key, state, note=note, waits_for_person=waits) for entry in entries]

    vendor = Studio()
    buy(ledger.rows, "k")
    async with Watchers(ledger).watch(ACCOUNT, vendor, QUICK) as watcher:
        row = await asyncio.wait_for(watcher.wait_for("k", lambda row: bool(row.receipt.get("waits_for_person"))), 15)
        assert row.note == "ready to edit"
        vendor.done.add("k")
        row = await asyncio.wait_for(watcher.wait_for("k", ready), 15)
    assert (row.note, row.receipt["waits_for_person"]) == ("", False)


def entry(age: float, **more: float) -> Entry:
    return Entry(key="k", kind="dub", state=State.SUBMITTED, submitted_at=1e6 - age, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("row", "seconds"),
    [
        (entry(0), 5), (entry(100), 10), (entry(3600), 60), (entry(3 * 86400), 600),
        (entry(0, due_at=1e6 + 20), 10), (entry(0, due_at=1e6 + 4000), 60), (entry(50, due_at=1e6 - 2), 2.5),
        (entry(55, due_at=1e6 + 3), 60), (entry(60, due_at=1e6), 60), (entry(120, due_at=1e6 - 50), 5),
        (entry(4000, due_at=1e6 - 3000), 60),
        (entry(60).model_copy(update={"receipt": {"waits_for_person": True}}), 60),
        (entry(7200).model_copy(update={"receipt": {"waits_for_person": True}}), 600),
    ],
)  # fmt: skip
def test_the_pace_suits_the_work(row: Entry, seconds: float) -> None:
    assert Pace().interval(row, 1e6) == pytest.approx(seconds)


def test_what_is_due_is_looked_at_with_what_soon_will_be() -> None:
    pace, now = Pace(), 1e6
    fresh, older, oldest = (
        entry(age).model_copy(update={"key": key}) for key, age in (("fresh", 20), ("older", 100), ("oldest", 9000))
    )
    rows = [fresh, older, oldest]

    def due(**seconds_ago: float) -> list[str]:
        looked_at = {key: now - seconds for key, seconds in seconds_ago.items()}
        return [row.key for row in pace.select_due(rows, looked_at, now, luck=0.5)]

    assert due(fresh=1, older=1, oldest=1) == []
    assert due(fresh=5, older=1, oldest=1) == ["fresh"]
    assert due(fresh=5, older=6, oldest=1) == ["fresh", "older"]
    assert due(fresh=1, older=1, oldest=70) == ["oldest"]
    assert due() == ["fresh", "older", "oldest"]
    assert pace.select_due([], {}, now, luck=0.5) == []


def test_a_vendor_in_trouble_is_asked_slower_and_slower() -> None:
    assert Pace().back_off(3, luck=0.5) == pytest.approx(40)
    assert Pace().back_off(99, luck=1.0) == pytest.approx(750)


async def test_a_watcher_that_ends_while_it_asks_to_lead_leaves_the_lead_to_the_next_one(rows: Rows) -> None:
    """Its question was answered after it had given the lead back, and nobody watched for a lease."""

    class Slow:
        """Takes its time to let somebody lead."""

        def __getattr__(self, name: str) -> Any:
            return getattr(rows, name)

        def lead(self, account: str, holder: str, seconds: float) -> bool:
            if seconds:
                asking.set()
                time.sleep(0.5)
            return rows.lead(account, holder, seconds)

    asking = threading.Event()
    buy(rows, "k")
    async with Ledger(Slow(), every=0.1) as ledger, Watchers(ledger).watch(ACCOUNT, Account(), QUICK):
        assert await asyncio.to_thread(asking.wait, 10)
    await asyncio.sleep(0.6)
    assert rows.lead(ACCOUNT, "next", 12.0)
