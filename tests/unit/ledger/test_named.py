"""What has a name of its own at a vendor is made once, also where the vendor's list is slow to show it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from polyreel.ledger.entry import Subject
from polyreel.ledger.ledger import Ledger
from polyreel.ledger.named import find_or_make
from polyreel.ledger.once import Timing
from polyreel.ledger.testing import MemoryRows

ABOUT = Subject(kind="folder", provider="library")


@pytest.fixture
async def ledger() -> AsyncIterator[Ledger]:
    async with Ledger(MemoryRows(), timing=Timing(lease=5, quiet=0)) as ledger:
        yield ledger


class Place:
    """Folders, of which the list shows only those that are old enough."""

    def __init__(self) -> None:
        self.made: list[str] = []
        self.listed: list[str] = []

    async def look(self) -> str:
        return self.listed[0] if self.listed else ""

    async def make(self) -> str:
        self.made.append(f"f-{len(self.made) + 1}")
        return self.made[-1]

    async def is_there(self, folder_id: str) -> bool:
        return folder_id in self.made


async def test_what_the_list_does_not_show_yet_is_not_made_a_second_time(ledger: Ledger) -> None:
    """Neither by the call that made it, nor by one a moment later that asks for it by its id."""
    place = Place()
    assert await find_or_make(ledger, "k", place.look, place.make, ABOUT, None) == "f-1"
    assert await find_or_make(ledger, "k", place.look, place.make, ABOUT, place.is_there) == "f-1"
    assert place.made == ["f-1"]


async def test_what_somebody_removed_is_made_again(ledger: Ledger) -> None:
    """By a later call: neither the list nor its id shows it."""
    place = Place()
    await find_or_make(ledger, "k", place.look, place.make, ABOUT, None)
    place.made = ["x"]
    assert await find_or_make(ledger, "k", place.look, place.make, ABOUT, place.is_there) == "f-2"
