"""One bucket's objects: look, fetch in ranges, put whole or not at all, list, delete. Every call awaits.

The library's own coroutines are not used: they are finished by its threads, which may still be touching Python while
the interpreter ends, and then the whole process aborts. Its plain calls, in threads of ours, leave nothing behind.
"""

from __future__ import annotations

import asyncio
import functools
import mimetypes
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import obstore

from polyreel.errors import PolyreelError
from polyreel.objects.address import ObjectAddress
from polyreel.objects.connection import Connection
from polyreel.objects.problems import Changed, Missing, not_there, translate_refusals

if TYPE_CHECKING:
    from obstore import GetOptions

Inputs = ParamSpec("Inputs")
Result = TypeVar("Result")

# Above S3's least part (5 MiB), and small enough that four of them at once fit into a small machine.
PIECE = 8 << 20
SMALL = 16 << 20
AT_ONCE = 4
"""Pieces under way at the same time, each way: 32 MiB in memory, and a line between two machines is full."""
MOST_PIECES = 10_000
"""S3's own limit of a multipart upload: with pieces of 8 MiB it ends at 78 GiB."""
_NOBODYS = "polyreel-looks-here"
"""An object that nobody makes, asked for to hear what the store says."""
_threads = ThreadPoolExecutor(32, thread_name_prefix="objects")


