"""Nomad's door: login, refresh, logout; bearer tokens that expire, or an API key; assets by their id."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from polyreel.sandbox.box import Box, box_of
from polyreel.sandbox.nomad.shapes import NAME
from polyreel.sandbox.nomad.statuses import BUCKET, FILE, USABLE
from polyreel.sandbox.nomad.wire import Login, Logout, Refresh
from polyreel.sandbox.state import Json
from polyreel.sandbox.wire import Refusal, json_body, parse_body, raw_json

API_KEY = "nomad-sandbox"
TOKEN_SECONDS = 3600
USER = "0e5b5f6a-6d2c-4a67-8a53-9f4f2d1c7e21"
ROOT = "7b0c2e9a-51de-4c0f-9c7e-3f1d6a8b4c05"
_ROOT_NAMES = ("root", "00000000-0000-0000-0000-000000000000")
Endpoint = Callable[[Request], Awaitable[Response]]


def with_token(endpoint: Endpoint) -> Endpoint:
    """Let only a good token or the API key pass. A token that was good once is a 403, which clients take to refresh."""

    async def check_key(request: Request) -> Response:
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        if not (scheme == "ApiKey" and value == API_KEY):
            _judge_token(box_of(request), scheme, value)
        return await endpoint(request)

    return check_key


def _judge_token(box: Box, scheme: str, token: str) -> None:
    known = box.documents(NAME).get("token", token) if scheme == "Bearer" else None
    if known is None:
        raise Refusal(401, "Missing or invalid Bearer token")
    if known["until"] < box.clock.now():
        raise Refusal(403, "The token has expired")


async def log_in(request: Request) -> Response:
    """Tokens for a user and a password; wrong ones are a 404."""
    wanted = await json_body(request, Login)
    if (wanted.username, wanted.password) != ("sandbox", "sandbox"):
        # Not a 401 (WIRE.md): a client that takes 404 for a wrong path would look in the wrong place.
        raise Refusal(404, "Invalid username or password")
    return JSONResponse(_make_tokens(box_of(request)))


async def refresh_tokens(request: Request) -> Response:
    """New tokens for a refresh token."""
    box = box_of(request)
    wanted = await json_body(request, Refresh)
    if not box.documents(NAME).remove("refresh", wanted.refresh_token):
        raise Refusal(401, "The refresh token is not valid")
    return JSONResponse(_make_tokens(box, refresh_token=wanted.refresh_token))


async def log_out(request: Request) -> Response:
    """The token is no longer good."""
    if await request.body():
        parse_body(Logout, await raw_json(request))
    box_of(request).documents(NAME).remove("token", request.headers["authorization"].partition(" ")[2])
    return JSONResponse(None)


def _make_tokens(box: Box, refresh_token: str | None = None) -> Json:
    documents = box.documents(NAME)
    token = documents.add("token", {"until": box.clock.now() + TOKEN_SECONDS}, key=secrets.token_urlsafe(32))["id"]
    # The published client keeps its first refresh token for good, so a refresh leaves it valid.
    again = documents.add("refresh", {}, key=refresh_token or secrets.token_urlsafe(32))["id"]
    return {
        **{"token": token, "refreshToken": again, "expirationSeconds": TOKEN_SECONDS, "id": USER},
        **{"userSessionId": secrets.token_hex(16)},
    }


# -- assets by id


def ensure_root(box: Box) -> Json:
    """The storage bucket that everything is in."""
    found = box.documents(NAME).get("asset", ROOT)
    if found is not None:
        return found
    return add_asset(box, "sandbox-bucket", BUCKET, parent="", status="Available", key=ROOT)


def asset_or_refuse(box: Box, key: str) -> Json:
    """An asset by its id."""
    if key.lower() in _ROOT_NAMES or key == ROOT:
        return ensure_root(box)
    found = box.documents(NAME).get("asset", key)
    if found is None:
        raise Refusal(404, f"Asset {key} was not found")
    return found


def asset_of(request: Request) -> Json:
    """The asset that the path names."""
    return asset_or_refuse(box_of(request), request.path_params["asset_id"])


def usable_file_of(request: Request) -> Json:
    """The file that the path names, if it can be worked on."""
    return require_usable(asset_of(request))


def require_usable(asset: Json) -> Json:
    """The asset, if it is a file that can be worked on."""
    if asset["type"] != FILE:
        raise Refusal(400, "This is only possible for files")
    if asset["status"] not in USABLE:
        raise Refusal(400, f"The asset is {asset['status']}")
    return asset


def folder_or_refuse(box: Box, key: str | None) -> Json:
    """A folder or a bucket by its id; the bucket if none is named."""
    found = asset_or_refuse(box, key) if key else ensure_root(box)
    if found["type"] == FILE:
        raise Refusal(400, "The parent is not a folder")
    return found


def add_asset(
    box: Box, name: str, kind: int, *, parent: str, status: str, key: str | None = None, **rest: object
) -> Json:
    """Put a new asset among the others."""
    stamp = box.clock.stamp()
    blank: Json = {
        **{"description": None, "contentLength": 0, "bucketName": "sandbox-bucket", "objectKey": name, "file": None},
        **{"createdDate": stamp, "modifiedDate": stamp, "languageId": "en-US", "customProperties": {}, "tags": []},
        **{"collections": [], "duration": None},
    }
    body = {**blank, "displayName": name, "type": kind, "status": status, "parentId": parent or None, **rest}
    return box.documents(NAME).add("asset", body, key=key, parent=parent)
