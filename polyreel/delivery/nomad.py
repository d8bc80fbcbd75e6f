"""Delivery to a Nomad-style asset manager: dubs and subtitles in parts, with their languages, checked at the far end.

The dubs become assets in a folder; or, where they belong to an asset (the source's own, or one that is named) and no
folder is asked for, that asset's related assets. An upload that broke off is gone on with by its id, in a later process
too; new content takes the place of the old under the same id.
"""

from __future__ import annotations

from polyreel.delivery.library import (
    Brought,
    Gauge,
    are_refused_as_busy,
    bring_languages,
    find_longest_wish,
    format_name,
    texts_of,
    video_of,
)
from polyreel.delivery.nomad_files import FilePlace, send_file
from polyreel.delivery.nomad_marks import archive_source, mark_dub
from polyreel.delivery.port import Access, Delivered, Parcel, Progress
from polyreel.errors import InvalidJob
from polyreel.job import NomadDelivery as Options
from polyreel.vendors.errors import NotFound, take_refused_ids_as_unknown
from polyreel.vendors.nomad.client import NomadClient
from polyreel.vendors.nomad.folders import Folders

SCHEME = "nomad:"


async def require_owner(client: NomadClient, asset_id: str) -> str:
    """The id of the asset that dubs are to belong to, as the library has it. Raises `InvalidJob`."""
    try:
        with take_refused_ids_as_unknown():
            return (await client.get_asset(asset_id)).id
    except NotFound:
        raise InvalidJob(
            f"the asset manager has no asset {asset_id}", where="delivery.related_to", code="vendor_not_found",
            remedy="Give the id as it is shown there (not a path), or leave it out.",
        ) from None  # fmt: skip


class NomadDelivery:
    """Delivers into a folder of the library, or beside the asset that the dubs belong to."""

    def __init__(self, options: Options, access: Access) -> None:
        self.options, self.access = options, access
        self.client: NomadClient = access.client

    async def deliver(self, parcel: Parcel, on_progress: Progress | None = None) -> Delivered:
        """Bring a parcel. Raises `DeliveryError` and `VendorError` where no language could be brought."""
        owner = await self._find_owner(parcel)
        folder = await self._make_folders(owner) if self.options.path or not owner else ""
        gauge = Gauge(parcel, on_progress)

        async def bring_language(locale: str) -> Brought:
            return await self._deliver_language(parcel, locale, owner, folder, gauge)

        where = f"Nomad: {self.options.path or owner or ''}".rstrip(" :")
        done = await bring_languages(parcel, bring_language, where, self.access, folder or owner)
        if self.options.archive_source and not done.problems:
            source = parcel.source_media.removeprefix(SCHEME) if owner else ""
            asked = await self.access.run_alone(f"archive {source}", lambda: archive_source(self.client, source))
            again = {
                "may_pass": done.may_pass or bool(asked.passing),
                "is_busy": (done.is_busy or not done.may_pass) and are_refused_as_busy(asked.passing),
                "retry_after": max(done.retry_after, find_longest_wish(asked.passing)),
            }
            done = done.model_copy(update={"notes": (*done.notes, *asked.notes), **again})
        return done

    async def _find_owner(self, parcel: Parcel) -> str:
        """The asset that the dubs belong to; empty where there is none."""
        media = parcel.source_media
        named = self.options.related_to or (media.removeprefix(SCHEME) if media.startswith(SCHEME) else "")
        return await require_owner(self.client, named) if named else ""

    async def _deliver_language(self, parcel: Parcel, locale: str, owner: str, folder: str, gauge: Gauge) -> Brought:
        done, film = Brought(), video_of(parcel, locale)
        kind = "" if folder else "Dub"
        place = FilePlace(self.client, self.access, folder or owner, kind)
        asset_id = await send_file(place, film, gauge, done)
        done.ids[locale] = asset_id
        hung = FilePlace(self.client, self.access, asset_id if folder else owner, "Subtitle")
        for item in texts_of(parcel, locale):
            kind = "" if item.role == "subtitles" else f"{item.role}."
            done.ids[f"{locale}.{kind}{format_name(item)}"] = await send_file(hung, item, gauge, done)
        if folder:
            await mark_dub(self.access, self.options, parcel, locale, asset_id, owner, done)
        return done

    async def _make_folders(self, owner: str = "") -> str:
        return await Folders(self.client, self.access.find_or_make, owner).make_way(self.options.path or "")
