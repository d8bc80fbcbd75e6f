"""One file at the asset manager: begun once, gone on with by its upload's id, replaced in place, checked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from polyreel.delivery.library import MOST_STARTS, Brought, Gauge, file_name
from polyreel.delivery.port import Access, Item
from polyreel.errors import DeliveryError
from polyreel.ledger.entry import Entry, Finding, Found, NotThere, Receipt, State
from polyreel.store.local import path_of
from polyreel.vendors.errors import Damaged, Invalid, NotFound, suppress_gone
from polyreel.vendors.nomad.client import NomadClient
from polyreel.vendors.nomad.models_uploads import (
    PART_SIZE,
    RELATED_PART_SIZE,
    StartRelatedUpload,
    StartUpload,
    Upload,
    Uploaded,
)
from polyreel.vendors.nomad.statuses import AssetStatus
from polyreel.vendors.nomad.uploads import part_size
from polyreel.vendors.waiting import Patience

# Hours, as the library copies and looks through a film after it has come. Who waits longer runs the job again, which
# uploads nothing anew.
PATIENCE = Patience(first=1.0, cap=30.0, total=6 * 3600.0)


@dataclass(frozen=True, slots=True)
class FilePlace:
    """Where a file goes: into a folder, or (with a ``kind``) onto an asset, as a related one of that kind."""

    client: NomadClient
    access: Access
    parent: str
    kind: str = ""


async def send_file(place: FilePlace, item: Item, gauge: Gauge, done: Brought) -> str:
    """The id of the file's asset, once it is there and usable. Raises `VendorError` and `DeliveryError`."""
    return await _File(place, item, gauge).bring_file(done)


