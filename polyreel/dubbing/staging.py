"""Where local media waits for vendors that fetch by URL: put there once, by a signed address, removed afterwards."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from polyreel.errors import DeliveryError
from polyreel.job import NomadStaging, S3Staging, Staging, VideoJungleStaging
from polyreel.keys import stage_key
from polyreel.ledger.entry import Entry, Finding, Found, NotThere, Receipt, State, Subject
from polyreel.ledger.ledger import Ledger
from polyreel.ledger.named import find_or_make
from polyreel.ledger.rows import Filter
from polyreel.objects.address import prefix_address
from polyreel.objects.bucket import Bucket
from polyreel.objects.connection import Connection
from polyreel.outcome import StoredFile
from polyreel.store.local import path_of
from polyreel.vendors.errors import suppress_gone
from polyreel.vendors.nomad.folders import FindOrMake, Folders

Result = TypeVar("Result")
LINK_SECONDS = 3 * 24 * 3600
"""A vendor may fetch days later, when its queue is long. A signed address lives seven days at most."""
STAGED = "staged"
"""What a row's details call the file that is staged, by its sha256: in its own row, and in those of who needs it."""
MAY_FETCH = Filter(kind="dub", states=frozenset({State.INTENDED, State.UNRESOLVED, State.SUBMITTED}))
"""Purchases whose vendor may still fetch what was staged for them."""


@dataclass(frozen=True, slots=True)
class StagedFiles:
    """Files at one place, for one job: `polyreel.dubbing.port.Staging`, and `polyreel.delivery.port.StagingArea`.

    ``purpose`` keeps apart what is put there for others than dubbers: each of them removes its own (`drop`).
    """

    place: StagingPlace
    ledger: Ledger
    subject: Subject
    purpose: str = ""

    async def make_address(self, file: StoredFile, name: str) -> str:
        """A signed address of a file, which is put there where it is not yet."""
        staged = await self._alone(file.sha256, lambda: self._stage_file(file, name))
        return await self.place.link(staged.vendor_id)

    async def _alone(self, sha256: str, work: Callable[[], Awaitable[Result]]) -> Result:
        """Put or remove a file while no other run does: a link must not be given to what is being removed."""
        return await self.ledger.alone(claim_of_staged(self.subject.account, sha256), work, what=self.subject.job)

    async def _stage_file(self, file: StoredFile, name: str) -> Entry:
        for number in range(1000):
            key = self._make_key(file, name, number)
            entry = await self.ledger.get(key)
            if entry is None or entry.state is not State.FORGOTTEN:
                return await self._put(key, file, name)
        raise AssertionError("unreachable")

    def _make_key(self, file: StoredFile, name: str, number: int) -> str:
        known = {"account": self.subject.account, "where": self.place.where, "file": file.sha256, "number": number}
        # Dubbers share one copy, which goes when none of them needs it. Whoever removes its own copy has one of its
        # own, by its name: shared, the first who is done would take it away from the others.
        own = {"purpose": self.purpose, "name": name} if self.purpose else {}
        return stage_key("staged", 1, **known, **own)

    async def _put(self, key: str, file: StoredFile, name: str) -> Entry:
        entry = await self.ledger.get(key)
        if entry is None or entry.is_open:
            # Two files that are staged at once would make the place's folder twice.
            claim = f"shelf {self.subject.account} {self.place.where}"
            await self.ledger.alone(claim, lambda: self.place.prepare(self._find_or_make))

        async def call() -> Receipt:
            return Receipt(id=await self.place.put(file, name), state=State.COLLECTED, minutes=0.0)

        async def find(entry: Entry) -> Finding:
            # Another language's run may have begun to put it there, under its own job's name.
            return await self.place.find(file, entry.what or name)

        about = self.subject.model_copy(
            update={"kind": self._kind, "what": name, "details": {STAGED: file.sha256, "where": self.place.where}}
        )
        return await self.ledger.once(key, call, find, subject=about)

    async def _find_or_make(
        self,
        key: str,
        look: Callable[[], Awaitable[str]],
        make: Callable[[], Awaitable[str]],
        *,
        what: str,
        is_there: Callable[[str], Awaitable[bool]] | None = None,
    ) -> str:
        about = self.subject.model_copy(update={"kind": "folder", "what": what})
        whole = stage_key("shelf", 1, account=self.subject.account, of=key)
        return await find_or_make(self.ledger, whole, look, make, about, is_there)

    @property
    def _kind(self) -> str:
        return "film" if self.purpose else "staged"

    async def drop_file(self, file: StoredFile, name: str) -> None:
        """Remove a file whose one reader has it now, by the name it was put there with. Raises `VendorError`."""
        await self._alone(file.sha256, lambda: self._drop(file, name))

    async def _drop(self, file: StoredFile, name: str) -> None:
        for number in range(1000):
            entry = await self.ledger.get(self._make_key(file, name, number))
            if entry is None:
                return
            if entry.state is State.COLLECTED:
                await self.place.remove(entry.vendor_id)
                await self.ledger.advance(entry.key, State.FORGOTTEN)

    async def clear(self) -> None:
        """Remove what lies here, other jobs' leavings too, unless a vendor may still fetch it. Raises `VendorError`.

        The intent of a purchase is written before its reel is staged, and names it: what none names, nobody needs.
        """
        for entry in await self.ledger.select(Filter(kind="staged", account=self.subject.account)):
            if entry.state is State.COLLECTED and self._is_here(entry):
                await self._alone(str(entry.details.get(STAGED, "")), partial(self._clear, entry.key))

    async def _clear(self, key: str) -> None:
        # Asked anew for each: while others were removed, a run may have begun to buy, or have put it there anew.
        entry = await self.ledger.get(key)
        if entry is None or entry.state is not State.COLLECTED:
            return
        if not is_needed(entry, await self.ledger.select(MAY_FETCH)):
            await self.place.remove(entry.vendor_id)
            await self.ledger.advance(entry.key, State.FORGOTTEN)

    def _is_here(self, entry: Entry) -> bool:
        where = entry.details.get("where")
        return where == self.place.where if where is not None else entry.job == self.subject.job


