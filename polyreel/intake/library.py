"""A job for every video in a folder of a library: ``nomad:FOLDER`` or ``tpstreams:FOLDER``, after one job's pattern."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any

from polyreel.errors import InvalidJob
from polyreel.job import Job
from polyreel.sources.libraries.port import LibraryVideo, is_video_name
from polyreel.sources.libraries.table import LIBRARIES, list_with_folders
from polyreel.vendors.errors import NotFound

# As long as a job's name may be (`Slug` in `polyreel.job.values`).
_LONGEST_NAME = 80
_UNSAFE = re.compile(r"[\x00-\x1f\x7f/\\]+")


def folder_of(address: str) -> tuple[str, str]:
    """``nomad:ID`` as its vendor and id. Raises `InvalidJob` for what is no folder's address."""
    vendor, colon, folder = address.partition(":")
    if not colon or vendor not in list_with_folders() or not folder.strip("/"):
        places = " or ".join(f"{name}:FOLDER" for name in list_with_folders())
        paths = [f"{each.name}: or its path from the top" for each in LIBRARIES.values() if each.folder_path]
        raise InvalidJob(
            f"{address!r} is no folder of a library", where="--each-of",
            remedy=f"Write {places}, with the folder's id as shown there ({'; '.join(paths)}).",
        )  # fmt: skip
    return vendor, folder


async def list_videos(vendor: str, client: Any, folder: str) -> list[LibraryVideo]:
    """The videos right in a folder (not in folders below), by name. Raises `InvalidJob` and `VendorError`."""
    list_folder = LIBRARIES[vendor].list_folder
    assert list_folder is not None  # noqa: S101 - `folder_of` has seen to it
    try:
        found = await list_folder(client, folder)
    except NotFound:
        path = LIBRARIES[vendor].folder_path
        otherwise = f", or the folder's path from the top ({path})" if path else ""
        raise InvalidJob(
            f"{vendor} has no folder {folder}", where="--each-of", code="vendor_not_found",
            remedy=f"Give the id as it is shown there{otherwise}, or name the credentials of the account "
            "that has it.",
        ) from None  # fmt: skip
    # In one order everywhere, so that a batch that is begun again finds the runs it made.
    return sorted(found, key=lambda video: (video.name, video.id))


def make_jobs(pattern: Job, vendor: str, videos: Sequence[LibraryVideo]) -> list[Job]:
    """The pattern's job for each video, called ``PATTERN-VIDEO``; ``{name}`` in a script's path is the video's name.

    Names don't depend on what else is in the folder but for videos of one name, which get their id's beginning.
    """
    names = Counter(_make_slug(video.name) for video in videos)
    return [_make_job(pattern, vendor, video, shares_name=names[_make_slug(video.name)] > 1) for video in videos]


def _make_job(pattern: Job, vendor: str, video: LibraryVideo, *, shares_name: bool) -> Job:
    # A name from outside: it must lead to no other folder.
    stem = _UNSAFE.sub("_", PurePosixPath(video.name).stem if is_video_name(video.name) else video.name)
    # The id only where names clash: a folder that gains a video must not rename, and so redo, all jobs.
    unique = "-".join(filter(None, (_make_slug(video.name), _make_slug(video.id)[:8] if shares_name else "")))
    source = pattern.source.model_dump(mode="json") | {"media": f"{vendor}:{video.id}"}
    targets = [target.model_dump(mode="json") for target in pattern.targets]
    for part in (source, *targets):
        if part.get("subtitles"):
            part["subtitles"] = part["subtitles"].replace("{name}", stem)
    given = pattern.model_dump(mode="json") | {"source": source, "targets": targets}
    return Job.model_validate(given | {"name": f"{pattern.name}-{unique}"[:_LONGEST_NAME].rstrip("-._")})


def _make_slug(name: str) -> str:
    stem = PurePosixPath(name).stem if is_video_name(name) else name
    return re.sub(r"[^A-Za-z0-9_]+", "-", stem).strip("-_") or "video"
