"""A small asset manager of our own making, where everything can go wrong at will."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from polyreel.vendors.nomad.client import NomadClient

Reply = bytes
Answer = Callable[..., Reply]


@dataclass
class Manager:
    """Logins, and one upload in parts of unequal length; told what to spoil."""

    url: str
    answer: Answer
    size: int = 0
    cuts: tuple[int, ...] = ()
    tokens: list[str] = field(default_factory=lambda: ["first"])
    good: set[str] = field(default_factory=lambda: {"first"})
    refusal: int = 401
    stored: dict[int, bytes] = field(default_factory=dict)
    etags: dict[int, str] = field(default_factory=dict)
    confirmed: dict[int, str] = field(default_factory=dict)
    heads: list[dict[str, str]] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    signature: int = 0
    expire_once: set[int] = field(default_factory=set)
    spoil_once: set[int] = field(default_factory=set)
    plain: dict[str, Reply] = field(default_factory=dict)

    @property
    def whole(self) -> bytes:
        """What the parts make together."""
        return b"".join(self.stored[number] for number in sorted(self.stored))

    async def __call__(self, seen: Any, writer: asyncio.StreamWriter) -> None:
        writer.write(self.reply(seen))
        await writer.drain()

    def reply(self, seen: Any) -> Reply:
        target = seen.target
        self.log.append(f"{seen.method} {target.split('?')[0]}")
        if target.startswith("/storage/"):
            return self.put(seen, int(re.findall(r"\d+", target)[0]), int(target.split("=")[1]))
        path = target.removeprefix("/api").split("?")[0]
        if path.startswith("/account/"):
            return self.account(path, json.loads(seen.body or b"{}"))
        if seen.headers.get("authorization", "").removeprefix("Bearer ") not in self.good:
            return self.answer(self.refusal, {"title": "token"})
        return self.asset(seen, path)

    def account(self, path: str, body: dict[str, str]) -> Reply:
        if path.endswith("login"):
            if body != {"userName": "ana", "password": "right-password"}:
                return self.answer(404, {"title": "Not Found"})
            return self.answer(200, {"Token": self.tokens[-1], "RefreshToken": "again", "ExpirationSeconds": 60})
        if path.endswith("refresh-token"):
            if body != {"refreshToken": "again"} or len(self.tokens) < 2:
                return self.answer(404, {"title": "Not Found"})
            return self.answer(200, {"token": self.tokens[-1]})
        return self.answer(200)

    def asset(self, seen: Any, path: str) -> Reply:
        if path in self.plain:
            return self.plain[path]
        if path.endswith("/upload/start") or re.fullmatch(r"/admin/asset/upload/u", path):
            return self.answer(200, self.upload())
        if found := re.fullmatch(r"/asset/upload/part/p(\d+)/complete", path):
            self.confirmed[int(found[1])] = json.loads(seen.body)["etag"]
            return self.answer(200)
        if path == "/asset/upload/u/complete":
            return self.answer(200)
        return self.answer(404, {"title": "Not Found"})

    def upload(self) -> dict[str, Any]:
        self.signature += 1
        ends = [*self.cuts, self.size]
        starts = [0, *self.cuts]
        parts = [
            {
                "id": f"p{number}",
                "partNumber": number,
                "url": f"{self.url}/storage/{number}?signature={self.signature}",
                "startingPosition": start,
                "endingPosition": end - 1,
                "isCompleted": number in self.confirmed,
            }
            for number, (start, end) in enumerate(zip(starts, ends, strict=True), 1)
        ]
        return {"id": "u", "assetId": "a", "parts": parts[::-1]}

    def put(self, seen: Any, number: int, signature: int) -> Reply:
        self.heads.append(seen.headers)
        if number in self.expire_once:
            self.expire_once.remove(number)
            return self.answer(403, b"<Error><Code>AccessDenied</Code></Error>")
        data = seen.body
        if number in self.spoil_once:
            self.spoil_once.remove(number)
            data = b"other" + data[5:]
        self.stored[number] = data
        etag = f'"{hashlib.md5(data).hexdigest()}"'
        return self.answer(200, b"", ETag=etag)


@pytest.fixture
def manager(peer: Any, make_answer: Answer) -> Manager:
    """The server; its logins give the token `first`."""
    made = Manager(peer.url, make_answer)
    peer.will(made)
    return made


@pytest.fixture
def client(manager: Manager) -> NomadClient:
    """Logs in as ana."""
    return NomadClient.with_login(manager.url, "ana", "right-password")


@pytest.fixture
def file(tmp_path: Path, manager: Manager) -> Path:
    """A file that the server wants in four unequal parts."""
    data = bytes(range(256)) * 4000
    made = tmp_path / "film.mp4"
    made.write_bytes(data)
    manager.size, manager.cuts = len(data), (100_000, 100_001, 700_000)
    return made
