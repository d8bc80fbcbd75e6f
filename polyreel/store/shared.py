"""A store that several machines keep together: an object store, of which each machine's own folder is a working copy.

::

    s3://BUCKET/PREFIX/store.json                  says that this is one
    s3://BUCKET/PREFIX/blobs/ab/abcd...ef.wav      as in a local store
    s3://BUCKET/PREFIX/records/<stage>/<digest>.json
    s3://BUCKET/PREFIX/results/<key>               what finished stages returned

Everything is made and kept on this machine first, and marked (``store/outbox``) until it is up: what could not go up,
because the object store was away or we were killed, goes up at the next run. Blobs go before the record that names
them, so that a record never names what nobody has. Two machines that finish the same work put the same blobs, and the
later record stands: both say the same. What comes from there is hashed, and what is damaged there is removed.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from polyreel.errors import StoreError
from polyreel.machine.files import explain_errors, parse_note, write_atomically
from polyreel.net.part import Part, open_part
from polyreel.objects.address import ObjectAddress
from polyreel.objects.bucket import PIECE, Bucket, ObjectFacts
from polyreel.objects.connection import Connection
from polyreel.objects.problems import Changed, Missing, Taken
from polyreel.outcome import StoredFile
from polyreel.store.local import PLACELESS, LocalStore, blob_path, is_here
from polyreel.store.named import find_stored_files
from polyreel.store.outbox import Outbox, content_of

Result = TypeVar("Result")

_FORMAT = {"store": "polyreel", "format": 1}
_NAMED = re.compile(rb"\bstore:([0-9a-f]{64}(?:\.[\w.-]{1,60})?)", re.ASCII)
# Small files wait for answers more than for bytes; nothing depends on the exact number.
_AT_ONCE = 8
_POLL_SECONDS = 0.05
_REST_SECONDS = 30.0
"""How long an object store that did not answer is left alone: meanwhile this machine works from what it has."""
_AWAY = "The shared store did not answer a moment ago."
_OUR_OWN = {"hash"}
"""Stages whose records hold for this machine's own disk only."""


