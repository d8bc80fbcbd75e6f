"""Fetch a file from a vendor: flat memory, resumed where it broke off, and kept only when it is whole.

The bytes go to `NAME.part`, beside it `NAME.part.json` remembers which file they belong to (ETag and length), so that
also a later process goes on where this one stopped. Signed addresses expire: give `link` as a function that asks the
vendor for a fresh one, and it is called again when the address no longer opens.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx

from polyreel.vendors.calls import Call
from polyreel.vendors.errors import CallError, Damaged, Facts, LinkExpired, Refused
from polyreel.vendors.parts import BLOCK, Part
from polyreel.vendors.sockets import PlainStream
from polyreel.vendors.transport import Transport

Link = str | Callable[[], Awaitable[str]]
Tell = Callable[[int, int], None]
WORTH_WRITING = 1 << 18
MOST_FRESH_LINKS = 3
_EXPIRED = frozenset({400, 401, 403, 404, 410})
_RANGE = re.compile(r"bytes\s+(\d+)-(\d+)/(\d+|\*)", re.I)


@dataclass(frozen=True, slots=True)
class Downloaded:
    """A file that arrived whole."""

    path: Path
    bytes: int
    sha256: str
    content_type: str


@dataclass(frozen=True, slots=True)
class Expected:
    """What the file has to be, as far as it is known beforehand; `most` bounds what we take at all."""

    bytes: int | None = None
    sha256: str = ""
    most: int = 1 << 40


async def download(
    transport: Transport,
    link: Link,
    to: Path,
    *,
    operation: str = "download",
    expected: Expected | None = None,
    tell: Tell | None = None,
) -> Downloaded:
    """Fetch `link` into the file `to`, which appears only when it is whole. Raises `CallError`."""
    fetch = _Fetch(transport, link, to, operation, expected or Expected(), tell or _quiet, Part(to))
    return await fetch.run()


@dataclass
class _Fetch:
    transport: Transport
    link: Link
    to: Path
    operation: str
    expected: Expected
    tell: Tell
    part: Part
    content_type: str = ""

    async def run(self) -> Downloaded:
        self.to.parent.mkdir(parents=True, exist_ok=True)
        deadline, idle = time.monotonic() + self.transport.timeouts.transfer, 0
        while True:
            before = self.part.size
            try:
                return await self._attempts(deadline)
            except CallError as failure:
                # What brought the file further is worth as much patience again.
                idle = 0 if self.part.size > before else idle + 1
                if not self._worth_going_on(failure, idle) or time.monotonic() > deadline:
                    raise

    def _worth_going_on(self, failure: CallError, idle: int) -> bool:
        if isinstance(failure, LinkExpired):
            return not isinstance(self.link, str) and idle < MOST_FRESH_LINKS
        return failure.transient and idle == 0

    async def _attempts(self, deadline: float) -> Downloaded:
        address = self.link if isinstance(self.link, str) else await self.link()
        call = Call(self.operation, "GET", address, total=max(0.1, deadline - time.monotonic()))
        return await self.transport.repeat(call, partial(self._once, call))

    async def _once(self, call: Call, left: float) -> Downloaded:
        have, (etag, _) = self.part.size, self.part.noted()
        headers = {"Range": f"bytes={have}-", **({"If-Range": etag} if etag else {})} if have else {}
        call = Call(call.operation, "GET", call.path, headers=headers, total=call.total)
        try:
            async with self.transport.answer(call, left) as (response, facts):
                await self._receive(response, have, facts)
        except Refused as refusal:
            if refusal.status == 416:
                raise self._other_file(refusal.facts) from None
            if refusal.status in _EXPIRED:
                raise LinkExpired(f"The address no longer opens ({refusal.status}).", facts=refusal.facts) from None
            raise
        return await asyncio.to_thread(self._finish, facts)

    async def _receive(self, response: httpx.Response, have: int, facts: Facts) -> None:
        start, total = _place(response, facts)
        known = self.part.noted()[1]
        if start not in (0, have) or (start and known not in (None, total)):
            raise self._other_file(facts)
        self.content_type = response.headers.get("content-type", "")
        self.part.remember(response.headers.get("etag", ""), total)
        await asyncio.to_thread(self.part.open, start)
        try:
            await self._write(response, start, total, facts)
        finally:
            await asyncio.to_thread(self.part.close)
        if total is not None and self.part.size != total:
            raise Damaged(f"{self.part.size} of {total} bytes came.", facts=facts)

    async def _write(self, response: httpx.Response, start: int, total: int | None, facts: Facts) -> None:
        done = start
        async with _Beside() as beside:
            async for block in _blocks(response, self.transport.timeouts.read):
                done += len(block)
                if done > self.expected.most:
                    said = f"The file is larger than {self.expected.most} bytes."
                    raise CallError(said, code="too_large", facts=facts)
                await beside.run(partial(self.part.write, block), partial(self.part.hash, block))
                self.tell(done, total or 0)

    def _other_file(self, facts: Facts) -> Damaged:
        self.part.forget()
        return Damaged("The vendor's file is not the one begun; starting over.", facts=facts)

    def _finish(self, facts: Facts) -> Downloaded:
        size, sha256, wanted = self.part.size, self.part.sha256, self.expected
        if (wanted.bytes is not None and size != wanted.bytes) or (wanted.sha256 and sha256 != wanted.sha256):
            self.part.forget()
            raise Damaged(f"The file is not the one expected ({size} bytes, sha256 {sha256[:12]}).", facts=facts)
        self.part.finish()
        return Downloaded(self.to, size, sha256, self.content_type)


def _quiet(_done: int, _total: int) -> None:
    """Nobody asked to be told."""


class _Beside:
    """Does blocking things with one block, each in a thread, while the next block is being read."""

    def __init__(self) -> None:
        self._steps: set[asyncio.Future[None]] = set()

    async def __aenter__(self) -> _Beside:
        return self

    async def run(self, *steps: Callable[[], None]) -> None:
        await self._done()
        self._steps = {asyncio.ensure_future(asyncio.to_thread(step)) for step in steps}

    async def _done(self) -> None:
        if self._steps:
            # `wait` leaves the steps alone when we are cancelled: a thread can't be stopped, only waited for.
            await asyncio.wait(self._steps)
        done, self._steps = self._steps, set()
        for step in done:
            step.result()

    async def __aexit__(self, *failure: object) -> None:
        await self._done()


def _place(response: httpx.Response, facts: Facts) -> tuple[int, int | None]:
    """Where the body begins in the file, and how long the file is."""
    if response.status_code != 206:
        length = response.headers.get("content-length", "")
        return 0, int(length) if length.isdigit() else None
    match = _RANGE.match(response.headers.get("content-range", ""))
    if match is None:
        raise Damaged("A piece of the file came without saying which.", facts=facts)
    return int(match[1]), None if match[3] == "*" else int(match[3])


async def _blocks(response: httpx.Response, patience: float) -> AsyncIterator[bytes | memoryview]:
    """The body in blocks worth writing; what came before a break is given before the break is raised."""
    buffer, broken = bytearray(), None
    left = _left_on_a_plain_connection(response)
    try:
        async for data in response.aiter_raw():
            if not buffer and len(data) >= WORTH_WRITING:
                yield data
            else:
                buffer += data
            if len(buffer) >= BLOCK or (buffer and left is not None):
                yield bytes(buffer)
                buffer.clear()
            if left is not None:
                async for view in response.extensions["network_stream"].pour(left - len(data), patience):
                    yield view
                return
    except httpx.HTTPError as error:
        broken = error
    if buffer:
        yield bytes(buffer)
    if broken is not None:
        raise broken


def _left_on_a_plain_connection(response: httpx.Response) -> int | None:
    """How long the body is, where the rest of it may be read from the connection itself."""
    length = response.headers.get("content-length", "")
    plain = isinstance(response.extensions.get("network_stream"), PlainStream)
    simple = "transfer-encoding" not in response.headers and length.isdigit()
    return int(length) if plain and simple else None
