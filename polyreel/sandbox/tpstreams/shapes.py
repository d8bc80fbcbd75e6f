"""What TPStreams answers: assets, pages, errors as Django REST framework says them."""

from __future__ import annotations

import secrets
import string
from collections.abc import Callable
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from polyreel.sandbox.box import Box, box_of
from polyreel.sandbox.state import Json
from polyreel.sandbox.wire import Refusal, whole_number

NAME = "tpstreams"
ORGANISATION = "sandbox"
PROTECTED_SECONDS = 120
_LETTERS = string.ascii_letters + string.digits


def render_refusal(refusal: Refusal) -> Response:
    """``{"detail"}``; a wrong field is ``{"<field>": ["..."]}``; a wrong organisation is plain text."""
    if refusal.code == "plain":
        return Response(refusal.message, refusal.status, media_type="text/plain")
    if refusal.code == "validation":
        said = "This field is required." if refusal.message.endswith(" is required") else refusal.message
        return JSONResponse({refusal.field or "non_field_errors": [said]}, 400)
    body: Json = {"detail": "Not found." if refusal.message == "Not Found" else refusal.message}
    if refusal.code == "bulk":
        body["item_index"] = int(refusal.field)
    return JSONResponse(body, refusal.status, headers=refusal.headers)


def new_id() -> str:
    """Eleven letters and digits, as their assets have."""
    return "".join(secrets.choice(_LETTERS) for _ in range(11))


def asset_brief(box: Box, asset: Json, expiry: int | None = None) -> Json:
    """An asset as lists and creation show it."""
    shown = {name: asset[name] for name in ("id", "title", "bytes", "type", "parent_id")}
    folder = box.documents(NAME).get("asset", asset["parent_id"]) if asset["parent_id"] else None
    parent = {"title": folder["title"], "uuid": folder["id"]} if folder else None
    video = _show_video(box, asset, expiry) if asset["type"] == "video" else None
    return {**shown, "video": video, "live_stream": None, "parent": parent}


def asset_detail(box: Box, asset: Json, expiry: int | None = None) -> Json:
    """An asset as "Get Individual Asset Details" shows it."""
    source = asset.get("source")
    link = box.files.link(source, vendor=NAME, save_as=f"{asset['title']}.mp4") if source else None
    counts = {"views_count": 0, "average_watched_time": 0, "total_watch_time": 0, "unique_viewers_count": 0}
    return {**asset_brief(box, asset, expiry), **counts, "download_url": link}


def _show_video(box: Box, asset: Json, expiry: int | None) -> Json:
    pictures = [f"{box.files.base_url}/play/{asset['pictures']}/{name}" for name in asset["thumbnails"]]
    return {
        "progress": asset["progress"],
        "thumbnails": pictures,
        "status": asset["status"],
        **_show_playback(box, asset, expiry),
        "preview_thumbnail_url": None,
        "cover_thumbnail_url": _find_cover(box, asset, pictures),
        "format": "abr",
        "resolutions": asset["resolutions"],
        "video_codec": "h264",
        "audio_codec": "aac",
        "enable_drm": asset["content_protection_type"] == "drm",
        "content_protection_type": asset["content_protection_type"],
        "tracks": [_show_track(box, asset, track) for track in box.documents(NAME).all("track", asset["id"])],
        "inputs": asset["inputs"],
        "transmux_only": None,
        "duration": asset["duration"],
        "error": asset.get("error"),
    }


def _show_playback(box: Box, asset: Json, expiry: int | None) -> Json:
    if not asset["stream"]:
        return {"playback_url": None, "dash_url": None}
    # Protected videos play by signed addresses alone; an open one has a plain address unless an expiry was asked for.
    open_for_good = asset["content_protection_type"] == "disable" and expiry is None
    seconds = None if open_for_good else expiry or PROTECTED_SECONDS
    play = box.files.play_link
    return {
        "playback_url": play(asset["stream"], "video.m3u8", vendor=NAME, seconds=seconds),
        "dash_url": play(asset["stream"], "video.mpd", vendor=NAME, seconds=seconds),
    }


def _find_cover(box: Box, asset: Json, pictures: list[str]) -> str | None:
    if asset["cover"]:
        return f"{box.files.base_url}/play/{asset['pictures']}/{asset['cover']}"
    return pictures[len(pictures) // 2] if pictures else None


def _show_track(box: Box, asset: Json, track: Json) -> Json:
    shown = {"id": track["number"], "type": track["type"]}
    if track["type"] == "Preview Thumbnail":
        url = f"{box.files.base_url}/play/{asset['pictures']}/{track['file']}"
        grid = {"interval": 2, "width": 160, "height": 90, "rows": 10, "columns": 10}
        return {**shown, "preview_thumbnail": {"url": url, **grid}}
    return show_subtitle(box, track)


def show_subtitle(box: Box, track: Json) -> Json:
    """A subtitle track."""
    return {
        "id": track["number"],
        "type": track["type"],
        "name": track["name"],
        "language": track["language"],
        "subtitle_type": "Auto-generated" if track["automatic"] else "Uploaded",
        "url": box.files.link(track["file"], vendor=NAME),
    }


def show_page(request: Request, found: list[Json], show: Callable[[Json], Json]) -> Response:
    """``{"count", "next", "previous", "results"}`` by ``limit`` and ``offset``."""
    limit = whole_number(request.query_params.get("limit"), 50, least=1, most=100)
    offset = whole_number(request.query_params.get("offset"), 0, most=10**9)
    body = {
        "count": len(found),
        "next": _page_link(request, limit, offset + limit) if offset + limit < len(found) else None,
        "previous": _page_link(request, limit, max(0, offset - limit)) if offset else None,
        "results": [show(item) for item in found[offset : offset + limit]],
    }
    return JSONResponse(body)


def _page_link(request: Request, limit: int, offset: int) -> str:
    others = {name: value for name, value in request.query_params.items() if name not in ("limit", "offset")}
    query = urlencode({**others, "limit": limit, "offset": offset})
    return f"{box_of(request).files.base_url}{request.url.path}?{query}"
