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
_SUBTITLES = {".srt", ".vtt", ".ass", ".ssa", ".sub", ".sbv", ".scc", ".stl", ".ttml", ".dfxp", ".itt"}
_NO_MEDIA = frozenset(
    {*_SUBTITLES, ".txt", ".csv", ".json", ".xml", ".html", ".pdf", ".docx", ".jpg", ".jpeg", ".png", ".zip"}
)


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
        """See that an asset is there, has a file, and is by its name and type neither a folder nor a text.

        Nothing is restored or fetched. Raises `NotFound`, `InvalidJob`.
        """
        ...

    async def look_at_asset(self, asset_id: str) -> Asset:
        """What is told of an asset, with the way to its file. An archived one is restored first, within `RESTORING`.

        Raises as `require_asset` does.
        """
        ...


def make_folder_error(location: str) -> InvalidJob:
    """The error of a source that is a folder; ``location`` as a job writes it."""
    return InvalidJob(
        "this is a folder, and a source is one video", where=location,
        remedy=f"Name a video of it; a job for each of them: `polyreel batch --each-of {location} JOB.yaml`.",
    )  # fmt: skip


def require_media_name(name: str, location: str) -> None:
    """See that an asset is not called as texts and pictures are, which libraries hold too. Raises `InvalidJob`."""
    if PurePosixPath(name).suffix.lower() in _NO_MEDIA:
        raise InvalidJob(
            f"this asset is no video: it is called {name}", where=location, code="unsupported_media",
            remedy="Name the id of the video itself.",
        )  # fmt: skip


def make_no_file_error(location: str, state: str) -> InvalidJob:
    """The error of an asset without a file; ``state`` as the vendor has it."""
    return InvalidJob(
        f"this asset has no file to download; it is {state or 'not uploaded'}", where=location,
        code="vendor_job_failed", remedy="Wait until it is uploaded, or name another asset.",
    )  # fmt: skip


def is_video_name(name: str) -> bool:
    """Whether a file is called as videos are."""
    return PurePosixPath(name).suffix.lower() in _VIDEOS
