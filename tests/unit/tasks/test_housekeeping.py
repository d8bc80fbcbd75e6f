"""Chores open only the account that a row was bought in."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from polyreel.errors import InvalidJob
from polyreel.ledger.entry import Entry
from tasks import housekeeping
from tasks.housekeeping import open_account

ACCOUNT = "https://api.panjaya.ai#1"
ROW = Entry(
    key="buy-1", kind="dub", provider="panjaya", account=ACCOUNT, credentials="studio", vendor_id="a-1", intended_at=1.0
)


@pytest.fixture(autouse=True)
def saved(monkeypatch: pytest.MonkeyPatch) -> None:
    """The credentials that are saved under the row's name open another account by now."""

    async def load(_vendor: str, _name: str) -> Any:
        return SimpleNamespace(account="https://api.panjaya.ai#2")

    monkeypatch.setattr(housekeeping, "load_saved", load)


async def test_another_account_under_the_same_name_is_not_touched() -> None:
    """What was bought in the old one would look deleted in the new one."""
    with pytest.raises(InvalidJob, match="another account"):
        async with open_account("panjaya", ROW):
            raise AssertionError("it was opened")


async def test_a_row_without_credentials_is_for_a_person() -> None:
    """Who has to look is told where, and at what."""
    with pytest.raises(InvalidJob) as caught:
        async with open_account("panjaya", ROW.model_copy(update={"credentials": ""})):
            raise AssertionError("it was opened")
    assert "a-1 at panjaya" in caught.value.remedy
