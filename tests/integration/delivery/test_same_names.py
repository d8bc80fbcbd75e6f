"""Films of one name and one length in two places of one account: a lost answer never takes the other's."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from polyreel.delivery.nomad import NomadDelivery
from polyreel.delivery.port import Item, Parcel
from polyreel.delivery.tpstreams import TPStreamsDelivery
from polyreel.errors import VendorError
from polyreel.intake.library import list_videos
from polyreel.job import NomadDelivery as NomadOptions
from polyreel.job import TPStreamsDelivery as TPStreamsOptions
from polyreel.vendors.nomad.client import NomadClient
from polyreel.vendors.nomad.models_uploads import StartRelatedUpload, StartUpload, Upload
from polyreel.vendors.tpstreams.client import TPStreamsClient
from polyreel.vendors.tpstreams.models import VideoOptions


def _film_of(parcel: Parcel) -> Item:
    return next(item for item in parcel.items if item.role == "video")


async def _begin_elsewhere(client: NomadClient, film: Item, folder: str, owner: str) -> Upload:
    """An upload under way that another house's run began: into a folder of its own, or onto an asset of its own."""
    name, size = Path(film.path).name, film.stored_file.bytes
    if not owner:
        request = StartUpload(display_name=name, relative_path=name, content_length=size, parent_id=folder)
        return await client.start_upload(request)
    return await client.start_related_upload(
        StartRelatedUpload(
            parent_asset_id=owner, relative_path=name, content_length=size, new_related_asset_metadata_type="Dub"
        )
    )


@pytest.mark.parametrize("kind", ["folders", "owners"])
async def test_the_other_folders_upload_is_left_alone(
    clients: Any, access: Any, make_parcel: Any, arm: Any, disarm: Any, films: Any, kind: str
) -> None:
    """The film lies where it was asked for, and the upload that was there before still waits for its own."""
    parcel = make_parcel("es-ES")
    film = _film_of(parcel)
    async with clients("nomad") as client:
        there = (await client.create_folder("root", f"{parcel.name}-theirs")).id
        owners = [
            (await client.upload(films(2), name=f"{parcel.name}-{number}.mp4", parent_id=there)).asset_id
            for number in (1, 2)
        ]
        related = kind == "owners"
        theirs = await _begin_elsewhere(client, film, there, owners[0] if related else "")
        place = {"related_to": owners[1]} if related else {"path": f"{parcel.name}-ours"}
        options = NomadOptions(to="nomad", credentials="x", **place)

        async def deliver() -> Any:
            return await NomadDelivery(options, access(client, "nomad")).deliver(parcel)

        await arm(kind="reset_before", vendor="nomad", method="POST", path="*/upload/start*", times=1)
        with pytest.raises(VendorError):
            await deliver()
        await disarm()
        done = await deliver()
        assert done.ids["es-ES"] != theirs.asset_id
        assert [each.id for each in await client.list_uploads() if each.id == theirs.id] == [theirs.id]
        if related:
            assert done.ids["es-ES"] in {each.id for each in (await client.get_detail(owners[1])).related_assets}
        else:
            above = await client.get_parent_folders(done.ids["es-ES"])
            assert f"{parcel.name}-ours" in {each.name for each in above}


@pytest.mark.parametrize("told", [True, False], ids=["the asset tells its folder", "only the folders above are told"])
async def test_ones_own_upload_is_gone_on_with(
    clients: Any, access: Any, make_parcel: Any, arm: Any, disarm: Any, monkeypatch: pytest.MonkeyPatch, told: bool
) -> None:
    """The answer to its start was lost: it is found by its folder, also below one that has the same."""
    parcel = make_parcel("es-ES")
    options = NomadOptions(to="nomad", credentials="x", path=f"{parcel.name}/inner")
    if not told:
        ask = NomadClient.get_asset

        async def get_asset(self: NomadClient, asset_id: str) -> Any:
            return (await ask(self, asset_id)).model_copy(update={"parent_id": ""})

        monkeypatch.setattr(NomadClient, "get_asset", get_asset)
    async with clients("nomad") as client:
        outer = (await client.create_folder("root", parcel.name)).id
        theirs = await _begin_elsewhere(client, _film_of(parcel), outer, "")

        async def deliver() -> Any:
            return await NomadDelivery(options, access(client, "nomad")).deliver(parcel)

        await arm(kind="reset_after", vendor="nomad", method="POST", path="*/upload/start", times=1)
        with pytest.raises(VendorError):
            await deliver()
        await disarm()
        begun = {each.asset_id for each in await client.list_uploads() if each.name == theirs.name}
        done = await deliver()
    assert done.ids["es-ES"] in begun - {theirs.asset_id}


async def test_a_server_that_leaves_the_folder_unread_mixes_nothing_up(
    clients: Any, access: Any, make_parcel: Any, arm: Any, disarm: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TPStreams' page has no folder in a list's query: what waits in another folder is neither taken nor removed."""
    parcel, ask = make_parcel("es-ES"), TPStreamsClient._list_all

    def list_all(self: TPStreamsClient, shape: Any, operation: str, at: str, _query: Any = None) -> AsyncIterator[Any]:
        return ask(self, shape, operation, at, {})

    monkeypatch.setattr(TPStreamsClient, "_list_all", list_all)
    options = TPStreamsOptions(to="tpstreams", credentials="x", folder=f"{parcel.name}-ours", resolutions=("240p",))
    async with clients("tpstreams") as client:
        there = (await client.create_folder(f"{parcel.name}-theirs")).id
        title = Path(_film_of(parcel).path).stem
        theirs = await client.create_upload_session(
            VideoOptions(title=title, resolutions=("240p",), content_protection_type="disable", folder=there)
        )

        async def deliver() -> Any:
            return await TPStreamsDelivery(options, access(client, "tpstreams")).deliver(parcel)

        await arm(kind="reset_before", vendor="tpstreams", method="POST", path="*/upload-sessions/", times=1)
        with pytest.raises(VendorError):
            await deliver()
        await disarm()
        done = await deliver()
        assert done.ids["es-ES"] != theirs.asset_id
        assert (await client.get_asset(theirs.asset_id)).parent_id == there
        there_alone = await list_videos("tpstreams", client, there)
        assert done.ids["es-ES"] not in {each.id for each in there_alone}
