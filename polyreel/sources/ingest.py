"""Ingest: from a path or an address to a stored file whose hash is known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from polyreel.job.source import ASSET_SCHEMES
from polyreel.objects.address import object_address
from polyreel.objects.connection import Connection
from polyreel.outcome import StoredFile
from polyreel.sources.local import from_file, require_file
from polyreel.sources.port import DEFAULT_LIMITS, FetchLimits, OnProgress, Order, register_source, scheme_of, source_for
from polyreel.store.port import Store


async def ingest(
    location: str,
    store: Store,
    *,
    base: Path | None = None,
    limits: FetchLimits = DEFAULT_LIMITS,
    on_progress: OnProgress | None = None,
    connection: Connection | None = None,
    client: Any = None,
) -> StoredFile:
    """Bring a source in. A local file stays where it is; what comes over the network is kept in the store.

    ``location`` is a path (relative to ``base``), a ``file:``, an ``http(s):`` or an ``s3:`` address, or a vendor's
    asset (``nomad:ID``), which ``client``, the vendor's own, fetches. ``on_progress`` hears the share that is done,
    from 0 to 1, where the length is known. Doing it again costs little: a local file is not hashed again, and a remote
    one is asked for only if it has changed. What came over the network may still be on another machine that shares the
    store: `Store.fetch_files` it before it is read.

    Raises `InvalidJob` (nothing usable is named), `MediaError` (``video_size_limit_reached``), `FetchError`,
    `ForbiddenAddress` and `StoreError` (the disk is full).
    """
    return await source_for(location)(Order(location, store, base, limits, on_progress, connection, client))


def check_location(location: str) -> None:
    """See that `ingest` would go and fetch it, as far as that is known without going. Raises `InvalidJob`, and
    `ForbiddenAddress` for an address in numbers that is nobody's to fetch from."""
    source_for(location)
    scheme = scheme_of(location)
    if scheme == "file":
        require_file(location)
    elif scheme in {"http", "https"}:
        from polyreel.sources.web import check_address

        check_address(location)
    elif scheme == "s3":
        object_address(location)


async def _from_web(order: Order) -> StoredFile:
    from polyreel.sources.web import from_web  # httpx takes longer to import than most ingests take

    return await from_web(order)


async def _from_object(order: Order) -> StoredFile:
    from polyreel.sources.objects import from_object  # and so does the object stores' client

    return await from_object(order)


async def _from_asset(order: Order) -> StoredFile:
    from polyreel.sources.assets import from_asset  # and so do the vendors' clients

    return await from_asset(order)


register_source(from_file, "file")
register_source(_from_web, "http", "https")
register_source(_from_object, "s3")
register_source(_from_asset, *ASSET_SCHEMES)
