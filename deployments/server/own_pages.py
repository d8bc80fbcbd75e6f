"""Keeps other people's pages away from a server that asks for no password.

A browser calls this machine's ports for whatever page is open in it, and Prefect answers pages of every origin: any
site could start jobs here and read what came of them. So who calls by another name than this machine's own (a name that
was made to point here), or from another page than the server's own, is refused. Programs send no origin: they are no
pages.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from deployments.server.delivered import App, Scope

SETTING = "PREFECT_SERVER_CORS_ALLOWED_ORIGINS"
"""Prefect's own setting: origins whose pages may call, separated by commas. The user may name others beside our own."""
_NAMES = ("127.0.0.1", "localhost", "[::1]")


def make_origins_setting(port: int) -> dict[str, str]:
    """The setting for a server on this port: its own pages, and those that the user has named."""
    named = [origin.strip() for origin in os.environ.get(SETTING, "").split(",")]
    return {SETTING: ",".join([*(f"http://{name}:{port}" for name in _NAMES), *filter(None, named)])}


def own_pages_only(app: App) -> App:
    """The same application, but for calls by another name, or from another page: those are answered with 403."""
    from starlette.datastructures import Headers
    from starlette.responses import PlainTextResponse

    origins = os.environ[SETTING].split(",")

    async def judge_request(scope: Scope, receive: Any, send: Any) -> None:
        reason = None
        # Web sockets, too: browsers open them to any origin.
        if scope["type"] != "lifespan":
            headers = Headers(scope=scope)
            reason = find_refusal(headers.get("host", ""), headers.get("origin"), origins)
        await (PlainTextResponse(reason, status_code=403) if reason else app)(scope, receive, send)

    return judge_request


def find_refusal(host: str, origin: str | None, origins: Collection[str]) -> str | None:
    """Why a call is refused, by its headers; None where it is welcome."""
    if _name_of(host) not in _NAMES:
        return f"This server is called 127.0.0.1 or localhost, not {host!r}."
    if origin is None or origin in origins or "*" in origins:
        return None
    return f"Pages of {origin} may not call this server; {SETTING} names those that may."


def _name_of(host: str) -> str:
    """A host without its port; empty where it is none."""
    try:
        return host.removesuffix(f":{urlsplit(f'//{host}').port}")
    except ValueError:
        return ""