class SharedStore(LocalStore):
    """A local store that writes through to a prefix of a bucket, and reads through from it.

    The plain methods work as the local store's do. `load_record` may wait for the network, so it is for threads, as all
    blocking work is. Stored files get names without a place.
    """

    def __init__(self, address: ObjectAddress, connection: Connection | None = None) -> None:
        super().__init__()
        self.address = address
        self._connection = connection or Connection()
        self._outbox = Outbox(self.root / "outbox")
        self._known: set[str] = set()
        self._busy: set[str] = set()
        self._rests_until = 0.0

    def _uri_of(self, final: Path) -> str:
        return f"{PLACELESS}:{final.name}"

    @property
    def _bucket(self) -> Bucket:
        return Bucket(self.address.bucket, self._connection, StoreError)

    def _make_key(self, name: str) -> str:
        return self.address.join_path(name).key

    async def check_usable(self) -> None:
        """See that the object store can be read, and, the first time, written."""
        key = self._make_key("store.json")
        try:
            if await self._bucket.find_facts(key) is None:
                with contextlib.suppress(Taken):  # another machine was first, by a moment
                    await self._bucket.create(key, json.dumps(_FORMAT).encode())
        except StoreError as error:
            alone = "Or unset POLYREEL_STORE, to work with what this machine has: nothing of it is lost."
            raise StoreError(
                error.message, code=error.code, where=error.where, remedy=f"{error.remedy} {alone}"
            ) from None
        self._rests_until = 0.0

    # -- reading through

    def has(self, stored_file: StoredFile) -> bool:
        """Whether the bytes are here, or known to be where `fetch_files` gets them from."""
        return is_here(stored_file) or _name_of(stored_file) in self._known

    async def present(self, stored_files: Iterable[StoredFile]) -> bool:
        """Whether all can be had. What another machine calls a file of its own can't."""
        places = asyncio.Semaphore(_AT_ONCE)

        async def is_there(stored_file: StoredFile) -> bool:
            async with places:
                return await self._is_there(stored_file)

        return all(await asyncio.gather(*map(is_there, stored_files)))

    async def _is_there(self, stored_file: StoredFile) -> bool:
        name = _name_of(stored_file)
        if self.has(stored_file) or name is None:
            return self.has(stored_file)
        facts = await self._bucket.find_facts(self._make_key(_blob_key(name)))
        if facts is None or facts.bytes != stored_file.bytes:
            return False
        self._known.add(name)
        return True

    async def fetch_files(self, stored_files: Iterable[StoredFile]) -> None:
        """Fetch what is not on this machine, several at a time. Raises `StoreError`."""
        wanted = {name: each for each in stored_files if (name := _name_of(each)) and not is_here(each)}
        places = asyncio.Semaphore(_AT_ONCE)

        async def fetch_one(name: str, stored_file: StoredFile) -> None:
            async with places:
                await self._fetch_file(name, stored_file)

        async with _first_error(asyncio.TaskGroup()) as group:
            for name, stored_file in wanted.items():
                group.create_task(fetch_one(name, stored_file))

    async def _fetch_file(self, name: str, stored_file: StoredFile) -> None:
        async with self.lasting_scratch(f"bring-{name}") as folder:
            if is_here(stored_file):
                return  # Somebody else on this machine has just fetched it.
            facts = await self._require_object(name)
            with explain_errors("keep what is fetched", folder):
                async with open_part(folder) as part:
                    was_begun = part.resumable
                    await self._fill_part(part, facts)
                    if was_begun and not _is_whole(part, stored_file):
                        part.begin_anew()  # what lay here may be at fault: the shared copy is judged by itself
                        await self._fill_part(part, facts)
                    if not _is_whole(part, stored_file):
                        part.discard()
                        raise await self._drop_damaged(name)
                    await asyncio.to_thread(part.move_to, blob_path(self.root, name))

    async def _require_object(self, name: str) -> ObjectFacts:
        try:
            return await self._bucket.require_facts(self._make_key(_blob_key(name)))
        except StoreError as error:
            self._known.discard(name)
            if error.code == "no_such_object":
                remedy = "Run again: it is made anew."
                raise StoreError(
                    "a stored file is gone from the shared store",
                    code="stored_file_missing",
                    where=error.where,
                    remedy=remedy,
                ) from None
            raise

    async def _fill_part(self, part: Part, facts: ObjectFacts) -> None:
        if (part.validator, part.total) != (facts.etag, facts.bytes):
            part.begin_anew(facts.etag, facts.bytes)
        try:
            async with aclosing(self._bucket.read_pieces(facts, part.size)) as pieces:
                async for content in pieces:
                    await asyncio.to_thread(part.write, content)
        except (Changed, Missing):
            # Content-addressed objects don't change; whoever replaced this one healed it, or damaged it.
            part.begin_anew()
            raise StoreError(
                "a stored file changed while it was fetched",
                code="stored_file_damaged",
                where=str(self.address),
                remedy="Run again.",
            ) from None

    async def _drop_damaged(self, name: str) -> StoreError:
        self._known.discard(name)
        key = self._make_key(_blob_key(name))
        await self._bucket.delete(key)
        return StoreError(
            "the shared store's copy of a stored file is not what it was; it was removed",
            code="stored_file_damaged",
            where=str(ObjectAddress(self.address.bucket, key)),
            remedy="Run again: it is made anew.",
        )

    # -- records

    def save_record(self, key: str, value: Mapping[str, Any]) -> None:
        """Record what a piece of work gave, under its key; it goes up with the next `share_files`."""
        super().save_record(key, value)
        if not _is_our_own(key):
            self._outbox.mark_file(self._record_name(key))

    def load_record(self, key: str) -> dict[str, Any] | None:
        """What was recorded under a key, on any machine, with all that it names brought here. Blocks."""
        found = super().load_record(key)
        if _is_our_own(key) or (found is not None and all(map(is_here, find_stored_files(found)))):
            return found
        return _wait_for(lambda: self._load_record(key))

    async def _load_record(self, key: str) -> dict[str, Any] | None:
        found = await self.peek_at_record(key)
        if found is None:
            return None
        try:
            await self.fetch_files(find_stored_files(found))
        except StoreError as error:
            self._note_trouble(error)
            return None
        return found

    async def peek_at_record(self, key: str) -> dict[str, Any] | None:
        """What was recorded under a key, on any machine."""
        found = super().load_record(key)
        if found is not None or _is_our_own(key):
            return found
        content = await self.look_up(self._record_name(key))
        value = parse_note(content) if content else None
        if value is not None:
            await asyncio.to_thread(super().save_record, key, value)
        return value

    async def look_up(self, name: str) -> bytes | None:
        """A small file from the object store; None too while it is away: then this machine works with what it has."""
        if time.monotonic() < self._rests_until:
            return None
        try:
            return await self._bucket.read(self._make_key(name))
        except StoreError as error:
            self._note_trouble(error)
            return None

    def _record_name(self, key: str) -> str:
        return self._locate_record(key).relative_to(self.root).as_posix()

    # -- small files that are written once

    async def create_file(self, name: str, content: bytes) -> bool:
        """Keep a small file under a name that no machine has used. Only the object store can tell who was first."""
        for blob in dict.fromkeys(each.decode() for each in _NAMED.findall(content)):
            await self._put_blob(blob)
        try:
            await self._bucket.create(self._make_key(name), content)
        except Taken:
            return False
        await super().create_file(name, content)
        return True

    async def read_file(self, name: str) -> bytes | None:
        """A small file that was created, on any machine; it never changes, so a copy here is as good."""
        here = await super().read_file(name)
        found = here or await self._bucket.read(self._make_key(name))
        if found and not here:
            await super().create_file(name, found)
        return found

    async def names_below(self, folder: str) -> list[str]:
        """What any machine has created right below a folder."""
        return await self._bucket.names_below(f"{self._make_key(folder)}/")

    # -- writing through

    async def offer_file(self, name: str) -> None:
        """Mark a file that nobody has put up: from before the store was shared, or of a run that was killed."""
        if name in self._known or time.monotonic() < self._rests_until:
            return
        try:
            if await self._bucket.find_facts(self._make_key(name)) is None:
                await asyncio.to_thread(self._make_placeless, self.file_named(name))
                self._outbox.mark_file(name)
            self._known.add(name)
        except StoreError as error:
            self._note_trouble(error)

    def _make_placeless(self, file: Path) -> None:
        own = re.escape((self.root.absolute() / "blobs").as_uri().encode()) + rb"/[0-9a-f]{2}/(?=[0-9a-f]{64})"
        content = content_of(file)
        if (placeless := re.sub(own, b"store:", content)) != content:
            write_atomically(file, placeless)

    async def share_files(self, *names: str) -> None:
        """Bring up small files (``results/KEY``) and all that is marked, each after the blobs that it names.

        What can't go up stays here, marked, for the next time; `trouble` says why, and nothing is raised.
        """
        for name in names:
            self._outbox.mark_file(name)
        marked = await asyncio.to_thread(self._outbox.list_marked) - self._busy
        places = asyncio.Semaphore(_AT_ONCE)

        async def share_one(name: str) -> str:
            async with places:
                return await self._try_put(name)

        self.trouble = next(filter(None, await asyncio.gather(*map(share_one, marked))), "")

    async def _try_put(self, name: str) -> str:
        if time.monotonic() < self._rests_until:
            return _AWAY
        try:
            await self._put_file(name)
        except StoreError as error:
            self._note_trouble(error)
            return str(error)
        return ""

    async def _put_file(self, name: str) -> None:
        async with self._hold_name(name):
            content = await asyncio.to_thread(content_of, self.file_named(name))
            for blob in dict.fromkeys(each.decode() for each in _NAMED.findall(content)):
                await self._put_blob(blob)
            if content:
                await self._bucket.put(self._make_key(name), content)
            self._outbox.drop_mark(name)

    async def _put_blob(self, name: str) -> None:
        file, key = blob_path(self.root, name), self._make_key(_blob_key(name))
        async with self._hold_name(name):
            if name in self._known or not file.exists():
                return  # What is not here came from there, and was not needed.
            size = file.stat().st_size
            if size <= PIECE:
                try:
                    await self._bucket.create(key, await asyncio.to_thread(file.read_bytes))
                except Taken:
                    await self._replace_unless_whole(key, file, size)
            else:
                await self._replace_unless_whole(key, file, size)
            self._known.add(name)

    async def _replace_unless_whole(self, key: str, file: Path, size: int) -> None:
        found = await self._bucket.find_facts(key)
        if found is None or found.bytes != size:
            await self._bucket.put_file(key, file)

    @asynccontextmanager
    async def _hold_name(self, name: str) -> AsyncIterator[None]:
        """One upload of a name at a time in this process. Between processes, a second one does no harm."""
        while name in self._busy:  # noqa: ASYNC110 - users may be on several event loops, which share no event
            await asyncio.sleep(_POLL_SECONDS)
        self._busy.add(name)
        try:
            yield
        finally:
            self._busy.discard(name)

    def _note_trouble(self, error: StoreError) -> None:
        if error.code == "object_store_unreachable":
            self._rests_until = time.monotonic() + _REST_SECONDS


def _wait_for(work: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
    """Wait for the network as one waits for a disk. On an event loop a thread does it: a loop can't run in a loop."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work())
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(work())).result()


def _name_of(stored_file: StoredFile) -> str | None:
    scheme, _, name = stored_file.uri.partition(":")
    return name if scheme == PLACELESS else None


def _blob_key(name: str) -> str:
    return f"blobs/{name[:2]}/{name}"


def _is_our_own(key: str) -> bool:
    return key.partition("-")[0] in _OUR_OWN


@asynccontextmanager
async def _first_error(group: asyncio.TaskGroup) -> AsyncIterator[asyncio.TaskGroup]:
    """A group of tasks whose first error ends the others, and is raised as it was."""
    try:
        async with group:
            yield group
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None


def _is_whole(part: Part, stored_file: StoredFile) -> bool:
    return (part.sha256, part.size) == (stored_file.sha256, stored_file.bytes)
