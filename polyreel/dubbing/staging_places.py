"""The places that can hold a file for a while: an object store, an asset manager's folder, Video Jungle."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from polyreel.errors import DeliveryError
from polyreel.job import NomadStaging, S3Staging, Staging, VideoJungleStaging
from polyreel.ledger.entry import Entry, Finding, Found, NotThere, Receipt, State
from polyreel.objects.address import prefix_address
from polyreel.objects.bucket import Bucket
from polyreel.objects.connection import Connection
from polyreel.outcome import StoredFile
from polyreel.store.local import path_of
from polyreel.vendors.errors import NotFound, suppress_gone
from polyreel.vendors.nomad.folders import FindOrMake, Folders
from polyreel.vendors.nomad.statuses import AssetType
from polyreel.vendors.videojungle.models import WHOLE_LIST
from polyreel.vendors.waiting import Patience

LINK_SECONDS = 3 * 24 * 3600
"""A vendor may fetch days later, when its queue is long. A signed address lives seven days at most."""
PATIENCE = Patience(first=0.5, cap=10.0, total=600.0)
"""For an uploaded file to have an address. Run again, nothing is uploaded anew."""


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

    @abstractmethod
    async def remove_leftovers(self, sha256: str, name: str) -> None:
        """Remove what a put that was broken off has left, half or whole. Under the file's claim: nobody puts it now."""


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

    def _make_key(self, sha256: str, name: str) -> str:
        prefix = prefix_address(self.options.path).key
        return "/".join(part for part in (prefix, sha256[:16], name) if part)

    async def put(self, file: StoredFile, name: str) -> str:
        """An object of its own name; putting it again replaces it by itself."""
        key = self._make_key(file.sha256, name)
        await self.bucket.put_file(key, path_of(file), content_type="video/mp4")
        return key

    async def find(self, file: StoredFile, name: str) -> Finding:
        """By its name and length."""
        found = await self.bucket.find_facts(self._make_key(file.sha256, name))
        there = found is not None and found.bytes == file.bytes
        return (
            Found(Receipt(id=self._make_key(file.sha256, name), state=State.COLLECTED, minutes=0.0))
            if there
            else NotThere()
        )

    async def link(self, file_id: str) -> str:
        """Signed for days."""
        return self.bucket.sign_link(file_id, seconds=LINK_SECONDS)

    async def remove(self, file_id: str) -> None:
        """Delete the object."""
        await self.bucket.delete(file_id)

    async def remove_leftovers(self, sha256: str, name: str) -> None:
        """Delete the object, should it be there; parts of a broken-off put are the bucket's to expire, by its rule."""
        await self.bucket.delete(self._make_key(sha256, name))


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
        # Its end is a date on the page, and a number of hours in published clients: who knows one leaves the other.
        ends = datetime.now(UTC) + timedelta(seconds=LINK_SECONDS)
        hours = LINK_SECONDS // 3600
        share = await self.client.share(file_id, ShareAsset(expiration_date=ends, shared_duration_in_hours=hours))
        return str(share.url)

    async def remove(self, file_id: str) -> None:
        """Delete the asset."""
        with suppress_gone():
            await self.client.delete_asset(file_id)

    async def remove_leftovers(self, sha256: str, name: str) -> None:
        """Cancel uploads of this name that are not complete, and delete its assets in the folder."""
        for upload in await self.client.list_known_uploads():
            if upload.name == name and not upload.is_completed:
                with suppress_gone():
                    await self.client.cancel_upload(upload.id)
        folders = Folders(self.client, _find_or_refuse)
        with suppress_gone():
            folder = await folders.make_way(self.options.path or "")
            for asset in await folders.list_there(folder):
                if asset.name == name and asset.type is AssetType.FILE:
                    await self.remove(asset.id)


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
        mine = [each for each in await self.client.list_video_files(limit=WHOLE_LIST) if each.name == name]
        whole = [each for each in mine if each.size == file.bytes]
        for each in mine:
            # Copies cost storage, and a half one would be found, and rejected, by every later look.
            if each not in whole[:1]:
                await self.remove(each.id)
        return Found(Receipt(id=whole[0].id, state=State.COLLECTED, minutes=0.0)) if whole else NotThere()

    async def link(self, file_id: str) -> str:
        """Its own address, signed anew each time."""
        video = await self.client.wait_until_there(file_id, PATIENCE)
        return str(video.download_url or video.url)

    async def remove(self, file_id: str) -> None:
        """Delete it."""
        with suppress_gone():
            await self.client.delete_video_file(file_id)

    async def remove_leftovers(self, sha256: str, name: str) -> None:
        """Delete every video file of this name."""
        for each in await self.client.list_video_files(limit=WHOLE_LIST):
            if each.name == name:
                await self.remove(each.id)


async def _find_or_refuse(
    key: str,
    look: Callable[[], Awaitable[str]],
    make: Callable[[], Awaitable[str]],
    *,
    what: str,
    is_there: Callable[[str], Awaitable[bool]] | None = None,
) -> str:
    """For `Folders`: what is missing is not made. Raises `NotFound`."""
    if found := await look():
        return found
    raise NotFound(f"There is no {what}.", where="staging")


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
