"""What answers below ``/review/``: the page, its modules, reviews as JSON, and the media that they show.

Where the API wants a password nothing is served here, as for deliveries: a link carries none. Texts go out as JSON and
become text nodes; nothing of them is ever markup, and the page's own policy lets no script run but its modules.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from deployments.server.delivered import App, Scope
from deployments.server.review import answers
from polyreel.errors import InvalidJob, PolyreelError, ReviewRefused
from polyreel.review.events import ReviewKey
from polyreel.review.recordings import MOST_BYTES, refuse_recording
from polyreel.store.choice import open_store

PREFIX = "/review/"
# A film's edits have some hundred kilobytes. A bound on what a browser may make this process hold.
_MOST_JSON = 4 << 20
_KINDS = {".html": "text/html", ".js": "text/javascript", ".css": "text/css"}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; media-src 'self' blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_MEDIA = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox", "Cache-Control": "no-store"}
Answer = Callable[[Request], Awaitable[Response]]


def with_review_page(app: App) -> App:
    """The same application, with the review page beside it."""
    pages = make_pages()

    async def route_request(scope: Scope, receive: Any, send: Any) -> None:
        mine = scope["type"] == "http" and scope["path"].startswith(PREFIX)
        await (pages if mine else app)(scope, receive, send)

    return route_request


def make_pages() -> Starlette:
    """The pages alone."""
    one = PREFIX + "api/{job}/{locale}"
    return Starlette(
        routes=[
            Route(PREFIX, _show_page),
            Route(PREFIX + "page/{name}", _send_file),
            Route(PREFIX + "api", _explain_errors(_list_waiting)),
            Route(one, _explain_errors(_show_state)),
            Route(one + "/edit", _explain_errors(_edit_lines), methods=["POST"]),
            Route(one + "/decide", _explain_errors(_decide_review), methods=["POST"]),
            Route(one + "/mark", _explain_errors(_mark_line), methods=["POST"]),
            Route(one + "/speak", _explain_errors(_speak_line), methods=["POST"]),
            Route(one + "/recording", _explain_errors(_record_line), methods=["POST"]),
            Route(one + "/recording/{line}", _explain_errors(_send_recording)),
            Route(one + "/media/{which}", _explain_errors(_send_media)),
            Route(PREFIX + "{job}/{locale}", _show_page),
            Route(PREFIX.rstrip("/"), lambda _: RedirectResponse(PREFIX)),
        ]
    )


async def _show_page(_request: Request) -> Response:
    return _send_static("review.html")


async def _send_file(request: Request) -> Response:
    return _send_static(request.path_params["name"])


def _send_static(name: str) -> Response:
    folder = files("deployments.server.review").joinpath("page")
    known = {each.name: each for each in folder.iterdir()}
    if name not in known or not (kind := _KINDS.get("." + name.rpartition(".")[2])):
        return JSONResponse({"error": {"message": "There is no such page."}}, 404, headers=_HEADERS)
    return Response(known[name].read_bytes(), media_type=kind, headers=_HEADERS)


def _explain_errors(answer: Answer) -> Answer:
    """An answer whose errors are told as JSON: 409 for what does not fit any more, 400 for what never did."""

    async def answer_or_explain(request: Request) -> Response:
        try:
            response = await answer(request)
        except ReviewRefused as error:
            response = JSONResponse({"error": error.as_dict()}, 409)
        except InvalidJob as error:
            response = JSONResponse({"error": error.as_dict()}, 400)
        except PolyreelError as error:
            response = JSONResponse({"error": error.as_dict()}, 500)
        response.headers.update({**_HEADERS, **dict(response.headers)})
        return response

    return answer_or_explain


def _read_key(request: Request) -> ReviewKey:
    job, _, source = request.path_params["job"].rpartition("~")
    return answers.parse_review_key(job, source, request.path_params["locale"])


async def _read_body(request: Request) -> dict[str, Any]:
    """What a page sends: JSON by its content type, which no form of another page can send. Raises `InvalidJob`."""
    if request.headers.get("content-type", "").partition(";")[0] != "application/json":
        raise InvalidJob("send application/json", code="bad_request")
    content = b""
    async for piece in request.stream():
        content += piece
        if len(content) > _MOST_JSON:
            raise InvalidJob(f"more than {_MOST_JSON:,} bytes", code="bad_request")
    try:
        found = json.loads(content)
        json.dumps(found, ensure_ascii=False).encode()  # half a surrogate pair is text that nobody can write down
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise InvalidJob("send a JSON object", code="bad_request")
    return found


async def _list_waiting(_request: Request) -> Response:
    return JSONResponse(await answers.list_reviews())


async def _show_state(request: Request) -> Response:
    seen = request.query_params.get("seen", "")
    found = await answers.describe_review(
        _read_key(request), int(seen) if seen.isdecimal() and len(seen) < 10 else None
    )
    return JSONResponse(found) if found is not None else Response(status_code=204)


async def _edit_lines(request: Request) -> Response:
    return JSONResponse(await answers.edit_lines(_read_key(request), await _read_body(request)))


async def _decide_review(request: Request) -> Response:
    return JSONResponse(await answers.decide_review(_read_key(request), await _read_body(request)))


async def _mark_line(request: Request) -> Response:
    return JSONResponse(await answers.mark_line(_read_key(request), await _read_body(request)))


async def _speak_line(request: Request) -> Response:
    sound = await answers.speak_line(_read_key(request), await _read_body(request))
    return Response(sound, media_type="audio/wav", headers=_MEDIA)


async def _record_line(request: Request) -> Response:
    """A recording as the body itself: ``POST .../recording?line=3&revision=7&by=Ana``, of a kind that no form sends."""
    if not request.headers.get("content-type", "").startswith(("audio/", "video/", "application/octet-stream")):
        raise InvalidJob("send the sound file itself, as audio/* or application/octet-stream", code="bad_request")
    asked: dict[str, Any] = {"by": request.query_params.get("by")}
    for name in ("line", "revision"):
        number = request.query_params.get(name, "")
        asked[name] = int(number) if number.isdecimal() and len(number) < 8 else None
    key = _read_key(request)
    with open_store().open_scratch() as folder:
        file = folder / "recording"
        await _receive_body(request, file)
        return JSONResponse(await answers.record_line(key, file, asked))


async def _receive_body(request: Request, file: Path) -> None:
    """The body, written down as it comes. Raises `MediaError` as soon as it is too large."""
    length = 0
    with file.open("wb") as written:
        async for piece in request.stream():
            length += len(piece)
            if length > MOST_BYTES:
                raise refuse_recording(f"the file has more than {MOST_BYTES:,} bytes")
            await asyncio.to_thread(written.write, piece)


async def _send_recording(request: Request) -> Response:
    line = request.path_params["line"]
    number = int(line) if line.isdecimal() and len(line) < 8 else 0
    found = await answers.find_recording(_read_key(request), number)
    if found is None:
        return JSONResponse({"error": {"message": "There is no such recording."}}, 404)
    return FileResponse(found, media_type="audio/wav", headers=_MEDIA)


async def _send_media(request: Request) -> Response:
    found = await answers.find_media(_read_key(request), request.path_params["which"])
    if found is None:
        return JSONResponse({"error": {"message": "There is no such recording."}}, 404)
    return FileResponse(found, headers=_MEDIA)
