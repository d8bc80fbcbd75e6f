"""Creating, finding, changing and keeping assets (vendor page "Creating Assets" to "Archive & Restore")."""

from __future__ import annotations

import json
from pathlib import Path

from polyreel.vendors.calls import Reply
from polyreel.vendors.downloads import Downloaded, Expected, Tell, download
from polyreel.vendors.endpoints import endpoint
from polyreel.vendors.errors import Damaged, JobFailed
from polyreel.vendors.nomad.models import (
    Asset,
    AssetDetail,
    Job,
    MetadataSummary,
    ScreenshotDetail,
    SegmentDetail,
    Share,
)
from polyreel.vendors.nomad.models_edits import (
    ChangeLanguage,
    ClipAsset,
    GenerateImage,
    LocalRestore,
    RegisterAsset,
    Screenshot,
    ShareAsset,
    UpdateAsset,
)
from polyreel.vendors.nomad.models_uploads import Uploaded
from polyreel.vendors.nomad.multipart import compare_etags
from polyreel.vendors.nomad.resource import CLIENTS, PAGE, Resource, fill_path
from polyreel.vendors.nomad.statuses import AssetStatus
from polyreel.vendors.transport import is_whole
from polyreel.vendors.waiting import Patience, wait_for

MOST_PAGES = 1000
"""Of a folder's list: a vendor that answers for ever is not asked for ever."""


class Creating(Resource):
    """Assets that come into being without an upload."""

    @endpoint("POST", "/admin/asset/register", page=PAGE, section="Creating Assets")
    async def register_asset(self, request: RegisterAsset) -> Asset:
        """Register an object that is already in the storage, by bucket and key."""
        return await self._ask(Asset, "register asset", "POST", "/admin/asset/register", json=request.as_wire())

    @endpoint("POST", "/admin/asset/{parentId}/create-folder", page=PAGE, section="Creating Assets")
    async def create_folder(self, parent_id: str, display_name: str) -> Asset:
        """A folder within a folder or bucket."""
        at = fill_path("/admin/asset/{parent_id}/create-folder", parent_id=parent_id)
        return await self._ask(Asset, "create folder", "POST", at, json={"displayName": display_name})

    @endpoint("POST", "/admin/asset/{parentId}/create-placeholder", page=PAGE, section="Creating Assets")
    async def create_placeholder(self, parent_id: str, asset_name: str) -> Asset:
        """A reserved slot: upload into it with ``existing_asset_id``."""
        at = fill_path("/admin/asset/{parent_id}/create-placeholder", parent_id=parent_id)
        return await self._ask(Asset, "create placeholder", "POST", at, json={"assetName": asset_name})

    @endpoint("POST", "/asset/{assetId}/generate-image", page=PAGE, section="AI Image Generation")
    async def generate_image(self, asset_id: str, prompt: str) -> Asset:
        """A new image asset from a description."""
        at = fill_path("/asset/{asset_id}/generate-image", asset_id=asset_id)
        return await self._ask(Asset, "generate image", "POST", at, json=GenerateImage(prompt=prompt).as_wire())


