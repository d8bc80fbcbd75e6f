"""Bringing videos in, finding and keeping them (vendor page "Upload an video" to "Move Individual Asset")."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from polyreel.vendors.bodies import FilePart, Form, Watched
from polyreel.vendors.calls import Call, Reply
from polyreel.vendors.downloads import Downloaded, Expected, Tell, download
from polyreel.vendors.endpoints import endpoint
from polyreel.vendors.errors import Invalid, JobFailed
from polyreel.vendors.links import ask_for_fresh_link
from polyreel.vendors.pages import Page
from polyreel.vendors.tpstreams.checks import require_upload_size
from polyreel.vendors.tpstreams.models import (
    MOST_IN_BULK,
    Asset,
    CreateVideo,
    Resolution,
    Status,
    UploadSession,
    VideoOptions,
)
from polyreel.vendors.tpstreams.resource import PAGE, WIRE, Resource
from polyreel.vendors.waiting import Patience, wait_for


class Ingest(Resource):
    """New videos: fetched by the vendor, or posted to its storage."""

    @endpoint("POST", "/api/v1/<organization_id>/assets/videos/", page=PAGE, section="Upload an video")
    async def upload_video(self, request: CreateVideo) -> Asset:
        """Let the vendor fetch a video from an address. `Not Started` at first, whatever the page's sample says."""
        return await self._ask(Asset, "upload video", "POST", self._make_path("assets/videos/"), json=request.as_wire())

    @endpoint("POST", "/api/v1/<organization_id>/assets/videos/bulk-create/", page=WIRE, section="TPStreams")
    async def bulk_create(self, requests: Sequence[CreateVideo]) -> tuple[Asset, ...]:
        """Up to 50 videos, all or none; each title and address but once.

        A refusal's `vendor_code` says which one is at fault (``item 3``, counted from zero).
        """
        # The vendor refuses the whole list (WIRE.md "all or nothing"): said before 50 inputs are sent.
        if not 0 < len(requests) <= MOST_IN_BULK:
            raise Invalid(f"1 to {MOST_IN_BULK} videos go in one call, not {len(requests)}.", where="tpstreams")
        at = self._make_path("assets/videos/bulk-create/")
        return await self._send(
            _read_assets, "bulk create", "POST", at, json=[request.as_wire() for request in requests]
        )

    @endpoint("POST", "/api/v1/<organization_id>/assets/upload-sessions/", page=WIRE, section="TPStreams")
    async def create_upload_session(self, options: VideoOptions) -> UploadSession:
        """A form to post one file with; the asset waits for it. The vendor wants a title: `Invalid` without one."""
        if options.title is None:
            raise Invalid("An upload needs a title.", where="tpstreams", remedy="Give the video a title.")
        at = self._make_path("assets/upload-sessions/")
        return await self._ask(UploadSession, "create upload session", "POST", at, json=options.as_wire())

    @endpoint("POST", "<S3 form>", page=WIRE, section="TPStreams")
    async def upload_to_session(self, session: UploadSession, video: Path, *, tell: Tell | None = None) -> None:
        """Post a file as the session's form, `file` last, without credentials. At most 5 GiB: `TooLarge`.

        Raises `LinkExpired` when the form is no longer taken.
        """
        require_upload_size(video)
        form = Form(session.fields, {"file": FilePart(video)})
        body = Watched(form, tell) if tell else form
        # The form names the object's key, so posting it again writes the same object again.
        call = Call("upload to session", "POST", session.url, body=body, anonymous=True, repeatable=True)
        with ask_for_fresh_link("The upload's form"):
            await self.transport.fetch_reply(call)

    async def upload_file(self, video: Path, options: VideoOptions, *, tell: Tell | None = None) -> str:
        """A whole upload of a file; the new asset's id."""
        # Before there is a session: a file that is too large must not leave an asset that waits for it.
        require_upload_size(video)
        titled = options if options.title else options.model_copy(update={"title": video.stem})
        session = await self.create_upload_session(titled)
        await self.upload_to_session(session, video, tell=tell)
        return session.asset_id or session.id


