"""A source at Video Jungle: an asset of a project, or a video file of the account."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass
from pathlib import Path

from polyreel.sources.libraries.port import Asset
from polyreel.vendors.downloads import Downloaded, Expected, Tell
from polyreel.vendors.errors import NotFound
from polyreel.vendors.videojungle.client import VideoJungleClient


@dataclass(frozen=True, slots=True)
class VideoJungleSource:
    """`polyreel.sources.libraries.port.LibrarySource`."""

    client: VideoJungleClient

    async def require_asset(self, asset_id: str) -> None:
        """An asset or a video file: both kinds of id are a source's."""
        try:
            await self.client.get_asset(asset_id)
        except NotFound:
            await self.client.get_video_file(asset_id)

    async def look_at_asset(self, asset_id: str) -> Asset:
        """An asset, else the video file of that id."""
        try:
            found = await self.client.get_asset(asset_id)
        except NotFound:
            return await self._look_at_video_file(asset_id)

        def fetch(to: Path, *, expected: Expected, tell: Tell) -> Awaitable[Downloaded]:
            return self.client.download_asset(asset_id, to, expected=expected, tell=tell)

        return Asset(found.keyname, None, {"key": found.key, "created": found.created_at}, fetch)

    async def _look_at_video_file(self, video_id: str) -> Asset:
        found = await self.client.get_video_file(video_id)

        def fetch(to: Path, *, expected: Expected, tell: Tell) -> Awaitable[Downloaded]:
            return self.client.download_video_file(video_id, to, expected=expected, tell=tell)

        return Asset(found.filename, found.size, {"hash": found.hash, "bytes": found.size}, fetch)
