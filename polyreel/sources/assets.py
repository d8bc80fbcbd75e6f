"""A source that is an asset at a vendor: ``nomad:ID``, ``videojungle:ID``, ``tpstreams:ID``.

An asset in an asset manager's archive is restored first. What was fetched before is fetched again only when what the
vendor tells of the asset has changed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from polyreel.errors import FetchError, InvalidJob, MediaError
from polyreel.keys import stage_key
from polyreel.outcome import StoredFile
from polyreel.sources.bounds import Teller, make_empty_error, recall_earlier, require_room, suffix_of, too_large
from polyreel.sources.port import Order
from polyreel.vendors.downloads import Downloaded, Expected, Tell
from polyreel.vendors.errors import CallError, JobFailed, NotFound
from polyreel.vendors.nomad.client import NomadClient
from polyreel.vendors.nomad.statuses import AssetStatus
from polyreel.vendors.tpstreams.client import TPStreamsClient
from polyreel.vendors.videojungle.client import VideoJungleClient
from polyreel.vendors.waiting import Patience

RESTORING = Patience(first=2.0, cap=60.0, total=24 * 3600.0)
"""A slow archive's tier takes up to half a day."""


class Fetch(Protocol):
    """Fetches an asset's file, whole, with fresh addresses as they run out."""

    def __call__(self, to: Path, *, expected: Expected, tell: Tell) -> Awaitable[Downloaded]:
        """Into a file that appears when it is whole."""
        ...


@dataclass(frozen=True, slots=True)
class Asset:
    """What a vendor tells of an asset without its bytes. ``facts`` change when its content does."""

    name: str
    bytes: int | None
    facts: dict[str, Any]
    fetch: Fetch


async def from_asset(order: Order) -> StoredFile:
    """The stored file that a vendor's asset gives. Raises as `ingest` says, and what the vendor's client raises."""
    vendor, _, asset_id = order.location.partition(":")
    if order.client is None:
        raise InvalidJob(
            f"this source is an asset at {vendor}", where=order.location, code="unknown_credentials",
            remedy=f"Name saved {vendor} credentials in the job's source.credentials.",
        )  # fmt: skip
    try:
        asset = await _LOOKS[vendor](order.client, asset_id)
        return await _fetch_asset(order, asset)
    except NotFound:
        raise _make_unknown(order.location) from None
    except JobFailed as failure:
        raise MediaError(failure.message, code=failure.code, where=order.location, remedy=failure.remedy) from None


async def require_asset(location: str, client: Any) -> None:
    """See that an asset is there; nothing is restored. Raises `InvalidJob` (``vendor_not_found``), `VendorError`."""
    asset_id = location.partition(":")[2]
    try:
        try:
            await client.get_asset(asset_id)
        except NotFound:
            if not isinstance(client, VideoJungleClient):
                raise
            await client.get_video_file(asset_id)
    except NotFound:
        raise _make_unknown(location) from None


def _make_unknown(location: str) -> InvalidJob:
    return InvalidJob(
        f"{location.partition(':')[0]} has no asset of this id", where=location, code="vendor_not_found",
        remedy="Correct the id, or name the credentials of the account that has it.",
    )  # fmt: skip


async def _fetch_asset(order: Order, asset: Asset) -> StoredFile:
    limits, teller = order.limits, Teller(order)
    if asset.bytes is not None and asset.bytes > limits.max_bytes:
        raise too_large(order, order.location)
    key = stage_key("fetch", 1, asset=order.location, at=str(order.client.transport.base_url))
    known = await order.store.peek(key) or {}
    if known.get("facts") == asset.facts and (kept := await recall_earlier(order, known)):
        teller.tell(1, 1)
        return kept
    async with order.store.lasting_scratch(key) as folder:
        require_room(order, asset.bytes or 0)
        done = await _download(asset, folder, limits.max_bytes, teller, order)
        if not done.bytes:
            raise make_empty_error(order.location)
        stored = order.store.keep_hashed(done.path, done.sha256, suffix_of(asset.name))
    order.store.remember(
        key, {"stored_file": stored.model_dump(mode="json"), "facts": asset.facts, "from": order.location}
    )
    return stored


async def _download(asset: Asset, folder: Path, most: int, teller: Teller, order: Order) -> Downloaded:
    try:
        return await asset.fetch(folder / "content", expected=Expected(bytes=asset.bytes, most=most), tell=teller.tell)
    except CallError as error:
        if error.code == "too_large":
            raise too_large(order, order.location) from None
        if error.transient:
            # What came stays in the folder: the next attempt goes on there.
            raise FetchError(
                error.message, where=order.location, remedy="Run again to go on where this stopped."
            ) from None
        raise


# -- one look per vendor


async def _at_nomad(client: NomadClient, asset_id: str) -> Asset:
    found = await client.get_asset(asset_id)
    if found.status is AssetStatus.ARCHIVED:
        await client.restore(asset_id)
    if not found.usable:
        await client.wait_until_usable(asset_id, RESTORING)
    detail = await client.get_detail(asset_id)

    def fetch(to: Path, *, expected: Expected, tell: Tell) -> Awaitable[Downloaded]:
        return client.download(asset_id, to, expected=expected, tell=tell)

    return Asset(detail.name, detail.size or None, {"etag": detail.etag, "bytes": detail.size}, fetch)


async def _at_tpstreams(client: TPStreamsClient, asset_id: str) -> Asset:
    found = await client.get_asset(asset_id)

    def fetch(to: Path, *, expected: Expected, tell: Tell) -> Awaitable[Downloaded]:
        return client.download(asset_id, to, expected=expected, tell=tell)

    length = found.video.duration if found.video else None
    # The title's end is no suffix, and the file is an MP4; what is downloaded need not be as long as `bytes` says.
    return Asset("asset.mp4", None, {"bytes": found.bytes, "duration": length}, fetch)


async def _at_videojungle(client: VideoJungleClient, asset_id: str) -> Asset:
    """An asset of a project, or a video file of the account."""
    try:
        found = await client.get_asset(asset_id)
    except NotFound:
        return await _video_file(client, asset_id)

    def fetch(to: Path, *, expected: Expected, tell: Tell) -> Awaitable[Downloaded]:
        return client.download_asset(asset_id, to, expected=expected, tell=tell)

    return Asset(found.keyname, None, {"key": found.key, "created": found.created_at}, fetch)


async def _video_file(client: VideoJungleClient, video_id: str) -> Asset:
    found = await client.get_video_file(video_id)

    def fetch(to: Path, *, expected: Expected, tell: Tell) -> Awaitable[Downloaded]:
        return client.download_video_file(video_id, to, expected=expected, tell=tell)

    return Asset(found.filename, found.size, {"hash": found.hash, "bytes": found.size}, fetch)


_LOOKS: dict[str, Callable[[Any, str], Awaitable[Asset]]] = {
    "nomad": _at_nomad,
    "tpstreams": _at_tpstreams,
    "videojungle": _at_videojungle,
}