class Reading(Resource):
    """Looking at assets, and fetching them."""

    @endpoint("GET", "/admin/asset/{id}", page=PAGE, section="Asset Retrieval")
    async def get_asset(self, asset_id: str) -> Asset:
        """An asset's metadata."""
        return await self._ask(Asset, "get asset", "GET", fill_path("/admin/asset/{asset_id}", asset_id=asset_id))

    @endpoint("GET", "/admin/asset?bucketName=...&objectKey=...", page=PAGE, section="Asset Retrieval")
    async def get_asset_at(self, bucket_name: str, object_key: str) -> Asset:
        """The asset at a place in the storage."""
        params = {"bucketName": bucket_name, "objectKey": object_key}
        return await self._ask(Asset, "get asset by location", "GET", "/admin/asset", params=params)

    @endpoint("GET", "/admin/asset/{id}/detail", page=PAGE, section="Asset Retrieval")
    async def get_detail(self, asset_id: str) -> AssetDetail:
        """Everything: media properties, URLs, related assets, what the AI found."""
        at = fill_path("/admin/asset/{asset_id}/detail", asset_id=asset_id)
        return await self._ask(AssetDetail, "get detail", "GET", at)

    @endpoint("GET", "/admin/asset/{id}/{segmentId}/detail", page=PAGE, section="Asset Retrieval")
    async def get_segment_detail(self, asset_id: str, segment_id: str) -> SegmentDetail:
        """One segment of an asset."""
        at = fill_path("/admin/asset/{asset_id}/{segment_id}/detail", asset_id=asset_id, segment_id=segment_id)
        return await self._ask(SegmentDetail, "get segment detail", "GET", at)

    @endpoint("GET", "/admin/asset/{id}/{segmentId}/{screenshotId}/detail", page=PAGE, section="Asset Retrieval")
    async def get_screenshot_detail(self, asset_id: str, segment_id: str, screenshot_id: str) -> ScreenshotDetail:
        """One screenshot within a segment."""
        at = fill_path(
            "/admin/asset/{asset_id}/{segment_id}/{screenshot_id}/detail",
            asset_id=asset_id,
            segment_id=segment_id,
            screenshot_id=screenshot_id,
        )
        return await self._ask(ScreenshotDetail, "get screenshot detail", "GET", at)

    @endpoint("GET", "/admin/asset/{id}/parent-folders", page=PAGE, section="Asset Retrieval")
    async def get_parent_folders(self, asset_id: str, *, page_size: int | None = None) -> tuple[Asset, ...]:
        """The folders above an asset."""
        at = fill_path("/admin/asset/{asset_id}/parent-folders", asset_id=asset_id)
        return await self._fetch_rows(Asset, "get parent folders", "GET", at, params={"pageSize": page_size})

    @endpoint("GET", "/admin/asset/{id}/getAssetChildNodes", page=CLIENTS, section="getAssetChildNodes")
    async def list_children(self, folder_id: str, *, page_size: int = 1000) -> tuple[Asset, ...]:
        """All that lies right in a folder, page after page; ``root`` for the top.

        The vendor's pages name no way to list a folder; its published clients ask like this.
        """
        at = fill_path("/admin/asset/{folder_id}/getAssetChildNodes", folder_id=folder_id)
        found: dict[str, Asset] = {}
        for number in range(MOST_PAGES):
            params = {"folderId": folder_id, "pageIndex": number, "pageSize": page_size}
            page = await self._fetch_rows(Asset, "list children", "GET", at, params=params)
            # Some answer every page with the whole folder: a page without news is the last.
            news = {each.id: each for each in page if each.id not in found}
            found |= news
            if len(page) != page_size or not news:
                break
        return tuple(found.values())

    @endpoint("GET", "/admin/asset/{id}/metadata-summary", page=PAGE, section="Metadata & Labels")
    async def get_metadata_summary(self, asset_id: str) -> MetadataSummary:
        """Labels the AI found; for a folder, of everything below it."""
        at = fill_path("/admin/asset/{asset_id}/metadata-summary", asset_id=asset_id)
        return await self._ask_for(MetadataSummary, "get metadata summary", "GET", at)

    @endpoint("GET", "/admin/asset/{assetId}/job-history", page=PAGE, section="Job History")
    async def get_job_history(self, asset_id: str) -> tuple[Job, ...]:
        """What the vendor did with an asset, in order, with errors."""
        at = fill_path("/admin/asset/{asset_id}/job-history", asset_id=asset_id)
        return await self._fetch_rows(Job, "get job history", "GET", at)

    @endpoint("GET", "/admin/asset/{assetId}/resolve-full-url?url=...", page=PAGE, section="URL Resolution")
    async def resolve_full_url(self, asset_id: str, url: str) -> str:
        """A signed address for a relative one; as JSON or as plain text. `JobFailed` where the vendor knows none."""
        at = fill_path("/admin/asset/{asset_id}/resolve-full-url", asset_id=asset_id)
        reply = await self._fetch_reply("resolve full url", "GET", at, params={"url": url})
        return plain_url(reply.text) or await self._without_address(asset_id)

    async def get_download_url(self, asset_id: str) -> str:
        """A whole address that gives the asset's file now. `JobFailed` (`asset_unusable`) where there is none."""
        detail = await self.get_detail(asset_id)
        if not detail.url.strip():
            raise not_usable(detail, "has no file to download")
        return detail.url if is_whole(detail.url) else await self.resolve_full_url(asset_id, detail.url)

    async def _without_address(self, asset_id: str) -> str:
        raise not_usable(await self.get_asset(asset_id), "has no address that opens")

    async def wait_until_usable(self, asset_id: str, patience: Patience | None = None) -> Asset:
        """Ask until the asset is `Available` or `Restored`. `JobFailed` when it settles as anything else."""
        return await wait_for(lambda: self.get_asset(asset_id), _is_usable, f"nomad asset {asset_id}", patience)

    async def check_uploaded(self, uploaded: Uploaded) -> bool:
        """Hold what the vendor keeps against what was uploaded: its length, and its ETag where that is S3's own.

        True: the bytes are proven. False: nothing speaks against them; `download` proves them by their SHA-256.
        Raises `Damaged`.
        """
        kept = await self.get_detail(uploaded.asset_id)
        same = compare_etags(kept.etag, uploaded.etag)
        if same is False or (kept.size is not None and kept.size != uploaded.bytes):
            raise Damaged(
                f"The vendor keeps {kept.size} bytes, uploaded were {uploaded.bytes}, with other content.",
                where=f"nomad asset {uploaded.asset_id}",
                remedy="Upload it again.",
            )
        return bool(same)

    async def download(
        self, asset_id: str, to: Path, *, expected: Expected | None = None, tell: Tell | None = None
    ) -> Downloaded:
        """Fetch an asset's file, with a fresh address whenever the last one has expired."""

        async def ask_for_link() -> str:
            return await self.get_download_url(asset_id)

        return await download(
            self.transport, ask_for_link, to, operation="download asset", expected=expected, tell=tell
        )


