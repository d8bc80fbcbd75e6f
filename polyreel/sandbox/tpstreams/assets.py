"""TPStreams' assets: create, upload, list, get, move, delete; folders; webhooks."""

from __future__ import annotations

import json

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from polyreel.sandbox.box import Box, box_of, require_document
from polyreel.sandbox.state import Json
from polyreel.sandbox.tpstreams.access import asset_of, video_of
from polyreel.sandbox.tpstreams.shapes import NAME, asset_brief, asset_detail, new_id, show_page
from polyreel.sandbox.tpstreams.wire import (
    MOST_IN_BULK,
    CreateVideo,
    DeleteResolutions,
    Expiry,
    Folder,
    Move,
    Shape,
    Webhook,
)
from polyreel.sandbox.wire import Refusal, first_fault, json_body, parse_body, raw_json

_BLANK: Json = {
    **{"status": "Not Started", "progress": 0, "bytes": None, "duration": None, "seconds": None, "error": None},
    **{"source": None, "original": None, "stream": None, "pictures": None, "thumbnails": [], "cover": None},
    **{"subtitling": False, "inputs": []},
}


def folder_or_refuse(box: Box, folder: str | None, field: str) -> None:
    """Whether a folder of this id exists, where one is named."""
    found = box.documents(NAME).get("asset", folder) if folder else None
    if folder and (found is None or found["type"] != "folder"):
        raise Refusal(400, f'Invalid pk "{folder}" - object does not exist.', code="validation", field=field)


def add_video(box: Box, wanted: Shape, **rest: object) -> Json:
    """Put a new video among the assets."""
    fields = wanted.model_dump(mode="json", include=set(Shape.model_fields) - {"folder", "title"})
    parent = wanted.folder or None
    title = wanted.title or "Untitled"
    body = {**_BLANK, "type": "video", "title": title, "parent_id": parent, **fields, **rest}
    return box.documents(NAME).add("asset", body, key=new_id(), parent=parent or "")


async def create_video(request: Request) -> Response:
    """Upload an video: fetched and transcoded in the background."""
    box = box_of(request)
    wanted = await json_body(request, CreateVideo)
    folder_or_refuse(box, wanted.folder, "folder")
    return JSONResponse(asset_brief(box, _begin_asset(box, wanted)), 201)


def _begin_asset(box: Box, wanted: CreateVideo) -> Json:
    asset = add_video(box, wanted, inputs=[given.model_dump() for given in wanted.inputs])
    box.jobs.start(NAME, "queue", asset["id"], after=1)
    return asset


async def bulk_create(request: Request) -> Response:
    """Up to fifty videos, all or none."""
    box, items = box_of(request), _bulk_items(await raw_json(request))
    # All are judged before any is made.
    wanted = [_bulk_item(box, index, item) for index, item in enumerate(items)]
    _require_distinct(wanted)
    return JSONResponse([asset_brief(box, _begin_asset(box, video)) for video in wanted], 201)


def _require_distinct(wanted: list[CreateVideo]) -> None:
    seen: set[tuple[str | None, str]] = set()
    for index, video in enumerate(wanted):
        twin = (video.title, video.inputs[0].url)
        if twin in seen:
            raise Refusal(400, "Duplicate title with the same URL.", code="bulk", field=str(index))
        seen.add(twin)


def _bulk_items(body: bytes) -> list[object]:
    try:
        given = json.loads(body)
    except ValueError as error:
        raise Refusal(400, "the body is not valid JSON", code="validation") from error
    if not isinstance(given, list) or not 0 < len(given) <= MOST_IN_BULK:
        raise Refusal(400, f"A list of 1 to {MOST_IN_BULK} videos is required.", code="validation")
    return given


def _bulk_item(box: Box, index: int, item: object) -> CreateVideo:
    try:
        wanted = CreateVideo.model_validate_json(json.dumps(item))
        folder_or_refuse(box, wanted.folder, "folder")
    except ValidationError as error:
        raise Refusal(400, first_fault(error), code="bulk", field=str(index)) from error
    except Refusal as error:
        raise Refusal(400, error.message, code="bulk", field=str(index)) from error
    return wanted


# -- reading


async def list_assets(request: Request) -> Response:
    """Get all the assets; of one folder by ``parent``, of none by ``has_parent=false``, by title with ``q``."""
    box, query = box_of(request), request.query_params
    found = box.documents(NAME).all("asset")[::-1]
    if "parent" in query:
        found = [asset for asset in found if asset["parent_id"] == query["parent"]]
    if query.get("has_parent", "").lower() == "false":
        found = [asset for asset in found if not asset["parent_id"]]
    words = query.get("q", "").lower()
    return show_page(request, [a for a in found if words in a["title"].lower()], lambda asset: asset_brief(box, asset))


