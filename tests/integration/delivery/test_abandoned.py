"""Uploads that a dead run left and nobody went on with: housekeeping ends them, and a later run begins anew."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from polyreel.delivery.port import Access, Parcel
from polyreel.ledger.entry import Entry, State, Subject
from polyreel.ledger.ledger import Ledger
from polyreel.ledger.once import Timing
from polyreel.ledger.rows import Filter
from polyreel.ledger.testing import MemoryRows
from polyreel.upkeep import DAY_S, Chore, Rules, Upkeep
from tests.integration.delivery.test_libraries import PROVIDERS, Library

_SENDING = {
    "tpstreams": {"vendor": "tpstreams", "method": "POST", "path": "*s3-upload*"},
    "nomad": {"vendor": "files", "method": "PUT", "path": "*"},
    "videojungle": {"vendor": "videojungle", "method": "POST", "path": "*/upload"},
}
"""The calls that bring a film's bytes."""
Fault = Callable[..., Awaitable[None]]


class Clock(MemoryRows):
    """Rows whose time a test lets pass."""

    later = 0.0

    def now(self) -> float:
        return super().now() + self.later


class Account:
    """One library's account: its ledger, runs that are killed half-way, and rounds of housekeeping."""

    def __init__(self, provider: str, parcel: Parcel, clients: Any, arm: Fault, disarm: Callable[[], Any]) -> None:
        self.provider, self._clients, self._arm, self._disarm = provider, clients, arm, disarm
        self.rows = Clock()
        self.library = Library(provider, parcel.name, clients, self._open_access)

    def _open_access(self, client: object, provider: str) -> Access:
        subject = Subject(kind="delivery", job="test", provider=provider, account=f"{provider}#test", credentials="x")
        return Access(client, Ledger(self.rows, timing=Timing(lease=2, quiet=0)), subject)

    async def die_sending(self, parcel: Parcel) -> None:
        """A run that ends without a word while a film's bytes are on their way."""
        await self._arm(kind="slow", seconds=20, times=0, **_SENDING[self.provider])
        run = asyncio.ensure_future(self.library.bring(parcel))
        while not self.list_begun():
            assert not run.done(), run
            await asyncio.sleep(0.05)
        await asyncio.sleep(0.3)
        run.cancel()
        await asyncio.gather(run, return_exceptions=True)
        await self._disarm()

    def list_begun(self) -> list[Entry]:
        """What was begun, and is not there whole."""
        return [row for row in self.rows.select(Filter()) if row.kind == "delivery" and row.state is State.SUBMITTED]

    async def tidy(self, *, days: float) -> list[tuple[str, str, bool]]:
        """A round of housekeeping so many days later."""

        async def is_kept(_key: str) -> bool:
            return True

        @asynccontextmanager
        async def open_account(_vendor: str, _row: Entry) -> AsyncIterator[Any]:
            async with self._clients(self.provider) as client:
                yield client

        self.rows.later += days * DAY_S
        done: tuple[Chore, ...] = await Upkeep(Ledger(self.rows), open_account, Rules(), is_kept).tidy()
        return [(chore.kind, chore.what, chore.done) for chore in done if chore.kind != "claim"]


@pytest.fixture(params=PROVIDERS)
def account(
    request: pytest.FixtureRequest, clients: Any, make_parcel: Any, arm: Fault, disarm: Callable[[], Any]
) -> Account:
    """One at each of the three."""
    return Account(request.param, make_parcel("es-ES"), clients, arm, disarm)


async def test_what_a_dead_run_began_is_removed_after_a_week_and_made_anew_by_the_next(
    account: Account, make_parcel: Any
) -> None:
    """No asset without its file stays in the library, though the job is never run again; when it is, it is whole."""
    parcel = make_parcel("es-ES")
    await account.die_sending(parcel)
    assert await account.tidy(days=6) == []
    assert len(account.list_begun()) == 1
    film = account.list_begun()[0].what
    assert await account.tidy(days=2) == [("upload", f"{film} es-ES", True)]
    assert await account.library.names() == []
    assert await account.tidy(days=2) == []
    done = await account.library.bring(parcel)
    assert done.problems == {}
    assert await account.library.names() == _expected(account, parcel)
    assert (await account.library.bring(parcel)).written == ()


async def test_the_film_that_was_to_be_replaced_stays_and_is_replaced_by_a_later_run(
    account: Account, make_parcel: Any
) -> None:
    """The asset manager begins a replacement under the id of what is there: that is no abandoned upload's own."""
    before, changed = make_parcel("es-ES"), make_parcel("es-ES", first=2, words="Adiós")
    first = await account.library.bring(before)
    await account.die_sending(changed)
    assert [(kind, done) for kind, _, done in await account.tidy(days=8)] == [("upload", True)]
    assert await account.library.names() == _expected(account, before)
    # What is there is still known: taken back, it is not sent again.
    assert (await account.library.bring(before)).ids == first.ids
    done = await account.library.bring(changed)
    assert done.problems == {}
    assert await account.library.names() == _expected(account, changed)
    if account.provider == "nomad":
        assert done.ids["es-ES"] == first.ids["es-ES"]


async def test_what_came_whole_before_the_run_died_stays(account: Account, make_parcel: Any) -> None:
    """The run died between the last byte and its note: only the library knows that nothing is missing."""
    parcel = make_parcel("es-ES")
    done = await account.library.bring(parcel)
    row = next(each for each in account.rows.select(Filter()) if each.vendor_id == done.ids["es-ES"])
    receipt = {name: value for name, value in row.receipt.items() if name != "uploaded"}
    begun = row.model_copy(update={"state": State.SUBMITTED, "receipt": receipt})
    account.rows.change(row.key, lambda _entry, _now: begun)
    assert await account.tidy(days=8) == []
    assert await account.library.names() == _expected(account, parcel)
    assert (await account.library.bring(parcel)).ids == done.ids


async def test_an_upload_that_a_run_goes_on_with_is_left_alone(
    account: Account, make_parcel: Any, arm: Fault, disarm: Callable[[], Any]
) -> None:
    """A run a week later goes on with what is there: housekeeping meanwhile takes nothing from under it."""
    parcel = make_parcel("es-ES")
    await account.die_sending(parcel)
    account.rows.later += 8 * DAY_S
    await arm(kind="slow", seconds=3, times=1, **_SENDING[account.provider])
    run = asyncio.ensure_future(account.library.bring(parcel))
    for _ in range(500):
        if account.rows.list_claims():
            break
        await asyncio.sleep(0.02)
    assert await account.tidy(days=0) == []
    assert (await run).problems == {}
    await disarm()
    assert await account.library.names() == _expected(account, parcel)


def _expected(account: Account, parcel: Parcel) -> list[str]:
    films = [item.path.rpartition("/")[2] for item in parcel.items if item.role == "video"]
    if account.provider == "videojungle":
        return sorted(item.path.rpartition("/")[2] for item in parcel.items)
    return sorted(name.removesuffix(".mp4") if account.provider == "tpstreams" else name for name in films)
