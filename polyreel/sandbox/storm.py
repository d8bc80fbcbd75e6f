"""Where faults strike on the wire: a layer around the vendors' APIs that delays, breaks and garbles answers."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from dataclasses import dataclass, field

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from polyreel.sandbox.faults import STORE, Fault, Faults
from polyreel.sandbox.state import LAG, Lag

TRANSPORT = "polyreel.transport"
_PIECES = 20
_BEFORE = ("down", "status", "slow", "reset_before")
_AFTER = ("reset_after", "truncated", "dripping", "wrong_json")


@dataclass
class Storm:
    """ASGI layer: one fault at most before the work, one at most on the answer."""

    app: ASGIApp
    faults: Faults
    vendors: frozenset[str] = field(default=frozenset())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, in the weather that is armed."""
        vendor, path = self._find_place(scope)
        if not vendor:
            await self.app(scope, receive, send)
            return
        fault = self.faults.take_any(_BEFORE, vendor, path, scope["method"])
        if fault is not None and await _strike_before(fault, scope, send):
            return
        # Chosen before the work, so that what a request does can't decide whether its answer is broken.
        after = self.faults.take_any(_AFTER, vendor, path, scope["method"])
        lagging = LAG.set(self._find_lag(vendor, path, scope["method"]))
        try:
            await self.app(scope, receive, _break_send(after, scope, send) if after else send)
        finally:
            LAG.reset(lagging)

    def _find_lag(self, vendor: str, path: str, method: str) -> Lag:
        # Reading alone: what is written goes to the vendor's own database, which knows what it has.
        if method not in ("GET", "HEAD"):
            return Lag()
        of_lists, of_one = (self.faults.take(kind, vendor, path, method) for kind in ("listed_late", "found_late"))
        return Lag(of_lists.seconds if of_lists else 0.0, of_one.seconds if of_one else 0.0)

    def _find_place(self, scope: Scope) -> tuple[str, str]:
        if scope["type"] != "http":
            return "", ""
        _, _, rest = scope["path"].partition("/")
        vendor, slash, below = rest.partition("/")
        return (vendor, slash + below) if vendor in self.vendors or vendor == STORE else ("", "")


async def _strike_before(fault: Fault, scope: Scope, send: Send) -> bool:
    """Whether the fault was the whole answer."""
    if fault.kind == "slow":
        await asyncio.sleep(fault.seconds)
        return False
    if fault.kind == "reset_before":
        reset_connection(scope)
        return True
    await _send_fault(send, 503 if fault.kind == "down" else fault.status, fault)
    return True


async def _send_fault(send: Send, status: int, fault: Fault) -> None:
    body = json.dumps(
        {"error": "Unavailable", "message": fault.message or f"rehearsed {status}", "detail": "rehearsed"}
    )
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if fault.retry_after is not None:
        headers.append((b"retry-after", fault.retry_after.encode("latin-1")))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body.encode()})


def reset_connection(scope: Scope) -> None:
    """Break the connection so that the client sees a reset, not an end."""
    transport = scope.get(TRANSPORT)
    if transport is None:
        raise ConnectionResetError("rehearsed")
    sock = transport.get_extra_info("socket")
    if sock is not None:
        # With a linger of zero seconds, closing sends a reset.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


def _break_send(fault: Fault, scope: Scope, send: Send) -> Send:
    kinds = {
        "reset_after": _reset_connection,
        "truncated": _truncate_body,
        "dripping": _drip_body,
        "wrong_json": _garble_body,
    }
    return kinds[fault.kind](fault, scope, send)


def _reset_connection(_fault: Fault, scope: Scope, _send: Send) -> Send:
    async def instead(message: Message) -> None:
        if message["type"] == "http.response.start":
            reset_connection(scope)

    return instead


def _truncate_body(_fault: Fault, scope: Scope, send: Send) -> Send:
    async def half(message: Message) -> None:
        if message["type"] != "http.response.body":
            await send(message)
            return
        body = message.get("body", b"")
        # More is promised, and never comes.
        await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
        transport = scope.get(TRANSPORT)
        if transport is not None:
            transport.close()

    return half


def _drip_body(fault: Fault, _scope: Scope, send: Send) -> Send:
    async def drip(message: Message) -> None:
        body = message.get("body", b"")
        if message["type"] != "http.response.body" or not body:
            await send(message)
            return
        step = max(1, len(body) // _PIECES)
        for start in range(0, len(body), step):
            await asyncio.sleep(fault.seconds)
            await send({"type": "http.response.body", "body": body[start : start + step], "more_body": True})
        await send({**message, "body": b""})

    return drip


def _garble_body(_fault: Fault, _scope: Scope, send: Send) -> Send:
    """Same length, so that the framing is right and only the content is wrong."""

    async def garble(message: Message) -> None:
        body = message.get("body", b"")
        if message["type"] == "http.response.body" and body:
            message = {**message, "body": b'{"unexpected": ' + b"<" * max(0, len(body) - 15)}
            message["body"] = message["body"][: len(body)]
        await send(message)

    return garble
