"""A TPStreams server that keeps the vendor's page and no more: it has no list of folders, and perhaps makes none."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from polyreel.delivery.tpstreams import TPStreamsDelivery
from polyreel.errors import DeliveryError
from polyreel.job import TPStreamsDelivery as Options
from polyreel.vendors.errors import Facts, Invalid, NotFound
from polyreel.vendors.tpstreams.client import TPStreamsClient
from polyreel.vendors.tpstreams.models import Asset

NO_SUCH_CALL = [NotFound("404", facts=Facts(status=404)), Invalid("405", facts=Facts(status=405))]


@pytest.fixture(params=NO_SUCH_CALL, ids=["404", "405"])
def made(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> list[str]:
    """From now on there is no list of folders; the folders that were made, by title."""
    titles, make = list[str](), TPStreamsClient.create_folder

    async def list_folders(self: TPStreamsClient, **_query: Any) -> AsyncIterator[Asset]:
        raise request.param
        yield

    async def create_folder(self: TPStreamsClient, title: str) -> Asset:
        titles.append(title)
        return await make(self, title)

    monkeypatch.setattr(TPStreamsClient, "list_folders", list_folders)
    monkeypatch.setattr(TPStreamsClient, "create_folder", create_folder)
    return titles


@pytest.fixture
def hides_folders(monkeypatch: pytest.MonkeyPatch) -> None:
    """No page says that the list of assets has folders in it: here it has none."""
    ask = TPStreamsClient.list_assets

    async def list_assets(self: TPStreamsClient, **query: Any) -> AsyncIterator[Asset]:
        async for each in ask(self, **query):
            if each.type != "folder":
                yield each

    monkeypatch.setattr(TPStreamsClient, "list_assets", list_assets)


def _options(folder: str) -> Options:
    return Options(to="tpstreams", credentials="x", folder=folder, resolutions=("240p",))


async def test_what_is_there_is_found_among_the_assets(
    clients: Any, access: Any, make_parcel: Any, made: list[str]
) -> None:
    """The folder that somebody made is the one that is delivered to; nothing is made."""
    parcel = make_parcel("es-ES")
    async with clients("tpstreams") as client:
        theirs = (await client.create_folder(parcel.name)).id
        made.clear()
        done = await TPStreamsDelivery(_options(parcel.name), access(client, "tpstreams")).deliver(parcel)
        assert (await client.get_asset(done.ids["es-ES"])).parent_id == theirs
    assert made == []


@pytest.mark.usefixtures("hides_folders")
async def test_what_was_made_is_known_by_its_id(clients: Any, access: Any, make_parcel: Any, made: list[str]) -> None:
    """Made once, though nothing lists it; and anew where somebody removed it."""
    parcel = make_parcel("es-ES")
    async with clients("tpstreams") as client:
        place = TPStreamsDelivery(_options(parcel.name), access(client, "tpstreams"))
        first = await place.deliver(parcel)
        assert (await place.deliver(parcel)).ids == first.ids
        assert made == [parcel.name]
        await client.delete_asset((await client.get_asset(first.ids["es-ES"])).parent_id)
        again = await place.deliver(parcel)
    assert made == [parcel.name] * 2
    assert again.ids != first.ids


@pytest.mark.usefixtures("hides_folders")
@pytest.mark.parametrize("refusal", NO_SUCH_CALL)
async def test_where_none_can_be_made_an_id_is_asked_for_and_taken(
    clients: Any, access: Any, make_parcel: Any, made: list[str], monkeypatch: pytest.MonkeyPatch, refusal: Exception
) -> None:
    """The error says what to do, and what it says helps."""
    parcel = make_parcel("es-ES")

    async def refuse(*_: Any) -> Asset:
        raise refusal

    async with clients("tpstreams") as client:
        theirs = (await client.create_folder(f"{parcel.name} theirs")).id
        monkeypatch.setattr(TPStreamsClient, "create_folder", refuse)
        with pytest.raises(DeliveryError, match="makes none") as said:
            await TPStreamsDelivery(_options(parcel.name), access(client, "tpstreams")).deliver(parcel)
        assert "give its id as `folder`" in said.value.remedy
        done = await TPStreamsDelivery(_options(theirs), access(client, "tpstreams")).deliver(parcel)
        assert (await client.get_asset(done.ids["es-ES"])).parent_id == theirs
