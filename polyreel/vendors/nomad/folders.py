"""Folders by name, at servers that list a folder, and at those that keep the vendor's pages alone.

The pages name no call that lists a folder, and no id of the one that everything is in; the published clients have
``getAssetChildNodes`` and the id ``root``. Where either is a 404, the top is what lies above a known asset, else above
an upload that is begun without a parent and cancelled; a folder is looked for by its place in the storage, and one that
was made here is known by its id, which the caller remembers.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Protocol

from polyreel.errors import DeliveryError
from polyreel.vendors.errors import NotFound
from polyreel.vendors.nomad.client import NomadClient
from polyreel.vendors.nomad.models import Asset
from polyreel.vendors.nomad.models_uploads import StartUpload, Upload
from polyreel.vendors.nomad.statuses import AssetType

TOP = "root"
"""What the published clients call the bucket that everything is in."""
_PROBE = "polyreel-looks-for-the-top.txt"
_HOLDERS = (AssetType.FOLDER, AssetType.BUCKET)


class FindOrMake(Protocol):
    """Remembers the id of what was made under a key, once (`polyreel.ledger.ledger.Ledger.find_or_make`)."""

    async def __call__(
        self,
        key: str,
        look: Callable[[], Awaitable[str]],
        make: Callable[[], Awaitable[str]],
        *,
        what: str,
        is_there: Callable[[str], Awaitable[bool]] | None = None,
    ) -> str:
        """The id of what is there, else of what is made."""
        ...


class Folders:
    """One account's folders. ``near`` is an asset of it that is known, for what lies above; it may be empty."""

    def __init__(self, client: NomadClient, find_or_make: FindOrMake, near: str = "") -> None:
        self.client, self.find_or_make, self.near = client, find_or_make, near
        self._top = ""

    async def make_way(self, way: str) -> str:
        """The id of the folder at the end of a way of names; the top's where it is empty. Raises `VendorError`."""
        names = [name for name in way.strip("/").split("/") if name]
        at = TOP if names else await self._find_top_by_name()
        for name in names:
            at = await self._make_in(at, name)
        return at

    async def list_there(self, folder_id: str) -> tuple[Asset, ...]:
        """All that lies right in a folder; nothing where the server lists no folders."""
        return await self._list_folder(folder_id) or ()

    async def _find_top_by_name(self) -> str:
        try:
            await self.client.get_asset(TOP)
        except NotFound:
            return await self._find_top()
        return TOP

    async def _make_in(self, parent: str, name: str) -> str:
        async def make_folder() -> str:
            if parent == TOP and not self._top:
                with suppress(NotFound):
                    return (await self.client.create_folder(TOP, name)).id
            return (await self.client.create_folder(await self._find_id(parent), name)).id

        return await self.find_or_make(
            f"folder {parent}/{name}", lambda: self._find_in(parent, name), make_folder, what=f"folder {name}",
            is_there=self._is_there,
        )  # fmt: skip

    async def _is_there(self, asset_id: str) -> bool:
        try:
            await self.client.get_asset(asset_id)
        except NotFound:
            return False
        return True

    # -- looking

    async def _find_in(self, parent: str, name: str) -> str:
        listed = await self._list_folder(parent)
        if listed is None:
            return await self._look_by_location(await self._find_id(parent), name)
        return next((each.id for each in listed if each.name == name and each.type is AssetType.FOLDER), "")

    async def _list_folder(self, folder_id: str) -> tuple[Asset, ...] | None:
        """None where the server lists no folders. Raises `NotFound` where it has no such folder."""
        at = self._top or folder_id if folder_id == TOP else folder_id
        try:
            return await self.client.list_children(at)
        except NotFound:
            if at == TOP:
                await self._find_top()
                return await self._list_folder(folder_id)
            await self.client.get_asset(at)
            return None

    async def _look_by_location(self, parent: str, name: str) -> str:
        above = await self.client.get_asset(parent)
        if not above.bucket_name:
            return ""
        inside = above.object_key.strip("/") if above.type is AssetType.FOLDER else ""
        place = "/".join(filter(None, (inside, name)))
        for key in (f"{place}/", place):
            with suppress(NotFound):
                found = await self.client.get_asset_at(above.bucket_name, key)
                if found.type is AssetType.FOLDER and found.name == name and found.parent_id in ("", parent):
                    return found.id
        return ""

    # -- the top

    async def _find_id(self, folder_id: str) -> str:
        return await self._find_top() if folder_id == TOP else folder_id

    async def _find_top(self) -> str:
        """The id of the bucket that everything is in."""
        self._top = self._top or await self._ask_for_top()
        return self._top

    async def _ask_for_top(self) -> str:
        with suppress(NotFound):
            return (await self.client.get_asset(TOP)).id

        async def look_above() -> str:
            return await self._find_above(self.near) if self.near else ""

        return await self.find_or_make(
            "the top", look_above, self._find_by_upload, what="the top", is_there=self._is_there
        )

    async def _find_above(self, asset_id: str) -> str:
        above = await self.client.get_parent_folders(asset_id)
        buckets = [each.id for each in above if each.type is AssetType.BUCKET]
        if buckets:
            return buckets[0]
        # Their order is written nowhere: the top is what has nothing above.
        for each in above:
            if each.type in (*_HOLDERS, None) and not await self.client.get_parent_folders(each.id):
                return each.id
        return (await self.client.get_asset(asset_id)).parent_id

    async def _find_by_upload(self) -> str:
        """Above an upload that names no parent. It is given up at once; one that a killed run left, is too."""
        for left in await self._list_left():
            await self._give_up(left)
        begun = await self.client.start_upload(StartUpload(display_name=_PROBE, relative_path=_PROBE, content_length=1))
        try:
            asset_id = begun.asset_id or next((each.asset_id for each in await self._list_left()), "")
            found = await self._find_above(asset_id) if asset_id else ""
        finally:
            await self._give_up(begun)
        if not found:
            raise DeliveryError(
                "the asset manager does not tell which folder everything is in", where="Nomad",
                remedy="Name an asset of that library as `related_to`.",
            )  # fmt: skip
        return found

    async def _list_left(self) -> list[Upload]:
        return [each for each in await self.client.list_known_uploads() if each.name == _PROBE]

    async def _give_up(self, upload: Upload) -> None:
        with suppress(NotFound):
            await self.client.cancel_upload(upload.id)
