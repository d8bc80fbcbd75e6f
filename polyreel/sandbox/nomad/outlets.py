"""How Nomad hands things out: shares, ZIPs, the download queue, streaming cookies, ads, tracking, resolved links."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import secrets
import zipfile
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit
from xml.sax.saxutils import escape, quoteattr

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from polyreel.sandbox.box import Box, box_of
from polyreel.sandbox.nomad import work
from polyreel.sandbox.nomad.access import add_asset, asset_of, asset_or_refuse, folder_or_refuse, usable_file_of
from polyreel.sandbox.nomad.assets import files_below
from polyreel.sandbox.nomad.shapes import NAME, asset_shape, full_url
from polyreel.sandbox.nomad.statuses import FILE
from polyreel.sandbox.nomad.timecode import seconds_of
from polyreel.sandbox.nomad.wire import IDS, Archive, ImageOrder, Queue, QueueItem, Share, json_list
from polyreel.sandbox.state import Json
from polyreel.sandbox.wire import Refusal, json_body
from polyreel.sandbox.work.edit import picture_of

COOKIE_SECONDS = 3600
QUEUE_THRESHOLD = 50
_PIXEL = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")


# -- shares


async def share_asset(request: Request) -> Response:
    """Share an asset: a link for people without an account."""
    box, asset = box_of(request), usable_file_of(request)
    wanted = await json_body(request, Share)
    until = _find_expiry(box, wanted)
    salt = secrets.token_hex(8)
    locked = _hash_password(wanted.password, salt) if wanted.password else None
    made = box.documents(NAME).add(
        "share", {"assetId": asset["id"], "until": until.timestamp(), "salt": salt, "locked": locked}
    )
    url = f"{box.files.base_url}/nomad/shared/{made['id']}"
    return JSONResponse({"id": made["id"], "assetId": asset["id"], "url": url, "expirationDate": until.isoformat()})


def _find_expiry(box: Box, wanted: Share) -> datetime:
    now = datetime.fromisoformat(box.clock.stamp())
    if wanted.expiration_date is None:
        return now + timedelta(hours=wanted.shared_duration_in_hours or 72)
    try:
        until = datetime.fromisoformat(wanted.expiration_date)
    except ValueError as error:
        raise Refusal(400, "expirationDate is not a date") from error
    until = until if until.tzinfo else until.replace(tzinfo=now.tzinfo)
    if until <= now:
        raise Refusal(400, "expirationDate is in the past")
    return until


def _hash_password(password: str, salt: str) -> str:
    return hashlib.pbkdf2_hmac("sha256", password.encode(), salt.encode(), 10_000).hex()


async def serve_share(request: Request) -> Response:
    """What a share's link leads to."""
    box = box_of(request)
    found = box.documents(NAME).get("share", request.path_params["share_id"])
    if found is None or found["until"] < box.clock.now():
        raise Refusal(404, "The share was not found")
    given = request.query_params.get("password", "")
    if found["locked"] and not hmac.compare_digest(found["locked"], _hash_password(given, found["salt"])):
        raise Refusal(403, "The password is wrong")
    link = full_url(box, asset_or_refuse(box, found["assetId"]))
    if link is None:
        raise Refusal(404, "The asset is not available")
    return RedirectResponse(link, 302)


# -- downloads


async def download_archive(request: Request) -> Response:
    """A ZIP of several assets; folders with everything in them."""
    box = box_of(request)
    wanted = await json_body(request, Archive)
    files = [file for key in wanted.asset_ids for file in files_below(box, asset_or_refuse(box, key)) if file["file"]]
    if not files:
        raise Refusal(400, "There is no file among these assets")
    out = box.files.new(".zip")
    await asyncio.to_thread(_zip_files, box, files, out)
    name = (wanted.filename or "assets").removesuffix(".zip") + ".zip"
    url = box.files.link(out.name, vendor=NAME, save_as=name)
    return JSONResponse({"url": url, "fileName": name, "assetCount": len(files), "contentLength": out.stat().st_size})


