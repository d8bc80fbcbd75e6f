"""A source that is an asset in a library (``nomad:ID``), as its row in `polyreel.sources.libraries` fetches it.

An asset in an asset manager's archive is restored first. What was fetched before is fetched again only when what the
vendor tells of the asset has changed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from polyreel.errors import FetchError, InvalidJob, MediaError
from polyreel.keys import stage_key
from polyreel.outcome import StoredFile
from polyreel.sources.bounds import Teller, load_earlier, make_empty_error, require_room, suffix_of, too_large
from polyreel.sources.libraries.port import Asset
from polyreel.sources.libraries.table import LIBRARIES
from polyreel.sources.port import Order
from polyreel.vendors.downloads import Downloaded, Expected
from polyreel.vendors.errors import CallError, JobFailed, NotFound


async def from_asset(order: Order) -> StoredFile:
    """The stored file that a vendor's asset gives. Raises as `ingest` says, and what the vendor's client raises."""
    vendor, _, asset_id = order.location.partition(":")
    if order.client is None:
        raise InvalidJob(
            f"this source is an asset at {vendor}", where=order.location, code="unknown_credentials",
            remedy=f"Name saved {vendor} credentials in the job's source.credentials.",
        )  # fmt: skip
    try:
        asset = await LIBRARIES[vendor].make(order.client).look_at_asset(asset_id)
        return await _fetch_asset(order, asset)
    except NotFound:
        raise _make_unknown(order.location) from None
    except JobFailed as failure:
        raise MediaError(failure.message, code=failure.code, where=order.location, remedy=failure.remedy) from None


async def require_asset(location: str, client: Any) -> None:
    """See that an asset is there; nothing is restored. Raises `InvalidJob` (``vendor_not_found``), `VendorError`."""
    vendor, _, asset_id = location.partition(":")
    try:
        await LIBRARIES[vendor].make(client).require_asset(asset_id)
    except NotFound:
        raise _make_unknown(location) from None


def _make_unknown(location: str) -> InvalidJob:
    return InvalidJob(
        f"{location.partition(':')[0]} has no asset of this id", where=location, code="vendor_not_found",
        remedy="Give the id as it is shown there (not a path), or name the credentials of the account that has it.",
    )  # fmt: skip


async def _fetch_asset(order: Order, asset: Asset) -> StoredFile:
    limits, teller = order.limits, Teller(order)
    if asset.bytes is not None and asset.bytes > limits.max_bytes:
        raise too_large(order, order.location)
    key = stage_key("fetch", 1, asset=order.location, at=str(order.client.transport.base_url))
    known = await order.store.peek_at_record(key) or {}
    if known.get("facts") == asset.facts and (kept := await load_earlier(order, known)):
        teller.report(1, 1)
        return kept
    async with order.store.lasting_scratch(key) as folder:
        require_room(order, asset.bytes or 0)
        done = await _download_asset(asset, folder, limits.max_bytes, teller, order)
        if not done.bytes:
            raise make_empty_error(order.location)
        stored = order.store.keep_hashed(done.path, done.sha256, suffix_of(asset.name))
    order.store.save_record(
        key, {"stored_file": stored.model_dump(mode="json"), "facts": asset.facts, "from": order.location}
    )
    return stored


async def _download_asset(asset: Asset, folder: Path, most: int, teller: Teller, order: Order) -> Downloaded:
    try:
        return await asset.fetch(
            folder / "content", expected=Expected(bytes=asset.bytes, most=most), tell=teller.report
        )
    except CallError as error:
        if error.code == "too_large":
            raise too_large(order, order.location) from None
        if error.transient:
            # What came stays in the folder: the next attempt goes on there.
            raise FetchError(
                error.message, where=order.location, remedy="Run again to go on where this stopped."
            ) from None
        raise
