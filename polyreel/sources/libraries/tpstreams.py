"""A source in a TPStreams library: an asset, or the videos of a folder."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass
from pathlib import Path

from polyreel.errors import InvalidJob
from polyreel.sources.libraries.port import Asset, LibraryVideo, make_folder_error, make_no_file_error
from polyreel.vendors.downloads import Downloaded, Expected, Tell
from polyreel.vendors.errors import take_refused_ids_as_unknown
from polyreel.vendors.tpstreams.client import TPStreamsClient
from polyreel.vendors.tpstreams.models import Asset as TPStreamsAsset
from polyreel.vendors.tpstreams.models import Status

_FOLDER = "folder"
"""An asset's type at TPStreams."""


@dataclass(frozen=True, slots=True)
class TPStreamsSource:
    """`polyreel.sources.libraries.port.LibrarySource`."""

    client: TPStreamsClient

    async def require_asset(self, asset_id: str) -> None:
        """Whatever its state, as long as there is a file; one that TPStreams failed at is refused."""
        found = await self._get_video(asset_id)
        if not found.download_url:
            raise make_no_file_error(f"tpstreams:{asset_id}", _describe_state(found))

    async def look_at_asset(self, asset_id: str) -> Asset:
        """Known again by its length: TPStreams tells no hash."""
        found = await self._get_video(asset_id)

        def fetch(to: Path, *, expected: Expected, tell: Tell) -> Awaitable[Downloaded]:
            return self.client.download(asset_id, to, expected=expected, tell=tell)

        length = found.video.duration if found.video else None
        # The title's end is no suffix, and the file is an MP4; what is downloaded need not be as long as `bytes` says.
        return Asset("asset.mp4", None, {"bytes": found.bytes, "duration": length}, fetch)

    async def _get_video(self, asset_id: str) -> TPStreamsAsset:
        with take_refused_ids_as_unknown():
            found = await self.client.get_asset(asset_id)
        if found.type.lower() == _FOLDER:
            raise make_folder_error(f"tpstreams:{asset_id}")
        if found.video and found.status is Status.ERROR:
            # It may have a file all the same: one that TPStreams itself could make nothing of.
            raise InvalidJob(
                "TPStreams could not process this asset; it is in the state Error", where=f"tpstreams:{asset_id}",
                code="vendor_job_failed", remedy="Upload the video there anew, or name another asset.",
            )  # fmt: skip
        return found


def _describe_state(asset: TPStreamsAsset) -> str:
    if asset.video:
        return asset.status.value.lower()
    return f"a {asset.type.lower()}" if asset.type else ""


async def list_folder(client: TPStreamsClient, folder_id: str) -> list[LibraryVideo]:
    """Those that are ready."""
    with take_refused_ids_as_unknown():
        found = await client.get_asset(folder_id)
    if found.type.lower() != _FOLDER:
        raise InvalidJob(
            f"{folder_id} is no folder", where="--each-of", remedy="Name the folder that holds the videos."
        )
    videos = client.list_assets(parent=folder_id)
    return [LibraryVideo(each.id, each.title) async for each in videos if each.ready]
