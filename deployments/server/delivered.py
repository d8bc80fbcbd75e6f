"""What runs delivered, for the links in the UI: ``/delivered/RUN/PATH`` beside the API, on the same port.

Only files that a run's own manifest lists, and the manifest; nothing else of the machine. A page is sent as a sandbox:
whatever is in it can't use the API. Where the API wants a password nothing is served here, as a link carries none.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from uuid import UUID

from starlette.responses import FileResponse, PlainTextResponse, Response

from polyreel.machine import home

Scope = MutableMapping[str, Any]
App = Callable[[Scope, Any, Any], Awaitable[None]]
PREFIX = "/delivered/"
_HEADERS = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox allow-scripts"}


def add_deliveries(app: App) -> App:
    """The same application, with the deliveries beside it."""

    async def route_request(scope: Scope, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["path"].startswith(PREFIX):
            await _answer_request(scope)(scope, receive, send)
        else:
            await app(scope, receive, send)

    return route_request


def _answer_request(scope: Scope) -> Response:
    run, _, name = unquote(scope["path"].removeprefix(PREFIX)).partition("/")
    found = file_of(run, name)
    # Of a method that is not served, and of a file that is not listed, nobody learns whether it exists.
    if found is None or scope["method"] not in ("GET", "HEAD"):
        return PlainTextResponse("There is no such delivered file.", status_code=404)
    return FileResponse(found, headers=_HEADERS)


def file_of(run: str, name: str) -> Path | None:
    """A delivered file of a run, by its name in the manifest; None where there is none."""
    try:
        folder = Path((home.delivered_dir() / str(UUID(run))).read_text("utf-8"))
        listed = {entry["path"] for entry in json.loads((folder / "manifest.json").read_bytes())["files"]}
        # Of a name that no file can have (with a zero byte, or too long) even the question is an error.
        file = (folder / name).resolve()
        # Both: a manifest may have been edited, and a link may lead outside.
        ours = name in listed | {"manifest.json"} and file.is_relative_to(folder.resolve())
        return file if ours and file.is_file() else None
    except (OSError, ValueError, KeyError, TypeError):
        return None
