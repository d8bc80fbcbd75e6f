"""A run that may be suspended doesn't stay at a vendor, and hears all the same when the vendor refuses to be asked."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import pytest

from polyreel.dubbing.port import Means
from polyreel.dubbing.waiting import wait_until_ready
from polyreel.errors import HeldForPerson, StillAtVendor
from polyreel.ledger import steps
from polyreel.ledger.entry import Entry, Receipt, State, Subject
from polyreel.ledger.ledger import Ledger
from polyreel.ledger.testing import MemoryRows
from polyreel.ledger.watch import Sighting, Watchers
from polyreel.store.local import LocalStore
from polyreel.vendors.errors import Unauthorized


class Clock(MemoryRows):
    """Rows whose time is the test's."""

    time = 1_000_000.0

    def now(self) -> float:
        return self.time


class Vendor:
    """How one dub stands there; or it refuses to say."""

    def __init__(self, state: State = State.SUBMITTED) -> None:
        self.state = state
        self.asked = 0
        self.refuses = False

    async def list_under_way(self, entries: Sequence[Entry]) -> list[Sighting]:
        self.asked += 1
        if self.refuses:
            raise Unauthorized("The key was revoked.", where="vendor")
        return [Sighting(entry.key, self.state) for entry in entries]


@pytest.fixture
async def ledger() -> AsyncIterator[Ledger]:
    async with Ledger(Clock(), every=0.02) as ledger:
        ledger.rows.change("k", steps.record_receipt("k", Subject(kind="dub", provider="panjaya"), Receipt(id="v")))
        yield ledger


def means(ledger: Ledger, polyreel_home: object) -> Means:
    return Means(LocalStore(), None, ledger, Subject(kind="dub", account="a"), Watchers(ledger), patience_s=0.1)


async def test_who_has_little_patience_is_told_what_to_wait_for(ledger: Ledger, polyreel_home: object) -> None:
    with pytest.raises(StillAtVendor) as still:
        await wait_until_ready(means(ledger, polyreel_home), "k", Vendor())
    assert (still.value.key, still.value.seen) == ("k", "submitted")


async def test_what_is_ready_is_collected_at_once(ledger: Ledger, polyreel_home: object) -> None:
    await ledger.advance("k", State.READY)
    entry = await wait_until_ready(means(ledger, polyreel_home), "k", Vendor())
    assert entry.state is State.READY


async def test_a_key_that_was_revoked_while_a_run_slept_is_heard_of(ledger: Ledger, polyreel_home: object) -> None:
    """Nobody has written the row for a day: the run asks for itself, and ends with the vendor's reason."""
    vendor = Vendor()
    vendor.refuses = True
    with pytest.raises(StillAtVendor):
        await wait_until_ready(means(ledger, polyreel_home), "k", vendor)
    assert isinstance(ledger.rows, Clock)
    ledger.rows.time += 25 * 3600
    with pytest.raises(Unauthorized, match="revoked"):
        await wait_until_ready(means(ledger, polyreel_home), "k", vendor)


async def test_what_was_deleted_at_the_vendor_is_held_and_not_waited_for(ledger: Ledger, polyreel_home: object) -> None:
    await ledger.advance("k", State.FORGOTTEN)
    with pytest.raises(HeldForPerson, match="deleted") as held:
        await wait_until_ready(means(ledger, polyreel_home), "k", Vendor())
    assert "ledger settle k --not-bought" in held.value.remedy
