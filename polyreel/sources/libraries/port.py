"""The port that every library stands behind, and the values that pass through it.

An adapter is a class with `LibrarySource`'s methods over the vendor's open client, made by its row in
`polyreel.sources.libraries.table`.
"""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

from polyreel.errors import InvalidJob
from polyreel.vendors.downloads import Downloaded, Expected, Tell
from polyreel.vendors.waiting import Patience

RESTORING = Patience(first=2.0, cap=60.0, total=24 * 3600.0)
"""A slow archive's tier takes up to half a day."""
_VIDEOS = frozenset({".mp4", ".mov", ".mkv", ".m4v", ".mxf", ".webm", ".avi", ".mts", ".ts", ".mpg"})


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


@dataclass(frozen=True, slots=True)
class LibraryVideo:
    """A video in a folder, by its id and the name that people gave it."""

    id: str
    name: str


class LibrarySource(Protocol):
    """A library over its open client. All methods raise the client's `VendorError`; `NotFound`: it has no such id."""

    async def require_asset(self, asset_id: str) -> None:
        """See that an asset is there and no folder; nothing is restored or fetched. Raises `NotFound`, `InvalidJob`."""
        ...

    async def look_at_asset(self, asset_id: str) -> Asset:
        """What is told of an asset, with the way to its file. An archived one is restored first, within `RESTORING`.

        Raises as `require` does.
        """
        ...


def make_folder_error(location: str) -> InvalidJob:
    """The error of a source that is a folder; ``location`` as a job writes it."""
    return InvalidJob(
        "this is a folder, and a source is one video", where=location,
        remedy=f"Name a video of it; a job for each of them: `polyreel batch --each-of {location} JOB.yaml`.",
    )  # fmt: skip


def is_video_name(name: str) -> bool:
    """Whether a file is called as videos are."""
    return PurePosixPath(name).suffix.lower() in _VIDEOS
