"""Fetch a file from a vendor: flat memory, resumed where it broke off, and kept only when it is whole.

The bytes go to `NAME.part` (`polyreel.net.part`), so that also a later process goes on where this one stopped. Signed
addresses expire: give `link` as a function that asks the vendor for a fresh one, and it is called again when the
address no longer opens. An address that a vendor hands out never gets our credentials, at the vendor's own origin
neither.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import httpx

from polyreel.net.answers import continues, total_of, validator_of
from polyreel.net.pace import SLOW_ATTEMPTS, Pace, TooSlow
from polyreel.net.part import Part
from polyreel.vendors.calls import Call
from polyreel.vendors.errors import CallError, Damaged, Dripping, Facts, LinkExpired, Refused
from polyreel.vendors.links import ask_for_fresh_link
from polyreel.vendors.sockets import BLOCKS_AHEAD, PlainStream
from polyreel.vendors.transport import Transport, is_whole

Link = str | Callable[[], Awaitable[str]]
Tell = Callable[[int, int], None]
BLOCK = 1 << 20
WORTH_WRITING = 1 << 18
# Fresh addresses in a row that bring nothing: a vendor that signs what its storage refuses is not asked for ever.
MOST_FRESH_LINKS = 3


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
    to.parent.mkdir(parents=True, exist_ok=True)
    fetch = _Fetch(transport, link, to, operation, expected or Expected(), tell or _ignore_steps)
    return await fetch.fetch_file()


@dataclass
class _Fetch:
    transport: Transport
    link: Link
    to: Path
    operation: str
    expected: Expected
    tell: Tell
    content_type: str = ""

    def __post_init__(self) -> None:
        self.part = Part.beside(self.to)
        self.slow = 0

    async def fetch_file(self) -> Downloaded:
        deadline, idle = time.monotonic() + self.transport.timeouts.transfer, 0
        while True:
            before = self.part.size
            try:
                return await self._try_again_and_again(deadline)
            except CallError as failure:
                # What brought the file further is worth as much patience again.
                idle = 0 if self.part.resumable and self.part.size > before else idle + 1
                if not self._worth_going_on(failure, idle) or time.monotonic() > deadline:
                    raise

    def _worth_going_on(self, failure: CallError, idle: int) -> bool:
        if isinstance(failure, Dripping):
            self.slow += 1
            return self.slow < SLOW_ATTEMPTS
        if isinstance(failure, LinkExpired):
            # An address that was given as text can't be renewed: only who gave it knows how to ask the vendor again.
            return not isinstance(self.link, str) and idle < MOST_FRESH_LINKS
        return failure.transient and idle == 0

    async def _try_again_and_again(self, deadline: float) -> Downloaded:
        address = self.link if isinstance(self.link, str) else await self.link()
        left = max(0.1, deadline - time.monotonic())
        call = Call(self.operation, "GET", address, anonymous=is_whole(address), total=left)
        return await self.transport.repeat(call, partial(self._fetch_once, call))

    async def _fetch_once(self, call: Call, left: float) -> Downloaded:
        going_on = self.part.resumable
        # If-Range: of a file that has changed meanwhile the whole comes, and not a rest that doesn't fit.
        headers = {"Range": f"bytes={self.part.size}-", "If-Range": self.part.validator} if going_on else {}
        call = replace(call, headers=headers)
        try:
            with ask_for_fresh_link("The file's address"):
                async with self.transport.open_answer(call, left) as (response, facts):
                    await self._receive_body(response, facts)
        except Refused as refusal:
            # What lies here is longer than the vendor's file, so that it belongs to another one.
            if refusal.status == 416:
                raise self._other_file(refusal.facts) from None
            raise
        return await asyncio.to_thread(self._take_file, facts)

    async def _receive_body(self, response: httpx.Response, facts: Facts) -> None:
        # The storage knows no ranges, or the file has changed: it begins anew.
        if response.status_code != 206:
            await asyncio.to_thread(self.part.begin_anew, validator_of(response), total_of(response))
        elif continues(response, self.part):
            await asyncio.to_thread(self.part.open)
        else:
            raise self._other_file(facts)
        self.content_type = response.headers.get("content-type", "")
        try:
            await self._write_blocks(response, facts)
        except TooSlow as error:
            raise Dripping(f"The storage is {error}.", facts=facts) from None
        finally:
            await asyncio.to_thread(self.part.pause)
        if not self.part.complete:
            raise Damaged(f"{self.part.size} of {self.part.total} bytes came.", facts=facts)

    async def _write_blocks(self, response: httpx.Response, facts: Facts) -> None:
        timeouts, done = self.transport.timeouts, self.part.size
        pace = Pace(timeouts.slowest, timeouts.slow)
        async with _Beside(self.part.write_unhashed, self.part.hash_piece) as beside:
            async for block in _read_blocks(response, timeouts.read, pace):
                done += len(block)
                if done > self.expected.most:
                    said = f"The file is larger than {self.expected.most} bytes."
                    raise CallError(said, code="too_large", facts=facts)
                await beside.hand_over(block)
                self.tell(done, self.part.total or 0)

    def _other_file(self, facts: Facts) -> Damaged:
        self.part.discard()
        return Damaged("The vendor's file is not the one begun; starting over.", facts=facts)

    def _take_file(self, facts: Facts) -> Downloaded:
        size, sha256, wanted = self.part.size, self.part.sha256, self.expected
        if (wanted.bytes is not None and size != wanted.bytes) or (wanted.sha256 and sha256 != wanted.sha256):
            self.part.discard()
            raise Damaged(f"The file is not the one expected ({size} bytes, sha256 {sha256[:12]}).", facts=facts)
        # Not synced to the disk: the store does that when it takes the file.
        self.part.release_content().replace(self.to)
        return Downloaded(self.to, size, sha256, self.content_type)


def _ignore_steps(_wait_for_steps: int, _total: int) -> None:
    """Nobody asked to be told."""


class _Beside:
    """Does several blocking things with each block, each in a thread of its own, while the next blocks are being read.

    In order, and a few blocks ahead: who writes never waits for who hashes. After a failure nothing more is done.
    """

    def __init__(self, *steps: Callable[[bytes | memoryview], None]) -> None:
        self._lanes = [(step, ThreadPoolExecutor(1)) for step in steps]
        self._under_way: deque[list[Future[None]]] = deque()
        self._failed = False

    async def __aenter__(self) -> _Beside:
        return self

    async def hand_over(self, block: bytes | memoryview) -> None:
        """Give every step a block. Raises what a step raised for an earlier one."""
        while len(self._under_way) >= BLOCKS_AHEAD:
            await self._wait_for_oldest()
        self._under_way.append([lane.submit(self._run_step, step, block) for step, lane in self._lanes])

    def _run_step(self, step: Callable[[bytes | memoryview], None], block: bytes | memoryview) -> None:
        if self._failed:
            return  # a block behind one that could not be written would leave a hole in the file
        try:
            step(block)
        except BaseException:
            self._failed = True
            raise

    async def _wait_for_oldest(self) -> None:
        await _wait_for_threads(self._under_way[0])
        for step in self._under_way.popleft():
            step.result()

    async def __aexit__(self, *failure: object) -> None:
        for _, lane in self._lanes:
            lane.shutdown(wait=False)  # it takes nothing more; what was handed over is still done
        steps = [step for each in self._under_way for step in each]
        # Also behind one that failed: the file must not be closed while a thread is at it.
        await _wait_for_threads(steps)
        for step in steps:
            step.result()


async def _wait_for_threads(steps: list[Future[None]]) -> None:
    if waiting := [asyncio.wrap_future(step) for step in steps if not step.done()]:
        # `wait` leaves the steps alone when we are cancelled: a thread can't be stopped, only waited for.
        await asyncio.wait(waiting)
        for each in waiting:
            each.exception()  # seen, so that asyncio does not report it: whoever waits raises it


async def _read_blocks(response: httpx.Response, patience: float, pace: Pace) -> AsyncIterator[bytes | memoryview]:
    """The body in blocks worth writing; what came before a break is given before the break is raised."""
    buffer = bytearray()
    broken: Exception | None = None
    left = _measure_plain_rest(response)
    try:
        async for data in response.aiter_raw():
            pace.count_bytes(len(data))
            if not buffer and len(data) >= WORTH_WRITING:
                yield data
            else:
                buffer += data
            if len(buffer) >= BLOCK or (buffer and left is not None):
                yield bytes(buffer)
                buffer.clear()
            if left is not None:
                async for view in response.extensions["network_stream"].read_into_views(
                    left - len(data), patience, pace
                ):
                    yield view
                return
    except (httpx.HTTPError, TooSlow) as error:
        broken = error
    if buffer:
        yield bytes(buffer)
    if broken is not None:
        raise broken


def _measure_plain_rest(response: httpx.Response) -> int | None:
    """How long the body is, where the rest of it may be read from the connection itself."""
    length = response.headers.get("content-length", "")
    plain = isinstance(response.extensions.get("network_stream"), PlainStream)
    simple = "transfer-encoding" not in response.headers and length.isdigit()
    return int(length) if plain and simple else None