class Assets(Resource):
    """Looking at assets, moving and deleting them."""

    @endpoint("GET", "/api/v1/<organization_id>/assets/", page=PAGE, section="Get all the assets")
    async def list_assets(
        self, *, parent: str | None = None, in_root: bool = False, limit: int | None = None
    ) -> AsyncIterator[Asset]:
        """Every asset of the organisation, page after page; of one folder (`parent`), or of none (`in_root`).

        `limit` is the size of a page, not of the list.
        """
        params = {"parent": parent, "has_parent": "false" if in_root else None, "limit": limit}
        async for asset in self._list_all(Asset, "list assets", self._make_path("assets/"), params):
            # No page has a folder in this query: a server that leaves it unread lists what lies elsewhere, too.
            if (asset.parent_id == parent) if parent else not (in_root and asset.parent_id):
                yield asset

    @endpoint("GET", "/api/v1/<organization_id>/assets/<asset_id>/", page=PAGE, section="Get Individual Asset Details")
    async def get_asset(self, asset_id: str, *, expiry: int | None = None) -> Asset:
        """One asset. `expiry`: for how many seconds the playback address shall open.

        The page puts it in the body of a GET, which proxies drop; the query works too (WIRE.md).
        """
        at = self._make_path("assets/{asset_id}/", asset_id=asset_id)
        return await self._ask(Asset, "get asset", "GET", at, params={"expiry": expiry})

    @endpoint("DELETE", "/api/v1/<organization_id>/assets/<asset_id>/", page=PAGE, section="Delete Individual Asset")
    async def delete_asset(self, asset_id: str) -> None:
        """Delete an asset; a folder goes with all that is in it."""
        await self._require_success("delete asset", "DELETE", self._make_path("assets/{asset_id}/", asset_id=asset_id))

    @endpoint("POST", "/api/v1/<organization_id>/assets/<asset_id>/move/", page=PAGE, section="Move Individual Asset")
    async def move_asset(self, asset_id: str, folder_id: str) -> None:
        """Move an asset into a folder."""
        at = self._make_path("assets/{asset_id}/move/", asset_id=asset_id)
        # Where it already is, it stays: moving twice is moving once.
        await self._require_success("move asset", "POST", at, json={"parent": folder_id}, repeatable=True)

    async def move_asset_to_root(self, asset_id: str) -> None:
        """Move an asset out of all folders: page section "Move Individual Asset", an empty body."""
        at = self._make_path("assets/{asset_id}/move/", asset_id=asset_id)
        await self._require_success("move asset to root", "POST", at, repeatable=True)

    @endpoint("POST", "/api/v1/<organization_id>/assets/<asset_id>/delete_resolutions/", page=WIRE, section="TPStreams")
    async def delete_resolutions(self, asset_id: str, resolutions: Sequence[Resolution]) -> None:
        """Remove renditions, in the background. One must stay, and an AES-protected video keeps all: `Invalid`."""
        at = self._make_path("assets/{asset_id}/delete_resolutions/", asset_id=asset_id)
        heights = [int(resolution.removesuffix("p")) for resolution in resolutions]
        await self._require_success("delete resolutions", "POST", at, json={"resolutions": heights})

    @endpoint("POST", "/api/v1/<organization_id>/assets/folders/", page=WIRE, section="TPStreams")
    async def create_folder(self, title: str, *, parent: str | None = None) -> Asset:
        """A folder, for the `folder` of a new video and for `move_asset`."""
        body = {"title": title, **({"parent": parent} if parent else {})}
        return await self._ask(Asset, "create folder", "POST", self._make_path("assets/folders/"), json=body)

    @endpoint("GET", "/api/v1/<organization_id>/assets/folders/", page=WIRE, section="TPStreams")
    async def list_folders(self, *, search: str | None = None) -> AsyncIterator[Asset]:
        """Every folder, page after page; `search` looks in their titles."""
        async for folder in self._list_all(Asset, "list folders", self._make_path("assets/folders/"), {"q": search}):
            yield folder

    async def wait_until_completed(self, asset_id: str, patience: Patience | None = None) -> Asset:
        """Ask until the video plays. Raises `JobFailed` for `Error`."""
        return await wait_for(lambda: self.get_asset(asset_id), _is_completed, f"tpstreams asset {asset_id}", patience)

    async def download(
        self, asset_id: str, to: Path, *, expected: Expected | None = None, tell: Tell | None = None
    ) -> Downloaded:
        """Fetch a video's file, with a fresh address whenever the last one has expired."""

        async def ask_for_link() -> str:
            # Asked for at each try: the address is signed, and runs out.
            asset = await self.get_asset(asset_id)
            if not asset.download_url:
                raise _job_failed(asset, "has no file to download")
            return asset.download_url

        return await download(
            self.transport, ask_for_link, to, operation="download asset", expected=expected, tell=tell
        )


def _read_assets(reply: Reply) -> tuple[Asset, ...]:
    return tuple(reply.fit_to(row, Asset) for row in Page.of_answer(reply.json()).rows)


def _is_completed(asset: Asset) -> bool:
    if asset.status is Status.ERROR:
        raise _job_failed(asset, "could not be processed")
    return asset.ready


def _job_failed(asset: Asset, why: str) -> JobFailed:
    return JobFailed(
        f"TPStreams' video {asset.id} {why}; it is {asset.status.value}.",
        vendor="tpstreams",
        job_id=asset.id,
        vendor_code=asset.status.value,
        remedy="Check that the file is a video, and that the vendor can fetch it.",
    )
