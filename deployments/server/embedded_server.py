"""A server of a run's own, where none is running: `python -m deployments.server.embedded_server FD`.

The parent binds the port and hands the socket over, so the address is known before the server is up. The server lives
as long as its standard input stays open: the kernel closes that pipe when the parent dies, however it dies, so that a
killed run leaves no server behind.
"""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

from deployments.process import garbage
from deployments.process.environment import environment_with
from deployments.process.interpreter import python_command
from deployments.process.prefect_insides import make_server_app
from deployments.server.new_database import find_migrated, put_new_database
from deployments.server.own_environment import own_environment
from deployments.server.own_pages import make_origins_setting
from polyreel.errors import PolyreelError
from polyreel.machine import home
from polyreel.machine.files import require_free_disk
from polyreel.machine.heap import share_pools

READY_WITHIN_S = 120.0
_MOMENT_S = 0.2
_GOODBYE_S = 5.0
EMBEDDED = "POLYREEL_EMBEDDED_SERVER"
"""Set while a run has a server of its own: nobody looks at it, so nothing is drawn there."""
_WITHOUT_CATALOGUE = {
    # Prefect writes every kind of block of every collection into a new database, for its UI's catalogue: seconds, for
    # nobody. What a run uses registers itself. Nor is it noted as done: `polyreel up` does it for the same database.
    "PREFECT_API_BLOCKS_REGISTER_ON_START": "false",
    "PREFECT_MEMOIZE_BLOCK_AUTO_REGISTRATION": "false",
}


class EmbeddedServer:
    """A child process that serves Prefect's API on a free loopback port, with its database in ``folder``."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._is_ready = False
        # Prefect's migrations take longer than many jobs: a database that has them behind it is copied.
        put_new_database(folder, find_migrated())
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        with listener:
            # Loopback alone: this server asks for no password, and whoever reaches it can start runs.
            listener.bind(("127.0.0.1", 0))
            listener.listen(128)
            port = listener.getsockname()[1]
            self.address = f"http://127.0.0.1:{port}/api"
            self._log = (folder / "embedded-server.log").open("ab")
            self._child = subprocess.Popen(
                python_command("deployments.server.embedded_server", str(listener.fileno())),
                env={
                    **own_environment(folder, "PREFECT_API_URL"),
                    **make_origins_setting(port),
                    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
                    **_WITHOUT_CATALOGUE,
                },
                cwd=folder,
                pass_fds=[listener.fileno()],
                stdin=subprocess.PIPE,
                stdout=self._log,
                stderr=self._log,
                start_new_session=True,  # Ctrl-C is for the run; the server ends after it
            )

    def wait_until_ready(self, meanwhile: Callable[[], None] | None = None) -> None:
        """Block until the server answers. Raises `PolyreelError` where it ended or takes too long.

        ``meanwhile`` is called every moment; what it raises ends the waiting.
        """
        import httpx

        deadline = time.monotonic() + READY_WITHIN_S
        # One client for all questions: each new one reads all certificates, 26 ms of a processor that the server needs.
        # A proxy from the environment has no way to this machine's own ports.
        with httpx.Client(timeout=_MOMENT_S if meanwhile else READY_WITHIN_S, trust_env=False) as client:
            while time.monotonic() < deadline:
                if meanwhile:
                    meanwhile()
                try:
                    if client.get(f"{self.address}/health").is_success:
                        self._is_ready = True
                        return
                except httpx.TransportError:
                    if self._child.poll() is not None:
                        break
                time.sleep(0.1)
        # A full disk is said as what it is, in place of a log to read.
        require_free_disk()
        raise PolyreelError(
            "the embedded Prefect server did not start",
            code="server_failed",
            where=self.address,
            remedy=f"Its log is {self._log.name}; or point PREFECT_API_URL at a running server.",
        )

    def close(self) -> None:
        """End the server; nothing of it stays."""
        if self._child.stdin:
            self._child.stdin.close()
        if not self._is_ready:
            # Its imports hold up the thread that would see the pipe's end; until it serves, a signal ends it at once.
            self._child.terminate()
        try:
            self._child.wait(_GOODBYE_S + 1)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        self._log.close()

    def __enter__(self) -> EmbeddedServer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def require_server(address: str) -> None:
    """See that a server answers at an address. Raises `PolyreelError` with one clear line where none does."""
    import httpx

    try:
        answer = httpx.get(f"{address.rstrip('/')}/health", timeout=10, trust_env=False)
    except httpx.HTTPError as error:
        raise PolyreelError(
            f"no Prefect server answers ({type(error).__name__})",
            code="server_unreachable",
            where=address,
            remedy="Start it, or unset PREFECT_API_URL and let the run use a server of its own.",
        ) from None
    bare = answer.url.path == "/health" and answer.status_code == 404
    if bare or "html" in answer.headers.get("content-type", ""):
        raise PolyreelError(
            "what answers there is no Prefect API",
            code="server_unreachable",
            where=address,
            remedy="Correct PREFECT_API_URL: it has /api at its end, where the address of the UI has nothing.",
        )


@contextmanager
def server_for_this_run(address: str | None) -> Iterator[EmbeddedServer | None]:
    """The embedded server where no ``address`` was given. Either's address is in ``PREFECT_API_URL`` meanwhile."""
    if address:
        require_server(address)
        with environment_with({"PREFECT_API_URL": address}):
            yield None
        return
    with (
        EmbeddedServer(home.home() / "prefect") as server,
        environment_with({"PREFECT_API_URL": server.address, EMBEDDED: "1", **_read_password()}),
    ):
        yield server


def _read_password() -> dict[str, str]:
    """What a server of ours asks for, where the environment guards servers: its own run is no stranger."""
    wanted = os.environ.get("PREFECT_SERVER_API_AUTH_STRING")
    return {"PREFECT_API_AUTH_STRING": wanted} if wanted else {}


def serve(descriptor: int) -> None:
    """Serve on an inherited socket until standard input ends."""
    share_pools()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    garbage.look_seldom()
    import uvicorn

    from deployments.server.own_pages import own_pages_only

    listener = socket.socket(fileno=descriptor)
    app = own_pages_only(make_server_app(ephemeral=True))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="on"))
    _servers.append(server)
    asyncio.run(server.serve(sockets=[listener]))


_servers: list[Any] = []


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    # Still importing: there is nothing to end in order.
    if not _servers:
        os._exit(0)
    _servers[0].should_exit = True
    # Whatever hangs in its goodbye: nobody is left who would end this process.
    time.sleep(_GOODBYE_S)
    os._exit(0)


if __name__ == "__main__":
    serve(int(sys.argv[1]))
