"""A source at Video Jungle: an asset of a project, or a video file of the account."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass
from pathlib import Path

from polyreel.sources.libraries.port import Asset, make_no_file_error, require_media_name
from polyreel.vendors.downloads import Downloaded, Expected, Tell
from polyreel.vendors.errors import NotFound, take_refused_ids_as_unknown
from polyreel.vendors.videojungle.client import VideoJungleClient


@dataclass(frozen=True, slots=True)
class VideoJungleSource:
    """`polyreel.sources.libraries.port.LibrarySource`."""

    client: VideoJungleClient

    async def require_asset(self, asset_id: str) -> None:
        """An asset or a video file: both kinds of id are a source's."""
        try:
            with take_refused_ids_as_unknown():
                found = await self.client.get_asset(asset_id)
        except NotFound:
            with take_refused_ids_as_unknown():
                file = await self.client.get_video_file(asset_id)
            _require_file(asset_id, file.download_url or file.url, file.current_status)
        else:
            require_media_name(found.keyname, f"videojungle:{asset_id}")
            _require_file(asset_id, found.download_url or found.url, found.status)

    async def look_at_asset(self, asset_id: str) -> Asset:
        """An asset, else the video file of that id."""
        try:
            with take_refused_ids_as_unknown():
                found = await self.client.get_asset(asset_id)
        except NotFound:
            return await self._look_at_video_file(asset_id)
        require_media_name(found.keyname, f"videojungle:{asset_id}")

        def fetch(to: Path, *, expected: Expected, tell: Tell) -> Awaitable[Downloaded]:
            return self.client.download_asset(asset_id, to, expected=expected, tell=tell)

        return Asset(found.keyname, None, {"key": found.key, "created": found.created_at}, fetch)

    async def _look_at_video_file(self, video_id: str) -> Asset:
        with take_refused_ids_as_unknown():
            found = await self.client.get_video_file(video_id)

        def fetch(to: Path, *, expected: Expected, tell: Tell) -> Awaitable[Downloaded]:
            return self.client.download_video_file(video_id, to, expected=expected, tell=tell)

        return Asset(found.filename, found.size, {"hash": found.hash, "bytes": found.size}, fetch)


def _require_file(asset_id: str, url: str, status: str) -> None:
    if not url:
        raise make_no_file_error(f"videojungle:{asset_id}", status)
