"""Ad breaks and ad serving (vendor page "Ad Breaks (VMAP/VAST)")."""

from __future__ import annotations

from xml.etree import ElementTree

from polyreel.vendors.calls import Reply
from polyreel.vendors.endpoints import endpoint
from polyreel.vendors.errors import Malformed
from polyreel.vendors.nomad.models_words import AdBreak, AdBreakDraft, Impression, VastQuery
from polyreel.vendors.nomad.resource import PAGE, Resource, fill_path
from polyreel.vendors.transport import is_whole


class Ads(Resource):
    """Where ads may play, and the public endpoints that players ask. Those see no credentials."""

    @endpoint("GET", "/admin/asset/{assetId}/adbreak", page=PAGE, section="Managing Ad Breaks")
    async def list_ad_breaks(self, asset_id: str) -> tuple[AdBreak, ...]:
        """List all ad breaks for an asset."""
        at = fill_path("/admin/asset/{asset_id}/adbreak", asset_id=asset_id)
        return await self._fetch_rows(AdBreak, "list ad breaks", "GET", at)

    @endpoint("POST", "/admin/asset/{assetId}/adbreak", page=PAGE, section="Managing Ad Breaks")
    async def create_ad_break(self, asset_id: str, draft: AdBreakDraft) -> AdBreak:
        """Create a new ad break."""
        at = fill_path("/admin/asset/{asset_id}/adbreak", asset_id=asset_id)
        return await self._ask(AdBreak, "create ad break", "POST", at, json=draft.as_wire())

    @endpoint("PUT", "/admin/asset/{assetId}/adbreak/{id}", page=PAGE, section="Managing Ad Breaks")
    async def update_ad_break(self, asset_id: str, ad_break_id: str, draft: AdBreakDraft) -> AdBreak:
        """Put the draft in the ad break's place."""
        at = fill_path("/admin/asset/{asset_id}/adbreak/{ad_break_id}", asset_id=asset_id, ad_break_id=ad_break_id)
        body = {"id": ad_break_id, **draft.as_wire()}
        return await self._ask_for_changed(AdBreak, body, "update ad break", "PUT", at, json=body)

    @endpoint("DELETE", "/admin/asset/{assetId}/adbreak/{id}", page=PAGE, section="Managing Ad Breaks")
    async def delete_ad_break(self, asset_id: str, ad_break_id: str) -> None:
        """Delete an ad break."""
        at = fill_path("/admin/asset/{asset_id}/adbreak/{ad_break_id}", asset_id=asset_id, ad_break_id=ad_break_id)
        await self._require_success("delete ad break", "DELETE", at)

    @endpoint("GET", "/ads/vmap/{assetId}", page=PAGE, section="Ad Serving (Public Endpoints)")
    async def get_vmap(self, asset_id: str) -> str:
        """The VMAP document that schedules an asset's ads, as it came: parse it as hostile XML."""
        at = fill_path("/ads/vmap/{asset_id}", asset_id=asset_id)
        return await self._send(_read_xml, "get vmap", "GET", at, anonymous=True)

    @endpoint("GET", "/ads/vast", page=PAGE, section="Ad Serving (Public Endpoints)")
    async def get_vast(self, query: VastQuery) -> str:
        """The VAST document of a moment, as it came: parse it as hostile XML. Better: `follow_ad_tag`."""
        return await self._send(_read_xml, "get vast", "GET", "/ads/vast", params=query.as_wire(), anonymous=True)

    async def follow_ad_tag(self, ad_tag: str) -> str:
        """The VAST document at an address that a VMAP names (`ad_tags`), fetched as a player does: as a stranger."""
        return await self._send(_read_xml, "follow ad tag", "GET", ad_tag, anonymous=True)

    @endpoint("GET", "/ads/impression", page=PAGE, section="Ad Serving (Public Endpoints)")
    async def record_impression(self, impression: Impression) -> None:
        """Record that an ad was seen. Sent once: a repeated beacon counts twice."""
        await self._send_beacon("record impression", "GET", impression)

    @endpoint("HEAD", "/ads/impression", page=PAGE, section="Ad Serving (Public Endpoints)")
    async def record_impression_by_head(self, impression: Impression) -> None:
        """The same, without a body in the answer."""
        await self._send_beacon("record impression by HEAD", "HEAD", impression)

    async def _send_beacon(self, operation: str, method: str, impression: Impression) -> None:
        rest = {"params": impression.as_wire(), "anonymous": True, "repeatable": False}
        await self._require_success(operation, method, "/ads/impression", **rest)


def ad_tags(vmap: str) -> tuple[str, ...]:
    """The addresses of ads that a VMAP document names, in its order. Raises `Malformed` for what is no VMAP."""
    try:
        # A document type could hold entities that unfold without end.
        if "<!doctype" in vmap.lower():
            raise ValueError("a document type")
        root = ElementTree.fromstring(vmap)  # noqa: S314 - no document type, so no entities
    except (ElementTree.ParseError, ValueError):
        raise Malformed("Expected a VMAP document.", where="nomad ads") from None
    named = (text.strip() for each in root.iterfind(".//{*}AdTagURI") if (text := each.text))
    return tuple(address for address in named if is_whole(address))


def _read_xml(reply: Reply) -> str:
    text = reply.text.lstrip("\ufeff \r\n\t")
    if not text.startswith("<"):
        raise Malformed("Expected XML.", facts=reply.facts)
    return text
