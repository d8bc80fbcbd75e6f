"""An asset manager that keeps the vendor's pages and no more: it lists no folders, and knows no id ``root``."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from polyreel.delivery.nomad import NomadDelivery
from polyreel.dubbing.staging import StagedFiles
from polyreel.dubbing.staging_places import staging_place_of
from polyreel.job import NomadDelivery as Options
from polyreel.job import NomadStaging
from polyreel.ledger.entry import State
from polyreel.ledger.ledger import Ledger
from polyreel.ledger.testing import MemoryRows
from polyreel.vendors.errors import NotFound
from polyreel.vendors.nomad.client import NomadClient
from tests.integration.delivery.test_two_runs import STAGING, _store_film


@pytest.fixture
def pages(clients: Any, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """From now on what the pages don't name is a 404; the folders that were made, by name."""
    made, ask, make = list[str](), NomadClient.get_asset, NomadClient.create_folder

    async def list_children(self: NomadClient, folder_id: str, **_rest: Any) -> Any:
        raise NotFound("no such address", where=folder_id)

    async def get_asset(self: NomadClient, asset_id: str) -> Any:
        if asset_id == "root":
            raise NotFound("no such asset", where=asset_id)
        return await ask(self, asset_id)

    async def create_folder(self: NomadClient, parent_id: str, display_name: str) -> Any:
        if parent_id == "root":
            raise NotFound("no such asset", where=parent_id)
        made.append(display_name)
        return await make(self, parent_id, display_name)

    monkeypatch.setattr(NomadClient, "list_children", list_children)
    monkeypatch.setattr(NomadClient, "get_asset", get_asset)
    monkeypatch.setattr(NomadClient, "create_folder", create_folder)
    return made


async def _list_above(client: NomadClient, asset_id: str) -> set[str]:
    return {each.name for each in await client.get_parent_folders(asset_id)}


@pytest.mark.parametrize("way", ["outer/inner", None])
async def test_a_delivery_finds_its_folders_and_a_repeat_makes_nothing(
    clients: Any, access: Any, make_parcel: Any, pages: list[str], way: str | None
) -> None:
    """Folders are made below the top, once; what was made to find the top is gone."""
    parcel = make_parcel("es-ES", "fr-FR")
    path = way and f"{parcel.name}-{way}"
    options = Options(to="nomad", credentials="x", path=path)
    async with clients("nomad") as client:
        first = await NomadDelivery(options, access(client, "nomad")).deliver(parcel)
        again = await NomadDelivery(options, access(client, "nomad")).deliver(parcel)
        above = await _list_above(client, first.ids["es-ES"])
        left = [each.name for each in await client.list_uploads()]
    assert not first.problems
    assert (again.ids, again.written) == (first.ids, ())
    assert pages == ([f"{parcel.name}-outer", "inner"] if way else [])
    assert set(pages) <= above
    assert "polyreel-looks-for-the-top.txt" not in left


async def test_a_film_is_staged_below_the_folder_that_the_job_names(clients: Any, films: Any, pages: list[str]) -> None:
    """The folder is made once, and the film given out and removed."""
    options = NomadStaging(to="nomad", credentials="x", path=f"tmp-{uuid4().hex[:8]}")
    async with clients("nomad") as client, Ledger(MemoryRows()) as ledger:
        for number in (1, 2):
            staged = StagedFiles(staging_place_of(options, client), ledger, STAGING)
            assert (await staged.make_address(_store_film(films(number)), f"{number}.mp4")).startswith("http")
        rows = [each for each in await ledger.select() if each.kind == "staged"]
        assert [await _list_above(client, each.vendor_id) >= {options.path} for each in rows] == [True, True]
        await staged.clear()
        assert [(await ledger.get(each.key)).state for each in rows] == [State.FORGOTTEN] * 2
    assert pages == [options.path]
