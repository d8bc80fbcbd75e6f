"""Clocks that are set forward and back, over every kind of ledger: nobody buys twice, and nobody waits for ever."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest

from polyreel.errors import InvalidJob
from polyreel.ledger import steps
from polyreel.ledger.claims import do_alone
from polyreel.ledger.entry import Entry, Finding, Found, NotThere, Receipt, State, Subject
from polyreel.ledger.holder import GRACE_SECONDS, HoldWatch, new_holder
from polyreel.ledger.ledger import Ledger
from polyreel.ledger.once import Timing
from polyreel.ledger.pace import Pace
from polyreel.ledger.rows import Claim, Rows
from polyreel.ledger.sql import SqlRows
from polyreel.ledger.testing import MemoryRows
from polyreel.ledger.watch import Sighting, Watcher, Watchers
from tests.holders import make_dead_holder

DUB = Subject(kind="dub", what="welcome", job="welcome", provider="panjaya", account="a", locale="fr-FR", minutes=3)
HOUR = 3600.0
ELSEWHERE = "another machine:1:1:x"
SetClock = Callable[[float], None]


@pytest.fixture
def set_clock(rows: Rows, monkeypatch: pytest.MonkeyPatch) -> SetClock:
    """Set the clock that all who share the rows go by: seconds from the right time."""
    ahead = 0.0
    kind, name = (MemoryRows, "now") if isinstance(rows, MemoryRows) else (SqlRows, "_read_clock")
    read = getattr(kind, name)
    monkeypatch.setattr(kind, name, lambda *args: read(*args) + ahead)

    def set_ahead(seconds: float) -> None:
        nonlocal ahead
        ahead = seconds

    return set_ahead


def open_ledger(rows: Rows, *, lease: float = 1.0, quiet: float = 0.0) -> Ledger:
    return Ledger(rows, timing=Timing(lease=lease, quiet=quiet), every=0.05)


class Vendor:
    """Sells, in as many seconds as it is told."""

    def __init__(self, slow: float = 0.0) -> None:
        self.book: list[str] = []
        self.slow = slow

    async def sell(self) -> Receipt:
        await asyncio.sleep(self.slow)
        self.book.append(f"dub-{len(self.book) + 1}")
        return Receipt(id=self.book[-1])

    async def find(self, _entry: Entry) -> Finding:
        return Found(Receipt(id=self.book[-1])) if self.book else NotThere()


@pytest.mark.parametrize("is_here", [True, False], ids=["here", "elsewhere"])
@pytest.mark.parametrize("jump", [HOUR, -HOUR], ids=["forward", "back"])
async def test_who_waits_for_a_buyer_that_lives_buys_nothing_when_the_clock_is_set(
    rows: Rows, set_clock: SetClock, monkeypatch: pytest.MonkeyPatch, is_here: bool, jump: float
) -> None:
    vendor, holders = Vendor(slow=2.5), iter([new_holder() if is_here else ELSEWHERE, new_holder()])
    monkeypatch.setattr("polyreel.ledger.once.new_holder", lambda: next(holders))
    first = asyncio.create_task(open_ledger(rows).once("k", vendor.sell, vendor.find, subject=DUB))
    await asyncio.sleep(0.3)
    second = asyncio.create_task(open_ledger(rows).once("k", vendor.sell, vendor.find, subject=DUB))
    await asyncio.sleep(0.3)
    set_clock(jump)
    bought = await asyncio.wait_for(asyncio.gather(first, second), 30)
    assert vendor.book == ["dub-1"]
    assert {row.vendor_id for row in bought} == {"dub-1"}


@pytest.mark.parametrize("jump", [HOUR, -HOUR], ids=["forward", "back"])
async def test_two_are_never_at_work_under_one_name_when_the_clock_is_set(
    rows: Rows, set_clock: SetClock, jump: float
) -> None:
    inside = most = 0

    async def be_in() -> None:
        nonlocal inside, most
        inside, most = inside + 1, max(most, inside + 1)
        await asyncio.sleep(2.5)
        inside -= 1

    working = [asyncio.create_task(do_alone(rows, "room", be_in, timing=Timing(lease=4.0))) for _ in range(2)]
    await asyncio.sleep(0.5)
    set_clock(jump)
    assert await asyncio.wait_for(open_ledger(rows, lease=4.0).sweep_claims(), 30) == []
    await asyncio.wait_for(asyncio.gather(*working), 30)
    assert most == 1


async def test_a_buyer_elsewhere_that_died_is_not_waited_for_until_a_clock_that_was_set_back_has_caught_up(
    rows: Rows, set_clock: SetClock
) -> None:
    vendor = Vendor()
    rows.change("k", steps.claim_row("k", DUB, ELSEWHERE, 1.0))
    rows.change_claim("room", lambda _there, now: Claim("room", ELSEWHERE, now + 1.0))
    set_clock(-HOUR)
    ledger = open_ledger(rows, quiet=0.5)
    bought = await asyncio.wait_for(ledger.once("k", vendor.sell, vendor.find, subject=DUB), 20)
    assert (bought.vendor_id, vendor.book) == ("dub-1", ["dub-1"])
    assert await asyncio.wait_for(ledger.alone("room", lambda: asyncio.sleep(0, "done")), 20) == "done"


@pytest.mark.parametrize("ahead", [0.0, HOUR], ids=["right", "set forward"])
async def test_a_not_there_is_believed_a_while_after_the_takeover_whatever_the_row_s_times_say(
    rows: Rows, set_clock: SetClock, ahead: float
) -> None:
    """The last sign of life is up to a quarter of a lease older than the death; the request may be younger."""
    vendor = Vendor()
    rows.change("k", steps.claim_row("k", DUB, make_dead_holder(), 60.0))
    set_clock(ahead)
    await asyncio.sleep(0.6)
    asyncio.get_running_loop().call_later(0.2, vendor.book.append, "late")
    bought = await open_ledger(rows, quiet=0.5).once("k", vendor.sell, vendor.find, subject=DUB)
    assert (bought.vendor_id, vendor.book) == ("late", ["late"])


@pytest.mark.parametrize("ahead", [-HOUR, HOUR], ids=["set back", "set forward"])
async def test_what_was_just_made_is_looked_for_no_longer_than_a_list_may_lag(
    rows: Rows, set_clock: SetClock, ahead: float
) -> None:
    rows.change("k", steps.record_receipt("k", DUB, Receipt(id="a", state=State.COLLECTED)))
    set_clock(ahead)

    async def look() -> None:
        return None

    assert await asyncio.wait_for(open_ledger(rows, quiet=0.5).look_for_made("k", look), 10) is None


async def test_who_slept_between_its_look_and_its_call_does_not_buy_beside_the_one_that_took_over(rows: Rows) -> None:
    vendor = Vendor()
    rows.change("k", steps.claim_row("k", DUB, make_dead_holder(), 60.0))
    looks = 0

    async def find(_entry: Entry) -> Finding:
        nonlocal looks
        looks += 1
        if looks == 1:  # while we slept, another machine took the row, which is about to buy
            theirs = {"holder": ELSEWHERE, "lease_until": 0.0}
            rows.change("k", lambda entry, _now: entry and entry.model_copy(update=theirs))
            asyncio.get_running_loop().call_later(
                0.3, rows.change, "k", steps.record_receipt("k", DUB, Receipt(id="theirs"))
            )
        return NotThere()

    bought = await asyncio.wait_for(open_ledger(rows).once("k", vendor.sell, find, subject=DUB), 20)
    assert (bought.vendor_id, vendor.book) == ("theirs", [])


async def test_a_person_is_kept_from_settling_what_a_living_run_buys_though_the_clock_was_set_forward(
    rows: Rows, set_clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("polyreel.ledger.once.new_holder", lambda: ELSEWHERE)
    vendor = Vendor(slow=2.0)
    buying = asyncio.create_task(open_ledger(rows).once("k", vendor.sell, vendor.find, subject=DUB))
    await asyncio.sleep(0.3)
    set_clock(HOUR)
    for settle in (open_ledger(rows).settle_not_bought("k"), open_ledger(rows).settle_found("k", "x")):
        with pytest.raises(InvalidJob, match="right now"):
            await settle
    assert (await buying).vendor_id == "dub-1"


@pytest.mark.parametrize("ahead", [0.0, -HOUR], ids=["right", "set back"])
async def test_a_person_settles_what_a_dead_run_of_another_machine_left_after_a_lease_of_silence(
    rows: Rows, set_clock: SetClock, ahead: float
) -> None:
    rows.change("k", steps.claim_row("k", DUB, ELSEWHERE, 1.0))
    set_clock(ahead)
    began = time.monotonic()
    settled = await asyncio.wait_for(open_ledger(rows).settle_found("k", "seen there"), 20)
    assert settled.vendor_id == "seen there"
    assert time.monotonic() - began >= 1.0


async def test_who_waits_for_a_row_hears_of_it_soon_though_the_clock_was_set_back(
    rows: Rows, set_clock: SetClock
) -> None:
    async with open_ledger(rows) as ours, open_ledger(rows) as theirs:
        rows.change("k", steps.record_receipt("k", DUB, Receipt(id="a")))
        waiting = asyncio.create_task(ours.wait_for("k", lambda row: row.state is State.READY))
        await asyncio.sleep(0.5)
        set_clock(-HOUR)
        await theirs.advance("k", State.READY)
        assert (await asyncio.wait_for(waiting, 10)).state is State.READY


async def test_two_who_wait_for_one_row_are_both_woken_though_one_has_read_it_later(rows: Rows) -> None:
    """The second has seen a change that the first has not: for the first it is news."""
    async with open_ledger(rows) as ledger:
        rows.change("k", steps.record_receipt("k", DUB, Receipt(id="a")))
        first = await ledger.get("k")
        rows.change("k", steps.advance_row(State.READY))
        second = await ledger.get("k")
        assert first is not None
        assert second is not None
        assert first.updated_at != second.updated_at
        woken = ledger.news.expect("k", first.updated_at)
        ledger.news.expect("k", second.updated_at)
        assert (await asyncio.wait_for(woken, 10)).state is State.READY


async def test_a_watcher_goes_on_looking_when_the_clock_was_set_back(rows: Rows, set_clock: SetClock) -> None:
    done = False

    class Account:
        async def list_under_way(self, entries: list[Entry]) -> list[Sighting]:
            return [Sighting(entry.key, State.READY if done else State.SUBMITTED) for entry in entries]

    pace = Pace(least=0.05, first=0.2, most=1, slowest=2)
    rows.change("k", steps.record_receipt("k", DUB, Receipt(id="a")))
    async with open_ledger(rows) as ledger, Watchers(ledger).watch("a", Account(), pace) as watcher:
        await asyncio.sleep(1.5)
        set_clock(-HOUR)
        done = True
        assert (await asyncio.wait_for(watcher.wait_for("k", lambda row: row.state is State.READY), 15)).ready_at


async def test_the_lead_of_a_dead_watcher_ends_though_the_clock_was_set_back(rows: Rows, set_clock: SetClock) -> None:
    assert rows.lead("a", "dead", 12.0)
    assert not rows.lead("a", "next", 12.0)
    set_clock(-HOUR)
    assert rows.lead("a", "next", 12.0)
    assert not rows.lead("a", "third", 12.0)


def test_silence_is_counted_by_looks_so_that_a_machine_that_slept_has_not_watched() -> None:
    now = 0.0
    watch = HoldWatch(lease=45.0, clock=lambda: now)
    watch.look(ELSEWHERE, 100.0)
    for asleep in (8 * HOUR, 1.0, 1.0):
        now += asleep
        watch.look(ELSEWHERE, 100.0)
        assert watch.abandoned is None
    for _ in range(40):
        now += 1.0
        watch.look(ELSEWHERE, 100.0)
    assert watch.abandoned == (ELSEWHERE, 100.0)
    watch.look(ELSEWHERE, 111.0)  # a sign of life
    assert watch.abandoned is None


def test_a_process_that_lives_here_is_waited_for_much_longer() -> None:
    now, holder = 0.0, new_holder()
    watch = HoldWatch(lease=45.0, clock=lambda: now)
    looks = 0
    while watch.abandoned is None:
        watch.look(holder, 100.0)
        now, looks = now + 1.0, looks + 1
    assert looks > GRACE_SECONDS


class Forgetful:
    """Has lost what it sold, or does not show it yet."""

    def __init__(self) -> None:
        self.denials = 0
        self.shows = False

    async def list_under_way(self, entries: list[Entry]) -> list[Sighting]:
        self.denials += not self.shows
        state = State.READY if self.shows else State.FAILED
        return [Sighting(entry.key, state, is_denial=not self.shows) for entry in entries]


@pytest.mark.parametrize("ahead", [0.0, HOUR, -HOUR], ids=["right", "set forward", "set back"])
async def test_what_was_just_bought_and_is_not_shown_yet_is_not_taken_for_lost(
    rows: Rows, set_clock: SetClock, ahead: float
) -> None:
    """Whatever clocks say: a dub that counts as lost is bought again, from somebody else."""
    vendor, pace = Forgetful(), Pace(least=0.05, first=0.1, most=0.2, slowest=0.2)
    rows.change("k", steps.record_receipt("k", DUB, Receipt(id="a")))
    set_clock(ahead)
    async with open_ledger(rows, quiet=20.0) as ledger, Watchers(ledger).watch("a", vendor, pace) as watcher:
        async with asyncio.timeout(15):
            while not vendor.denials:  # noqa: ASYNC110 - this vendor only counts
                await asyncio.sleep(0.05)
        await asyncio.sleep(0.4)
        row = rows.get("k")
        assert row is not None
        assert row.state is State.SUBMITTED
        vendor.shows = True
        assert await asyncio.wait_for(watcher.wait_for("k", lambda row: row.state is State.READY), 15)


async def test_what_a_vendor_goes_on_denying_is_lost(rows: Rows) -> None:
    vendor, pace = Forgetful(), Pace(least=0.05, first=0.1, most=0.2, slowest=0.2)
    rows.change("k", steps.record_receipt("k", DUB, Receipt(id="a")))
    async with open_ledger(rows, quiet=1.0) as ledger, Watchers(ledger).watch("a", vendor, pace) as watcher:
        assert await asyncio.wait_for(watcher.wait_for("k", lambda row: row.state is State.FAILED), 15)
    assert vendor.denials > 1


async def test_what_was_bought_days_ago_and_is_denied_is_lost_at_the_first_look(
    rows: Rows, set_clock: SetClock
) -> None:
    """Housekeeping looks once."""
    rows.change("k", steps.record_receipt("k", DUB, Receipt(id="a")))
    set_clock(30 * HOUR)
    async with open_ledger(rows, quiet=20.0) as ledger:
        watcher = Watcher(ledger, "a", Forgetful())
        await watcher.look(await ledger.select())
    row = rows.get("k")
    assert row is not None
    assert row.state is State.FAILED


@pytest.mark.parametrize("ahead", [0.0, HOUR], ids=["right", "set forward"])
async def test_what_was_just_made_is_looked_for_though_the_clock_was_set_forward(
    rows: Rows, set_clock: SetClock, ahead: float
) -> None:
    """A list that lags for a moment: who takes that for "not there" makes a second one."""
    rows.change("k", steps.record_receipt("k", DUB, Receipt(id="a", state=State.COLLECTED)))
    set_clock(ahead)
    shown_at = time.monotonic() + 0.8

    async def look() -> str | None:
        return "a" if time.monotonic() >= shown_at else None

    assert await open_ledger(rows, quiet=2.0).look_for_made("k", look) == "a"
