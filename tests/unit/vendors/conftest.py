"""A scripted peer on a real loopback socket: it records what it was sent and answers what it was told to."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from polyreel.vendors.auth import KeyAuth
from polyreel.vendors.retry import waiting_off
from polyreel.vendors.transport import Transport


@dataclass(frozen=True)
class Seen:
    """One request as it arrived."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


Script = bytes | Callable[[Seen, asyncio.StreamWriter], Awaitable[None]]


def answer(status: int = 200, body: Any = b"", **headers: str) -> bytes:
    """An HTTP answer; anything but bytes goes as JSON."""
    if not isinstance(body, bytes):
        body, headers = json.dumps(body).encode(), {"content-type": "application/json", **headers}
    lines = [f"HTTP/1.1 {status} Scripted", f"Content-Length: {len(body)}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@dataclass
class Peer:
    """Answers each request with the next script; the last one stays."""

    url: str = ""
    scripts: list[Script] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)

    def will(self, *scripts: Script) -> None:
        self.scripts = list(scripts)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            self.seen.append(await _read(reader))
            script = self.scripts.pop(0) if len(self.scripts) > 1 else self.scripts[0]
            if callable(script):
                await script(self.seen[-1], writer)
            else:
                writer.write(script)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


async def _read(reader: asyncio.StreamReader) -> Seen:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    first, *rest = head.strip().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in rest)}
    method, target, _ = first.split(" ")
    return Seen(method, target, headers, await reader.readexactly(int(headers.get("content-length", "0"))))


@pytest.fixture
def make_answer() -> Callable[..., bytes]:
    return answer


async def _peer() -> AsyncIterator[Peer]:
    peer = Peer()
    server = await asyncio.start_server(peer.serve, "127.0.0.1", 0, limit=1 << 20)
    peer.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    yield peer
    server.close()


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    """The vendor."""
    async for each in _peer():
        yield each


@pytest.fixture
async def stranger() -> AsyncIterator[Peer]:
    """Another origin."""
    async for each in _peer():
        yield each


@pytest.fixture
async def transport(peer: Peer) -> AsyncIterator[Transport]:
    """A transport to the peer, with a key."""
    async with Transport("acme", peer.url + "/api", auth=KeyAuth("X-Key", "s3cret-key")) as made:
        yield made


@pytest.fixture(autouse=True)
def _no_waiting() -> Iterator[None]:
    with waiting_off():
        yield
