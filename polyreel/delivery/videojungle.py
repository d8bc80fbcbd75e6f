"""Delivery to a Video Jungle project: the films and their subtitles, each an asset, checked until it is there."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from polyreel.delivery.library import MOST_STARTS, Brought, Gauge, bring_languages, file_name, texts_of, video_of
from polyreel.delivery.port import Access, Delivered, Item, Parcel, Progress
from polyreel.errors import DeliveryError
from polyreel.job import VideoJungleDelivery as Options
from polyreel.ledger.entry import Entry, Finding, Found, NotThere, Receipt, State
from polyreel.store.local import path_of
from polyreel.vendors.errors import LinkExpired, suppress_gone
from polyreel.vendors.videojungle.client import VideoJungleClient
from polyreel.vendors.videojungle.models import WHOLE_LIST, CreateAsset, CreateProject, NewAsset
from polyreel.vendors.waiting import Patience

# Only until the storage's file is seen there: nothing is transcoded. Run again, nothing is uploaded anew.
PATIENCE = Patience(first=1.0, cap=20.0, total=3600.0)


class VideoJungleDelivery:
    """Delivers into one project, by its name; it is made when missing."""

    def __init__(self, options: Options, access: Access) -> None:
        self.options, self.access = options, access
        self.client: VideoJungleClient = access.client

    async def deliver(self, parcel: Parcel, on_progress: Progress | None = None) -> Delivered:
        """Bring a parcel. Raises `DeliveryError` and `VendorError` where no language could be brought."""
        name = self.options.project or parcel.name
        project = await self._find_project(name)
        gauge = Gauge(parcel, on_progress)

        async def bring_language(locale: str) -> Brought:
            done = Brought()
            for item in (video_of(parcel, locale), *texts_of(parcel, locale)):
                await _File(self, parcel, item, project, gauge).bring_file(done)
            return done

        return await bring_languages(parcel, bring_language, f"Video Jungle: {name}", self.access, project)

    async def _find_project(self, name: str) -> str:
        async def find_project() -> str:
            found = [each.id for each in await self.client.list_projects(limit=WHOLE_LIST) if each.name == name]
            return found[0] if found else ""

        async def make_project() -> str:
            made = await self.client.create_project(CreateProject(name=name, description="Dubs by polyreel."))
            return made.id

        async def is_there(project_id: str) -> bool:
            with suppress_gone():
                return bool((await self.client.get_project(project_id)).id)
            return False

        return await self.access.find_or_make(
            f"project {name}", find_project, make_project, what=f"project {name}", is_there=is_there
        )


@dataclass
class _File:
    """One file in the project."""

    place: VideoJungleDelivery
    parcel: Parcel
    item: Item
    project: str
    gauge: Gauge
    created: NewAsset | None = None

    def __post_init__(self) -> None:
        self.client, self.access = self.place.client, self.place.access
        self.name = file_name(self.item)
        self.slot = f"{self.project}/{self.name}"
        self.key = f"asset {self.slot} {self.item.stored_file.sha256}"

    async def bring_file(self, done: Brought) -> None:
        """The asset, checked; what earlier runs put there goes."""
        for _ in range(MOST_STARTS):
            entry = await self.access.once(
                self.key,
                self._make_asset,
                self._find_asset,
                what=self.name,
                locale=self.item.locale or "",
                slot=self.slot,
            )
            is_there = not self._is_created(entry) and bool(
                await self.access.look_for_made(self.key, partial(self._see_file, entry))
            )
            if not is_there and not await self._send(entry):
                continue
            (done.kept if is_there else done.written).append(self.item.path)
            # Denied so soon after it was made, it is only shown late.
            await self.access.look_for_made(self.key, partial(self._see_file, entry))
            await self.client.wait_until_uploaded(entry.vendor_id, PATIENCE)
            await self._drop_earlier(entry)
            await self.access.note_details(self.key, {"uploaded": True}, State.COLLECTED)
            self.gauge.finish_item(self.item)
            is_film = self.item.role == "video"
            done.ids[str(self.item.locale) if is_film else self.name.removeprefix(f"{self.parcel.name}.")] = (
                entry.vendor_id
            )
            return
        raise DeliveryError(
            f"{self.name} could not be uploaded in {MOST_STARTS} attempts", where="Video Jungle",
            remedy="Run the job again.",
        )  # fmt: skip

    async def _make_asset(self) -> Receipt:
        request = CreateAsset(keyname=self.name, description=f"{self.parcel.name} {self.item.locale or ''}".strip())
        self.created = await self.client.create_asset(self.project, request)
        return Receipt(id=self.created.id)

    async def _find_asset(self, _entry: Entry) -> Finding:
        """An asset of this name that waits for its file and is nobody's: its creation's answer was lost."""
        known = {entry.vendor_id for entry in await self.access.list_made()}
        listed = await self.client.list_assets(self.project, limit=WHOLE_LIST)
        for asset in listed:
            if asset.keyname == self.name and asset.id not in known and not await self.client.check_asset(asset.id):
                return Found(Receipt(id=asset.id))
        return NotThere()

    def _is_created(self, entry: Entry) -> bool:
        """Whether it was this run that has just made the asset, which waits for its file."""
        return self.created is not None and self.created.id == entry.vendor_id

    async def _see_file(self, entry: Entry) -> bool | None:
        """Whether the asset has its file; None where there is no such asset."""
        with suppress_gone():
            return await self.client.check_asset(entry.vendor_id)
        return None

    async def _send(self, entry: Entry) -> bool:
        """Whether the file went out; False: its address is lost or has run out, and the asset was removed."""
        if self.created is not None and self._is_created(entry):
            with suppress(LinkExpired):
                path = path_of(self.item.stored_file)
                await self.client.upload_asset(self.created, path, tell=self.gauge.report_for(self.item))
                return True
        with suppress_gone():
            await self.client.delete_asset(entry.vendor_id)
        await self.access.forget_receipt(self.key)
        return False

    async def _drop_earlier(self, entry: Entry) -> None:
        for old in await self.access.list_earlier(self.slot, self.key):
            if old.vendor_id != entry.vendor_id:
                with suppress_gone():
                    await self.client.delete_asset(old.vendor_id)
            await self.access.drop_entry(old)


async def remove_if_empty(client: VideoJungleClient, asset_id: str) -> bool:
    """Remove an asset that still waits for its file. Whether it is gone; False: its file has come. `VendorError`."""
    with suppress_gone():
        if await client.check_asset(asset_id):
            return False
        await client.delete_asset(asset_id)
    return True
