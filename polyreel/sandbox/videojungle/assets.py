"""Video Jungle's assets."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from polyreel.sandbox.box import Box, box_of
from polyreel.sandbox.forms import keep_upload, read_form, require_file
from polyreel.sandbox.state import Json
from polyreel.sandbox.videojungle.access import limit_of, require_document
from polyreel.sandbox.videojungle.projects import add_asset, forget_asset
from polyreel.sandbox.videojungle.shapes import NAME, asset_detail, asset_shape
from polyreel.sandbox.videojungle.wire import CreateAsset
from polyreel.sandbox.videojungle.work import ANALYSE_SECONDS
from polyreel.sandbox.wire import Refusal, json_body


def settle_asset(box: Box, asset: Json) -> Json:
    """An asset as it is now: a file put under its signed link counts at once."""
    # Nobody tells of a file that was put under a signed link: each look finds out.
    there = asset["upload"] and not asset["uploaded"] and box.files.path(asset["upload"]).is_file()
    if asset["status"] != "generating" or not there:
        return asset
    moved = box.documents(NAME).move_on(
        "asset", asset["id"], ("generating",), "uploaded", uploaded=True, file=asset["upload"]
    )
    return moved or box.documents(NAME).need("asset", asset["id"])


def _require_asset(request: Request) -> Json:
    return settle_asset(box_of(request), require_document(request, "asset", "asset_id"))


def _list_response(request: Request, found: list[Json]) -> Response:
    box = box_of(request)
    return JSONResponse([asset_shape(box, settle_asset(box, asset)) for asset in found[: limit_of(request)]])


async def list_assets(request: Request) -> Response:
    """List all assets of a project, newest first; ten unless ``limit`` says more."""
    project = require_document(request, "project", "project_id")
    return _list_response(request, box_of(request).documents(NAME).all("asset", project["id"])[::-1])


async def list_generated(request: Request) -> Response:
    """Only what was generated."""
    project = require_document(request, "project", "project_id")
    found = box_of(request).documents(NAME).all("asset", project["id"])[::-1]
    return _list_response(request, [asset for asset in found if asset["asset_type"] == "generated_video"])


async def create_asset(request: Request) -> Response:
    """A new asset: a file to be uploaded, or a reference to a video file."""
    box, project = box_of(request), require_document(request, "project", "project_id")
    wanted = await json_body(request, CreateAsset, status=422)
    fields: Json = {"keyname": wanted.keyname, "description": wanted.description, "asset_type": wanted.asset_type}
    if wanted.upload_method == "video-reference":
        video = box.documents(NAME).get("video", wanted.keyname)
        if video is None:
            raise Refusal(404, "Video file not found")
        fields |= {"file": video["file"], "uploaded": True, "status": "uploaded", "asset_type": "video-reference"}
        return JSONResponse(asset_detail(box, add_asset(box, project["id"], **fields)))
    asset = add_asset(box, project["id"], **fields, status=None)
    # The published client puts its own base URL in front, so the address has to be a path; no page says so, and a
    # server may tell the same path, which wants the key, as a whole address.
    before = f"{box.files.base_url}/{NAME}" if box.settings.shapes == "other" else ""
    link = {"url": f"{before}/assets/{asset['id']}/upload", "method": "POST", "fields": {}}
    return JSONResponse({**asset_detail(box, asset), "upload_url": link})


async def upload_file(request: Request) -> Response:
    """The asset's file (multipart ``file``)."""
    box, asset = box_of(request), require_document(request, "asset", "asset_id")
    if asset["uploaded"]:
        raise Refusal(409, "The asset has been uploaded already")
    async with read_form(request) as form:
        file = require_file(form)
        kept = await keep_upload(file, box.files)
    asset = box.documents(NAME).change("asset", asset["id"], uploaded=True, status="uploaded", file=kept.name)
    box.jobs.start(NAME, "analyse_asset", asset["id"], after=ANALYSE_SECONDS)
    return JSONResponse(asset_detail(box, asset))


async def get_asset(request: Request) -> Response:
    """Retrieve an asset."""
    return JSONResponse(asset_detail(box_of(request), _require_asset(request)))


async def check_asset(request: Request) -> Response:
    """Check an asset (GET or PUT)."""
    return JSONResponse({"uploaded": _require_asset(request)["uploaded"]})


async def show_status(request: Request) -> Response:
    """An asset's status."""
    asset = _require_asset(request)
    return JSONResponse({"id": asset["id"], "status": asset["status"], "uploaded": asset["uploaded"]})


async def delete_asset(request: Request) -> Response:
    """Delete an asset for good."""
    asset = _require_asset(request)
    forget_asset(box_of(request), asset)
    return JSONResponse({"status": "deleted", "id": asset["id"]})