def _zip_files(box: Box, files: Iterable[Json], out: Path) -> None:
    taken: set[str] = set()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for file in files:
            name = file["displayName"].replace("/", "_")
            # Two assets of one name are two files; in a ZIP the second would hide the first.
            while name in taken:
                name = f"_{name}"
            taken.add(name)
            archive.write(box.files.path(file["file"]), name)


async def queue_add(request: Request) -> Response:
    """Add assets to the download queue: folders expanded, those already queued skipped."""
    box = box_of(request)
    wanted = await json_body(request, Queue)
    if not wanted.ids:
        raise Refusal(400, "No asset IDs provided")
    assets = [file for key in wanted.ids for file in files_below(box, asset_or_refuse(box, key))]
    if len(wanted.ids) > QUEUE_THRESHOLD:
        ids = [asset["id"] for asset in assets]
        box.jobs.start(NAME, "queue", "queue", after=1, ids=ids, proxy=bool(wanted.download_proxy))
        return JSONResponse({"status": "Queued", "items": []}, 202)
    return JSONResponse(
        {"status": "Completed", "items": work.enqueue_assets(box, assets, proxy=bool(wanted.download_proxy))}
    )


async def queue_list(request: Request) -> Response:
    """What is in the queue."""
    return JSONResponse(box_of(request).documents(NAME).all("queue"))


async def queue_change(request: Request) -> Response:
    """Update a queue item: how far its transfer is."""
    box = box_of(request)
    wanted = await json_body(request, QueueItem)
    item = box.documents(NAME).get("queue", wanted.asset_download_queue_id)
    if item is None:
        raise Refusal(404, "The queue item was not found")
    changes = wanted.model_dump(exclude_none=True, by_alias=True, exclude={"asset_download_queue_id"})
    status = changes.pop("transferStatus", item["status"])
    return JSONResponse(box.documents(NAME).change("queue", item["id"], status=status, **changes))


async def queue_remove(request: Request) -> Response:
    """Remove entries from the queue."""
    box = box_of(request)
    ids = await json_list(request, IDS)
    if not ids:
        raise Refusal(400, "No IDs provided")
    gone = [item for item in box.documents(NAME).all("queue") if item["id"] in ids or item["assetId"] in ids]
    for item in gone:
        box.documents(NAME).remove("queue", item["id"])
    return JSONResponse({"removed": len(gone)})


# -- streaming and links


async def set_cookies(request: Request) -> Response:
    """Signed streaming cookies, in the headers and in the body."""
    box, asset = box_of(request), usable_file_of(request)
    if not asset.get("stream"):
        raise Refusal(404, "The asset has no stream")
    url = box.files.play_link(asset["stream"], "video.m3u8", vendor=NAME, seconds=COOKIE_SECONDS)
    # Named as streaming networks do: a cookie may not be called Expires.
    cookies = {f"CloudFront-{name}": value for name, value in parse_qsl(urlsplit(url).query)}
    manifest = url.partition("?")[0]
    answer = JSONResponse({"manifestUrl": manifest, "url": manifest, "cookies": cookies})
    for name, value in cookies.items():
        answer.set_cookie(name, value, max_age=COOKIE_SECONDS, path=f"/play/{asset['stream']}", httponly=True)
    return answer


async def resolve_url(request: Request) -> Response:
    """Convert a relative asset URL to a signed one."""
    box, asset = box_of(request), asset_of(request)
    wanted = request.query_params.get("url", "")
    if not wanted:
        raise Refusal(400, "url is required")
    name = wanted.partition("?")[0].rpartition("/")[2]
    for item in (asset, *box.documents(NAME).all("related", asset["id"])):
        if item["file"] and name in (item["displayName"], item["file"], item.get("objectKey")):
            link = box.files.link(item["file"], vendor=NAME, save_as=item["displayName"])
            return JSONResponse({"url": link, "fullUrl": link})
    raise Refusal(404, "The asset has nothing at this URL")


