"""A cancellation ends the run whenever it comes, and the row tells the truth: nothing is lost, nothing bought twice."""

from __future__ import annotations

import asyncio

import pytest

from polyreel.ledger import steps
from polyreel.ledger.entry import Entry, Finding, Found, NotThere, Receipt, State, Subject
from polyreel.ledger.ledger import Ledger
from polyreel.ledger.once import Timing
from polyreel.ledger.rows import Rows
from polyreel.vendors.errors import PaymentRequired, Unanswered
from tests.holders import make_dead_holder

DUB = Subject(kind="dub", what="welcome", job="welcome", provider="panjaya", locale="fr-FR", minutes=3)
TIMING = Timing(lease=30.0, quiet=0.0)


def cancel_soon(after: int) -> None:
    """Cancel the task that runs now, once it has given way to others so many times."""
    task, loop = asyncio.current_task(), asyncio.get_running_loop()
    assert task is not None

    def count_down(left: int) -> None:
        if left:
            loop.call_soon(count_down, left - 1)
        else:
            task.cancel()

    loop.call_soon(count_down, after)


@pytest.mark.parametrize("after", range(4))
async def test_a_cancellation_in_the_moment_in_which_the_call_ends_is_obeyed_and_its_receipt_kept(
    rows: Rows, after: int
) -> None:
    book: list[str] = []

    async def sell() -> Receipt:
        book.append("dub")
        cancel_soon(after)
        return Receipt(id="dub")

    async def find(_entry: Entry) -> Finding:
        return Found(Receipt(id="dub")) if book else NotThere()

    async def run() -> None:
        await Ledger(rows, timing=TIMING).once("k", sell, find, subject=DUB)
        await asyncio.sleep(30)  # a cancelled run does not come so far, or is ended here

    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(asyncio.create_task(run()), 20)
    row = rows.get("k")
    assert row is not None
    assert (row.state, row.vendor_id, row.holder, book) == (State.SUBMITTED, "dub", "", ["dub"])


@pytest.mark.parametrize("after", range(4))
@pytest.mark.parametrize(
    ("error", "left"), [(PaymentRequired("no balance"), None), (Unanswered("reset"), State.INTENDED)]
)
async def test_a_cancellation_in_the_moment_in_which_the_call_fails_is_obeyed(
    rows: Rows, error: Exception, left: State | None, after: int
) -> None:
    """The row says what the failure meant, as it would without the cancellation."""

    async def sell() -> Receipt:
        cancel_soon(after)
        raise error

    async def find(_entry: Entry) -> Finding:
        return NotThere()

    async def run() -> None:
        with pytest.raises(type(error)):
            await Ledger(rows, timing=TIMING).once("k", sell, find, subject=DUB)
        await asyncio.sleep(30)

    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(asyncio.create_task(run()), 20)
    row = rows.get("k")
    assert (row and row.state) == left
    assert row is None or row.holder == ""


@pytest.mark.parametrize("after", range(4))
@pytest.mark.parametrize("is_there", [True, False])
async def test_a_cancellation_in_the_moment_in_which_a_look_ends_is_obeyed(
    rows: Rows, is_there: bool, after: int
) -> None:
    rows.change("k", steps.claim_row("k", DUB, make_dead_holder(), 30.0))
    sold: list[str] = []

    async def sell() -> Receipt:
        sold.append("dub")
        await asyncio.sleep(30)
        return Receipt(id="dub")

    async def find(_entry: Entry) -> Finding:
        cancel_soon(after)
        return Found(Receipt(id="there")) if is_there else NotThere()

    async def run() -> None:
        await Ledger(rows, timing=TIMING).once("k", sell, find, subject=DUB)
        await asyncio.sleep(30)

    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(asyncio.create_task(run()), 20)
    row = rows.get("k")
    assert row is not None
    assert row.holder == ""
    assert sold == []
    assert row.state is (State.SUBMITTED if is_there else State.INTENDED)
