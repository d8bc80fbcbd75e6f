"""A source in a Nomad-style asset manager: an asset, or the videos of a folder."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from pathlib import Path

from polyreel.errors import InvalidJob
from polyreel.sources.libraries.port import (
    RESTORING,
    Asset,
    LibraryVideo,
    is_video_name,
    make_folder_error,
    require_media_name,
)
from polyreel.vendors.downloads import Downloaded, Expected, Tell
from polyreel.vendors.errors import NotFound, take_refused_ids_as_unknown
from polyreel.vendors.nomad.client import NomadClient
from polyreel.vendors.nomad.folders import TOP
from polyreel.vendors.nomad.models import Asset as NomadAsset
from polyreel.vendors.nomad.statuses import AssetStatus, AssetType

_FOLDERS = (AssetType.FOLDER, AssetType.BUCKET)
_ARCHIVED = (AssetStatus.ARCHIVED,)


@dataclass(frozen=True, slots=True)
class NomadSource:
    """`polyreel.sources.libraries.port.LibrarySource`."""

    client: NomadClient

    async def require_asset(self, asset_id: str) -> None:
        """An archived one is there too."""
        await self._get_file(asset_id)

    async def look_at_asset(self, asset_id: str) -> Asset:
        """Restored first, where it is in the archive."""
        found = await self._get_file(asset_id)
        if found.status is AssetStatus.ARCHIVED:
            await self.client.restore(asset_id)
        if not found.usable:
            await self.client.wait_until_usable(asset_id, RESTORING)
        detail = await self.client.get_detail(asset_id)

        def fetch(to: Path, *, expected: Expected, tell: Tell) -> Awaitable[Downloaded]:
            return self.client.download(asset_id, to, expected=expected, tell=tell)

        return Asset(detail.name, detail.size or None, {"etag": detail.etag, "bytes": detail.size}, fetch)

    async def _get_file(self, asset_id: str) -> NomadAsset:
        with take_refused_ids_as_unknown():
            found = await self.client.get_asset(asset_id)
        if found.type in _FOLDERS:
            raise make_folder_error(f"nomad:{asset_id}")
        require_media_name(found.name or found.object_key, f"nomad:{asset_id}")
        return found


async def list_folder(client: NomadClient, folder: str) -> list[LibraryVideo]:
    """Archived videos too: each job restores its own. ``folder``: an id, or the way to it from the top (``a/b``)."""
    found = await _find_folder(client, folder)
    if found.type not in _FOLDERS:
        raise InvalidJob(f"{folder} is no folder", where="--each-of", remedy="Name the folder that holds the videos.")
    try:
        children = await client.list_children(found.id)
    except NotFound:
        # The folder is there: the vendor's pages name no such call, and not every server has it.
        raise InvalidJob(
            "this asset manager lists no folders", where="--each-of", code="not_available",
            remedy="Write a job for each video, with its id as `source.media`.",
        ) from None  # fmt: skip
    return [LibraryVideo(each.id, each.name) for each in children if _is_video(each)]


async def _find_folder(client: NomadClient, folder: str) -> NomadAsset:
    try:
        with take_refused_ids_as_unknown():
            return await client.get_asset(folder)
    except NotFound:
        # People see names, and no ids: a server that lists its folders can be asked for them one by one.
        return await _follow_names(client, [name for name in folder.split("/") if name])


async def _follow_names(client: NomadClient, names: Sequence[str]) -> NomadAsset:
    """What lies at the end of a way of names. Raises `NotFound`."""
    at, found = TOP, None
    for name in names:
        listed = await client.list_children(at)
        found = next((each for each in listed if each.name == name and each.type in _FOLDERS), None)
        if found is None:
            raise NotFound(f"no folder {name} there")
        at = found.id
    if found is None:
        raise NotFound("no folder is named")
    return found


def _is_video(asset: NomadAsset) -> bool:
    if asset.type is not AssetType.FILE or not (asset.usable or asset.status in _ARCHIVED):
        return False
    return asset.content_type.startswith("video/") or is_video_name(asset.name or asset.object_key)
