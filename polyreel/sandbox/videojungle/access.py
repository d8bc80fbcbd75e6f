"""Video Jungle's door: the key in ``X-API-Key`` (or, from older clients, as a bearer); documents by their id."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response

from polyreel.sandbox import box
from polyreel.sandbox.state import Json
from polyreel.sandbox.videojungle.shapes import KEY, NAME
from polyreel.sandbox.wire import Refusal

Endpoint = Callable[[Request], Awaitable[Response]]
# The vendor's lists give ten unless `limit` says more: who forgets it must see that here.
_PAGE = 10


def with_key(endpoint: Endpoint) -> Endpoint:
    """Let only requests with the account's key pass."""

    async def check_key(request: Request) -> Response:
        given = request.headers.get("x-api-key")
        if given is None:
            given = request.headers.get("authorization", "").removeprefix("Bearer ")
        if given != KEY:
            raise Refusal(401, "Invalid or missing API key")
        return await endpoint(request)

    return check_key


def require_document(request: Request, kind: str, param: str) -> Json:
    """The document that the path names."""
    return box.require_document(request, NAME, kind, param, f"{kind.capitalize()} not found")


def limit_of(request: Request) -> int:
    """The query's ``limit``."""
    given = request.query_params.get("limit", str(_PAGE))
    if not given.isdecimal() or int(given) < 1:
        raise Refusal(422, "limit must be a positive integer", code="validation", field="limit")
    return int(given)