def claim_of_staged(account: str, sha256: str) -> str:
    """Under what name a staged file is put there, given out and removed, by one run at a time (`Ledger.alone`)."""
    return f"staged {account} {sha256}"


def is_needed(staged: Entry, under_way: Sequence[Entry]) -> bool:
    """Whether a purchase names the file; one that does not say what it needs, needs what its job has staged."""
    return any(
        row.details.get(STAGED, "") == staged.details.get(STAGED, "")
        if "source" in row.details and STAGED in staged.details
        else row.job == staged.job
        for row in under_way
    )


def _where_of(row: Entry) -> str:
    return str(row.details.get("where", ""))


class StagingPlace:
    """One place that can hold a file for a while, over its open client and a job's ``staging``."""

    @abstractmethod
    def __init__(self, client: Any, options: Any) -> None: ...

    @staticmethod
    @abstractmethod
    def options_of(row: Entry) -> Any:
        """The ``staging`` by which a row's file was put there. Raises `DeliveryError` where the row does not say."""

    @property
    @abstractmethod
    def where(self) -> str:
        """Where at that place, for keys."""

    async def prepare(self, find_or_make: FindOrMake) -> None:
        """Make what files are put into, where it is missing; no other run does meanwhile. Before `put` and `find`.

        ``find_or_make`` remembers what was made.
        """
        return

    @abstractmethod
    async def put(self, file: StoredFile, name: str) -> str:
        """Put a file there; its id."""

    @abstractmethod
    async def find(self, file: StoredFile, name: str) -> Finding:
        """Whether a put whose answer was lost has put it there."""

    @abstractmethod
    async def link(self, file_id: str) -> str:
        """A fresh signed address."""

    @abstractmethod
    async def remove(self, file_id: str) -> None:
        """Remove it; it may be gone already."""


@dataclass(frozen=True, slots=True)
class S3StagingPlace(StagingPlace):
    """A prefix of an S3-compatible store."""

    client: Connection | None
    options: S3Staging

    @staticmethod
    def options_of(row: Entry) -> S3Staging:
        """Rows of earlier versions don't say where a file was staged: raises `DeliveryError` for those."""
        if not (where := _where_of(row)):
            raise DeliveryError(
                "it is not known in which bucket this was staged",
                where=row.key,
                remedy=f"Delete {row.vendor_id} there.",
            )
        return S3Staging(to="s3", credentials=row.credentials or None, path=where)

    @property
    def bucket(self) -> Bucket:
        """The bucket, by the saved credentials or the environment's."""
        return Bucket(prefix_address(self.options.path).bucket, self.client or Connection(), DeliveryError)

    @property
    def where(self) -> str:
        """The prefix."""
        return self.options.path

    def _make_key(self, file: StoredFile, name: str) -> str:
        prefix = prefix_address(self.options.path).key
        return "/".join(part for part in (prefix, file.sha256[:16], name) if part)

    async def put(self, file: StoredFile, name: str) -> str:
        """An object of its own name; putting it again replaces it by itself."""
        key = self._make_key(file, name)
        await self.bucket.put_file(key, path_of(file), content_type="video/mp4")
        return key

    async def find(self, file: StoredFile, name: str) -> Finding:
        """By its name and length."""
        found = await self.bucket.find_facts(self._make_key(file, name))
        there = found is not None and found.bytes == file.bytes
        return (
            Found(Receipt(id=self._make_key(file, name), state=State.COLLECTED, minutes=0.0)) if there else NotThere()
        )

    async def link(self, file_id: str) -> str:
        """Signed for days."""
        return self.bucket.sign_link(file_id, seconds=LINK_SECONDS)

    async def remove(self, file_id: str) -> None:
        """Delete the object."""
        await self.bucket.delete(file_id)


