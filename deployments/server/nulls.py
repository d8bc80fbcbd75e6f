"""``null`` is what is left out, where Prefect's own clients say it so.

They send every field of a question, and the server, with the FastAPI that is pinned here, takes ``null`` for no number:
`prefect deploy`, `prefect deployment ls` and `prefect work-pool ls` were refused with 422.
"""

from __future__ import annotations

import json
from typing import Any

from deployments.server.delivered import App, Scope
from deployments.server.repeatable import bytes_of, read_whole, replay_messages


def leaving_out(app: App) -> App:
    """The same application, its questions (``POST .../filter``) asked without their empty fields."""

    async def drop_nulls(scope: Scope, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["method"] == "POST" and scope["path"].endswith("/filter"):
            heard = await read_whole(receive)
            receive = replay_messages([{"type": "http.request", "body": without_nulls(bytes_of(heard))}], receive)
        await app(scope, receive, send)

    return drop_nulls


def without_nulls(body: bytes) -> bytes:
    """A question's body without the fields that hold nothing; what is no JSON object as it is."""
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return body
    if not isinstance(said, dict) or None not in said.values():
        return body
    return json.dumps({name: value for name, value in said.items() if value is not None}).encode()
