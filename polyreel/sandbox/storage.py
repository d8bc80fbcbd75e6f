"""The sandbox's file store as its signed links see it: GET with ranges, PUT, playlists; refusals in S3's XML."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import quote
from xml.sax.saxutils import escape

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Route

from polyreel.sandbox.box import box_of
from polyreel.sandbox.files import Expired, Forged
from polyreel.sandbox.forms import keep_body

_TYPES = {
    ".m3u8": "application/vnd.apple.mpegurl", ".mpd": "application/dash+xml", ".m4s": "video/iso.segment",
    ".mp4": "video/mp4", ".wav": "audio/wav", ".vtt": "text/vtt", ".srt": "application/x-subrip",
    ".png": "image/png", ".jpg": "image/jpeg", ".zip": "application/zip",
}  # fmt: skip
_SEGMENT = re.compile(r"[\w.-]{1,80}", re.ASCII)


def s3_error(status: int, code: str, message: str) -> Response:
    """An error as object stores say it."""
    said = f"<Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n{said}'
    return Response(body, status, media_type="application/xml")


def refuse_credentials(request: Request) -> Response | None:
    """Storages take one permission: beside a signature, an account's key is an error."""
    if "authorization" in request.headers or "x-api-key" in request.headers:
        return s3_error(400, "InvalidArgument", "Only one auth mechanism allowed")
    return None


def _judge_link(request: Request, method: str) -> Path | Response:
    box, name = box_of(request), request.path_params["name"]
    if (fault := refuse_credentials(request)) is not None:
        return fault
    try:
        path = box.files.path(name)
        box.files.allow(method, name, request.query_params)
    except Forged:
        return s3_error(403, "SignatureDoesNotMatch", "The request signature we calculated does not match.")
    except Expired:
        return s3_error(403, "AccessDenied", "Request has expired")
    return path


async def give_file(request: Request) -> Response:
    """A file, to whoever holds a link that is still good."""
    path = _judge_link(request, "GET")
    if isinstance(path, Response):
        return path
    if not path.is_file():
        return s3_error(404, "NoSuchKey", "The specified key does not exist.")
    return FileResponse(path, media_type=_TYPES.get(path.suffix), filename=request.query_params.get("filename"))


async def take_file(request: Request) -> Response:
    """A file put under a signed link: with a length, and without credentials, as object stores want it."""
    path = _judge_link(request, "PUT")
    if isinstance(path, Response):
        return path
    if "content-length" not in request.headers:
        return s3_error(411, "MissingContentLength", "You must provide the Content-Length HTTP header.")
    etag = f'"{await keep_body(request, path)}"'
    box_of(request).state.set_fact(f"etag:{path.name}", etag)
    return Response(headers={"ETag": etag})


async def play_file(request: Request) -> Response:
    """One file of a packaged video. Protected folders want the signature on every file, so playlists pass it on."""
    box, name, entry = box_of(request), request.path_params["name"], request.path_params["entry"]
    if (fault := refuse_credentials(request)) is not None:
        return fault
    try:
        folder = box.files.path(name)
        if not (folder / ".open").exists():
            cookies = {key.removeprefix("CloudFront-"): value for key, value in request.cookies.items()}
            box.files.allow("PLAY", name, {**cookies, **request.query_params})
    except Forged:
        return s3_error(403, "MissingKey", "The link is not signed.")
    except Expired:
        return s3_error(403, "AccessDenied", "Request has expired")
    path = folder / entry
    if not _SEGMENT.fullmatch(entry) or not path.is_file():
        return s3_error(404, "NoSuchKey", "The specified key does not exist.")
    if path.suffix in (".m3u8", ".mpd") and request.url.query:
        return Response(_sign_links(path, request.url.query), media_type=_TYPES[path.suffix])
    return FileResponse(path, media_type=_TYPES.get(path.suffix))


def _sign_links(path: Path, query: str) -> str:
    text, query = path.read_text(), quote(query, safe="=&%~.-")
    # Players add what the template names, and no query of the playlist's own address: each entry needs the signature.
    if path.suffix == ".mpd":
        return re.sub(r'((?:media|initialization)="[^"?]+)"', rf'\1?{query.replace("&", "&amp;")}"', text)
    text = re.sub(r'(URI="[^"?]+)"', rf'\1?{query}"', text)
    return re.sub(r"^(?!#)(\S+)$", rf"\1?{query}", text, flags=re.MULTILINE)


def list_routes() -> list[BaseRoute]:
    """Where the links lead."""
    return [
        Route("/files/{name}", give_file, methods=["GET"]),
        Route("/files/{name}", take_file, methods=["PUT"]),
        Route("/play/{name}/{entry}", play_file, methods=["GET"]),
    ]
