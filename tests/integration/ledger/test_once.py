"""The primitive, over every kind of ledger: one call for one key, whatever became of the calls before it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import sqlalchemy as sa

from polyreel.errors import InvalidJob, LedgerError, UnresolvedCall
from polyreel.ledger import steps
from polyreel.ledger.entry import CantTell, Entry, Finding, Found, NotThere, Receipt, State, Subject
from polyreel.ledger.holder import new_holder
from polyreel.ledger.ledger import Ledger
from polyreel.ledger.once import Timing
from polyreel.ledger.rows import Change, Edit, Filter, Rows
from polyreel.vendors.errors import Conflict, Facts, PaymentRequired, ServerError, Unanswered, Unreachable
from tests.holders import make_dead_holder
from tests.integration.ledger.conftest import DATABASES

DUB = Subject(kind="dub", what="welcome", job="welcome", provider="panjaya", locale="fr-FR", minutes=3)


@dataclass
class Vendor:
    """A vendor with a book. `weather` strikes after the sale where it is `after`, else before it."""

    book: list[str] = field(default_factory=list)
    weather: list[BaseException] = field(default_factory=list)
    after: bool = False
    looks: int = 0
    slow: float = 0.0

    async def sell(self) -> Receipt:
        if self.weather and not self.after:
            raise self.weather.pop()
        await asyncio.sleep(self.slow)
        self.book.append(f"dub-{len(self.book) + 1}")
        if self.weather:
            raise self.weather.pop()
        return Receipt(id=self.book[-1], minutes=2)

    async def find(self, entry: Entry) -> Finding:
        self.looks += 1
        return Found(Receipt(id=self.book[-1], minutes=2)) if self.book else NotThere()


@pytest.fixture
async def ledger(rows: Rows) -> AsyncIterator[Ledger]:
    async with Ledger(rows, timing=Timing(lease=0.6, quiet=0.0), every=0.05) as opened:
        yield opened


def test_ledgers_in_postgresql_are_among_them(postgresql: str) -> None:
    """Where its programs are absent this test alone says so, in place of all that would need them."""
    engine = sa.create_engine(sa.make_url(postgresql).set(drivername="postgresql+psycopg"))
    with engine.connect() as connection:
        version = int(connection.execute(sa.text("SHOW server_version_num")).scalar_one())
    engine.dispose()
    assert version >= 140_009, "Prefect and the ledger ask for 14.9"
    assert "postgresql" in DATABASES


async def test_a_key_is_bought_once_and_its_row_says_everything(ledger: Ledger) -> None:
    vendor = Vendor()
    first = await ledger.once("k", vendor.sell, vendor.find, subject=DUB)
    again = await ledger.once("k", vendor.sell, vendor.find, subject=DUB)
    assert again == first
    assert vendor.book == ["dub-1"]
    assert (first.state, first.vendor_id, first.job, first.locale) == (State.SUBMITTED, "dub-1", "welcome", "fr-FR")
    assert (first.quoted_minutes, first.charged_minutes, first.charged_by) == (3, 2, "vendor")
    assert 0 < first.intended_at <= first.submitted_at == first.updated_at
    assert first.holder == ""


async def test_a_charge_that_the_vendor_does_not_tell_is_the_quote_and_says_so(ledger: Ledger) -> None:
    async def sell() -> Receipt:
        return Receipt(id="a", details={"studio": "here"})

    entry = await ledger.once("k", sell, Vendor().find, subject=DUB)
    assert (entry.charged_minutes, entry.charged_by, entry.receipt) == (3, "quote", {"studio": "here"})


async def test_the_intent_is_there_before_the_call(ledger: Ledger) -> None:
    async def sell() -> Receipt:
        row = await ledger.get("k")
        assert row is not None
        assert row.state is State.INTENDED
        return Receipt(id="a")

    assert (await ledger.once("k", sell, Vendor().find, subject=DUB)).state is State.SUBMITTED


@pytest.mark.parametrize("error", [PaymentRequired("no balance"), Unreachable("no route")])
async def test_a_definite_refusal_releases_the_intent(ledger: Ledger, error: Exception) -> None:
    vendor = Vendor(weather=[error])
    with pytest.raises(type(error)):
        await ledger.once("k", vendor.sell, vendor.find, subject=DUB)
    assert await ledger.get("k") is None
    await ledger.once("k", vendor.sell, vendor.find, subject=DUB)
    assert (vendor.book, vendor.looks) == (["dub-1"], 0)


AMBIGUOUS: list[BaseException] = [
    Unanswered("reset"), ServerError("500"), Conflict("there"), asyncio.CancelledError(), ValueError("nonsense"),
    PaymentRequired("the first attempt took the last minute", facts=Facts(attempts=2, doubtful=True)),
]  # fmt: skip


@pytest.mark.parametrize("error", AMBIGUOUS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("sold", [True, False])
async def test_after_an_ambiguous_failure_the_vendor_is_looked_at_first(
    ledger: Ledger, error: BaseException, sold: bool
) -> None:
    vendor = Vendor(weather=[error], after=sold)
    with pytest.raises(type(error)):
        await ledger.once("k", vendor.sell, vendor.find, subject=DUB)
    left = await ledger.get("k")
    assert left is not None
    assert (left.state, left.holder) == (State.INTENDED, "")
    entry = await ledger.once("k", vendor.sell, vendor.find, subject=DUB)
    assert (vendor.book, vendor.looks, entry.vendor_id) == (["dub-1"], 1, "dub-1")
    assert entry.attempts == (1 if sold else 2)


async def test_what_only_a_person_can_tell_is_held_and_said(ledger: Ledger) -> None:
    async def find(entry: Entry) -> Finding:
        return CantTell("the assets of today in Panjaya's studio")

    vendor = Vendor(weather=[Unanswered("reset")], after=True)
    with pytest.raises(Unanswered):
        await ledger.once("k", vendor.sell, find, subject=DUB)
    with pytest.raises(UnresolvedCall) as held:
        await ledger.once("k", vendor.sell, find, subject=DUB)
    assert "the assets of today" in held.value.remedy
    assert "polyreel ledger settle k --found ID" in held.value.remedy
    row = await ledger.get("k")
    assert row is not None
    assert (row.state, row.note, vendor.book) == (
        State.UNRESOLVED,
        "the assets of today in Panjaya's studio",
        ["dub-1"],
    )
    settled = await ledger.settle_found("k", "dub-1")
    assert (settled.state, settled.charged_minutes, settled.charged_by) == (State.SUBMITTED, 3, "quote")
    assert (await ledger.once("k", vendor.sell, find, subject=DUB)).vendor_id == "dub-1"
    assert vendor.book == ["dub-1"]


async def test_a_later_look_may_find_what_an_earlier_one_could_not_tell(ledger: Ledger) -> None:
    vendor = Vendor(weather=[Unanswered("reset")], after=True)

    async def blind(entry: Entry) -> Finding:
        return CantTell("there")

    for _ in range(2):
        with pytest.raises((Unanswered, UnresolvedCall)):
            await ledger.once("k", vendor.sell, blind, subject=DUB)
    assert (await ledger.once("k", vendor.sell, vendor.find, subject=DUB)).vendor_id == "dub-1"
    assert vendor.book == ["dub-1"]


async def test_a_look_that_fails_leaves_the_intent(ledger: Ledger) -> None:
    vendor = Vendor(weather=[Unanswered("reset")], after=True)
    with pytest.raises(Unanswered):
        await ledger.once("k", vendor.sell, vendor.find, subject=DUB)

    async def away(entry: Entry) -> Finding:
        raise Unreachable("no route")

    with pytest.raises(Unreachable):
        await ledger.once("k", vendor.sell, away, subject=DUB)
    assert (await ledger.once("k", vendor.sell, vendor.find, subject=DUB)).vendor_id == "dub-1"


async def test_a_not_there_is_believed_only_when_the_request_can_travel_no_more(rows: Rows) -> None:
    vendor = Vendor(weather=[Unanswered("reset")])
    async with Ledger(rows, timing=Timing(lease=5, quiet=0.5), every=0.05) as ledger:
        with pytest.raises(Unanswered):
            await ledger.once("k", vendor.sell, vendor.find, subject=DUB)
        vendor.slow = 0
        late = asyncio.get_running_loop().call_later(0.2, vendor.book.append, "late")
        entry = await ledger.once("k", vendor.sell, vendor.find, subject=DUB)
        late.cancel()
    assert (entry.vendor_id, vendor.book, vendor.looks) == ("late", ["late"], 2)


@pytest.mark.parametrize("many", [2, 8])
async def test_of_many_at_once_one_calls_and_the_others_wait_for_its_row(ledger: Ledger, many: int) -> None:
    vendor = Vendor(slow=0.8)  # longer than the lease, which the heartbeat renews
    got = await asyncio.gather(*(ledger.once("k", vendor.sell, vendor.find, subject=DUB) for _ in range(many)))
    assert (vendor.book, vendor.looks) == (["dub-1"], 0)
    assert {entry.vendor_id for entry in got} == {"dub-1"}


async def test_who_waits_goes_on_when_the_first_is_refused(ledger: Ledger) -> None:
    vendor = Vendor(weather=[PaymentRequired("no balance")])
    first, second = await asyncio.gather(
        *(ledger.once("k", vendor.sell, vendor.find, subject=DUB) for _ in range(2)), return_exceptions=True
    )
    assert {type(first), type(second)} == {PaymentRequired, Entry}
    assert vendor.book == ["dub-1"]


async def test_the_intent_of_a_holder_elsewhere_is_taken_over_when_its_lease_is_over(ledger: Ledger) -> None:
    vendor = Vendor()
    await asyncio.to_thread(ledger.rows.change, "k", steps.claim_row("k", DUB, "another machine:1:1:x", 0.4))
    vendor.book.append("theirs")
    entry = await ledger.once("k", vendor.sell, vendor.find, subject=DUB)
    assert (entry.vendor_id, vendor.looks) == ("theirs", 1)


async def test_the_intent_of_a_dead_process_here_is_taken_over_at_once(ledger: Ledger) -> None:
    await asyncio.to_thread(ledger.rows.change, "k", steps.claim_row("k", DUB, make_dead_holder(), 3600))
    vendor = Vendor(book=["theirs"])
    assert (await asyncio.wait_for(ledger.once("k", vendor.sell, vendor.find, subject=DUB), 5)).vendor_id == "theirs"


async def test_a_receipt_is_written_though_the_run_is_cancelled_and_the_ledger_stumbles(rows: Rows) -> None:
    class Stumbling:
        """Fails the first receipts."""

        failures = 2

        def __getattr__(self, name: str) -> Any:
            return getattr(rows, name)

        def change(self, key: str, edit: Edit) -> Change:
            if bought.is_set() and self.failures:
                self.failures -= 1
                raise LedgerError("away")
            return rows.change(key, edit)

    bought = asyncio.Event()
    vendor = Vendor()

    async def sell() -> Receipt:
        receipt = await vendor.sell()
        bought.set()
        return receipt

    ledger = Ledger(Stumbling())
    run = asyncio.create_task(ledger.once("k", sell, vendor.find, subject=DUB))
    await bought.wait()
    await asyncio.sleep(0.1)
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    row = rows.get("k")
    assert row is not None
    assert (row.state, row.vendor_id) == (State.SUBMITTED, "dub-1")


@pytest.mark.parametrize("left", [False, True], ids=["a new call", "a call that somebody left"])
@pytest.mark.parametrize("change", range(1, 5))
async def test_cancelled_at_any_step_in_a_process_that_lives_on_nothing_is_held(
    rows: Rows, left: bool, change: int
) -> None:
    """The next run goes on at once, and buys once: no row is kept by an attempt that nobody makes any more."""
    reached = asyncio.Event()
    loop = asyncio.get_running_loop()

    class Slow:
        """The row is changed, and the answer takes its time, at the change of that number."""

        changes = 0

        def __getattr__(self, name: str) -> Any:
            return getattr(rows, name)

        def change(self, key: str, edit: Edit) -> Change:
            self.changes += 1
            done = rows.change(key, edit)
            if self.changes == change:
                loop.call_soon_threadsafe(reached.set)
                time.sleep(0.1)
            return done

    if left:
        rows.change("k", steps.claim_row("k", DUB, make_dead_holder(), lease=30.0))
    vendor, timing = Vendor(), Timing(lease=30, quiet=0)
    run = asyncio.create_task(Ledger(Slow(), timing=timing).once("k", vendor.sell, vendor.find, subject=DUB))
    seen = asyncio.create_task(reached.wait())
    await asyncio.wait({run, seen}, return_when=asyncio.FIRST_COMPLETED)
    seen.cancel()
    run.cancel()
    await asyncio.gather(run, return_exceptions=True)
    row = await asyncio.wait_for(Ledger(rows, timing=timing).once("k", vendor.sell, vendor.find, subject=DUB), 5)
    assert vendor.book == ["dub-1"]
    assert row.vendor_id == "dub-1"


async def test_a_second_receipt_is_never_lost_and_never_silent(ledger: Ledger) -> None:
    async def sell() -> Receipt:
        # Stopped for longer than the lease: somebody else took over, did not see this sale, and bought too.
        await asyncio.to_thread(ledger.rows.change, "k", steps.record_receipt("k", DUB, Receipt(id="theirs")))
        return Receipt(id="ours")

    with pytest.raises(LedgerError, match="made twice: theirs and ours"):
        await ledger.once("k", sell, Vendor().find, subject=DUB)
    assert {(row.key, row.vendor_id) for row in await ledger.select()} == {("k", "theirs"), ("k~ours", "ours")}


async def test_settling_refuses_what_needs_no_person(ledger: Ledger) -> None:
    with pytest.raises(InvalidJob, match="no such row"):
        await ledger.settle_found("nothing", "a")
    vendor = Vendor()
    await ledger.once("k", vendor.sell, vendor.find, subject=DUB)
    for settle in (ledger.settle_found("k", "b"), ledger.settle_not_bought("k")):
        with pytest.raises(InvalidJob, match="there is a receipt: submitted, as dub-1") as refused:
            await settle  # nobody has settled it: the vendor had answered
        assert refused.value.code == "bought"
    await asyncio.to_thread(ledger.rows.change, "lost", steps.claim_row("lost", DUB, "nobody", 0.0))
    await ledger.settle_found("lost", "dub-9")
    with pytest.raises(InvalidJob, match="this was settled before: submitted, as dub-9"):
        await ledger.settle_found("lost", "dub-8")
    await asyncio.to_thread(ledger.rows.change, "busy", steps.claim_row("busy", DUB, new_holder(), 60))
    with pytest.raises(InvalidJob, match="right now"):
        await ledger.settle_not_bought("busy")


async def test_what_failed_may_be_bought_again_and_keeps_its_receipt(ledger: Ledger) -> None:
    vendor = Vendor()
    await ledger.once("k", vendor.sell, vendor.find, subject=DUB)
    await ledger.advance("k", State.FAILED, note="empty_transcript")
    assert (await ledger.once("k", vendor.sell, vendor.find, subject=DUB)).state is State.FAILED
    await ledger.settle_not_bought("k")
    assert (await ledger.once("k", vendor.sell, vendor.find, subject=DUB)).vendor_id == "dub-2"
    kept = await ledger.get("k~dub-1")
    assert kept is not None
    assert (kept.state, kept.charged_minutes, kept.note) == (State.FAILED, 2, "empty_transcript")


async def test_news_never_go_backwards(ledger: Ledger) -> None:
    vendor = Vendor()
    await ledger.once("k", vendor.sell, vendor.find, subject=DUB)
    await ledger.advance("k", State.READY, minutes=4)
    await ledger.advance("k", State.SUBMITTED)
    await ledger.advance("k", State.COLLECTED)
    entry = await ledger.advance("k", State.FAILED, note="late news")
    assert entry is not None
    assert (entry.state, entry.charged_minutes, entry.charged_by, entry.note) == (State.COLLECTED, 4, "vendor", "")
    assert 0 < entry.submitted_at <= entry.ready_at <= entry.collected_at
    assert await ledger.advance("no row", State.READY) is None


async def test_who_waits_for_a_row_is_woken_by_another_ledger_of_the_same_rows(rows: Rows) -> None:
    vendor = Vendor()
    async with Ledger(rows, every=0.05) as ours, Ledger(rows, every=0.05) as theirs:
        await ours.once("k", vendor.sell, vendor.find, subject=DUB)
        waiting = asyncio.create_task(ours.wait_for("k", lambda row: row.state is State.READY))
        await asyncio.sleep(0.2)
        await theirs.advance("k", State.READY)
        assert (await asyncio.wait_for(waiting, 5)).state is State.READY
        with pytest.raises(LedgerError, match="no such row"):
            await ours.wait_for("none", lambda row: True)


async def test_rows_are_selected_by_what_is_asked(ledger: Ledger) -> None:
    for job in ("one", "two"):
        for provider in ("panjaya", "dubformer"):
            vendor = Vendor()
            subject = DUB.model_copy(update={"job": job, "provider": provider, "account": f"{provider}#1"})
            await ledger.once(f"{job}-{provider}", vendor.sell, vendor.find, subject=subject)
    await ledger.advance("one-panjaya", State.READY)

    async def keys(**wanted: Any) -> list[str]:
        return [row.key for row in await ledger.select(Filter(**wanted))]

    assert await keys(job="one") == ["one-panjaya", "one-dubformer"]
    assert await keys(account="dubformer#1") == ["one-dubformer", "two-dubformer"]
    assert await keys(states=frozenset({State.READY})) == ["one-panjaya"]
    assert await keys(vendor_id="dub-1", provider="panjaya", job="two") == ["two-panjaya"]
    assert len(await keys()) == 4