def choose_piece(size: int) -> int:
    """How large the pieces are that a file of so many bytes is put in."""
    return max(PIECE, -(-size // MOST_PIECES))


@dataclass(frozen=True, slots=True)
class ObjectFacts:
    """What is known of an object without its bytes.

    ``etag`` has its quotes; it changes whenever the content does. ``modified`` is in whole seconds since 1970.
    """

    key: str
    bytes: int
    etag: str
    modified: float = 0.0


class Bucket:
    """One bucket over one connection. Errors that a person has to know about are raised as ``error``."""

    def __init__(self, name: str, connection: Connection, error: type[PolyreelError]) -> None:
        self.name = name
        self._error = error
        self._client = connection.open_client(name, error)

    # -- reading

    async def find_facts(self, key: str) -> ObjectFacts | None:
        """What is known of an object; None where there is none, or no such bucket."""
        try:
            with translate_refusals(self._error, self._locate_key(key)):
                meta = await _call_client(obstore.head, self._client, key)
        except Missing:
            return None
        return ObjectFacts(key, meta["size"], meta["e_tag"] or "", meta["last_modified"].timestamp())

    async def require_facts(self, key: str) -> ObjectFacts:
        """What is known of an object; raises with the reason where it can't be had."""
        try:
            if found := await self.find_facts(key):
                return found
        except self._error as error:
            if error.code == "object_store_unreachable":
                raise
        # The answer to HEAD has no body, and so no reason; a byte's answer has.
        try:
            await self.read_piece(key, 0, 1)
        except Missing as missing:
            raise not_there(self._error, missing, self._locate_key(key)) from None
        raise not_there(self._error, Missing("NoSuchKey"), self._locate_key(key))

    async def require_open(self, prefix: ObjectAddress) -> None:
        """See that the bucket is there and takes our key below a prefix; nothing is put. Raises with the reason.

        Asked by reading, not by listing: a key that may only do what a delivery does is enough.
        """
        key = prefix.join_path(_NOBODYS).key
        try:
            with translate_refusals(self._error, str(prefix)):
                await _call_client(self._read_small, key, SMALL)
        except Missing as missing:
            if str(missing) == "NoSuchBucket":
                raise not_there(self._error, missing, str(prefix)) from None

    async def read(self, key: str, *, most: int = SMALL) -> bytes | None:
        """A small object whole; None where there is none, or one of more than ``most`` bytes."""
        try:
            with translate_refusals(self._error, self._locate_key(key)):
                return await _call_client(self._read_small, key, most)
        except Missing:
            return None

    async def read_piece(self, key: str, start: int, end: int, etag: str = "") -> bytes:
        """Bytes ``start`` to ``end`` (exclusive). Raises `Changed` where the ETag is another one, and `Missing`."""
        options: GetOptions = {"range": (start, end)}
        if etag:
            options["if_match"] = etag
        with translate_refusals(self._error, self._locate_key(key)):
            content = await _call_client(self._get_bytes, key, options)
        if len(content) != end - start:
            raise Changed
        return content

    def _read_small(self, key: str, most: int) -> bytes | None:
        found = obstore.get(self._client, key)
        return bytes(found.bytes()) if found.meta["size"] <= most else None

    def _get_bytes(self, key: str, options: GetOptions) -> bytes:
        return bytes(obstore.get(self._client, key, options=options).bytes())

    async def read_pieces(self, facts: ObjectFacts, start: int) -> AsyncGenerator[bytes, None]:
        """An object from byte ``start`` on, in order, several pieces under way at a time. Raises as `read_piece`."""
        starts = iter(range(start, facts.bytes, PIECE))
        under_way: deque[asyncio.Task[bytes]] = deque()

        def begin_piece() -> None:
            if (first := next(starts, None)) is not None:
                end = min(first + PIECE, facts.bytes)
                under_way.append(asyncio.ensure_future(self.read_piece(facts.key, first, end, facts.etag)))

        try:
            for _ in range(AT_ONCE):
                begin_piece()
            while under_way:
                content = await under_way[0]
                under_way.popleft()
                begin_piece()
                yield content
        finally:
            for task in under_way:
                task.cancel()
            await asyncio.gather(*under_way, return_exceptions=True)

    async def list_below(self, prefix: str) -> list[ObjectFacts]:
        """The objects right below a prefix (which ends at a slash, or is empty), without those in its folders."""
        with translate_refusals(self._error, self._locate_key(prefix)):
            found = await _call_client(obstore.list_with_delimiter, self._client, prefix or None)
        return [ObjectFacts(meta["path"], meta["size"], meta["e_tag"] or "") for meta in found["objects"]]

    async def names_below(self, prefix: str) -> list[str]:
        """The last parts of what lies right below a prefix (which ends at a slash), objects and folders."""
        with translate_refusals(self._error, self._locate_key(prefix)):
            found = await _call_client(obstore.list_with_delimiter, self._client, prefix)
        paths = [*(meta["path"] for meta in found["objects"]), *found["common_prefixes"]]
        return sorted(path.rstrip("/").rpartition("/")[2] for path in paths)

    async def find_any_key(self) -> str:
        """The key of any one object; empty where there is none. Raises with the reason where it may not be asked."""
        with translate_refusals(self._error, self._locate_key("")):
            return await _call_client(self._find_any_key)

    def _find_any_key(self) -> str:
        for page in obstore.list(self._client, chunk_size=1):
            return str(page[0]["path"]) if page else ""
        return ""

    # -- writing: an object is there whole, or as it was before

    async def put(self, key: str, content: bytes) -> None:
        """Put a small object, over one that is there."""
        with self._explain_put(key):
            await _call_client(obstore.put, self._client, key, content, use_multipart=False)

    async def create(self, key: str, content: bytes) -> None:
        """Put a small object where there is none. Of any number that try, one succeeds; the others get `Taken`."""
        with self._explain_put(key):
            await _call_client(obstore.put, self._client, key, content, mode="create", use_multipart=False)

    async def put_file(self, key: str, file: Path, *, content_type: str = "") -> None:
        """Put a file, streamed in parts; what was there is replaced at the end, in one step.

        Its content type is that of its name, where none is given.
        """
        kind = content_type or mimetypes.guess_type(file.name)[0] or mimetypes.guess_type(key)[0]
        attributes = {"Content-Type": kind or "application/octet-stream"}
        size = (await asyncio.to_thread(file.stat)).st_size
        with self._explain_put(key):
            await _call_client(
                obstore.put,
                self._client,
                key,
                file,
                attributes=attributes,
                chunk_size=choose_piece(size),
                max_concurrency=AT_ONCE,
            )

    def sign_link(self, key: str, *, seconds: int) -> str:
        """A signed address that gives the object to anybody, for so long; for a vendor that fetches by URL."""
        with translate_refusals(self._error, self._locate_key(key)):
            return obstore.sign(self._client, "GET", key, timedelta(seconds=seconds))

    @contextmanager
    def _explain_put(self, key: str) -> Iterator[None]:
        try:
            with translate_refusals(self._error, self._locate_key(key)):
                yield
        except Missing as missing:  # what is missing when one puts is the bucket
            raise not_there(self._error, missing, self._locate_key(key)) from None

    async def delete(self, key: str) -> None:
        """Delete an object. Deleting what is not there is no error."""
        try:
            with translate_refusals(self._error, self._locate_key(key)):
                await _call_client(obstore.delete, self._client, key)
        except Missing:
            return

    async def copy(self, key: str, to: str) -> None:
        """Copy an object inside the bucket, over one that is there. Raises `Missing`."""
        with translate_refusals(self._error, self._locate_key(key)):
            await _call_client(obstore.copy, self._client, key, to)

    def _locate_key(self, key: str) -> str:
        return str(ObjectAddress(self.name, key))


async def _call_client(work: Callable[Inputs, Result], *args: Inputs.args, **kwargs: Inputs.kwargs) -> Result:
    # Threads of our own: those of the event loop may all be busy dubbing.
    return await asyncio.get_running_loop().run_in_executor(_threads, functools.partial(work, *args, **kwargs))
