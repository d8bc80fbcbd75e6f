"""A person settles what they were shown: what has moved on meanwhile is refused, and told, in one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from polyreel.errors import InvalidJob
from polyreel.ledger import steps
from polyreel.ledger.entry import Entry, Receipt, State, Subject
from polyreel.ledger.holder import new_holder
from polyreel.ledger.ledger import Ledger
from polyreel.ledger.rows import Edit, Rows

DUB = Subject(kind="dub", what="welcome", job="welcome", provider="panjaya", locale="fr-FR", minutes=3)
FAILED = Receipt(id="theirs", state=State.FAILED)


def leave_open(rows: Rows) -> None:
    """An intent that a dead run left, and nobody holds."""
    rows.change("k", steps.claim_row("k", DUB, "run", 1.0))
    rows.change("k", steps.let_go("run"))


class Rivalled:
    """Rows in which somebody else edits right after a row was read."""

    def __init__(self, rows: Rows, edit: Edit) -> None:
        self._rows, self._edit = rows, edit

    def __getattr__(self, name: str) -> Any:
        return getattr(self._rows, name)

    def get(self, key: str) -> Entry | None:
        found = self._rows.get(key)
        self._rows.change(key, self._edit)
        return found


SETTLE: dict[str, Callable[[Ledger], Any]] = {
    "found": lambda ledger: ledger.settle_found("k", "ours"),
    "not bought": lambda ledger: ledger.settle_not_bought("k"),
}
MEANWHILE: dict[str, Edit] = {
    "a run found it": steps.record_receipt("k", DUB, Receipt(id="theirs")),
    "a run began to look": steps.claim_row("k", DUB, new_holder(), 45.0),
    "it was settled away": steps.remove_row(),
}


@pytest.mark.parametrize("meanwhile", MEANWHILE)
@pytest.mark.parametrize("settle", SETTLE)
async def test_what_has_moved_on_since_it_was_read_is_not_settled(rows: Rows, settle: str, meanwhile: str) -> None:
    leave_open(rows)
    rivalled = Rivalled(rows, MEANWHILE[meanwhile])
    with pytest.raises(InvalidJob, match="changed just now") as refused:
        await SETTLE[settle](Ledger(rivalled))
    assert refused.value.code == "moved_on"
    left = {(row.key, row.vendor_id, bool(row.holder)) for row in await Ledger(rows).select()}
    expected = {"a run found it": {("k", "theirs", False)}, "a run began to look": {("k", "", True)}}
    assert left == expected.get(meanwhile, set())


async def test_what_failed_and_is_ready_after_all_is_neither_bought_again_nor_counted_twice(rows: Rows) -> None:
    rows.change("k", steps.record_receipt("k", DUB, FAILED))
    rivalled = Rivalled(rows, steps.advance_row(State.READY))
    with pytest.raises(InvalidJob, match="changed just now"):
        await Ledger(rivalled).settle_not_bought("k")
    assert [(row.key, row.state) for row in await Ledger(rows).select()] == [("k", State.READY)]


async def test_of_many_who_settle_one_row_at_once_one_does(rows: Rows) -> None:
    for _ in range(5):
        leave_open(rows)
        asked = [Ledger(rows).settle_found("k", f"seen-{number}") for number in range(4)]
        asked += [Ledger(rows).settle_not_bought("k") for _ in range(4)]
        done = [each for each in await asyncio.gather(*asked, return_exceptions=True) if isinstance(each, Entry)]
        assert len(done) == 1
        left = rows.get("k")
        assert (left.vendor_id if left else "") == done[0].vendor_id
        rows.change("k", steps.remove_row())


async def test_a_row_is_set_aside_only_as_it_was_seen(rows: Rows) -> None:
    """Another run may have put it aside, and bought anew, in between."""
    rows.change("k", steps.record_receipt("k", DUB, FAILED))
    seen = rows.get("k")
    assert seen is not None
    await Ledger(rows).set_aside(seen)
    rows.change("k", steps.record_receipt("k", DUB, FAILED.model_copy(update={"id": "new"})))
    await Ledger(rows).set_aside(seen)
    assert {(row.key, row.vendor_id) for row in await Ledger(rows).select()} == {("k", "new"), ("k~theirs", "theirs")}
