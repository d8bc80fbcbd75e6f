"""What a place does not have any more is made anew, once, however many runs come to it."""

from __future__ import annotations

from typing import Any

from polyreel.delivery.port import Access
from polyreel.ledger.entry import Entry, Finding, NotThere, Receipt, State, Subject
from polyreel.ledger.ledger import Ledger
from polyreel.ledger.once import Timing
from polyreel.ledger.testing import MemoryRows

TIMING = Timing(lease=5, quiet=0)


async def find_nothing(_entry: Entry) -> Finding:
    return NotThere()


class Late(Ledger):
    """A run that sees a forgotten receipt, and then is slower than another one."""

    other: Access

    async def once(self, *given: Any, **rest: Any) -> Entry:
        entry = await super().once(*given, **rest)
        if entry.state is State.FORGOTTEN:
            await self.other.once(*ASKED, what="film")
        return entry


made: list[str] = []


async def call() -> Receipt:
    made.append(f"asset-{len(made)}")
    return Receipt(id=made[-1])


ASKED = ("asset", call, find_nothing)


async def test_what_another_run_has_made_anew_meanwhile_stays() -> None:
    """It is neither made a third time, nor refused as something that is there."""
    rows, subject = MemoryRows(), Subject(kind="delivery", provider="nomad", account="a")
    async with Ledger(rows, timing=TIMING, every=0.02) as ledger, Late(rows, timing=TIMING, every=0.02) as late:
        late.other = Access(ledger=ledger, subject=subject)
        await ledger.advance((await late.other.once(*ASKED, what="film")).key, State.FORGOTTEN)
        found = await Access(ledger=late, subject=subject).once(*ASKED, what="film")
        assert found.vendor_id == "asset-1"
        assert made == ["asset-0", "asset-1"]
        assert sorted(row.vendor_id for row in await ledger.select()) == ["asset-0", "asset-1"]
