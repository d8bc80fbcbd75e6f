"""A Prefect server of this process's own, for a run that finds none: `python -m deployments.embedded_server`.

It binds a free loopback port itself, prints it, and lives as long as its standard input stays open. The kernel closes
that pipe when the parent dies, however it dies, so that a killed run leaves no server behind.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import threading


def main() -> None:
    """Serve until standard input ends."""
    import uvicorn
    from prefect.server.api.server import create_app

    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.bind(("127.0.0.1", 0))
    listener.listen(128)
    server = uvicorn.Server(uvicorn.Config(create_app(ephemeral=True, final=True), log_level="error", lifespan="on"))
    threading.Thread(target=_stop_with_parent, args=(server,), daemon=True).start()
    print(listener.getsockname()[1], flush=True)  # noqa: T201 - the parent reads the port from here
    asyncio.run(server.serve(sockets=[listener]))


def _stop_with_parent(server: object) -> None:
    sys.stdin.buffer.read()
    server.should_exit = True  # type: ignore[attr-defined] # uvicorn.Server, imported late
    timer = threading.Timer(5, os._exit, args=(0,))
    timer.daemon = True
    timer.start()


if __name__ == "__main__":
    main()
