"""Videos at TPStreams, for its contract suite."""

from __future__ import annotations

from collections.abc import Callable

from polyreel.vendors.tpstreams.client import TPStreamsClient
from polyreel.vendors.tpstreams.models import Asset, CreateVideo, Video
from polyreel.vendors.waiting import Patience, wait_for

Url = Callable[[str], str]
SOON = Patience(first=0.1, cap=0.5, total=90)


def make_request(url: str, **more: object) -> CreateVideo:
    return CreateVideo.from_url(url, **{"title": "Welcome", "resolutions": ("240p", "360p"), **more})


async def make_completed(tpstreams: TPStreamsClient, media_url: Url, **more: object) -> Asset:
    made = await tpstreams.upload_video(make_request(media_url("film.mp4"), **more))
    return await tpstreams.wait_until_completed(made.id, SOON)


async def wait_until(tpstreams: TPStreamsClient, asset_id: str, done: Callable[[Video], bool]) -> None:
    """Work in the background is seen in the video alone: whether its status changes meanwhile, no page says."""

    async def look() -> Asset:
        return await tpstreams.get_asset(asset_id)

    await wait_for(look, lambda seen: seen.ready and bool(seen.video and done(seen.video)), "video", SOON)
