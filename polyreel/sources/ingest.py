"""Ingest: from a path or an address to an artefact whose hash is known."""

from __future__ import annotations

from pathlib import Path

from polyreel.objects.connection import Connection
from polyreel.outcome import Artefact
from polyreel.sources.local import from_file
from polyreel.sources.port import DEFAULT_LIMITS, FetchLimits, OnProgress, Order, register, source_for
from polyreel.store import Store


async def ingest(
    location: str,
    store: Store,
    *,
    base: Path | None = None,
    limits: FetchLimits = DEFAULT_LIMITS,
    on_progress: OnProgress | None = None,
    connection: Connection | None = None,
) -> Artefact:
    """Bring a source in. A local file stays where it is; what comes over the network is kept in the store.

    ``location`` is a path (relative to ``base``), a ``file:``, an ``http(s):`` or an ``s3:`` address; ``on_progress``
    hears the share that is done, from 0 to 1, where the length is known. Doing it again costs little: a local file
    is not hashed again, and a remote one is asked for only if it has changed. What came over the network may still be
    on another machine that shares the store: `Store.bring` it before it is read.

    Raises `InvalidJob` (nothing usable is named), `MediaError` (``video_size_limit_reached``), `FetchError`,
    `ForbiddenAddress` and `StoreError` (the disk is full).
    """
    return await source_for(location)(Order(location, store, base, limits, on_progress, connection))


async def _from_web(order: Order) -> Artefact:
    from polyreel.sources.web import from_web  # httpx takes longer to import than most ingests take

    return await from_web(order)


async def _from_object(order: Order) -> Artefact:
    from polyreel.sources.objects import from_object  # and so does the object stores' client

    return await from_object(order)


register(from_file, "file")
register(_from_web, "http", "https")
register(_from_object, "s3")
