"""A small server that behaves as badly as a test asks it to, on real loopback sockets."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest

from polyreel.sources.port import FetchLimits
from polyreel.store.local import LocalStore

Handler = Callable[["Asked", asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Asked:
    """One request as it came."""

    path: str
    headers: dict[str, str]


@dataclass
class Server:
    """Answers each request with the next handler; the last one stays."""

    port: int = 0
    handlers: list[Handler] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)

    def url(self, path: str = "/film.mp4", host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    def answers(self, *handlers: Handler) -> None:
        self.handlers = list(handlers)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            self.asked.append(await _read(reader))
            handler = self.handlers.pop(0) if len(self.handlers) > 1 else self.handlers[0]
            await handler(self.asked[-1], writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # The client has heard enough: that is what some tests are about.
        finally:
            writer.close()


async def _read(reader: asyncio.StreamReader) -> Asked:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
    return Asked(head[0].split(" ")[1], headers)


def head(status: str, **headers: object) -> bytes:
    lines = [f"HTTP/1.1 {status}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def says(status: str, body: bytes = b"", **headers: object) -> Handler:
    """A plain answer; without a Content-Length of its own it gets the true one."""

    async def handler(asked: Asked, writer: asyncio.StreamWriter) -> None:
        length = {} if "Content_Length" in headers or status.startswith("304") else {"Content_Length": len(body)}
        writer.write(head(status, **length, **headers) + body)
        await writer.drain()

    return handler


def serves(body: bytes, *, cut_after: int | None = None, etag: str = '"one"', **headers: object) -> Handler:
    """A proper file server with ranges and ETags, which may cut the line after so many bytes of a body."""

    async def handler(asked: Asked, writer: asyncio.StreamWriter) -> None:
        named = {"ETag": etag, **headers} if etag else headers
        if etag and asked.headers.get("if-none-match") == etag:
            writer.write(head("304 Not Modified", **named))
            return
        start = _start(asked, etag)
        rest = body[start:]
        if start:
            span = {"Content_Range": f"bytes {start}-{len(body) - 1}/{len(body)}"}
            writer.write(head("206 Partial Content", Content_Length=len(rest), **span, **named))
        else:
            writer.write(head("200 OK", Content_Length=len(rest), **named))
        writer.write(rest[:cut_after])
        await writer.drain()

    return handler


def _start(asked: Asked, etag: str) -> int:
    wanted = asked.headers.get("range", "")
    fresh = asked.headers.get("if-range", etag) == etag
    return int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and fresh else 0


@pytest.fixture
async def server(monkeypatch):
    monkeypatch.setenv("POLYREEL_ALLOW_NETWORKS", "127.0.0.0/8")
    it = Server()
    listening = await asyncio.start_server(it.serve, "127.0.0.1", 0, limit=1 << 20)
    it.port = listening.sockets[0].getsockname()[1]
    async with listening:
        yield it


@pytest.fixture
def store(tmp_path):
    return LocalStore(tmp_path / "home" / "store")


@pytest.fixture
def quick():
    """Limits without waiting."""
    return FetchLimits(max_bytes=8 << 20, deadline_seconds=20, stall_seconds=5, attempts=3, backoff_seconds=0)


@pytest.fixture
def answers():
    """The ways to answer, for the tests (a folder of tests is no package)."""

    class Answers:
        says = staticmethod(says)
        serves = staticmethod(serves)
        head = staticmethod(head)

    return Answers