class Editing(Resource):
    """Changing an asset, and making others of it."""

    @endpoint("PATCH", "/admin/asset/{id}", page=PAGE, section="Updating Properties")
    @endpoint("PATCH", "/asset/{id}", page=PAGE, section="Updating Properties")
    async def update_asset(self, asset_id: str, request: UpdateAsset) -> None:
        """Change light properties; nothing is processed again."""
        at = self._pick_route("/asset/{asset_id}", asset_id=asset_id)
        await self._require_success("update asset", "PATCH", at, json=request.as_wire())

    @endpoint("POST", "/admin/asset/{id}/language", page=PAGE, section="Changing Language")
    async def change_language(self, asset_id: str, request: ChangeLanguage) -> None:
        """Another spoken language: transcription and subtitles are made anew."""
        at = fill_path("/admin/asset/{asset_id}/language", asset_id=asset_id)
        await self._require_success("change language", "POST", at, json=request.as_wire())

    @endpoint("POST", "/admin/asset/{id}/clip", page=PAGE, section="Clipping Video")
    @endpoint("POST", "/asset/{id}/clip", page=PAGE, section="Clipping Video")
    async def clip(self, asset_id: str, request: ClipAsset) -> Asset:
        """A new asset from a range of this one."""
        at = self._pick_route("/asset/{asset_id}/clip", asset_id=asset_id)
        return await self._ask(Asset, "clip", "POST", at, json=request.as_wire())

    @endpoint("POST", "/admin/asset/{id}/screenshot", page=PAGE, section="Capturing Screenshots")
    async def capture_screenshot(self, asset_id: str, timecode_milliseconds: int) -> ScreenshotDetail:
        """A still image of this moment."""
        at = fill_path("/admin/asset/{asset_id}/screenshot", asset_id=asset_id)
        body = Screenshot(timecode_milliseconds=timecode_milliseconds).as_wire()
        return await self._ask(ScreenshotDetail, "capture screenshot", "POST", at, json=body)

    @endpoint("POST", "/asset/{assetId}/share", page=PAGE, section="Sharing Assets")
    async def share(self, asset_id: str, request: ShareAsset) -> Share:
        """A shareable address."""
        at = fill_path("/asset/{asset_id}/share", asset_id=asset_id)
        return await self._send(_read_share, "share", "POST", at, json=request.as_wire())


