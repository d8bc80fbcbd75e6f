"""The receiver of callbacks of `polyreel up --callbacks`: `python -m deployments.server.callbacks FD SECRET`.

A process of its own, on an inherited socket: whatever strangers send it, server and runs don't notice. It answers 202
to a hint, 200 to what says nothing new (so that the vendor does not send it again), 403 to what is forged.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import socket
import sys
from typing import TYPE_CHECKING, Any

from deployments.process import garbage, lifeline

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response
    from uvicorn.protocols.http.h11_impl import H11Protocol

    from polyreel.ledger.receiver import Receiver, Verdict
    from polyreel.vendors.callbacks import CallbackVerifier

# Callbacks have kilobytes. Bounds for what strangers may make this process hold: memory, and connections.
LARGEST_BODY = 1 << 20
BODY_SECONDS = 10.0
HEAD_SECONDS = 10.0
_MOST_AT_ONCE = 64
# Anybody may send what is forged: of each kind so many lines are logged, and then each hundredth one, with its count.
MOST_LINES = 100
log = logging.getLogger("polyreel.callbacks")


def make_application(receiver: Receiver) -> Starlette:
    """``POST /VENDOR`` (below whatever path the proxy sends), and nothing else."""
    from starlette.applications import Starlette
    from starlette.routing import Route

    async def receive_callback(request: Request) -> Response:
        return await _answer_callback(receiver, request)

    return Starlette(routes=[Route("/{path:path}", receive_callback, methods=["POST"])])


async def _answer_callback(receiver: Receiver, request: Request) -> Response:
    from starlette.requests import ClientDisconnect
    from starlette.responses import JSONResponse

    from polyreel.errors import LedgerError
    from polyreel.ledger.receiver import VENDORS, Verdict

    vendor = request.path_params["path"].rstrip("/").rpartition("/")[2]
    if vendor not in VENDORS:
        return JSONResponse({"error": "no such vendor"}, 404)
    try:
        # A stranger who sends a byte now and then would hold a place for ever.
        async with asyncio.timeout(BODY_SECONDS):
            body = await _read_body(request)
    except TimeoutError:
        return JSONResponse({"error": "too slow"}, 408)
    except ClientDisconnect:
        # Nobody is there to be answered. Left to Starlette, each one would log a traceback of fifty lines.
        return JSONResponse({"error": "cut off"}, 400)
    if body is None:
        return JSONResponse({"error": "too large"}, 413)
    try:
        verdict = await receiver.receive(vendor, body, request.headers)
    except LedgerError as error:
        log.warning("a callback of %s could not be passed on: %s", vendor, error)
        return JSONResponse({"error": "try again later"}, 503)
    _log_verdict(vendor, verdict, receiver.counts[vendor, verdict])
    status = {Verdict.HINT: 202, Verdict.FORGED: 403}.get(verdict, 200)
    return JSONResponse({"verdict": str(verdict)}, status)


def _log_verdict(vendor: str, verdict: Verdict, count: int) -> None:
    if count <= MOST_LINES or count % MOST_LINES == 0:
        log.info("a callback of %s: %s (%d so far)", vendor, verdict, count)


async def _read_body(request: Request) -> bytes | None:
    """The raw body; None when it is larger than any callback."""
    parts, size = [], 0
    async for part in request.stream():
        # Counted as it comes: the header's length is the stranger's own word.
        size += len(part)
        if size > LARGEST_BODY:
            return None
        parts.append(part)
    return b"".join(parts)


def make_protocol(head_seconds: float = HEAD_SECONDS) -> type[H11Protocol]:
    """HTTP whose connections end when no whole request head has come in time. Uvicorn alone waits for it for ever.

    So `_MOST_AT_ONCE` strangers that say nothing could have kept every true callback out.
    """
    from uvicorn.protocols.http.h11_impl import H11Protocol

    class RequestsInTime(H11Protocol):
        _deadline: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._await_request()

        def on_response_complete(self) -> None:
            super().on_response_complete()
            self._await_request()

        def connection_lost(self, exc: Exception | None) -> None:
            self._drop_deadline()
            super().connection_lost(exc)

        def _await_request(self) -> None:
            self._drop_deadline()
            self._deadline = self.loop.call_later(head_seconds, self._end_idle_connection)

        def _drop_deadline(self) -> None:
            if self._deadline is not None:
                self._deadline.cancel()

        def _end_idle_connection(self) -> None:
            # A request under way has a time of its own (`BODY_SECONDS`); once it is answered, this begins anew.
            if self.cycle is None or self.cycle.response_complete:
                self.transport.abort()

    return RequestsInTime


async def _load_verifier(secret: str) -> CallbackVerifier:
    """What callbacks are checked with: a saved block; without one Panjaya's published key. Raises `InvalidJob`."""
    from polyreel.vendors.callbacks import CallbackVerifier

    if not secret:
        return CallbackVerifier()
    from blocks.credentials import load_credentials

    verifier = (await load_credentials("callbacks", secret)).get_client()
    assert isinstance(verifier, CallbackVerifier)  # noqa: S101 - it was asked for by its own kind
    return verifier


def serve(descriptor: int, secret: str) -> None:
    """Serve until standard input ends. Says ``ready`` first, or why not, as JSON."""
    servers: list[Any] = []
    garbage.look_seldom()
    lifeline.hold_lifeline(lambda: _end_servers(servers))
    import uvicorn

    from polyreel.errors import InvalidJob
    from polyreel.ledger.address import ledger_rows
    from polyreel.ledger.receiver import Receiver

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    try:
        receiver = Receiver(ledger_rows(), asyncio.run(_load_verifier(secret)))
    except InvalidJob as error:
        print(json.dumps(error.as_dict()), flush=True)  # noqa: T201 - the parent reads it
        sys.exit(2)
    config = uvicorn.Config(
        # Uvicorn's warnings are a line for each connection too many and each head that is no HTTP: strangers' doing.
        make_application(receiver), log_level="error", access_log=False, lifespan="off", server_header=False,
        http=make_protocol(),
        limit_concurrency=_MOST_AT_ONCE, timeout_keep_alive=5, timeout_graceful_shutdown=2,
        h11_max_incomplete_event_size=16 << 10,
    )  # fmt: skip
    servers.append(uvicorn.Server(config))
    print("ready", flush=True)  # noqa: T201 - the parent waits for it
    asyncio.run(servers[0].serve(sockets=[socket.socket(fileno=descriptor)]))


def _end_servers(servers: list[Any]) -> None:
    if not servers:
        os._exit(0)
    servers[0].should_exit = True


if __name__ == "__main__":
    serve(int(sys.argv[1]), sys.argv[2])
