"""The whole client of Video Jungle. Method names are the page's words, `@endpoint` names the section."""

from __future__ import annotations

from typing import Any, Unpack

from polyreel.vendors.auth import KeyAuth
from polyreel.vendors.calls import ErrorBody, read_error_body
from polyreel.vendors.transport import ClientOptions, Transport
from polyreel.vendors.videojungle.projects import Account, Assets
from polyreel.vendors.videojungle.videofiles import VideoFiles

BASE_URL = "https://api.video-jungle.com"


class VideoJungleClient(Account, Assets, VideoFiles):
    """One account at Video Jungle. An async context manager.

    Durations are seconds, sizes bytes; addresses of files are signed and run out. Methods raise
    `polyreel.vendors.errors.VendorError`. What generates is charged and never repeated by itself.

        async with VideoJungleClient(key) as client:
            video = await client.upload_file(Path("reel.mp4"), name="reel")
            await client.download_video_file(video.id, Path("again.mp4"))
    """

    def __init__(self, api_key: str, *, base_url: str = BASE_URL, **options: Unpack[ClientOptions]) -> None:
        auth = KeyAuth("X-API-Key", api_key)
        super().__init__(Transport("videojungle", base_url, auth=auth, read_error=read_error, **options))


def read_error(status: int, body: Any) -> ErrorBody:
    """``{type, message, documentation_url}``, or a 422's ``{detail: [{loc, msg}]}``."""
    detail = body.get("detail") if isinstance(body, dict) else None
    if isinstance(detail, list):
        return ErrorBody("; ".join(_read_fault(fault) for fault in detail), "validation")
    return read_error_body(status, body)


def _read_fault(fault: Any) -> str:
    if not isinstance(fault, dict):
        return str(fault)
    steps = fault.get("loc")
    place = ".".join(str(step) for step in steps if step not in ("body", "query")) if isinstance(steps, list) else ""
    return f"{place}: {fault.get('msg', '')}" if place else str(fault.get("msg", ""))
