"""Plain HTTP over bare sockets, read a megabyte at a time.

The default backend reads at most 64 KiB at once and copies what it can't hand on, which halves the speed of large
downloads from loopback and local networks. TLS comes in records of 16 KiB anyway, so https keeps the default.
"""

from __future__ import annotations

import asyncio
import select
import socket
import ssl
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import httpcore
import httpx

from polyreel.net.pace import Pace, TooSlow

# As much as `bodies.CHUNK` writes. The default backend's 64 KiB halve the speed from loopback.
READ_AT_ONCE = 1 << 20
BLOCKS_AHEAD = 3
"""How many blocks of a body may still be in use when the next one is given: being written, or hashed."""
_NAMES = ("ConnectTimeout", "ReadTimeout", "WriteTimeout", "PoolTimeout", "ConnectError", "ReadError", "WriteError",
          "LocalProtocolError", "RemoteProtocolError", "UnsupportedProtocol")  # fmt: skip
_TO_HTTPX: dict[type[Exception], type[httpx.HTTPError]] = {
    getattr(httpcore, name): getattr(httpx, name) for name in _NAMES
}


class PlainTransport(httpx.AsyncBaseTransport):
    """What httpx sends http:// requests through."""

    def __init__(self) -> None:
        self._pool = httpcore.AsyncConnectionPool(
            max_connections=100, max_keepalive_connections=20, keepalive_expiry=5.0, network_backend=_Backend()
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """One request, its answer still streaming."""
        url = httpcore.URL(
            scheme=request.url.raw_scheme,
            host=request.url.raw_host,
            port=request.url.port,
            target=request.url.raw_path,
        )
        wanted = httpcore.Request(
            request.method, url, headers=request.headers.raw, content=request.stream, extensions=request.extensions
        )
        with _httpx_errors():
            given = await self._pool.handle_async_request(wanted)
        return httpx.Response(
            given.status, headers=given.headers, stream=_Stream(given), extensions=dict(given.extensions)
        )

    async def aclose(self) -> None:
        """Close every connection."""
        await self._pool.aclose()


class _Stream(httpx.AsyncByteStream):
    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _httpx_errors():
            async for data in self._response.aiter_stream():
                yield data

    async def aclose(self) -> None:
        with _httpx_errors():
            await self._response.aclose()


class _Backend(httpcore.AsyncNetworkBackend):
    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        with _core_errors(httpcore.ConnectTimeout, httpcore.ConnectError):
            async with asyncio.timeout(timeout):
                return PlainStream(await _open_socket(host, port))

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class PlainStream(httpcore.AsyncNetworkStream):
    """One connection."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._loop = asyncio.get_running_loop()

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """What has come, up to a megabyte; the pool asks for less."""
        with _core_errors(httpcore.ReadTimeout, httpcore.ReadError):
            async with asyncio.timeout(timeout):
                # More than was asked for is allowed: httpcore hands it
                # all to h11, which keeps what it does not need yet.
                return await self._loop.sock_recv(self._socket, max(max_bytes, READ_AT_ONCE))

    async def read_into_views(self, length: int, timeout: float, pace: Pace) -> AsyncIterator[memoryview]:
        """The next `length` bytes, past the HTTP library: buffers by turns, so that `BLOCKS_AHEAD` views hold.

        Only for a body of known length of which everything that came with its head has been taken. What came before
        a break is given first; raises `TooSlow` as ``pace`` says.
        """
        # One more than are in use, as the next one is filled meanwhile.
        buffers = [bytearray(READ_AT_ONCE) for _ in range(BLOCKS_AHEAD + 1)]
        turn = 0
        while length > 0:
            view = memoryview(buffers[turn])[: min(length, READ_AT_ONCE)]
            got, broken = await self._fill_view(view, timeout, pace)
            if got:
                yield view[:got]
            if broken is not None:
                raise broken
            length, turn = length - got, (turn + 1) % len(buffers)

    async def _fill_view(self, view: memoryview, timeout: float, pace: Pace) -> tuple[int, Exception | None]:
        got = 0
        try:
            while got < len(view):
                async with asyncio.timeout(timeout):
                    count = await self._loop.sock_recv_into(self._socket, view[got:])
                if not count:
                    return got, httpx.RemoteProtocolError("the connection was closed before the whole body was there")
                got += count
                pace.count_bytes(count)
        except TooSlow as error:
            return got, error
        except TimeoutError:
            return got, httpx.ReadTimeout("")
        except OSError as error:
            return got, httpx.ReadError(str(error))
        return got, None

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send all of it."""
        with _core_errors(httpcore.WriteTimeout, httpcore.WriteError):
            async with asyncio.timeout(timeout):
                await self._loop.sock_sendall(self._socket, buffer)

    async def aclose(self) -> None:
        """Close the connection."""
        self._socket.close()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        """Not here: https has its own way."""
        raise httpcore.UnsupportedProtocol("plain HTTP only")

    def get_extra_info(self, info: str) -> Any:
        """Whether the connection is readable; nothing else is known."""
        # The pool asks before it uses a connection again: readable while idle means that the other side has closed it.
        return self._readable() if info == "is_readable" else None

    def _readable(self) -> bool:
        if self._socket.fileno() < 0:
            return True
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        return bool(poll.poll(0))


async def _open_socket(host: str, port: int) -> socket.socket:
    loop = asyncio.get_running_loop()
    failure: OSError = OSError(f"{host} has no address")
    for family, kind, protocol, _, address in await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        connection = socket.socket(family, kind, protocol)
        try:
            connection.setblocking(False)
            # Head and body go out in two writes; with Nagle's algorithm
            # the second waits for the other side's delayed ACK.
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await loop.sock_connect(connection, address)
        except OSError as error:
            connection.close()
            failure = error
        except BaseException:
            connection.close()
            raise
        else:
            return connection
    raise failure


@contextmanager
def _core_errors(timeout: type[Exception], broken: type[Exception]) -> Iterator[None]:
    try:
        yield
    except TimeoutError as error:
        raise timeout(str(error)) from None
    except OSError as error:
        raise broken(str(error)) from None


@contextmanager
def _httpx_errors() -> Iterator[None]:
    try:
        yield
    except tuple(_TO_HTTPX) as error:
        raise _TO_HTTPX[type(error)](str(error)) from None