@dataclass
class _File:
    place: FilePlace
    item: Item
    gauge: Gauge
    name: str = field(init=False)

    def __post_init__(self) -> None:
        self.client, self.access = self.place.client, self.place.access
        self.name = file_name(self.item)
        self.path: Path = path_of(self.item.stored_file)
        self.slot = f"{self.place.parent}/{self.place.kind}/{self.name}"
        self.key = f"asset {self.slot} {self.item.stored_file.sha256}"

    async def bring_file(self, done: Brought) -> str:
        """The asset's id. What the vendor lost meanwhile is begun anew."""
        for _ in range(MOST_STARTS):
            entry = await self.access.once(
                self.key,
                self._start_upload,
                self._find_upload,
                what=self.name,
                locale=self.item.locale or "",
                slot=self.slot,
            )
            was_there = entry.state is State.COLLECTED
            if not await self.access.look_for_made(self.key, partial(self._finish_if_there, entry)):
                await self.access.forget_receipt(self.key)
                continue
            (done.kept if was_there else done.written).append(self.item.path)
            self.gauge.finish_item(self.item)
            return entry.vendor_id
        raise DeliveryError(
            f"{self.name} did not arrive in {MOST_STARTS} attempts", code="transfer_damaged", where="Nomad",
            remedy="Run the job again; if it stays, look at the asset's job history.",
        )  # fmt: skip

    async def _finish_if_there(self, entry: Entry) -> bool | None:
        """True once it is there and usable; None where the library has no such thing; False where it is of no use."""
        try:
            # The row says what an earlier look has sent.
            await self._finish_upload(await self.access.read_entry(self.key) or entry)
        except NotFound as missing:
            missing.require_word_of_api()
            return None
        except Damaged:
            return False
        return True

    # -- beginning

    async def _start_upload(self) -> Receipt:
        earlier = await self.access.list_earlier(self.slot, self.key)
        old = await self._find_first_known(reversed(earlier))
        upload = await (self._start_related(old) if self.place.kind else self._start_own(old))
        return self._make_receipt(upload)

    async def _start_own(self, old: str | None) -> Upload:
        size = self.item.stored_file.bytes
        return await self.client.start_upload(
            StartUpload(
                display_name=self.name,
                relative_path=self.name,
                content_length=size,
                chunk_size=part_size(size, PART_SIZE),
                parent_id=self.place.parent,
                language_id=self.item.locale,
                existing_asset_id=old,
            )
        )

    async def _start_related(self, old: str | None) -> Upload:
        size = self.item.stored_file.bytes
        return await self.client.start_related_upload(
            StartRelatedUpload(
                parent_asset_id=self.place.parent,
                content_length=size,
                chunk_size=part_size(size, RELATED_PART_SIZE),
                relative_path=self.name,
                new_related_asset_metadata_type=self.place.kind,
                related_asset_id=old or await self._find_related_of_this_name(),
                language_id=self.item.locale,
            )
        )

    async def _find_related_of_this_name(self) -> str | None:
        related = (await self.client.get_detail(self.place.parent)).related_assets
        owner = self.place.parent
        return next((each.id for each in related if each.name == self.name and each.id != owner), None)

    async def _find_first_known(self, earlier: Iterable[Entry]) -> str | None:
        """The first that the vendor still has: the newest content takes its place, under its id."""
        see = self._see_related if self.place.kind else self._see_asset
        for each in earlier:
            # Where the start of a related asset's upload told the owner's id, that is no id of what hangs on it.
            if each.vendor_id == self.place.parent:
                continue
            if found := await self.access.look_for_new(each.made_at, partial(see, each.vendor_id)):
                return found
        return None

    async def _see_related(self, asset_id: str) -> str | None:
        related = (await self.client.get_detail(self.place.parent)).related_assets
        return asset_id if asset_id in {each.id for each in related} else None

    async def _see_asset(self, asset_id: str) -> str | None:
        try:
            return (await self.client.get_asset(asset_id)).id
        except NotFound as missing:
            missing.require_word_of_api()
            return None

    def _make_receipt(self, upload: Upload) -> Receipt:
        return Receipt(id=upload.asset_id or upload.id, details={"upload": upload.id})

    async def _find_upload(self, _entry: Entry) -> Finding:
        """An upload under way to this very place, of this name and length: the answer to its start was lost.

        It is nobody's in the ledger, and its asset lies where this one belongs. One of which that can't be told is no
        find: a second start costs an upload that nobody ends, the wrong one would put a film into another's folder.
        """
        known = {entry.receipt.get("upload") for entry in await self.access.list_made()}
        for upload in await self.client.list_known_uploads():
            same = upload.name == self.name and upload.content_length == self.item.stored_file.bytes
            if same and upload.id not in known and await self._belongs_here(upload):
                return Found(self._make_receipt(upload))
        return NotThere()

    async def _belongs_here(self, upload: Upload) -> bool:
        if self.place.kind:
            return await self._hangs_here(upload)
        if not upload.asset_id and not upload.parent_id:
            return False
        # The top may have been named by another word than its id.
        here = (await self.client.get_asset(self.place.parent)).id
        try:
            above = upload.parent_id or (await self.client.get_asset(upload.asset_id)).parent_id
            return above == here if above else await self._has_same_folders_above(upload.asset_id, here)
        except NotFound as missing:
            missing.require_word_of_api()
            return False

    async def _has_same_folders_above(self, asset_id: str, here: str) -> bool:
        """Whether what lies above an asset is this folder and what lies above that; in whichever order it is told."""
        above = {each.id for each in await self.client.get_parent_folders(asset_id)}
        beyond = {each.id for each in await self.client.get_parent_folders(here)}
        return above == beyond | {here}

    async def _hangs_here(self, upload: Upload) -> bool:
        # No page says whose id the start of an upload tells: the owner's, or that of what will hang on it.
        if self.place.parent in {upload.asset_id, upload.parent_id}:
            return True
        related = (await self.client.get_detail(self.place.parent)).related_assets
        return bool(upload.asset_id) and upload.asset_id in {each.id for each in related}

    # -- going on

    async def _finish_upload(self, entry: Entry) -> None:
        if entry.state is not State.COLLECTED:
            await self._remove_broken(entry)
            uploaded = await self._upload_rest(entry)
            if not self.place.kind:
                await self.client.wait_until_usable(entry.vendor_id, PATIENCE)
                await self.client.check_uploaded(uploaded)
            await self._drop_earlier(entry)
            await self.access.note_details(self.key, {}, State.COLLECTED)
        elif self.place.kind:
            related = (await self.client.get_detail(self.place.parent)).related_assets
            there = {each.id for each in related}
            # No page says whose id the start of an upload tells: where it was the owner's, the name says it.
            if any(each.name == self.name for each in related):
                there.add(self.place.parent)
            if entry.vendor_id not in there:
                raise NotFound("The related asset is gone.", where=f"nomad asset {self.place.parent}")
        else:
            await self.client.get_asset(entry.vendor_id)

    async def _remove_broken(self, entry: Entry) -> None:
        """See that an earlier run's upload was not one that the library could not process. Raises `Damaged`.

        Such an asset stays unusable, so it goes, and is made anew; one that had good content before takes it again.
        """
        if self.place.kind or not entry.receipt.get("uploaded"):
            return
        asset = await self.client.get_asset(entry.vendor_id)
        if asset.status is not AssetStatus.ERROR:
            return
        if entry.vendor_id not in {old.vendor_id for old in await self.access.list_earlier(self.slot, self.key)}:
            await self.client.delete_asset(entry.vendor_id)
        raise Damaged(f"The library could not process {self.name}.", where=f"nomad asset {entry.vendor_id}")

    async def _upload_rest(self, entry: Entry) -> Uploaded:
        if known := entry.receipt.get("uploaded"):
            return Uploaded.model_validate(known)
        try:
            done = await self.client.resume_upload(
                str(entry.receipt.get("upload")),
                self.path,
                asset_id=entry.vendor_id,
                tell=self.gauge.report_for(self.item),
            )
        except Invalid as refusal:
            # Cancelled by somebody, or by the vendor's own housekeeping.
            raise Damaged(refusal.message, facts=refusal.facts) from None
        if done.sha256 != self.item.stored_file.sha256:
            raise Damaged("The stored file is not what it was.", where=self.name)
        await self.access.note_details(self.key, {"uploaded": done.model_dump(mode="json")})
        return done

    async def _drop_earlier(self, entry: Entry) -> None:
        for old in await self.access.list_earlier(self.slot, self.key):
            if old.vendor_id != entry.vendor_id and not self.place.kind:
                # A run that died here, or a person, has removed it already.
                with suppress_gone():
                    await self.client.delete_asset(old.vendor_id)
            await self.access.drop_entry(old)
