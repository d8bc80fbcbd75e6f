"""The same action on many assets (vendor page "Batch Operations")."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from polyreel.vendors.endpoints import endpoint
from polyreel.vendors.errors import Invalid, NotFound, Refused
from polyreel.vendors.nomad.assets import Reading
from polyreel.vendors.nomad.models import BatchResult
from polyreel.vendors.nomad.models_edits import Batch, BatchAction
from polyreel.vendors.nomad.resource import CLIENTS, PAGE, Resource, fill_path

Ids = Sequence[str]


class Batches(Resource):
    """Every documented batch action, by name and one by one."""

    @endpoint("POST", "/admin/asset/{actionName}", page=PAGE, section="Batch Operations")
    async def batch(
        self, action: BatchAction, target_ids: Ids, arguments: Mapping[str, Any] | None = None
    ) -> BatchResult:
        """Do it to all of them; the result says for each whether it was done."""
        at = fill_path("/admin/asset/{action}", action=action)
        body = Batch(target_ids=tuple(target_ids), action_arguments=dict(arguments or {})).as_wire()
        return await self._ask_for(BatchResult, f"batch {action}", "POST", at, json=body)

    async def delete_assets(self, ids: Ids) -> BatchResult:
        """Permanently delete assets."""
        return await self.batch("Delete", ids)

    async def archive_assets(self, ids: Ids) -> BatchResult:
        """Move assets to archival storage."""
        return await self.batch("Archive", ids)

    async def restore_assets(self, ids: Ids) -> BatchResult:
        """Restore assets from archival storage."""
        return await self.batch("Restore", ids)

    async def duplicate_assets(self, ids: Ids) -> BatchResult:
        """Create copies of assets, beside them."""
        return await self.batch("Duplicate", ids)

    async def move_assets(self, ids: Ids, folder_id: str) -> BatchResult:
        """Move assets to another folder."""
        return await self.batch("Move", ids, {"destinationFolderAssetId": folder_id})

    async def copy_assets(self, ids: Ids, folder_id: str) -> BatchResult:
        """Copy assets to another folder."""
        return await self.batch("Copy", ids, {"destinationFolderAssetId": folder_id})

    async def index_assets(self, ids: Ids) -> BatchResult:
        """Index assets again, for search."""
        return await self.batch("Index", ids)

    async def reprocess_assets(self, ids: Ids) -> BatchResult:
        """Run every processing pipeline again."""
        return await self.batch("Reprocess", ids)

    async def add_tag(self, ids: Ids, tag: str) -> BatchResult:
        """Tag assets."""
        return await self.batch("AddTag", ids, {"tag": tag})

    async def remove_tag(self, ids: Ids, tag: str) -> BatchResult:
        """Take a tag off assets."""
        return await self.batch("RemoveTag", ids, {"tag": tag})

    async def add_to_collection(self, ids: Ids, collection: str) -> BatchResult:
        """Add assets to a collection."""
        return await self.batch("AddCollection", ids, {"collection": collection})

    async def remove_from_collection(self, ids: Ids, collection: str) -> BatchResult:
        """Remove assets from a collection."""
        return await self.batch("RemoveCollection", ids, {"collection": collection})


class Deleting(Reading, Batches):
    """One asset for good."""

    @endpoint("DELETE", "/admin/asset/{id}", page=CLIENTS, section="deleteAsset")
    async def delete_asset(self, asset_id: str) -> None:
        """Delete one asset for good, by whichever way this server has. Raises `NotFound` where there is no such asset.

        Published clients delete the asset's own address; the vendor's page has only the batch `Delete`.
        """
        try:
            await self._require_success(
                "delete asset", "DELETE", fill_path("/admin/asset/{asset_id}", asset_id=asset_id)
            )
        except (NotFound, Invalid):
            # Not found may be the asset or the call: what is still there goes by the page's way.
            await self.get_asset(asset_id)
            if (await self.delete_assets([asset_id])).failed:
                raise Refused(
                    "The asset stays.", where=f"nomad asset {asset_id}",
                    remedy="See in the asset manager who uses it, or delete it there.",
                ) from None  # fmt: skip
