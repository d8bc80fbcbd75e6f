"""Delivery to an object store, laid out as a folder delivery is: every file under its path, the manifest last.

An object is there whole or not at all, so there are no parts to rename. Before anything that the old manifest names is
replaced or removed, the old manifest goes, and a journal says what is about to be put: whoever goes by the manifest
never meets an object that is not what it says, and the next run knows which objects are a delivery's own. What was put
is checked at the far end: its length, and its hash where the store's ETag is one. What somebody has corrected since is
kept beside, and another job's languages are not removed, as in a folder.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from polyreel.delivery.corrections import (
    describe_correction,
    find_not_asked,
    names_beside,
    refuse_lost,
    refuse_more_beside,
)
from polyreel.delivery.manifest import JOURNAL, Before, before_of, entry_of, journal_of, listing_of, manifest_of
from polyreel.delivery.names import MANIFEST, check_apart, check_name, check_path
from polyreel.delivery.port import Access, Delivered, Item, Parcel, Progress
from polyreel.errors import DeliveryError
from polyreel.errors.wording import spell_count
from polyreel.job import S3Delivery as Options
from polyreel.machine.files import parse_note
from polyreel.objects.address import ObjectAddress, prefix_address
from polyreel.objects.bucket import PIECE, Bucket, ObjectFacts
from polyreel.objects.connection import Connection
from polyreel.store.local import path_of

# A connection alone rarely fills the line; more files at once only hold more pieces in memory.
AT_ONCE = 4
# Scripts and manifests are read to be compared; films are not.
_MOST_READ = 4 << 20


class ObjectsDelivery:
    """Delivers below ``PREFIX/NAME``, by the job's credentials or the environment's."""

    def __init__(self, options: Options, access: Access) -> None:
        self.prefix = prefix_address(options.path)
        self.access = access
        self.connection: Connection = access.client or Connection()

    async def deliver(self, parcel: Parcel, on_progress: Progress | None = None) -> Delivered:
        """Bring a parcel. Raises `DeliveryError`."""
        check_name(parcel.name)
        check_apart(check_path(item.path) for item in parcel.items)
        bucket = Bucket(self.prefix.bucket, self.connection, DeliveryError)
        root = self.prefix.join_path(parcel.name)
        # Two runs at once would take each other's objects for a stranger's, or for corrections.
        return await self.access.run_alone(
            f"tree {root}", lambda: _ObjectDelivery(bucket, root, parcel, on_progress).run()
        )


@dataclass
class _ObjectDelivery:
    """One delivery."""

    bucket: Bucket
    root: ObjectAddress
    parcel: Parcel
    on_progress: Progress | None
    unproven: list[str] = field(default_factory=list)
    corrected: dict[str, str] = field(default_factory=dict)
    delivered_at: float = 0.0
    etags: dict[str, str] = field(default_factory=dict)
    """What the store called what deliveries put there, by path."""

    async def run(self) -> Delivered:
        before = await self._read_before()
        await self._refuse_another_job(before)
        new = [item for item in self.parcel.items if not await self._is_there(item, before)]
        wanted = {item.path for item in self.parcel.items}
        gone = [
            path for path in before.list_ours() if path not in wanted and not await self._is_corrected(path, before)
        ]
        if new or gone or before.listing != listing_of(self.parcel.items) or before.placing:
            await self._change_prefix(before, new, gone)
        kept = tuple(item.path for item in self.parcel.items if item not in new)
        written = tuple(item.path for item in new)
        manifest = str(self.root.join_path(MANIFEST))
        unproven = (
            f"Checked by length alone, as the store gives no hash: "
            f"{spell_count(len(self.unproven), 'file')} at {self.root}."
        )
        return Delivered(
            location=str(self.root), manifest=manifest, written=written, kept=kept, removed=tuple(gone),
            notes=((unproven,) if self.unproven else ()) + tuple(self._describe_corrections()),
        )  # fmt: skip

    async def _refuse_another_job(self, before: Before) -> None:
        lost = {
            locale
            for locale, path in find_not_asked(self.parcel, before)
            if await self.bucket.find_facts(self._make_key(path)) is not None
        }
        if lost:
            places = [str(self.root.join_path(locale)) for locale in lost]
            raise refuse_lost(self.parcel, sorted(lost), str(self.root), places)

    async def _is_corrected(self, path: str, before: Before) -> bool:
        """Whether an object is no longer what a delivery put there.

        Its length tells; a script's words do; and a film's ETag, which changes whenever the content does. Where no ETag
        was written down, a film that is younger than the manifest, which was put last.
        """
        facts = await self.bucket.find_facts(self._make_key(path))
        if facts is None:
            return False
        known = [entry for entry in (before.stated.get(path), before.placing.get(path)) if entry]
        if facts.bytes not in {entry.bytes for entry in known}:
            return True
        if facts.bytes > _MOST_READ and (put_as := self.etags.get(path)) and not before.placing:
            return facts.etag != put_as
        if facts.bytes > _MOST_READ:
            # Where a delivery broke off, its own objects are younger too.
            return not before.placing and 0 < self.delivered_at < facts.modified
        content = await self.bucket.read(self._make_key(path), most=_MOST_READ)
        return content is not None and hashlib.sha256(content).hexdigest() not in {entry.sha256 for entry in known}

    async def _name_beside(self, path: str) -> str:
        taken = {*self.corrected.values(), *(item.path for item in self.parcel.items)}
        for name in names_beside(path):
            if name not in taken and await self.bucket.find_facts(self._make_key(name)) is None:
                return name
        raise refuse_more_beside(str(self.root.join_path(path)))

    def _describe_corrections(self) -> Iterator[str]:
        for item in self.parcel.items:
            if beside := self.corrected.get(item.path):
                yield describe_correction(item.path, beside, item.locale)

    async def _read_before(self) -> Before:
        manifest, journal = await asyncio.gather(self._read_object(MANIFEST), self._read_object(JOURNAL))
        facts = await self.bucket.find_facts(self._make_key(MANIFEST))
        self.delivered_at = facts.modified if facts else 0.0
        self.etags = _read_etags(manifest)
        return before_of(manifest, journal)

    async def _read_object(self, path: str) -> dict[str, object]:
        content = await self.bucket.read(self._make_key(path), most=32 << 20)
        return parse_note(content or b"") or {}

    async def _is_there(self, item: Item, before: Before) -> bool:
        facts = await self.bucket.find_facts(self._make_key(item.path))
        if facts is None:
            return False
        same = facts.bytes == item.stored_file.bytes
        # A journal means that a delivery broke off: then an object may be newer than what was stated of it.
        if same and not before.placing and before.stated.get(item.path) == entry_of(item):
            return True
        if same and await asyncio.to_thread(is_proven, facts, path_of(item.stored_file)):
            return True
        if item.path not in before.list_ours():
            remedy = "Move it away, or deliver elsewhere: objects that polyreel did not make are never replaced."
            where = str(self.root.join_path(item.path))
            raise DeliveryError("something else has this name already", code="name_taken", where=where, remedy=remedy)
        if await self._is_corrected(item.path, before):
            self.corrected[item.path] = await self._name_beside(item.path)
        return False

    async def _change_prefix(self, before: Before, new: Sequence[Item], gone: Sequence[str]) -> None:
        # An object store renames nothing: the journal alone tells the next run which half-replaced objects are ours.
        await self.bucket.put(self._make_key(JOURNAL), journal_of(before, new))
        if before.stated.keys() & {*gone, *(item.path for item in new)}:
            await self.bucket.delete(self._make_key(MANIFEST))
        for path, beside in self.corrected.items():
            await self.bucket.copy(self._make_key(path), self._make_key(beside))
        await self._put_all(new)
        for path in gone:
            await self.bucket.delete(self._make_key(path))
        there = {item.path for item in self.parcel.items}
        # Written down, as they are the store's own: nothing on this machine could tell later whether a film was
        # replaced.
        etags = {path: etag for path, etag in self.etags.items() if path in there}
        await self.bucket.put(self._make_key(MANIFEST), manifest_of(self.parcel, etags))
        await self.bucket.delete(self._make_key(JOURNAL))

    async def _put_all(self, new: Sequence[Item]) -> None:
        total, done = sum(item.stored_file.bytes for item in new) or 1, 0
        places = asyncio.Semaphore(AT_ONCE)

        async def put_one(item: Item) -> None:
            nonlocal done
            async with places:
                await self._put_item(item)
            done += item.stored_file.bytes
            if self.on_progress:
                self.on_progress(done / total)

        await asyncio.gather(*(put_one(item) for item in new))

    async def _put_item(self, item: Item) -> None:
        path, key = path_of(item.stored_file), self._make_key(item.path)
        await self.bucket.put_file(key, path)
        facts = await self.bucket.find_facts(key)
        # What the store keeps counts, and not what it answered.
        if facts is None or facts.bytes != item.stored_file.bytes:
            where = str(self.root.join_path(item.path))
            said = f"the store keeps {facts.bytes if facts else 'nothing'}, sent were {item.stored_file.bytes} bytes"
            raise DeliveryError(
                said, code="transfer_damaged", where=where, remedy="Run the job again: it is sent anew."
            )
        self.etags[item.path] = facts.etag
        if not await asyncio.to_thread(is_proven, facts, path):
            self.unproven.append(item.path)

    def _make_key(self, path: str) -> str:
        return self.root.join_path(path).key


def _read_etags(manifest: Mapping[str, object]) -> dict[str, str]:
    """The ETags that a manifest states; anybody may have edited it."""
    found = manifest.get("etags")
    pairs = found.items() if isinstance(found, dict) else ()
    return {path: etag for path, etag in pairs if isinstance(path, str) and isinstance(etag, str) and etag}


def is_proven(facts: ObjectFacts, file: Path) -> bool:
    """Whether the store's ETag is this file's: its MD5, or that of its parts. An encrypting store's says nothing."""
    etag = facts.etag.strip('"').lower()
    return etag == (_of_parts(file) if "-" in etag else _of_whole(file))


def _of_whole(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _of_parts(file: Path) -> str:
    with file.open("rb") as content:
        pieces = iter(lambda: content.read(PIECE), b"")
        digests = [hashlib.md5(piece, usedforsecurity=False).digest() for piece in pieces]
    return f"{hashlib.md5(b''.join(digests), usedforsecurity=False).hexdigest()}-{len(digests)}"
