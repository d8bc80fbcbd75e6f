"""TPStreams' door: login, tokens (twenty at most), the organisation in every path, assets by their id."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from polyreel.sandbox.box import box_of, require_document
from polyreel.sandbox.state import Json
from polyreel.sandbox.tpstreams.shapes import NAME, ORGANISATION
from polyreel.sandbox.tpstreams.wire import Login
from polyreel.sandbox.wire import Refusal, json_body

# An organisation has no more: whoever logs in for each run locks itself out.
MOST_TOKENS = 20
Endpoint = Callable[[Request], Awaitable[Response]]


def with_token(endpoint: Endpoint) -> Endpoint:
    """Let only a logged-in request pass, and only to its own organisation."""

    async def check_token(request: Request) -> Response:
        if request.path_params.get("organisation", ORGANISATION) != ORGANISATION:
            raise Refusal(404, "Not Found", code="plain")
        token_of(request)
        return await endpoint(request)

    return check_token


def token_of(request: Request) -> str:
    """The token that a request carries, if it is a good one."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if not scheme:
        raise Refusal(401, "Authentication credentials were not provided.")
    if scheme != "Token" or box_of(request).documents(NAME).get("token", token) is None:
        raise Refusal(401, "Invalid token.")
    return token


def asset_of(request: Request) -> Json:
    """The asset that the path names."""
    return require_document(request, NAME, "asset", "asset_id", "Not found.")


def video_of(request: Request) -> Json:
    """The asset that the path names, if it is a video."""
    asset = asset_of(request)
    if asset["type"] != "video":
        raise Refusal(400, "This asset is not a video.")
    return asset


def require_finished_video(request: Request) -> Json:
    """The video that the path names, if it is ready for further work."""
    asset = video_of(request)
    if asset["status"] != "Completed":
        raise Refusal(400, f"The video is {asset['status']}; it must be Completed.")
    return asset


async def log_in(request: Request) -> Response:
    """A token for a user and a password."""
    wanted = await json_body(request, Login)
    if wanted.organization_id != ORGANISATION:
        raise Refusal(404, "Not Found", code="plain")
    if (wanted.username, wanted.password) != ("sandbox", "sandbox"):
        # Django REST framework's own words and status for a wrong password.
        raise Refusal(400, "Unable to log in with provided credentials.", code="validation")
    documents = box_of(request).documents(NAME)
    # At most 20 per organisation (WIRE.md): a client that logs in per run is found out by the rehearsal.
    if len(documents.all("token")) >= MOST_TOKENS:
        raise Refusal(403, "Maximum amount of tokens allowed per organization exceeded.")
    token = documents.add("token", {}, key=secrets.token_hex(20))["id"]
    return JSONResponse({"token": token})


async def log_out(request: Request) -> Response:
    """The token is no longer good."""
    box_of(request).documents(NAME).remove("token", token_of(request))
    return Response(status_code=204)


def list_routes() -> list[BaseRoute]:
    """The door's paths."""
    return [
        Route("/api/auth/login/", log_in, methods=["POST"]),
        Route("/api/auth/logout/", with_token(log_out), methods=["POST"]),
    ]
