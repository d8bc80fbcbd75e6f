"""Video Jungle's paths: those of its page, and those its published client really calls."""

from __future__ import annotations

from starlette.routing import Route

from polyreel.sandbox.box import Vendor
from polyreel.sandbox.videojungle import assets, projects, shapes, videos
from polyreel.sandbox.videojungle.access import Endpoint, with_key
from polyreel.sandbox.videojungle.work import STEPS

_PATHS: list[tuple[str, str, Endpoint]] = [
    ("GET", "/users/me", projects.show_user),
    ("GET", "/projects", projects.list_projects),
    ("POST", "/projects", projects.create_project),
    ("GET", "/projects/{project_id}", projects.get_project),
    ("DELETE", "/projects/{project_id}", projects.delete_project),
    ("GET", "/projects/{project_id}/assets", assets.list_assets),
    ("GET", "/projects/{project_id}/asset", assets.list_assets),
    ("GET", "/projects/{project_id}/asset/generated", assets.list_generated),
    ("POST", "/projects/{project_id}/asset", assets.create_asset),
    ("POST", "/projects/{project_id}/assets", assets.create_asset),
    ("GET", "/projects/{project_id}/scripts", projects.list_scripts),
    ("POST", "/projects/{project_id}/{script_id}/generate", projects.generate_asset),
    ("GET", "/scripts", projects.list_templates),
    ("POST", "/scripts/{project_id}/scripts", projects.create_script),
    ("GET", "/scripts/{project_id}/{script_id}", projects.get_script),
    ("DELETE", "/scripts/{project_id}/{script_id}", projects.delete_script),
    ("GET", "/assets/check/{asset_id}", assets.check_asset),
    ("PUT", "/assets/check/{asset_id}", assets.check_asset),
    ("GET", "/assets/{asset_id}", assets.get_asset),
    ("DELETE", "/assets/{asset_id}", assets.delete_asset),
    ("GET", "/assets/{asset_id}/status", assets.show_status),
    ("POST", "/assets/{asset_id}/upload", assets.upload_file),
    ("GET", "/video-file", videos.list_videos),
    ("POST", "/video-file", videos.create_video),
    ("POST", "/video-file/search", videos.search_videos),
    ("GET", "/video-file/{video_id}", videos.get_video),
    ("DELETE", "/video-file/{video_id}", videos.delete_video),
    ("POST", "/video-file/{video_id}/upload-video", videos.upload_video),
    ("POST", "/video-file/{video_id}/analysis", videos.start_analysis),
    ("GET", "/video-file/{video_id}/analysis", videos.get_analysis),
]


def make_vendor() -> Vendor:
    """Video Jungle's API."""
    routes = [Route(path, with_key(endpoint), methods=[method]) for method, path, endpoint in _PATHS]
    return Vendor(
        name=shapes.NAME,
        routes=[*routes, Route("/s3-upload/", videos.take_form, methods=["POST"])],
        refuse=shapes.render_refusal,
        steps=STEPS,
    )
