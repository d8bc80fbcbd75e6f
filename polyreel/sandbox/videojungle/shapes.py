"""What Video Jungle answers."""

from __future__ import annotations

from starlette.responses import JSONResponse, Response

from polyreel.sandbox.box import Box
from polyreel.sandbox.state import Json
from polyreel.sandbox.wire import Refusal

NAME = "videojungle"
KEY = "videojungle-sandbox"
OWNER = "5e0fd0e5-2f3c-4b57-9f2c-2d1f3c4a7b10"
_TYPES = {400: "bad_request", 401: "unauthorized", 404: "not_found", 405: "method_not_allowed", 409: "conflict"}
_ASSET = (
    *("id", "keyname", "asset_type", "created_at", "description", "generated_description", "create_parameters"),
    *("status", "uploaded", "asset_path", "project_id", "key"),
)
_VIDEO = (
    *("id", "filename", "name", "description", "duration", "fps", "size", "hash", "created_at", "recorded_at", "key"),
    *("analysis", "current_status"),
)


def render_refusal(refusal: Refusal) -> Response:
    """``{type, message, documentation_url}``; a wrong body or query is a 422 with ``detail``."""
    if refusal.code == "validation" or refusal.status in (415, 422):
        detail = [{"loc": ["body", refusal.field], "msg": refusal.message, "type": "value_error"}]
        return JSONResponse({"detail": detail}, 422)
    body = {
        "type": _TYPES.get(refusal.status, "api_error"),
        "message": refusal.message,
        "documentation_url": "https://www.video-jungle.com/docs/errors",
    }
    return JSONResponse(body, refusal.status, headers=refusal.headers)


def make_user() -> Json:
    """GET /users/me."""
    return {
        **{"id": OWNER, "email": "sandbox@example.com", "name": "Sandbox", "avatar": ""},
        **{"is_verified": True, "is_active": True},
    }


def project_brief(project: Json) -> Json:
    """A project without what is in it."""
    return {name: project[name] for name in ("id", "name", "description", "data", "created_at", "owner_id")}


def project_detail(box: Box, project: Json) -> Json:
    """A project with its assets and scripts."""
    documents = box.documents(NAME)
    assets = [asset_shape(box, asset) for asset in documents.all("asset", project["id"])]
    scripts = documents.all("script", project["id"])
    return {**project_brief(project), "asset_count": len(assets), "assets": assets, "prompts": [], "scripts": scripts}


def asset_shape(box: Box, asset: Json) -> Json:
    """An asset as lists show it; links only once there is a file behind them."""
    name = asset["keyname"] if "." in asset["keyname"] else f"{asset['keyname']}.mp4"
    there = asset["uploaded"] and asset["file"]
    return {
        **{field: asset[field] for field in _ASSET},
        "url": box.files.link(asset["file"], vendor=NAME) if there else None,
        "download_url": box.files.link(asset["file"], vendor=NAME, save_as=name) if there else None,
    }


def asset_detail(box: Box, asset: Json) -> Json:
    """An asset as GET /assets/{id} shows it: with its project."""
    project = box.documents(NAME).get("project", asset["project_id"])
    return {**asset_shape(box, asset), "project": project_brief(project) if project else None}


def video_shape(box: Box, video: Json) -> Json:
    """A video file."""
    file, picture = video["file"], video["thumbnail"]
    link = box.files.link(picture, vendor=NAME) if picture else None
    return {
        **{field: video[field] for field in _VIDEO},
        "owner_id": OWNER,
        "thumbnail": link,
        "thumbnail_url": link,
        "url": box.files.link(file, vendor=NAME) if file else None,
        "download_url": box.files.link(file, vendor=NAME, save_as=f"{video['id']}.mp4") if file else None,
        "has_redirect": False,
        "public_link": None,
    }
