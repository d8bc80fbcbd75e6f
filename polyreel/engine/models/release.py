"""Official releases: resumed where they were left, given up quickly where they can't be reached.

They come over the guarded transport: a release that redirects (most do) leads to public addresses alone, and never
from https to http. What the bytes are worth is decided by their hash.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from polyreel.engine.models.archive import Archive
from polyreel.engine.models.placing import put_file
from polyreel.engine.models.registry import Model, ModelFile
from polyreel.errors import EngineError, FetchError
from polyreel.machine.files import explain_errors
from polyreel.net.guard import GuardedTransport, resolve_host
from polyreel.net.pace import SLOW_SECONDS, SLOWEST_BYTES, Pace, TooSlow

_CONNECT_S, _READ_S = 4.0, 30.0
_PIECE = 1 << 20
# How often a transfer that breaks off goes on by itself, as long as each go brings something.
_GOES = 5


async def fetch(
    model: Model, wanted: Sequence[ModelFile], work: Path, count: Callable[[int], None], unreachable: set[str]
) -> None:
    """Fetch files and put them on the shelf. Raises EngineError (``place_failed``, ``model_damaged``), StoreError.

    A host that can't be reached is put into ``unreachable`` and not asked again. A release of another content than
    expected counts as a failed place, and what came of it is thrown away.
    """
    host = urlsplit(model.release.address).hostname or ""
    if not host:
        raise EngineError(
            "there is no release of single files",
            code="place_failed",
            where=model.name,
            remedy="Pull it from its packages: `polyreel models pull`.",
        )
    async with reach(host, unreachable) as client:
        await (_fetch_archive if model.release.archive else _fetch_files)(client, model, wanted, work, count)


@asynccontextmanager
async def reach(host: str, unreachable: set[str]) -> AsyncIterator[httpx.AsyncClient]:
    """A client for what lies at a host. Whatever goes wrong on the way is an EngineError (``place_failed``)."""
    if host in unreachable:
        raise _release_error(host, "can't be reached")
    try:
        await _resolve_host(host)
        async with _make_client() as client:
            yield client
    except (httpx.TransportError, TimeoutError, FetchError) as error:
        unreachable.add(host)
        raise _release_error(host, f"can't be reached ({getattr(error, 'message', type(error).__name__)})") from error
    except httpx.InvalidURL as error:
        raise _release_error(host, "redirects to something that is no address") from error
    except TooSlow as error:
        raise _release_error(host, f"is {error}; run again to go on where this stopped") from error
    except httpx.TooManyRedirects as error:
        raise _release_error(host, "redirects without end") from error
    except httpx.HTTPStatusError as error:
        raise _release_error(host, f"answered {error.response.status_code}") from error


async def _resolve_host(host: str) -> None:
    """Resolve a host's name once in bounded time: a machine without a name server must not wait for each file."""
    async with asyncio.timeout(_CONNECT_S):
        await resolve_host(host, 443)


def _make_client() -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=GuardedTransport(),
        timeout=httpx.Timeout(_READ_S, connect=_CONNECT_S),
        # Packed by a proxy, a file could not be gone on with: ranges count packed bytes then.
        headers={"Accept-Encoding": "identity", "User-Agent": "polyreel"},
        follow_redirects=True,
        max_redirects=5,
        trust_env=False,
        event_hooks={"response": [_keep_encrypted]},
    )


async def _keep_encrypted(answer: httpx.Response) -> None:
    following = answer.next_request
    if following is not None and answer.url.scheme == "https" and following.url.scheme != "https":
        raise _release_error(answer.url.host, "redirects from https to http")


async def _fetch_files(
    client: httpx.AsyncClient, model: Model, wanted: Sequence[ModelFile], work: Path, count: Callable[[int], None]
) -> None:
    before = 0
    for file in wanted:
        part = work / f"{file.sha256[:16]}.part"
        await download(client, f"{model.release.address}/{file.path}", part, file.bytes, _report_from(before, count))
        await asyncio.to_thread(_put_part, model, file, part, work)
        before += file.bytes


def _report_from(before: int, count: Callable[[int], None]) -> Callable[[int], None]:
    return lambda done: count(before + done)


async def _fetch_archive(
    client: httpx.AsyncClient, model: Model, wanted: Sequence[ModelFile], work: Path, count: Callable[[int], None]
) -> None:
    # How large the archive is, nobody knows beforehand: twice what it holds is more than any packing adds.
    part = work / "release.tar.gz"
    await download(client, model.release.address, part, 2 * model.bytes, count)
    for file in wanted:
        await asyncio.to_thread(_put_member, model, file, part, work)


async def download(
    client: httpx.AsyncClient, address: str, part: Path, most: int, count: Callable[[int], None]
) -> None:
    """Fetch a file, going on where an earlier run, or a connection that broke off, left it."""
    for go in range(_GOES):
        before = await asyncio.to_thread(_measure_part, part)
        try:
            return await _continue_download(client, address, part, most, count)
        except httpx.TransportError:
            if go == _GOES - 1 or await asyncio.to_thread(_measure_part, part) <= before:
                raise


async def _continue_download(
    client: httpx.AsyncClient, address: str, part: Path, most: int, count: Callable[[int], None]
) -> None:
    """One request: for the rest of a file, where the other side can give that; else for the whole of it."""
    have = await asyncio.to_thread(_measure_part, part)
    async with client.stream("GET", address, headers={"Range": f"bytes={have}-"} if have else {}) as answer:
        if answer.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
            return  # it is all there; its hash will tell
        answer.raise_for_status()
        have = have if _goes_on(answer, have) else 0
        pace = Pace(SLOWEST_BYTES, SLOW_SECONDS)
        with explain_errors("write a model", part), part.open("ab" if have else "wb") as out:
            async for piece in answer.aiter_raw():
                pace.count_bytes(len(piece))
                have += len(piece)
                if have > most:
                    await asyncio.to_thread(part.unlink)  # the next run begins anew
                    raise _release_error(urlsplit(address).hostname or "", "sent more than the file holds")
                out.write(piece)
                count(have)


def _goes_on(answer: httpx.Response, have: int) -> bool:
    """Whether an answer is the rest that was asked for. Some servers know no ranges; none may give another part."""
    if answer.status_code != httpx.codes.PARTIAL_CONTENT:
        return False
    if not answer.headers.get("Content-Range", "").startswith(f"bytes {have}-"):
        raise _release_error(answer.url.host, "sent another part of the file than was asked for")
    return True


def _measure_part(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def _put_part(model: Model, file: ModelFile, part: Path, work: Path) -> None:
    with _remove_damaged(part):
        put_file(model, file, _read_pieces(part), work)
    part.unlink()


def _put_member(model: Model, file: ModelFile, part: Path, work: Path) -> None:
    with _remove_damaged(part):
        put_file(model, file, Archive(part).pieces(file.path, file.bytes), work)


@contextmanager
def _remove_damaged(part: Path) -> Iterator[None]:
    """What has the wrong bytes is no use to the next run; what only found the disk full is."""
    try:
        yield
    except EngineError:
        part.unlink()
        raise


def _read_pieces(part: Path) -> Iterator[bytes]:
    with part.open("rb") as file:
        while piece := file.read(_PIECE):
            yield piece


def _release_error(host: str, why: str) -> EngineError:
    return EngineError(
        f"{host} {why}", code="place_failed", where=host, remedy="Run the command again later; what has come is kept."
    )
