"""A source in an object store: fetched in ranges side by side, gone on with after a cut, fetched again when changed."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

from polyreel.errors import FetchError
from polyreel.keys import stage_key
from polyreel.machine.files import explain_errors
from polyreel.net.part import Part, open_part
from polyreel.objects.address import ObjectAddress, object_address
from polyreel.objects.bucket import Bucket, ObjectFacts
from polyreel.objects.connection import Connection, Patience
from polyreel.objects.problems import Changed, Missing
from polyreel.outcome import StoredFile
from polyreel.sources.bounds import Teller, keep_part, load_earlier, make_empty_error, require_room, too_large
from polyreel.sources.port import FetchLimits, Order


async def from_object(order: Order) -> StoredFile:
    """The stored file that an ``s3://`` address names. Raises as `ingest` says."""
    address = object_address(order.location)
    keys = order.connection.keys if order.connection else None
    connection = Connection(keys, _make_patience(order.limits))
    key = stage_key("fetch", 1, object=str(address), endpoint=connection.endpoint)
    deadline = asyncio.timeout(order.limits.deadline_seconds)
    try:
        async with deadline, order.store.lasting_scratch(key) as folder:
            fetch = _Fetch(order, address, Bucket(address.bucket, connection, FetchError))
            if kept := await fetch.load_kept(key):
                return kept
            with explain_errors("keep what is fetched", folder):
                async with open_part(folder) as part:
                    stored_file = await fetch.until_done(part)
    except TimeoutError as error:
        if not deadline.expired():
            raise
        message = f"not fetched within {order.limits.deadline_seconds:g} s"
        raise _fetch_error(address, message, code="fetch_timeout") from error
    order.store.save_record(key, fetch.make_record(stored_file))
    return stored_file


async def require_object(location: str, connection: Connection) -> None:
    """See that an object is there. Raises `FetchError` with the reason."""
    address = object_address(location)
    await Bucket(address.bucket, connection, FetchError).require_facts(address.key)


def _make_patience(limits: FetchLimits) -> Patience:
    return Patience(
        connect_seconds=limits.connect_seconds,
        stall_seconds=limits.stall_seconds,
        attempts=limits.attempts,
        backoff_seconds=limits.backoff_seconds,
        longest_wait_seconds=limits.longest_wait_seconds,
    )


def _fetch_error(address: ObjectAddress, message: str, code: str | None = None) -> FetchError:
    return FetchError(message, code=code, where=str(address), remedy="Run again to go on where this stopped.")


class _Fetch:
    """One object's way here."""

    def __init__(self, order: Order, address: ObjectAddress, bucket: Bucket) -> None:
        self._order, self._address, self._bucket = order, address, bucket
        self._teller = Teller(order)
        self._facts = ObjectFacts(address.key, 0, "")

    async def load_kept(self, key: str) -> StoredFile | None:
        """What an earlier run fetched, where the object is still the same."""
        self._facts = await self._bucket.require_facts(self._address.key)
        known = await self._order.store.peek_at_record(key) or {}
        if not self._facts.etag or (known.get("etag"), known.get("bytes")) != (self._facts.etag, self._facts.bytes):
            return None
        if kept := await load_earlier(self._order, known):
            self._teller.report(1, 1)
        return kept

    async def until_done(self, part: Part) -> StoredFile:
        """Fetch it, from the beginning again where it changes meanwhile: that may happen a few times, not for ever."""
        for _ in range(self._order.limits.attempts):
            try:
                await self._take_content(part)
            except (Changed, Missing):
                part.begin_anew()
                self._facts = await self._bucket.require_facts(self._address.key)
                continue
            return await asyncio.to_thread(keep_part, self._order, part, self._address.key)
        raise _fetch_error(self._address, "the object changes while it is fetched")

    def make_record(self, stored_file: StoredFile) -> dict[str, object]:
        """What is remembered of a fetch."""
        facts = self._facts
        return {
            "stored_file": stored_file.model_dump(mode="json"),
            "etag": facts.etag,
            "bytes": facts.bytes,
            "from": str(self._address),
        }

    async def _take_content(self, part: Part) -> None:
        facts = self._facts
        self._require_bounds()
        if (part.validator, part.total) != (facts.etag, facts.bytes) or not part.resumable:
            part.begin_anew(facts.etag, facts.bytes)
        require_room(self._order, facts.bytes - part.size)
        async with aclosing(self._bucket.read_pieces(facts, part.size)) as pieces:
            async for content in pieces:
                await asyncio.to_thread(part.write, content)
                self._teller.report(part.size, part.total)

    def _require_bounds(self) -> None:
        if self._facts.bytes > self._order.limits.max_bytes:
            raise too_large(self._order, str(self._address))
        if not self._facts.bytes:
            raise make_empty_error(str(self._address))
