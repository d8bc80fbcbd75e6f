"""TPStreams' paths. Every one ends in a slash; without it there is nothing."""

from __future__ import annotations

from starlette.routing import BaseRoute, Route

from polyreel.sandbox.box import Vendor
from polyreel.sandbox.tpstreams import access, assets, edits, shapes, uploads
from polyreel.sandbox.tpstreams.access import Endpoint, with_token
from polyreel.sandbox.tpstreams.work import STEPS

_ORGANISATION = "/api/v1/{organisation}"
_COLLECTIONS: list[tuple[str, str, Endpoint]] = [
    ("POST", "/assets/videos/", assets.create_video),
    ("POST", "/assets/videos/bulk-create/", assets.bulk_create),
    ("POST", "/assets/upload-sessions/", uploads.open_session),
    ("GET", "/assets/", assets.list_assets),
    ("POST", "/assets/folders/", assets.create_folder),
    ("GET", "/assets/folders/", assets.list_folders),
    ("POST", "/webhooks/", assets.create_webhook),
    ("GET", "/webhooks/", assets.list_webhooks),
    ("GET", "/webhooks/{webhook_id}/", assets.get_webhook),
    ("PUT", "/webhooks/{webhook_id}/", assets.update_webhook),
    ("DELETE", "/webhooks/{webhook_id}/", assets.delete_webhook),
]
_ONE: list[tuple[str, str, Endpoint]] = [
    ("GET", "", assets.get_asset),
    ("DELETE", "", assets.delete_asset),
    ("POST", "move/", assets.move_asset),
    ("POST", "delete_resolutions/", assets.delete_resolutions),
    ("POST", "generate_subtitle/", edits.generate_subtitle),
    ("POST", "upload_subtitle/", edits.upload_subtitle),
    ("GET", "subtitles/", edits.list_subtitles),
    ("DELETE", "subtitles/{track_id}/", edits.delete_subtitle),
    ("POST", "upload_thumbnail/", edits.upload_thumbnail),
    ("POST", "trim/", edits.trim_asset),
    ("GET", "trim/status/", edits.trim_status),
    ("POST", "trim/revert/", edits.revert_asset),
]


def _list_routes() -> list[BaseRoute]:
    paths = [(method, _ORGANISATION + path, endpoint) for method, path, endpoint in _COLLECTIONS]
    paths += [(method, f"{_ORGANISATION}/assets/{{asset_id}}/{path}", endpoint) for method, path, endpoint in _ONE]
    return [
        *access.list_routes(),
        Route("/s3-upload/", uploads.take_form, methods=["POST"]),
        *(Route(path, with_token(endpoint), methods=[method]) for method, path, endpoint in paths),
    ]


def make_vendor() -> Vendor:
    """TPStreams' API."""
    return Vendor(name=shapes.NAME, routes=_list_routes(), refuse=shapes.render_refusal, steps=STEPS)