@dataclass(slots=True)
class NomadStagingPlace(StagingPlace):
    """A folder of a Nomad-style asset manager; vendors fetch by a share's link."""

    client: Any
    options: NomadStaging
    _folders: Folders | None = None
    _folder: str = ""

    @staticmethod
    def options_of(row: Entry) -> NomadStaging:
        """Its folder."""
        return NomadStaging(to="nomad", credentials=row.credentials, path=_where_of(row) or None)

    @property
    def where(self) -> str:
        """The folder."""
        return self.options.path or ""

    async def put(self, file: StoredFile, name: str) -> str:
        """An asset of its own; what a broken-off upload of this name has left is replaced."""
        parent = self._folder if self.options.path else None
        done = await self.client.upload(path_of(file), name=name, parent_id=parent, sha256=file.sha256)
        await self.client.wait_until_usable(done.asset_id)
        return str(done.asset_id)

    async def prepare(self, find_or_make: FindOrMake) -> None:
        """Make the folder that the job names; the top where it names none."""
        self._folders = Folders(self.client, find_or_make)
        self._folder = await self._folders.make_way(self.options.path or "")

    async def find(self, file: StoredFile, name: str) -> Finding:
        """By its name, which holds its purchase's key, and its length; only a whole one is of use.

        An upload that was broken off is no find, nor is one at a server that lists no folders: `put` replaces it.
        """
        listed = await self._folders.list_there(self._folder) if self._folders else ()
        for each in listed:
            if each.name == name and each.usable:
                detail = await self.client.get_detail(each.id)
                if detail.size == file.bytes:
                    return Found(Receipt(id=each.id, state=State.COLLECTED, minutes=0.0))
        return NotThere()

    async def link(self, file_id: str) -> str:
        """A share's link."""
        from polyreel.vendors.nomad.models_edits import ShareAsset

        # A share, and not the asset's own address: that one wants our key, which goes to nobody but the asset
        # manager.
        share = await self.client.share(file_id, ShareAsset(shared_duration_in_hours=LINK_SECONDS // 3600))
        return str(share.url)

    async def remove(self, file_id: str) -> None:
        """Delete the asset."""
        with suppress_gone():
            await self.client.delete_asset(file_id)


@dataclass(frozen=True, slots=True)
class VideoJungleStagingPlace(StagingPlace):
    """A video file at Video Jungle."""

    client: Any
    options: VideoJungleStaging

    @staticmethod
    def options_of(row: Entry) -> VideoJungleStaging:
        """The account is all."""
        return VideoJungleStaging(to="videojungle", credentials=row.credentials)

    @property
    def where(self) -> str:
        """Among the account's video files."""
        return "video files"

    async def put(self, file: StoredFile, name: str) -> str:
        """A video file of its own."""
        return str((await self.client.upload_file(path_of(file), name=name)).id)

    async def find(self, file: StoredFile, name: str) -> Finding:
        """By its name, which holds its purchase's key, and its length; what is left half is removed."""
        mine = [each for each in await self.client.list_video_files() if each.name == name]
        whole = [each for each in mine if each.size == file.bytes]
        for each in mine:
            # Copies cost storage, and a half one would be found, and rejected, by every later look.
            if each not in whole[:1]:
                await self.remove(each.id)
        return Found(Receipt(id=whole[0].id, state=State.COLLECTED, minutes=0.0)) if whole else NotThere()

    async def link(self, file_id: str) -> str:
        """Its own address, signed anew each time."""
        video = await self.client.get_video_file(file_id)
        address = video.download_url or video.url
        if not address:
            raise DeliveryError(
                "Video Jungle has no address for the staged file yet", where="staging", remedy="Run the job again."
            )
        return str(address)

    async def remove(self, file_id: str) -> None:
        """Delete it."""
        with suppress_gone():
            await self.client.delete_video_file(file_id)


def staging_place_of(options: Staging, client: Any) -> StagingPlace:
    """The place that a job's ``staging`` names, over its open client."""
    return STAGING_PLACES[options.to](client, options)


def staging_place_at(row: Entry, client: Any) -> StagingPlace:
    """The place where a staged file lies, as its row says. Raises `DeliveryError` where that does not say enough."""
    kind = STAGING_PLACES[row.provider]
    return kind(client, kind.options_of(row))


STAGING_PLACES: dict[str, type[StagingPlace]] = {
    "s3": S3StagingPlace,
    "nomad": NomadStagingPlace,
    "videojungle": VideoJungleStagingPlace,
}
"""What a job's ``staging.to`` names. To add one: its options in `polyreel.job.delivery`, a `StagingPlace`, and
its name here."""
