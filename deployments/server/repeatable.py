"""Refuses what Prefect's server would keep and could never give out again.

It keeps what a request says as it was said, and answers with a stricter writer: one run with a number beyond 64 bits or
half a character (a lone surrogate) in its parameters, and every list with that run in it is answered with 500: to the
UI, to `polyreel status`, and to the served deployments, which then end as often as they are started.
"""

from __future__ import annotations

import json
from typing import Any

import orjson
from starlette.responses import JSONResponse

from deployments.server.delivered import App, Scope


def refuse_unrepeatable(app: App) -> App:
    """The same application, but for bodies that it could not repeat: those are answered with 422 and the reason."""

    async def check_body(scope: Scope, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["method"] not in ("POST", "PUT", "PATCH"):
            return await app(scope, receive, send)
        heard = await read_whole(receive)
        if reason := find_unrepeatable(bytes_of(heard)):
            return await JSONResponse({"detail": reason}, status_code=422)(scope, receive, send)
        await app(scope, replay_messages(heard, receive), send)

    return check_body


def find_unrepeatable(body: bytes) -> str | None:
    """Why the server could not answer with what a body says; None where it could, or where it is no JSON at all."""
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return None  # the server says so itself
    try:
        # By the very writer that answers with it: what it takes can be given out again.
        orjson.dumps([said])
    except TypeError as error:
        return f"This can't be kept: {error}."
    return None


# -- what who stands before the server must do: hear it all, and say it again


async def read_whole(receive: Any) -> list[Any]:
    """Every message of a request's body."""
    heard = [await receive()]
    while heard[-1].get("more_body"):
        heard.append(await receive())
    return heard


def bytes_of(heard: list[Any]) -> bytes:
    """What the messages say."""
    return b"".join(part.get("body", b"") for part in heard)


def replay_messages(heard: list[Any], receive: Any) -> Any:
    """The messages once more, and then what comes after them."""
    waiting = iter(heard)

    async def read_following() -> Any:
        return next(waiting, None) or await receive()

    return read_following
