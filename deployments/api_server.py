"""The Prefect server of `polyreel up`, API and UI: `python -m deployments.api_server FD`, on an inherited socket."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from typing import Any

from deployments import garbage, lifeline


def serve(descriptor: int) -> None:
    """Serve until standard input ends."""
    servers: list[Any] = []
    garbage.look_seldom()
    lifeline.hold(lambda: _end(servers))
    import uvicorn
    from prefect.server.api.server import create_app

    from deployments import one_writer
    from deployments.delivered import beside
    from deployments.nulls import leaving_out
    from deployments.own_pages import own_pages_only
    from deployments.repeatable import refusing

    one_writer.install()
    listener = socket.socket(fileno=descriptor)
    app = refusing(leaving_out(create_app(final=True)))
    guarded = os.environ.get("PREFECT_SERVER_API_AUTH_STRING")
    config = uvicorn.Config(
        app if guarded else own_pages_only(beside(app)),
        log_level="warning",
        lifespan="on",
        timeout_graceful_shutdown=2,  # browsers keep their connections open
    )
    servers.append(uvicorn.Server(config))
    asyncio.run(servers[0].serve(sockets=[listener]))


def _end(servers: list[Any]) -> None:
    if not servers:
        os._exit(0)
    servers[0].should_exit = True


if __name__ == "__main__":
    serve(int(sys.argv[1]))
