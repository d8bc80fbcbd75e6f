"""Folders and projects whose making was cut off: a later run finds them there, and the ledger has nothing left open."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from types import SimpleNamespace

import pytest

from polyreel.delivery.nomad import NomadDelivery
from polyreel.delivery.port import Access
from polyreel.delivery.tpstreams import TPStreamsDelivery
from polyreel.delivery.videojungle import VideoJungleDelivery
from polyreel.job import NomadDelivery as Folder
from polyreel.job import TPStreamsDelivery as Shelf
from polyreel.job import VideoJungleDelivery as Project
from polyreel.ledger.entry import State, Subject
from polyreel.ledger.ledger import Ledger
from polyreel.ledger.once import Timing
from polyreel.ledger.testing import MemoryRows
from polyreel.vendors.errors import Facts, Invalid
from polyreel.vendors.nomad.statuses import AssetType


class Library:
    """Makes what it is asked for; the answer to the first of all makings is lost."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def _make(self, name: str) -> SimpleNamespace:
        self.names.append(name)
        if len(self.names) == 1:
            raise asyncio.CancelledError
        return self._named(name)

    @staticmethod
    def _named(name: str) -> SimpleNamespace:
        return SimpleNamespace(id=f"id of {name}", name=name, title=name, type=AssetType.FOLDER, parent_id="")

    async def create_folder(self, *names: str) -> SimpleNamespace:
        return self._make(names[-1])

    async def create_project(self, request: SimpleNamespace) -> SimpleNamespace:
        return self._make(request.name)

    async def list_children(self, _parent: str) -> list[SimpleNamespace]:
        return [self._named(name) for name in self.names]

    async def get_asset(self, asset_id: str) -> SimpleNamespace:
        return SimpleNamespace(id=asset_id, type="folder")

    async def get_project(self, project_id: str) -> SimpleNamespace:
        return SimpleNamespace(id=project_id)

    async def list_projects(self, limit: int) -> list[SimpleNamespace]:
        return [self._named(name) for name in self.names][:limit]

    async def list_folders(self, search: str):
        for name in self.names:
            if search in name:
                yield self._named(name)


def in_nomad(access: Access) -> Awaitable[str]:
    return NomadDelivery(Folder(to="nomad", credentials="x", path="Dubs"), access)._make_folders()


def in_tpstreams(access: Access) -> Awaitable[str]:
    return TPStreamsDelivery(Shelf(to="tpstreams", credentials="x", folder="Dubs"), access)._find_folder("Dubs")


def in_videojungle(access: Access) -> Awaitable[str]:
    return VideoJungleDelivery(Project(to="videojungle", credentials="x"), access)._find_project("Dubs")


@pytest.mark.parametrize("find", [in_nomad, in_tpstreams, in_videojungle])
async def test_a_folder_whose_answer_was_lost_is_settled_by_the_next_run(
    find: Callable[[Access], Awaitable[str]],
) -> None:
    library, rows = Library(), MemoryRows()

    async def run() -> str:
        async with Ledger(rows, timing=Timing(lease=2, quiet=0)) as ledger:
            return await find(Access(library, ledger, Subject(kind="delivery", job="j", provider="p", account="a")))

    with pytest.raises(asyncio.CancelledError):
        await run()
    async with Ledger(rows) as ledger:
        assert [row.state for row in await ledger.select()] == [State.INTENDED]
    assert await run() == "id of Dubs"
    assert library.names == ["Dubs"]
    async with Ledger(rows) as ledger:
        assert [(row.state, row.vendor_id) for row in await ledger.select()] == [(State.COLLECTED, "id of Dubs")]


async def test_a_title_that_looks_like_an_id_is_a_title(monkeypatch: pytest.MonkeyPatch) -> None:
    """TPStreams' ids have eleven letters, as `documentary` has: a server may find it wrong, and list no folders."""
    library = Library()
    library.names.append("another")

    async def get_asset(_asset_id: str) -> SimpleNamespace:
        raise Invalid("no such id", facts=Facts(status=400))

    async def list_folders(search: str):
        raise Invalid(search, facts=Facts(status=405))
        yield

    async def list_assets():
        yield SimpleNamespace(id="film", title="documentary", type="video", parent_id="")

    for method in (get_asset, list_folders, list_assets):
        monkeypatch.setattr(library, method.__name__, method, raising=False)
    async with Ledger(MemoryRows()) as ledger:
        access = Access(library, ledger, Subject(kind="delivery", job="j", provider="p", account="a"))
        shelf = Shelf(to="tpstreams", credentials="x", folder="documentary")
        assert await TPStreamsDelivery(shelf, access)._find_folder("documentary") == "id of documentary"
    assert library.names == ["another", "documentary"]
