"""Delivery to TPStreams: one streaming asset per language, each with every language's subtitles, and a cover.

An asset is made by an upload session, whose form is posted in one piece. The form is known to nobody but the run that
asked for it: an asset that a run left without its file is removed, and made anew. Where the job has `staging`,
TPStreams fetches each film by a signed address instead, of any size; the staged file is removed once it plays. What is
there is kept, a new dub takes the old one's place once it plays.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path

from polyreel.delivery.library import (
    MOST_STARTS,
    Brought,
    Gauge,
    bring_languages,
    describe_left_out,
    file_name,
    hash_bytes,
    video_of,
    webvtt_of,
)
from polyreel.delivery.port import Access, Delivered, Item, Parcel, Progress
from polyreel.delivery.tpstreams_tracks import SubtitleTracks, choose_codes
from polyreel.errors import DeliveryError, MediaError, ToolError
from polyreel.job import TPStreamsDelivery as Options
from polyreel.ledger.entry import Entry, Finding, Found, NotThere, Receipt, State
from polyreel.media.still import take_still
from polyreel.outcome import Problem
from polyreel.store.local import path_of
from polyreel.vendors.errors import (
    Invalid,
    JobFailed,
    LinkExpired,
    NotFound,
    Refused,
    TooLarge,
    suppress_gone,
)
from polyreel.vendors.tpstreams.client import TPStreamsClient
from polyreel.vendors.tpstreams.models import Asset, CreateVideo, Protection, Status, UploadSession, VideoOptions
from polyreel.vendors.tpstreams.sizes import LARGEST_THUMBNAIL
from polyreel.vendors.waiting import Patience

# Hours, as a film is transcoded before it plays. Who waits longer runs the job again, which uploads nothing anew.
PATIENCE = Patience(first=1.0, cap=30.0, total=6 * 3600.0)
_FOLDER = "folder"
"""An asset's type at TPStreams."""
_ID = re.compile(r"[A-Za-z0-9]{11}|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
"""How the page writes ids: ``32seYYHeNxE``, or a UUID."""
_NO_SUCH_CALL = (404, 405)
_PROTECTION: dict[str, Protection] = {"none": "disable", "aes": "aes", "drm": "drm"}


class TPStreamsDelivery:
    """Delivers into one organisation's library, into a folder of it where one is named."""

    def __init__(self, options: Options, access: Access) -> None:
        self.options, self.access = options, access
        self.client: TPStreamsClient = access.client

    async def deliver(self, parcel: Parcel, on_progress: Progress | None = None) -> Delivered:
        """Bring a parcel. Raises `DeliveryError` and `VendorError` where no language could be brought."""
        texts = await webvtt_of(parcel)
        folder = await self._find_folder(self.options.folder) if self.options.folder else ""
        gauge = Gauge(parcel, on_progress)
        where = f"TPStreams: {self.options.folder or ''}".rstrip(" :")

        async def bring_language(locale: str) -> Brought:
            return await _Dub(self, parcel, locale, folder, gauge).bring_video(texts)

        return await bring_languages(parcel, bring_language, where, self.access, folder or "root")

    async def _find_folder(self, title: str) -> str:
        async def find_folder() -> str:
            return await self._look_for_folder(title)

        async def make_folder() -> str:
            try:
                return str((await self.client.create_folder(title)).id)
            except Refused as refusal:
                if refusal.status not in _NO_SUCH_CALL:
                    raise
                raise DeliveryError(
                    f"TPStreams has no folder {title}, and this server makes none", code="not_available",
                    where="delivery.folder", remedy="Make it in TPStreams' own pages, and give its id as `folder`.",
                ) from None  # fmt: skip

        return await self.access.find_or_make(
            f"folder {title}", find_folder, make_folder, what=f"folder {title}", is_there=self._has_folder
        )

    async def _look_for_folder(self, title: str) -> str:
        """By its title, among the folders; where the server has no list of those, among all assets; else by its id.

        The list of folders is on no page. Nor does one say that the list of assets has them: what was made here is
        known by its id, from the ledger.
        """
        try:
            named = [each async for each in self.client.list_folders(search=title) if each.title == title]
        except Refused as refusal:
            # Where folders can only be made, asking for a list of them is the wrong method.
            if refusal.status not in _NO_SUCH_CALL:
                raise
            every = self.client.list_assets()
            named = [each async for each in every if each.type.lower() == _FOLDER and each.title == title]
        # One at the top first: that is where ours are made.
        for each in sorted(named, key=lambda folder: bool(folder.parent_id)):
            return each.id
        # A title may look like an id: a server may find it a wrong one.
        with suppress(Invalid):
            return title if _ID.fullmatch(title) and await self._has_folder(title) else ""
        return ""

    async def _has_folder(self, folder_id: str) -> bool:
        try:
            return (await self.client.get_asset(folder_id)).type.lower() in ("", _FOLDER)
        except NotFound:
            return False


@dataclass
class _Dub:
    """One language at the library."""

    place: TPStreamsDelivery
    parcel: Parcel
    locale: str
    folder: str
    gauge: Gauge

    def __post_init__(self) -> None:
        self.client, self.access, options = self.place.client, self.place.access, self.place.options
        self.item: Item = video_of(self.parcel, self.locale)
        self.title = file_name(self.item).removesuffix(".mp4")
        self.slot = f"{self.folder or 'root'}/{self.title}"
        # An asset's renditions and protection are fixed when it is made: a job that asks for others needs another
        # asset.
        shape = f"{','.join(options.resolutions)} {options.protection}"
        self.key = f"asset {self.slot} {self.item.stored_file.sha256} {shape}"
        self.session: UploadSession | None = None

    async def bring_video(self, texts: Mapping[str, bytes]) -> Brought:
        """The asset, playing, with its subtitles and cover."""
        done = Brought(notes=describe_left_out(self.parcel, self.locale, "TPStreams"))
        entry, asset = await self._make_asset(done)
        self.gauge.finish_item(self.item)
        chosen, notes = choose_codes(texts, self.locale)
        done.notes += notes
        tracks = await SubtitleTracks(self.client, self.access, self.key, entry).bring_tracks(
            {code: (locale, texts[locale]) for code, locale in chosen.items()}
        )
        done.ids |= {f"{self.locale}.{code}.vtt": track for code, track in tracks.items()}
        await self._upload_cover(entry, done)
        # The old one goes last: until the new one plays, the library has what it had.
        await self._drop_earlier(asset.id)
        if self.access.staging:
            await self.access.staging.drop_file(self.item.stored_file, self._make_staged_name())
        await self.access.note_details(self.key, {}, State.COLLECTED)
        done.ids[self.locale] = asset.id
        if asset.video and asset.video.playback_url:
            # The query of a protected stream's address is a permission that runs out.
            done.urls[self.locale] = asset.video.playback_url.partition("?")[0]
        return done

    # -- the asset

    async def _make_asset(self, done: Brought) -> tuple[Entry, Asset]:
        for _ in range(MOST_STARTS):
            entry = await self.access.once(
                self.key, self._create_asset, self._find_asset, what=self.title, locale=self.locale, slot=self.slot
            )
            # One that was made a moment ago, and that is denied, may only be shown late: it would be made twice.
            asset = await self.access.look_for_made(self.key, partial(self._read_if_there, entry.vendor_id))
            if asset is None:
                await self.access.forget_receipt(self.key)
                continue
            fetched = bool(entry.receipt.get("fetched"))
            if not entry.receipt.get("uploaded") and not fetched and not _has_file(asset):
                if not await self._send(entry):
                    continue
                done.written.append(self.item.path)
            else:
                was_made = fetched and entry.state is State.SUBMITTED
                (done.written if was_made else done.kept).append(self.item.path)
            return entry, await self._wait_until_playable(entry)
        raise DeliveryError(
            f"{self.title} could not be uploaded in {MOST_STARTS} attempts: its upload forms ran out",
            where="TPStreams",
            remedy="Run the job again.",
        )

    async def _create_asset(self) -> Receipt:
        options = self.place.options
        wanted = VideoOptions(
            title=self.title,
            resolutions=options.resolutions,
            content_protection_type=_PROTECTION[options.protection],
            folder=self.folder or None,
        )
        if self.access.staging:
            video = CreateVideo.from_url(await self._make_address(), **wanted.model_dump(exclude_none=True))
            return Receipt(id=(await self.client.upload_video(video)).id, details={"fetched": True})
        self.session = await self.client.create_upload_session(wanted)
        return Receipt(id=self.session.asset_id)

    async def _make_address(self) -> str:
        assert self.access.staging is not None  # noqa: S101 - who calls has seen to it
        return await self.access.staging.make_address(self.item.stored_file, self._make_staged_name())

    def _make_staged_name(self) -> str:
        """A name of this asset's own: two libraries, or folders, fetch two copies, and each takes its own away."""
        place = hash_bytes(f"{self.access.subject.account} {self.slot}".encode())
        return f"{self.title}-{place[:12]}.mp4"

    async def _find_asset(self, _entry: Entry) -> Finding:
        """An asset of this title that is nobody's, and waits for a file or was staged: its answer was lost."""
        if waiting := await self._list_waiting():
            return Found(Receipt(id=waiting[0]))
        if self.access.staging:
            ours = (await self._make_address()).partition("?")[0]
            for asset in await self._list_unknown():
                if ours in (address.partition("?")[0] for address in _list_inputs(asset)):
                    return Found(Receipt(id=asset.id, details={"fetched": True}))
        return NotThere()

    async def _list_waiting(self) -> list[str]:
        return [each.id for each in await self._list_unknown() if not _has_file(each) and not _is_fetched(each)]

    async def _list_unknown(self) -> list[Asset]:
        known = {entry.vendor_id for entry in await self.access.list_made()}
        seen = self.client.list_assets(parent=self.folder or None, in_root=not self.folder)
        named = [asset async for asset in seen if asset.title == self.title and asset.video is not None]
        return [asset for asset in named if asset.id not in known]

    async def _read_if_there(self, asset_id: str) -> Asset | None:
        try:
            return await self.client.get_asset(asset_id)
        except NotFound as missing:
            missing.require_word_of_api()
            return None

    async def _send(self, entry: Entry) -> bool:
        """Whether the file went out; False: the form is lost or has run out, and the asset was removed."""
        if self.session is not None and self.session.asset_id == entry.vendor_id:
            try:
                await self.client.upload_to_session(
                    self.session, path_of(self.item.stored_file), tell=self.gauge.report_for(self.item)
                )
            except LinkExpired:
                await self._remove_asset(entry.vendor_id)
                return False
            await self.access.note_details(self.key, {"uploaded": True})
            return True
        for each in (entry.vendor_id, *await self._list_waiting()):
            await self._remove_asset(each, forget=each == entry.vendor_id)
        return False

    async def _wait_until_playable(self, entry: Entry) -> Asset:
        try:
            return await self.client.wait_until_completed(entry.vendor_id, PATIENCE)
        except JobFailed:
            # A film that TPStreams can't process stays unusable: it goes, so that a repeat begins anew.
            await self._remove_asset(entry.vendor_id)
            raise

    async def _remove_asset(self, asset_id: str, *, forget: bool = True) -> None:
        with suppress_gone():
            await self.client.delete_asset(asset_id)
        if forget:
            await self.access.forget_receipt(self.key)

    async def _drop_earlier(self, asset_id: str) -> None:
        for old in await self.access.list_earlier(self.slot, self.key):
            if old.vendor_id != asset_id:
                with suppress_gone():
                    await self.client.delete_asset(old.vendor_id)
            await self.access.drop_entry(old)

    # -- cover

    async def _upload_cover(self, entry: Entry, done: Brought) -> None:
        if entry.receipt.get("cover"):
            return
        media = path_of(self.item.stored_file)
        with tempfile.TemporaryDirectory(prefix="polyreel-cover-") as folder:
            try:
                at = float(Fraction(self.parcel.duration)) / 3
                cover = Path(folder) / "cover.jpg"
                picture = await take_still(media, at, cover, most_bytes=LARGEST_THUMBNAIL)
                await self.client.upload_thumbnail(entry.vendor_id, picture)
            # A film without our cover has the vendor's: no reason to lose the language.
            except (ToolError, MediaError, Invalid, TooLarge) as error:
                done.notes.append(f"{self.locale} has TPStreams' own cover: {Problem.of(error)}")
                return
        await self.access.note_details(self.key, {"cover": True})


async def remove_if_empty(client: TPStreamsClient, asset_id: str) -> bool:
    """Remove an asset that still waits for its file. Whether it is gone; False: its file has come. `VendorError`."""
    with suppress_gone():
        asset = await client.get_asset(asset_id)
        if _has_file(asset) or _is_fetched(asset):
            return False
        await client.delete_asset(asset_id)
    return True


def _is_fetched(asset: Asset) -> bool:
    """Whether TPStreams was given an address for it, rather than an upload's form."""
    return any(address.lower().startswith(("http://", "https://")) for address in _list_inputs(asset))


def _list_inputs(asset: Asset) -> list[str]:
    return [str(each.get("url", "")) for each in asset.video.inputs] if asset.video else []


def _has_file(asset: Asset) -> bool:
    """Whether an asset got its file: it is in work, done, or failed."""
    return bool(asset.bytes) or asset.status in {Status.QUEUED, Status.PROCESSING, Status.COMPLETED, Status.ERROR}
