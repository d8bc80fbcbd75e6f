"""The server of `polyreel up`, API and UI, on an inherited socket: `python -m deployments.server.api_server FD`."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from typing import Any

from deployments.process import garbage, lifeline
from deployments.process.prefect_insides import make_server_app
from polyreel.machine.heap import share_pools


def serve(descriptor: int) -> None:
    """Serve until standard input ends."""
    servers: list[Any] = []
    garbage.look_seldom()
    share_pools()
    lifeline.hold_lifeline(lambda: _end_servers(servers))
    import uvicorn

    from deployments.server import one_writer
    from deployments.server.delivered import add_deliveries
    from deployments.server.nulls import leaving_out
    from deployments.server.overview import with_overview
    from deployments.server.own_pages import own_pages_only
    from deployments.server.refused_jobs import explain_refusals
    from deployments.server.repeatable import refuse_unrepeatable
    from deployments.server.review.pages import with_review_page

    one_writer.install_queue()
    listener = socket.socket(fileno=descriptor)
    # Outermost is the check: what can't be repeated is refused before anything reads it.
    app = refuse_unrepeatable(leaving_out(explain_refusals(make_server_app())))
    guarded = os.environ.get("PREFECT_SERVER_API_AUTH_STRING")
    config = uvicorn.Config(
        with_overview(app) if guarded else own_pages_only(with_overview(with_review_page(add_deliveries(app)))),
        log_level="warning",
        lifespan="on",
        timeout_graceful_shutdown=2,  # browsers keep their connections open
    )
    servers.append(uvicorn.Server(config))
    asyncio.run(servers[0].serve(sockets=[listener]))


def _end_servers(servers: list[Any]) -> None:
    if not servers:
        os._exit(0)
    servers[0].should_exit = True


if __name__ == "__main__":
    serve(int(sys.argv[1]))
