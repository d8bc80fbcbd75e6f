"""Uploads in parts (vendor page "Multipart Upload Flow", "Related Asset Uploads"; WIRE.md "Asset management").

Parts go out side by side, each read by its own handle, to signed addresses that see no credentials. An address that has
expired is asked for again and the upload goes on; so it does in a later process, by `resume_upload`.
"""

from __future__ import annotations

import asyncio
import mimetypes
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from polyreel.machine.files import sha256_of
from polyreel.vendors.calls import Call, Reply
from polyreel.vendors.downloads import Tell
from polyreel.vendors.endpoints import endpoint
from polyreel.vendors.errors import CallError, Damaged, Forbidden, Invalid, LinkExpired, Malformed, NotFound
from polyreel.vendors.links import ask_for_fresh_link
from polyreel.vendors.nomad.assets import Reading
from polyreel.vendors.nomad.models_uploads import (
    MOST_PARTS,
    PART_SIZE,
    RELATED_PART_SIZE,
    CompletePart,
    OverwriteOption,
    Part,
    Slice,
    StartRelatedUpload,
    StartRelatedUploadAsPage,
    StartUpload,
    StartUploadAsPage,
    Upload,
    Uploaded,
)
from polyreel.vendors.nomad.multipart import PartBody, Source, cut_slices, etag_of
from polyreel.vendors.nomad.resource import CLIENTS, PAGE, WIRE, Routes, fill_path
from polyreel.vendors.nomad.statuses import AssetStatus
from polyreel.vendors.transport import Transport

Spelling = Literal["published", "page"]
Started = Callable[[Upload], None]
_TAKES_CONTENT = frozenset({AssetStatus.UPLOADING, AssetStatus.ASSEMBLING, AssetStatus.REPLACING})
# A link that is refused though it is fresh has something else wrong with it than its age.
MOST_FRESH_LINKS = 3


