"""Official releases, over https: resumed where they were left, given up quickly where they can't be reached."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from polyreel.engine.models.archive import Archive
from polyreel.engine.models.placing import put
from polyreel.engine.models.registry import Model, ModelFile
from polyreel.errors import EngineError
from polyreel.store import explained

_CONNECT_S, _READ_S = 4.0, 30.0
_PIECE = 1 << 20


async def fetch(
    model: Model, wanted: Sequence[ModelFile], work: Path, count: Callable[[int], None], unreachable: set[str]
) -> None:
    """Fetch files and put them on the shelf. Raises EngineError (``place_failed``, ``model_damaged``), StoreError.

    A host that can't be reached is put into ``unreachable`` and not asked again. A release of another content than
    expected counts as a failed place, and what came of it is thrown away.
    """
    host = urlsplit(model.release.address).hostname or ""
    if not host:
        raise _failed(model.name, "is released as a package only")
    if host in unreachable:
        raise _failed(host, "can't be reached")
    timeout = httpx.Timeout(_READ_S, connect=_CONNECT_S)
    try:
        async with httpx.AsyncClient(timeout=timeout, follow_redirects=True) as client:
            await (_archive if model.release.archive else _files)(client, model, wanted, work, count)
    except httpx.TransportError as error:
        unreachable.add(host)
        raise _failed(host, f"can't be reached ({type(error).__name__})") from error
    except httpx.HTTPStatusError as error:
        raise _failed(host, f"answered {error.response.status_code}") from error


async def _files(
    client: httpx.AsyncClient, model: Model, wanted: Sequence[ModelFile], work: Path, count: Callable[[int], None]
) -> None:
    before = 0
    for file in wanted:
        part = work / f"{file.sha256[:16]}.part"
        await _download(client, f"{model.release.address}/{file.path}", part, file.bytes, _from(before, count))
        await asyncio.to_thread(_put, model, file, part, work)
        before += file.bytes


def _from(before: int, count: Callable[[int], None]) -> Callable[[int], None]:
    return lambda done: count(before + done)


async def _archive(
    client: httpx.AsyncClient, model: Model, wanted: Sequence[ModelFile], work: Path, count: Callable[[int], None]
) -> None:
    part = work / "release.tar.gz"
    await _download(client, model.release.address, part, 2 * model.bytes, count)
    for file in wanted:
        await asyncio.to_thread(_put_member, model, file, part, work)


async def _download(
    client: httpx.AsyncClient, address: str, part: Path, most: int, count: Callable[[int], None]
) -> None:
    """Go on with a file where an earlier run left it, if the other side can."""
    have = await asyncio.to_thread(_size, part)
    headers = {"Range": f"bytes={have}-", "Accept-Encoding": "identity"} if have else {"Accept-Encoding": "identity"}
    async with client.stream("GET", address, headers=headers) as answer:
        if answer.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
            return  # it is all there; its hash will tell
        answer.raise_for_status()
        have = have if answer.status_code == httpx.codes.PARTIAL_CONTENT else 0
        with explained("write a model", part), part.open("ab" if have else "wb") as out:
            async for piece in answer.aiter_bytes(_PIECE):
                have += len(piece)
                if have > most:
                    raise _failed(urlsplit(address).hostname or "", "sent more than the file holds")
                out.write(piece)
                count(have)


def _size(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def _put(model: Model, file: ModelFile, part: Path, work: Path) -> None:
    try:
        put(model, file, _pieces(part), work)
    finally:
        part.unlink()


def _put_member(model: Model, file: ModelFile, part: Path, work: Path) -> None:
    put(model, file, Archive(part).pieces(file.path, file.bytes), work)


def _pieces(part: Path) -> Iterator[bytes]:
    with part.open("rb") as file:
        while piece := file.read(_PIECE):
            yield piece


def _failed(host: str, why: str) -> EngineError:
    return EngineError(f"{host} {why}", code="place_failed", where=host)
