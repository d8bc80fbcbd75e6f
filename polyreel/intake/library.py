"""A job for every video in a folder of a library: ``nomad:FOLDER`` or ``tpstreams:FOLDER``, after one job's pattern."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from polyreel.errors import InvalidJob
from polyreel.job import Job
from polyreel.vendors.errors import NotFound
from polyreel.vendors.nomad.client import NomadClient
from polyreel.vendors.nomad.models import Asset as NomadAsset
from polyreel.vendors.nomad.statuses import AssetStatus, AssetType
from polyreel.vendors.tpstreams.client import TPStreamsClient

_VIDEOS = frozenset({".mp4", ".mov", ".mkv", ".m4v", ".mxf", ".webm", ".avi", ".mts", ".ts", ".mpg"})
_ARCHIVED = (AssetStatus.ARCHIVED,)
_LONGEST_NAME = 80
_UNSAFE = re.compile(r"[\x00-\x1f\x7f/\\]+")
_FOLDER = "folder"
"""An asset's type at TPStreams."""


@dataclass(frozen=True, slots=True)
class LibraryVideo:
    """A video in a folder, by its id and the name that people gave it."""

    id: str
    name: str


def folder_of(address: str) -> tuple[str, str]:
    """``nomad:ID`` as its vendor and id. Raises `InvalidJob` for what is no folder's address."""
    vendor, colon, folder = address.partition(":")
    if not colon or vendor not in _LISTS or not folder.strip("/"):
        raise InvalidJob(
            f"{address!r} is no folder of a library", where="--each-of",
            remedy=f"Write {' or '.join(f'{name}:FOLDER' for name in _LISTS)}, with the folder's id as shown there.",
        )  # fmt: skip
    return vendor, folder


async def list_videos(vendor: str, client: Any, folder: str) -> list[LibraryVideo]:
    """The videos right in a folder (not in folders below), by name. Raises `InvalidJob` and `VendorError`."""
    try:
        found = await _LISTS[vendor](client, folder)
    except NotFound:
        raise InvalidJob(
            f"{vendor} has no folder {folder}", where="--each-of", code="vendor_not_found",
            remedy="Correct the id, or name the credentials of the account that has it.",
        ) from None  # fmt: skip
    return sorted(found, key=lambda video: (video.name, video.id))


def make_jobs(pattern: Job, vendor: str, videos: Sequence[LibraryVideo]) -> list[Job]:
    """The pattern's job for each video, called ``PATTERN-VIDEO``; ``{name}`` in a script's path is the video's name.

    Names don't depend on what else is in the folder but for videos of one name, which get their id's beginning.
    """
    names = Counter(_make_slug(video.name) for video in videos)
    return [_make_job(pattern, vendor, video, shares_name=names[_make_slug(video.name)] > 1) for video in videos]


def _make_job(pattern: Job, vendor: str, video: LibraryVideo, *, shares_name: bool) -> Job:
    # A name from outside: it must lead to no other folder.
    stem = _UNSAFE.sub("_", PurePosixPath(video.name).stem if _is_video_name(video.name) else video.name)
    unique = "-".join(filter(None, (_make_slug(video.name), _make_slug(video.id)[:8] if shares_name else "")))
    source = pattern.source.model_dump(mode="json") | {"media": f"{vendor}:{video.id}"}
    targets = [target.model_dump(mode="json") for target in pattern.targets]
    for part in (source, *targets):
        if part.get("subtitles"):
            part["subtitles"] = part["subtitles"].replace("{name}", stem)
    given = pattern.model_dump(mode="json") | {"source": source, "targets": targets}
    return Job.model_validate(given | {"name": f"{pattern.name}-{unique}"[:_LONGEST_NAME].rstrip("-._")})


def _make_slug(name: str) -> str:
    stem = PurePosixPath(name).stem if _is_video_name(name) else name
    return re.sub(r"[^A-Za-z0-9_]+", "-", stem).strip("-_") or "video"


def _is_video_name(name: str) -> bool:
    return PurePosixPath(name).suffix.lower() in _VIDEOS


async def _at_nomad(client: NomadClient, folder: str) -> list[LibraryVideo]:
    found = await client.get_asset(folder)
    if found.type not in (AssetType.FOLDER, AssetType.BUCKET):
        raise InvalidJob(f"{folder} is no folder", where="--each-of", remedy="Name the folder that holds the videos.")
    try:
        children = await client.list_children(folder)
    except NotFound:
        # The folder is there: the vendor's pages name no such call, and not every server has it.
        raise InvalidJob(
            "this asset manager lists no folders", where="--each-of", code="not_available",
            remedy="Write a job for each video, with its id as `source.media`.",
        ) from None  # fmt: skip
    return [LibraryVideo(each.id, each.name) for each in children if _is_video(each)]


def _is_video(asset: NomadAsset) -> bool:
    if asset.type is not AssetType.FILE or not (asset.usable or asset.status in _ARCHIVED):
        return False
    return asset.content_type.startswith("video/") or _is_video_name(asset.name or asset.object_key)


async def _at_tpstreams(client: TPStreamsClient, folder: str) -> list[LibraryVideo]:
    if (await client.get_asset(folder)).type.lower() != _FOLDER:
        raise InvalidJob(f"{folder} is no folder", where="--each-of", remedy="Name the folder that holds the videos.")
    return [LibraryVideo(each.id, each.title) async for each in client.list_assets(parent=folder) if each.ready]


_LISTS: dict[str, Callable[[Any, str], Awaitable[list[LibraryVideo]]]] = {
    "nomad": _at_nomad,
    "tpstreams": _at_tpstreams,
}