class Keeping(Resource):
    """Archive and restore."""

    @endpoint("POST", "/admin/asset/{id}/archive", page=PAGE, section="Archiving")
    async def archive(self, asset_id: str) -> None:
        """To slow, cheap storage; until restored it can't be streamed or fetched."""
        await self._require_success("archive", "POST", fill_path("/admin/asset/{asset_id}/archive", asset_id=asset_id))

    @endpoint("POST", "/admin/asset/{id}/restore", page=PAGE, section="Restoring")
    @endpoint("POST", "/asset/{id}/restore", page=PAGE, section="Restoring")
    async def restore(self, asset_id: str) -> None:
        """Back from the archive; takes as long as its tier takes. Then the asset is `Restored`."""
        await self._require_success("restore", "POST", self._pick_route("/asset/{asset_id}/restore", asset_id=asset_id))

    @endpoint("POST", "/asset/local-restore", page=PAGE, section="Local Restore (On-Premises)")
    async def local_restore_many(self, request: LocalRestore) -> None:
        """Several assets to on-premises storage, by profile."""
        await self._require_success("local restore", "POST", "/asset/local-restore", json=request.as_wire())

    @endpoint("POST", "/asset/{id}/localRestore", page=PAGE, section="Local Restore (On-Premises)")
    async def local_restore(self, asset_id: str, profile: str) -> None:
        """One asset to on-premises storage."""
        at = fill_path("/asset/{asset_id}/localRestore", asset_id=asset_id)
        # "Same as above, for a single asset" says the page; what is really sent is this.
        await self._require_success("local restore one", "POST", at, json={"profile": profile})


def plain_url(text: str) -> str:
    """An address that came as plain text, as a JSON string, or in an object; empty where there is none."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = text
    candidates = value.values() if isinstance(value, dict) else [value]
    return next((found.strip() for found in candidates if isinstance(found, str) and is_whole(found.strip())), "")


def _read_share(reply: Reply) -> Share:
    """A share in an object, or its bare link."""
    link = plain_url(reply.text)
    value = reply.json() if reply.text.lstrip().startswith("{") else {"url": link or None}
    return reply.fit_to(value, Share)


def not_usable(asset: Asset, why: str = "") -> JobFailed:
    """The error of an asset that will not become usable by waiting."""
    word = asset.status.word if asset.status else "of unknown status"
    archived = asset.status is AssetStatus.ARCHIVED
    return JobFailed(
        f"The asset {why or 'can not be used'}: it is {word}. {asset.error}".strip(),
        code="asset_unusable",
        vendor="nomad",
        job_id=asset.id,
        vendor_code=word,
        remedy="Restore it from the archive first." if archived else "Look at its job history.",
    )


def _is_usable(asset: Asset) -> bool:
    settled = asset.status is not None and asset.status.settled
    # Deleting is not settled yet, but nothing usable comes after it.
    if (settled and not asset.usable) or asset.status is AssetStatus.DELETING:
        raise not_usable(asset)
    return asset.usable
