"""Fetch a file from a vendor: flat memory, resumed where it broke off, and kept only when it is whole.

The bytes go to `NAME.part`, beside it `NAME.part.json` remembers which file they belong to (ETag and length), so that
also a later process goes on where this one stopped. Signed addresses expire: give `link` as a function that asks the
vendor for a fresh one, and it is called again when the address no longer opens.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

import httpx

from polyreel.vendors.calls import Call, with_status
from polyreel.vendors.errors import CallError, Damaged, Facts, LinkExpired, Refused
from polyreel.vendors.transport import Transport

Link = str | Callable[[], Awaitable[str]]
Tell = Callable[[int, int], None]
BLOCK = 1 << 20
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
    fetch = _Fetch(transport, link, to, operation, expected or Expected(), tell or (lambda done, total: None))
    return await fetch.run()


@dataclass
class _Fetch:
    transport: Transport
    link: Link
    to: Path
    operation: str
    expected: Expected
    tell: Tell
    content_type: str = ""

    @property
    def part(self) -> Path:
        return self.to.with_name(self.to.name + ".part")

    @property
    def note(self) -> Path:
        return self.to.with_name(self.to.name + ".part.json")

    async def run(self) -> Downloaded:
        self.to.parent.mkdir(parents=True, exist_ok=True)
        deadline, idle = time.monotonic() + self.transport.timeouts.transfer, 0
        while True:
            before = self._have()
            try:
                return await self._attempts(deadline)
            except CallError as failure:
                # What brought the file further is worth as much patience again.
                idle = 0 if self._have() > before else idle + 1
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
        have, validator = self._have(), self._validator()
        headers = {"Range": f"bytes={have}-", **({"If-Range": validator} if validator else {})} if have else {}
        call = Call(call.operation, "GET", call.path, headers=headers, total=call.total)
        try:
            async with self.transport.answer(call, left) as response:
                await self._receive(response, have, with_status(self.transport.facts(call), response))
        except Refused as refusal:
            if refusal.status == 416:
                self._forget()
                raise Damaged("The vendor's file is not the one begun; starting over.", facts=refusal.facts) from None
            if refusal.status in _EXPIRED:
                raise LinkExpired(f"The address no longer opens ({refusal.status}).", facts=refusal.facts) from None
            raise
        return await asyncio.to_thread(self._finish, self.transport.facts(call))

    async def _receive(self, response: httpx.Response, have: int, facts: Facts) -> None:
        start, total = _place(response, facts)
        if start not in (0, have):
            raise Damaged("The vendor sent another piece than asked for.", facts=facts)
        self.content_type = response.headers.get("content-type", "")
        self._remember(response, total)
        with self.part.open("r+b" if start else "wb", buffering=0) as file:
            file.seek(start)
            await self._write(response, file, start, total, facts)
        if total is not None and self._have() != total:
            raise Damaged(f"{self._have()} of {total} bytes came.", facts=facts)

    async def _write(
        self, response: httpx.Response, file: BinaryIO, start: int, total: int | None, facts: Facts
    ) -> None:
        done = start
        async for block in _blocks(response):
            done += len(block)
            if done > self.expected.most:
                raise CallError(f"The file is larger than {self.expected.most} bytes.", code="too_large", facts=facts)
            await asyncio.to_thread(file.write, block)
            self.tell(done, total or 0)

    def _finish(self, facts: Facts) -> Downloaded:
        with self.part.open("rb") as file:
            os.fsync(file.fileno())
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        size = self._have()
        wanted = self.expected
        if (wanted.bytes is not None and size != wanted.bytes) or (wanted.sha256 and sha256 != wanted.sha256):
            self._forget()
            raise Damaged(f"The file is not the one expected ({size} bytes, sha256 {sha256[:12]}).", facts=facts)
        self.part.replace(self.to)
        self.note.unlink(missing_ok=True)
        return Downloaded(self.to, size, sha256, self.content_type)

    def _have(self) -> int:
        return self.part.stat().st_size if self.part.exists() and self.note.exists() else 0

    def _validator(self) -> str:
        try:
            return str(json.loads(self.note.read_text())["etag"])
        except (OSError, ValueError, KeyError):
            return ""

    def _remember(self, response: httpx.Response, total: int | None) -> None:
        # A weak ETag can't vouch for bytes (RFC 9110, 13.1.5); without a strong one the length has to do.
        etag = response.headers.get("etag", "")
        self.note.write_text(json.dumps({"etag": "" if etag.startswith("W/") else etag, "length": total}))

    def _forget(self) -> None:
        self.part.unlink(missing_ok=True)
        self.note.unlink(missing_ok=True)


def _place(response: httpx.Response, facts: Facts) -> tuple[int, int | None]:
    """Where the body begins in the file, and how long the file is."""
    if response.status_code != 206:
        length = response.headers.get("content-length", "")
        return 0, int(length) if length.isdigit() else None
    match = _RANGE.match(response.headers.get("content-range", ""))
    if match is None:
        raise Damaged("A piece of the file came without saying which.", facts=facts)
    return int(match[1]), None if match[3] == "*" else int(match[3])


async def _blocks(response: httpx.Response) -> AsyncIterator[bytes]:
    buffer, broken = bytearray(), None
    try:
        async for data in response.aiter_raw():
            buffer += data
            if len(buffer) >= BLOCK:
                yield bytes(buffer)
                buffer.clear()
    except httpx.HTTPError as error:
        broken = error
    # What came before the break is kept, so that the next attempt need not fetch it again.
    if buffer:
        yield bytes(buffer)
    if broken is not None:
        raise broken