async def record_event(request: Request) -> Response:
    """Record a playback event."""
    box, query = box_of(request), request.query_params
    if not query.get("trackingEvent"):
        raise Refusal(400, "trackingEvent is required")
    if not query.get("assetId") and not query.get("liveChannelId"):
        raise Refusal(400, "assetId is required")
    if query.get("assetId"):
        asset_or_refuse(box, query["assetId"])
    box.documents(NAME).add("tracking", {**dict(query), "at": box.clock.stamp()})
    return Response(_PIXEL, media_type="image/gif")


# -- ads: public


async def make_vmap(request: Request) -> Response:
    """VMAP XML for an asset's ad breaks."""
    box, asset = box_of(request), asset_of(request)
    breaks = "".join(_vmap_break(box, asset, item) for item in box.documents(NAME).all("adbreak", asset["id"]))
    head = '<?xml version="1.0" encoding="UTF-8"?>\n<vmap:VMAP xmlns:vmap="http://www.iab.net/videosuite/vmap"'
    body = f'{head} version="1.0">{breaks}</vmap:VMAP>'
    return Response(body, media_type="application/xml")


def _vmap_break(box: Box, asset: Json, item: Json) -> str:
    at = seconds_of(item["timecode"])
    offset = f"{int(at // 3600):02}:{int(at // 60 % 60):02}:{at % 60:06.3f}"
    query = urlencode({"timeCode": item["timecode"], "categories": "", "vpos": "preroll" if at == 0 else "midroll"})
    vast = f"{box.files.base_url}/nomad/ads/vast?{query}&assetId={asset['id']}"
    return (
        f'<vmap:AdBreak timeOffset="{offset}" breakType="linear" breakId={quoteattr(item["id"])}><vmap:AdSource>'
        f'<vmap:AdTagURI templateType="vast3">{escape(vast)}</vmap:AdTagURI></vmap:AdSource></vmap:AdBreak>'
    )


async def make_vast(request: Request) -> Response:
    """VAST XML for an ad creative."""
    box, query = box_of(request), request.query_params
    if not query.get("timeCode"):
        raise Refusal(400, "timeCode is required")
    beacon = f"{box.files.base_url}/nomad/ads/impression?assetId={query.get('assetId', '')}"
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<VAST version="3.0"><Ad id="sandbox"><InLine><AdSystem>sandbox'
        f"</AdSystem><AdTitle>Rehearsal</AdTitle><Impression>{escape(beacon)}</Impression><Creatives/></InLine></Ad>"
        "</VAST>"
    )
    return Response(body, media_type="application/xml")


async def record_impression(request: Request) -> Response:
    """Record an ad impression beacon."""
    box = box_of(request)
    if set(request.query_params) != {"assetId"}:
        # The published OpenAPI gives an impression only `assetId` (WIRE.md).
        raise Refusal(400, "assetId is required, and nothing else")
    box.documents(NAME).add("impression", {**dict(request.query_params), "at": box.clock.stamp()})
    return Response(_PIXEL, media_type="image/gif")


# -- images


async def generate_image(request: Request) -> Response:
    """Create a new image asset: drawn, not dreamt."""
    box, asset = box_of(request), asset_of(request)
    wanted = await json_body(request, ImageOrder)
    parent = folder_or_refuse(box, wanted.parent_id or asset["parentId"])
    picture = await picture_of(box.files.new(".png"), wanted.width or 640, wanted.height or 360)
    name = wanted.display_name or f"{wanted.prompt[:40]}.png"
    made = add_asset(box, name, FILE, parent=parent["id"], status="Creating", file=picture.name)
    began = work.begin_step(box, made, "process", "Creating", after=work.PROCESS_SECONDS)
    return JSONResponse(asset_shape(box, began))