async def get_asset(request: Request) -> Response:
    """Get Individual Asset Details; ``expiry`` in the body or the query."""
    box, asset = box_of(request), asset_of(request)
    # The page puts it into the body of a GET; the query works too (WIRE.md).
    given: int | str | None = request.query_params.get("expiry")
    if await request.body():
        given = (await json_body(request, Expiry)).expiry or given
    if given is not None and not (str(given).isdecimal() and int(given) > 0):
        raise Refusal(400, "A valid integer is required.", code="validation", field="expiry")
    return JSONResponse(asset_detail(box, asset, None if given is None else int(given)))


# -- changing


async def delete_asset(request: Request) -> Response:
    """Delete an asset; a folder takes all its children with it."""
    _delete_asset(box_of(request), asset_of(request))
    return Response(status_code=204)


def _delete_asset(box: Box, asset: Json) -> None:
    documents = box.documents(NAME)
    for child in documents.all("asset", asset["id"]):
        _delete_asset(box, child)
    for track in documents.all("track", asset["id"]):
        documents.remove("track", track["id"])
    box.jobs.drop(NAME, asset["id"])
    documents.remove("asset", asset["id"])
    box.files.remove(*(asset.get(name) for name in ("source", "original", "stream", "pictures")))


async def move_asset(request: Request) -> Response:
    """Move an asset into a folder; with an empty body, to the root."""
    box, asset = box_of(request), asset_of(request)
    parent = parse_body(Move, await raw_json(request)).parent if await request.body() else None
    folder_or_refuse(box, parent, "parent")
    if parent and parent in _own_family(box, asset):
        raise Refusal(400, "A folder can't be moved into itself.", code="validation", field="parent")
    box.documents(NAME).change("asset", asset["id"], parent_id=parent)
    box.documents(NAME).reparent("asset", asset["id"], parent or "")
    return JSONResponse({"detail": "Asset moved successfully."})


def _own_family(box: Box, asset: Json) -> set[str]:
    # A folder within its own child would be reached from nowhere.
    family = {str(asset["id"])}
    for child in box.documents(NAME).all("asset", asset["id"]):
        family |= _own_family(box, child)
    return family


async def delete_resolutions(request: Request) -> Response:
    """Remove renditions of a finished video, by their heights; one must stay."""
    box, asset = box_of(request), video_of(request)
    wanted = {f"{height}p" for height in (await json_body(request, DeleteResolutions)).resolutions}
    if asset["content_protection_type"] == "aes":
        raise Refusal(400, "Not supported for AES encrypted videos.", code="validation", field="resolutions")
    left = [name for name in asset["resolutions"] if name not in wanted]
    if len(left) + len(wanted) != len(asset["resolutions"]) or not left:
        raise Refusal(400, "These resolutions can't be deleted.", code="validation", field="resolutions")
    box.documents(NAME).change("asset", asset["id"], resolutions=left)
    return JSONResponse({"detail": "Resolutions deletion started."}, 202)


# -- folders and webhooks


async def create_folder(request: Request) -> Response:
    """Create a folder."""
    box = box_of(request)
    wanted = await json_body(request, Folder)
    folder_or_refuse(box, wanted.parent, "parent")
    body = {"type": "folder", "title": wanted.title, "bytes": None, "parent_id": wanted.parent}
    made = box.documents(NAME).add("asset", body, key=new_id(), parent=wanted.parent or "")
    return JSONResponse({"title": made["title"], "uuid": made["id"]}, 201)


async def list_folders(request: Request) -> Response:
    """Get all the folders."""
    words = request.query_params.get("q", "").lower()
    everything = box_of(request).documents(NAME).all("asset")
    found = [asset for asset in everything if asset["type"] == "folder" and words in asset["title"].lower()]
    return show_page(request, found, lambda folder: {"title": folder["title"], "uuid": folder["id"]})


async def create_webhook(request: Request) -> Response:
    """Create a webhook."""
    wanted = await json_body(request, Webhook)
    return JSONResponse(box_of(request).documents(NAME).add("webhook", wanted.model_dump()), 201)


async def list_webhooks(request: Request) -> Response:
    """List all webhooks."""
    return show_page(request, box_of(request).documents(NAME).all("webhook"), lambda hook: hook)


def _webhook_of(request: Request) -> Json:
    return require_document(request, NAME, "webhook", "webhook_id", "Not found.")


async def get_webhook(request: Request) -> Response:
    """One webhook."""
    return JSONResponse(_webhook_of(request))


async def update_webhook(request: Request) -> Response:
    """Update a webhook."""
    hook = _webhook_of(request)
    wanted = await json_body(request, Webhook)
    return JSONResponse(box_of(request).documents(NAME).change("webhook", hook["id"], **wanted.model_dump()))


async def delete_webhook(request: Request) -> Response:
    """Delete a webhook."""
    box_of(request).documents(NAME).remove("webhook", _webhook_of(request)["id"])
    return Response(status_code=204)