class Uploads(Reading):
    """Starting, feeding, completing, cancelling and finding uploads."""

    def __init__(
        self, transport: Transport, *, routes: Routes = "admin", spelling: Spelling = "published", parallel: int = 4
    ) -> None:
        super().__init__(transport, routes=routes)
        self.spelling = spelling
        self.parallel = parallel

    @endpoint("POST", "/asset/upload/start", page=PAGE, section="Multipart Upload Flow")
    async def start_upload(self, request: StartUpload) -> Upload:
        """Get the parts' signed addresses. Spelled as the published clients do, or as the page does (`spelling`)."""
        body = request.as_wire() if self.spelling == "published" else _as_page(request).as_wire()
        return await self._ask(Upload, "start upload", "POST", "/asset/upload/start", json=body)

    @endpoint("POST", "/asset/upload/start-related-asset", page=PAGE, section="Related Asset Uploads")
    async def start_related_upload(self, request: StartRelatedUpload) -> Upload:
        """Get the parts' signed addresses for a file that hangs on an asset.

        Raises `Malformed` where the server began to replace the owner's own content: nothing was sent there.
        """
        if self.spelling == "page":
            return await self._begin_related(_make_page_request(request).as_wire())
        try:
            return await self._begin_related(request.as_wire())
        except Invalid as refusal:
            if request.existing_asset_id or not _asks_for_existing(refusal):
                raise
        named = request.model_copy(update={"existing_asset_id": request.parent_asset_id})
        upload = await self._begin_related(named.as_wire())
        await self._require_spared(request.parent_asset_id, upload)
        return upload

    async def _begin_related(self, body: Any) -> Upload:
        return await self._ask(Upload, "start related upload", "POST", "/asset/upload/start-related-asset", json=body)

    async def _require_spared(self, owner: str, upload: Upload) -> None:
        """See that the upload is not meant for the owner's own content, before a byte of it is sent."""
        if (await self.get_asset(owner)).status not in _TAKES_CONTENT:
            return
        await self.cancel_upload(upload.id)
        raise Malformed(
            "The asset manager began to replace the asset itself by what is to hang on it; that was cancelled.",
            where=f"nomad asset {owner}",
            remedy="Look at the asset there, and ask who runs this server what `existingAssetId` means to it.",
        )

    @endpoint("PUT", "<uploadUrl>", page=PAGE, section="Multipart Upload Flow")
    async def upload_part(self, part: Part, body: PartBody) -> str:
        """Put one part's bytes at its signed address, without credentials; the ETag, quotes and all.

        Raises `LinkExpired` when the address no longer opens, `Damaged` when other bytes arrived.
        """
        call = Call("upload part", "PUT", part.url, body=body, anonymous=True)
        with ask_for_fresh_link("The part's address"):
            return await self.transport.send(call, lambda reply: _read_etag(reply, body))

    @endpoint("POST", "/asset/upload/part/{partId}/complete", page=PAGE, section="Multipart Upload Flow")
    async def complete_part(self, part_id: str, etag: str) -> None:
        """Confirm one part, with its ETag as it came."""
        at = fill_path("/asset/upload/part/{part_id}/complete", part_id=part_id)
        # Completing twice is harmless (WIRE.md).
        await self._require_success(
            "complete part", "POST", at, json=CompletePart(etag=etag).as_wire(), repeatable=True
        )

    @endpoint("POST", "/asset/upload/{uploadId}/complete", page=PAGE, section="Multipart Upload Flow")
    async def complete_upload(self, upload_id: str) -> None:
        """Finish the upload: the vendor assembles the parts and begins processing."""
        at = fill_path("/asset/upload/{upload_id}/complete", upload_id=upload_id)
        await self._require_success("complete upload", "POST", at, repeatable=True)

    @endpoint("POST", "/asset/upload/{uploadId}/cancel", page=PAGE, section="Multipart Upload Flow")
    async def cancel_upload(self, upload_id: str) -> None:
        """Give the upload up: the vendor removes all that came."""
        await self._require_success(
            "cancel upload", "POST", fill_path("/asset/upload/{upload_id}/cancel", upload_id=upload_id)
        )

    @endpoint("GET", "/admin/asset/upload/{id}", page=WIRE, section="Asset management")
    async def get_upload(self, upload_id: str) -> Upload:
        """An upload as it stands: which parts are there, and fresh addresses for those that aren't."""
        at = fill_path("/admin/asset/upload/{upload_id}", upload_id=upload_id)
        return await self._send(lambda reply: _read_upload(reply, upload_id), "get upload", "GET", at)

    @endpoint("GET", "/admin/asset/upload", page=CLIENTS, section="listUploads")
    async def list_uploads(self, *, completed: bool = False) -> tuple[Upload, ...]:
        """The account's uploads under way; with `completed`, also the finished ones."""
        params = {"includeCompletedUploads": str(completed).lower()}
        return await self._fetch_rows(Upload, "list uploads", "GET", "/admin/asset/upload", params=params)

    async def list_known_uploads(self, *, completed: bool = False) -> tuple[Upload, ...]:
        """`list_uploads`, and none where the server has no such list or shows it to administrators alone."""
        # No page of the vendor's has it: a server may take `upload` for an asset's id, and that for a wrong one.
        try:
            return await self.list_uploads(completed=completed)
        except (NotFound, Forbidden, Invalid):
            return ()

    async def upload(
        self,
        file: Path,
        *,
        parent_id: str | None = None,
        name: str = "",
        language_id: str | None = None,
        existing_asset_id: str | None = None,
        overwrite: OverwriteOption = "Replace",
        sha256: str = "",
        started: Started | None = None,
        tell: Tell | None = None,
    ) -> Uploaded:
        """A whole upload of a file into a folder. `started` hears the upload's id before the first byte goes out.

        `sha256`, where it is known already, saves reading the file once more.

        After an error the upload stays open: `resume_upload` goes on with it, `cancel_upload` removes it.
        """
        source = await asyncio.to_thread(Source.of_file, file)
        request = StartUpload(
            display_name=name or file.name,
            relative_path=name or file.name,
            content_length=source.bytes,
            chunk_size=part_size(source.bytes, PART_SIZE),
            parent_id=parent_id,
            language_id=language_id,
            existing_asset_id=existing_asset_id,
            upload_overwrite_option=overwrite,
        )
        begun = await self.start_upload(request)
        return await self._send_file(_Feed(begun, source, request.chunk_size, tell, sha256), started)

    async def upload_related(
        self,
        file: Path,
        asset_id: str,
        kind: str,
        *,
        name: str = "",
        language_id: str | None = None,
        related_asset_id: str | None = None,
        overwrite: OverwriteOption = "Replace",
        started: Started | None = None,
        tell: Tell | None = None,
    ) -> Uploaded:
        """A whole upload of a subtitle, proxy or thumbnail (`kind`, in the vendor's words) that hangs on an asset."""
        source = await asyncio.to_thread(Source.of_file, file)
        request = StartRelatedUpload(
            parent_asset_id=asset_id,
            content_length=source.bytes,
            chunk_size=part_size(source.bytes, RELATED_PART_SIZE),
            relative_path=name or file.name,
            new_related_asset_metadata_type=kind,
            related_asset_id=related_asset_id,
            language_id=language_id,
            upload_overwrite_option=overwrite,
        )
        begun = await self.start_related_upload(request)
        return await self._send_file(_Feed(begun, source, request.chunk_size, tell), started)

    async def resume_upload(
        self, upload_id: str, file: Path, *, asset_id: str = "", tell: Tell | None = None
    ) -> Uploaded:
        """Go on with an upload, in this process or a later one: only the missing parts are sent.

        `asset_id`, where it is known, is told by the receipt: the vendor's own answer may hold the parts alone.
        Raises `NotFound` for one that is gone, or was cancelled.
        """
        source = await asyncio.to_thread(Source.of_file, file)
        upload = await self.get_upload(upload_id)
        if source.bytes and not upload.parts and not upload.is_completed:
            # Some servers still know an upload that was cancelled: what they took away are its parts.
            raise NotFound("The upload was cancelled: no part of it is left.", where=f"nomad upload {upload_id}")
        begun = await self._complete_upload(upload, asset_id)
        return await self._send_file(_Feed(begun, source, part_size(source.bytes, PART_SIZE), tell), None)

    async def _complete_upload(self, upload: Upload, asset_id: str) -> Upload:
        """The upload with its asset's id, looked for among those under way where nobody told it."""
        if upload.asset_id or asset_id:
            return upload.model_copy(update={"asset_id": upload.asset_id or asset_id})
        known = await self.list_known_uploads(completed=True)
        found = next((each.asset_id for each in known if each.id == upload.id), "")
        return upload.model_copy(update={"asset_id": found})

    async def abort_abandoned_uploads(self, older_than: timedelta, *, now: datetime | None = None) -> tuple[str, ...]:
        """Cancel unfinished uploads begun longer ago than this; their ids. One without a date is left alone."""
        limit = (now or datetime.now(UTC)) - older_than
        stale = [upload for upload in await self.list_uploads() if _is_stale(upload, limit)]
        for upload in stale:
            await self.cancel_upload(upload.id)
        return tuple(upload.id for upload in stale)

    async def _send_file(self, feed: _Feed, started: Started | None) -> Uploaded:
        if started:
            started(feed.upload)
        try:
            return await self._send_all(feed)
        except CallError as failure:
            failure.remedy = f"{failure.remedy} Upload {feed.upload.id} stays open: resume or cancel it.".strip()
            raise
        except OSError as error:
            raise Damaged(f"The file can't be read any more: {error}.", where=feed.source.path.name) from None

    async def _send_all(self, feed: _Feed) -> Uploaded:
        pieces = cut_slices(feed.upload, feed.source.bytes, feed.chunk)
        await self._send_parts(feed, [piece for piece in pieces if not piece.part.is_completed])
        etag = await asyncio.to_thread(etag_of, feed.source.path, pieces, feed.md5s)
        sha256 = feed.sha256 or await asyncio.to_thread(sha256_of, feed.source.path)
        # Before it is completed: what changed on the way stays an open upload, and becomes no asset that looks right.
        await asyncio.to_thread(feed.source.require_unchanged)
        await self.complete_upload(feed.upload.id)
        return Uploaded(
            upload_id=feed.upload.id,
            asset_id=feed.upload.asset_id,
            bytes=feed.source.bytes,
            sha256=sha256,
            etag=etag,
        )

    async def _send_parts(self, feed: _Feed, pieces: Sequence[Slice]) -> None:
        feed.done = feed.source.bytes - sum(piece.length for piece in pieces)
        # All workers take from one iterator, so that none is left with a slow share of its own.
        waiting = iter(pieces)

        async def send_waiting_parts() -> None:
            for piece in waiting:
                await self._send_part(feed, piece)

        workers = [asyncio.ensure_future(send_waiting_parts()) for _ in range(min(self.parallel, len(pieces)))]
        try:
            await asyncio.gather(*workers)
        finally:
            # `gather` raises the first failure and leaves the other workers sending.
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)

    async def _send_part(self, feed: _Feed, piece: Slice) -> None:
        part, body = piece.part, PartBody(piece, feed.source.path)
        for fresh in range(MOST_FRESH_LINKS + 1):
            try:
                etag = await self.upload_part(part, body)
                break
            except LinkExpired:
                if fresh == MOST_FRESH_LINKS:
                    raise
                part = _find_same_part(part, await self.get_upload(feed.upload.id))
        await self.complete_part(part.id, etag)
        feed.count_sent(piece, body.md5)


