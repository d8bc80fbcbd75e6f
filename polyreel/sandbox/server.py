"""Serving the sandbox: one uvicorn on loopback, whose connections can be broken on purpose."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, cast

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from polyreel.sandbox.app import make_application, unpack_box
from polyreel.sandbox.settings import LOOPBACK, Settings
from polyreel.sandbox.storm import TRANSPORT

if TYPE_CHECKING:
    from uvicorn._types import ASGIReceiveCallable, ASGISendCallable, Scope

# Two hundred languages may call at once: a queue that is full would look like a vendor that is away.
_BACKLOG = 512


class BreakableProtocol(H11Protocol):
    """HTTP/1.1 that lets the application reach its connection, to reset it in the middle of an answer."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn narrows the type in the same way
        """Hand the connection's transport to the application with each request."""
        super().connection_made(transport)
        inner = self.app

        async def with_transport(scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
            cast("dict[str, object]", scope)[TRANSPORT] = transport
            await inner(scope, receive, send)

        self.app = with_transport


def serve_sandbox(settings: Settings, announce: Callable[[str], None] = print) -> None:
    """Serve until SIGINT or SIGTERM. ``announce`` gets the base URL as soon as requests are taken."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        # A sandbox that is started again takes its port back at once.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((LOOPBACK, settings.port))
        listener.listen(_BACKLOG)
        asyncio.run(_serve_box(settings, listener, announce))


async def _serve_box(settings: Settings, listener: socket.socket, announce: Callable[[str], None]) -> None:
    box = unpack_box(settings)
    box.files.base_url = f"http://{LOOPBACK}:{listener.getsockname()[1]}"
    config = uvicorn.Config(
        make_application(box), http=BreakableProtocol, ws="none", log_level="critical", access_log=False,
        server_header=False, timeout_graceful_shutdown=2,
    )  # fmt: skip
    server = _Quiet(config)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError, ValueError):  # a system without signals; no main thread
            loop.add_signal_handler(number, server.stop)
    announce(box.files.base_url)
    await server.serve(sockets=[listener])


class _Quiet(uvicorn.Server):
    """Ends on a signal as a finished program, without raising it again."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are taken by the event loop instead."""
        yield

    def stop(self) -> None:
        """Ask the server to end."""
        self.should_exit = True
