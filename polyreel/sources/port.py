"""The port that every kind of source stands behind, and the registry of them by scheme.

To add one: write an ``async def`` that takes an `Order` and gives a `StoredFile`, and give it its schemes by
`register_source`.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from polyreel.errors import InvalidJob
from polyreel.net.pace import SLOW_ATTEMPTS, SLOW_SECONDS, SLOWEST_BYTES
from polyreel.objects.connection import Connection
from polyreel.outcome import StoredFile
from polyreel.store.port import Store

OnProgress = Callable[[float], None]

# Two characters at least: a drive's letter is no scheme.
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]+):", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """What fetching from the network may cost. Seconds, bytes and counts.

    ``refusals``: attempts at a server where nobody listens, and of which nothing has come. Where fewer than
    ``slowest_bytes`` a second come for ``slow_seconds``, the attempt is over; the next goes on there.
    """

    max_bytes: int = 64 << 30
    deadline_seconds: float = 6 * 3600.0
    connect_seconds: float = 15.0
    stall_seconds: float = 60.0
    slowest_bytes: float = SLOWEST_BYTES
    slow_seconds: float = SLOW_SECONDS
    slow_attempts: int = SLOW_ATTEMPTS
    redirects: int = 5
    attempts: int = 6
    refusals: int = 3
    backoff_seconds: float = 0.5
    longest_wait_seconds: float = 30.0


DEFAULT_LIMITS = FetchLimits()


@dataclass(frozen=True, slots=True)
class Order:
    """One ingest: what, where to keep it, within which limits. ``on_progress`` hears a share from 0 to 1.

    ``location`` is as the job has it (a path, ``https://...``, ``nomad:ID``); ``base`` is the folder that a relative
    path is seen from.

    ``connection`` is the way to object stores; without one, the environment's. ``client`` is the open client of the
    vendor whose asset it is.
    """

    location: str
    store: Store
    base: Path | None = None
    limits: FetchLimits = DEFAULT_LIMITS
    on_progress: OnProgress | None = None
    connection: Connection | None = None
    client: Any = None


Source = Callable[[Order], Awaitable[StoredFile]]
"""Brings what an order names into its store, whole and hashed, and goes on where an earlier try broke off.

Raises `InvalidJob` for a location that can't be right, `FetchError` for one that can't be had now, `MediaError` for
what is no media, `StoreError`. It may be cancelled at any point.
"""
_sources: dict[str, Source] = {}


def register_source(source: Source, *schemes: str) -> None:
    """Let a source answer for these schemes (lower case, without the colon)."""
    _sources.update(dict.fromkeys(schemes, source))


def scheme_of(location: str) -> str:
    """The scheme of a location in lower case; a plain path is ``file``."""
    found = _SCHEME.match(location)
    return found[1].lower() if found else "file"


def source_for(location: str) -> Source:
    """The source that answers for a location, or `InvalidJob` naming what can be used instead."""
    scheme = scheme_of(location)
    if (source := _sources.get(scheme)) is not None:
        return source
    raise InvalidJob(_explain_refusal(scheme), where=f"{scheme}:", remedy=f"Use {_list_usable()}.")


def _explain_refusal(scheme: str) -> str:
    return f"no source answers for {scheme}: addresses"


def _list_usable() -> str:
    others = ", ".join(f"{scheme}:" for scheme in sorted(_sources))
    return f"a path to a file (./name where the name holds a colon), or an address with one of {others}"