@dataclass
class _Feed:
    upload: Upload
    source: Source
    chunk: int
    tell: Tell | None
    sha256: str = ""
    done: int = 0
    md5s: dict[int, str] = field(default_factory=dict)

    def count_sent(self, piece: Slice, md5: str) -> None:
        self.md5s[piece.part.part_number] = md5
        self.done += piece.length
        if self.tell:
            self.tell(self.done, self.source.bytes)


def part_size(size: int, usual: int) -> int:
    """The usual part size, or a larger one where the file would have too many parts."""
    return max(usual, -(-size // MOST_PARTS))


def _as_page(request: StartUpload) -> StartUploadAsPage:
    return StartUploadAsPage(
        file_name=request.display_name,
        file_size=request.content_length,
        parent_id=request.parent_id,
        content_type=mimetypes.guess_type(request.relative_path)[0],
    )


def _make_page_request(request: StartRelatedUpload) -> StartRelatedUploadAsPage:
    return StartRelatedUploadAsPage(
        parent_asset_id=request.parent_asset_id,
        file_name=request.relative_path,
        file_size=request.content_length,
        relationship_type=request.new_related_asset_metadata_type,
        content_type=mimetypes.guess_type(request.relative_path)[0],
        language_id=request.language_id,
    )


def _asks_for_existing(refusal: Invalid) -> bool:
    """Whether a server wants the owner by the published clients' name of it: by its own words."""
    return "existingassetid" in f"{refusal.message} {refusal.body}".lower()


def _read_upload(reply: Reply, upload_id: str) -> Upload:
    """An upload, or only its parts: a bare list, or one under a key."""
    value = reply.json()
    answer = {"parts": value} if isinstance(value, list) else value
    return reply.fit_to({"id": upload_id, **answer} if isinstance(answer, dict) else answer, Upload)


def _read_etag(reply: Reply, body: PartBody) -> str:
    etag = str(reply.headers.get("etag", ""))
    body.require_same_bytes(etag, reply.facts)
    return etag


def _find_same_part(part: Part, upload: Upload) -> Part:
    for fresh in upload.parts:
        if fresh.id == part.id or fresh.part_number == part.part_number:
            return fresh
    raise Malformed(f"The vendor no longer knows part {part.part_number}.", where=upload.id)


def _is_stale(upload: Upload, limit: datetime) -> bool:
    if upload.is_completed or upload.created is None:
        return False
    # The vendor writes UTC, with or without saying so.
    begun = upload.created if upload.created.tzinfo else upload.created.replace(tzinfo=UTC)
    return begun < limit
