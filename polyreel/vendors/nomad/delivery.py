"""Download queue, ZIPs, streaming, tracking and faces (vendor page "Download Queue" to "Facial Recognition")."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from http.cookies import CookieError, SimpleCookie
from typing import Any

from polyreel.vendors.calls import Reply
from polyreel.vendors.endpoints import endpoint
from polyreel.vendors.errors import Invalid
from polyreel.vendors.nomad.models import Archive, Cookies, Face, QueueItem, QueueResult
from polyreel.vendors.nomad.models_edits import QueueChange, QueueRequest, TrackingEvent, ZipArchive
from polyreel.vendors.nomad.resource import PAGE, Resource, fill_path, fit_reply


class Queue(Resource):
    """Collecting assets for a download, and zipping them."""

    @endpoint("POST", "/asset-queue", page=PAGE, section="Add to Queue")
    async def add_to_queue(self, ids: Sequence[str], *, download_proxy: bool = False) -> QueueResult:
        """Queue files; folders and collections are expanded.

        Up to 50 ids are queued before the answer, more in the background (`QueueRequest.in_background`): then the
        result may still be empty. What is queued or downloading already is skipped.
        """
        request = QueueRequest(ids=tuple(ids), download_proxy=download_proxy)
        # Duplicates are skipped (page "Duplicate Handling"), so asking again adds nothing.
        return await self._ask_for(
            QueueResult, "add to download queue", "POST", "/asset-queue", json=request.as_wire(), repeatable=True
        )

    async def check_queue(self) -> None:
        """See that there is a download queue, by adding nothing to it. Raises `NotFound` where there is none."""
        # The page promises a 400 to whoever is let in and names no asset.
        with contextlib.suppress(Invalid):
            await self._require_success(
                "check download queue", "POST", "/asset-queue", json={"ids": []}, repeatable=True
            )

    @endpoint("PATCH", "/asset-queue", page=PAGE, section="Download Queue")
    async def update_queue_item(self, change: QueueChange) -> QueueItem:
        """Update a queue item."""
        body = change.as_wire()
        return await self._ask_for_changed(QueueItem, body, "update queue item", "PATCH", "/asset-queue", json=body)

    @endpoint("DELETE", "/asset-queue", page=PAGE, section="Download Queue")
    async def remove_from_queue(self, ids: Sequence[str]) -> None:
        """Remove entries from the queue."""
        # A bare list, as the published OpenAPI has it (WIRE.md); the page leaves the body open.
        await self._require_success("remove from download queue", "DELETE", "/asset-queue", json=list(ids))

    @endpoint("POST", "/admin/asset/download-archive", page=PAGE, section="Creating ZIP Archives")
    @endpoint("POST", "/asset/download-archive", page=PAGE, section="Creating ZIP Archives")
    async def create_zip_archive(self, request: ZipArchive) -> Archive:
        """A ZIP of several assets."""
        at = self._pick_route("/asset/download-archive")
        return await self._send(_read_archive, "create zip archive", "POST", at, json=request.as_wire())


class Streaming(Resource):
    """Secure playback, what was watched, and who is in the picture."""

    @endpoint("GET", "/admin/asset/{assetId}/set-cookies/{relatedAssetId}", page=PAGE, section="Secure Streaming")
    @endpoint("GET", "/asset/{assetId}/set-cookies/{relatedAssetId}", page=PAGE, section="Secure Streaming")
    async def get_streaming_cookies(self, asset_id: str, related_asset_id: str) -> Cookies:
        """Signed cookies for a player: from the answer's headers and its body."""
        at = self._pick_route(
            "/asset/{asset_id}/set-cookies/{related_id}", asset_id=asset_id, related_id=related_asset_id
        )
        return await self._send(_read_cookies, "get streaming cookies", "GET", at)

    @endpoint("GET", "/asset/tracking?trackingEvent=...", page=PAGE, section="Video Tracking")
    async def track(self, event: TrackingEvent) -> None:
        """Record a playback event. Sent once: a repeated beacon counts twice."""
        await self._require_success("track", "GET", "/asset/tracking", params=event.as_wire(), repeatable=False)

    @endpoint(
        "POST", "/asset/{assetId}/assign-person/{faceId}/{personId}", page=PAGE, section="Person-Face Association"
    )
    async def assign_person(self, asset_id: str, face_id: str, person_id: str) -> Face:
        """Say who a detected face is."""
        at = fill_path(
            "/asset/{asset_id}/assign-person/{face_id}/{person_id}",
            asset_id=asset_id,
            face_id=face_id,
            person_id=person_id,
        )
        return await self._change_face("assign person", at, {"faceId": face_id, "personId": person_id})

    @endpoint("POST", "/asset/{assetId}/remove-person/{faceId}", page=PAGE, section="Person-Face Association")
    async def remove_person(self, asset_id: str, face_id: str) -> Face:
        """Take that back."""
        at = fill_path("/asset/{asset_id}/remove-person/{face_id}", asset_id=asset_id, face_id=face_id)
        return await self._change_face("remove person", at, {"faceId": face_id})

    async def _change_face(self, operation: str, at: str, known: Mapping[str, str]) -> Face:
        return await self._ask_for_changed(Face, known, operation, "POST", at)


def _read_archive(reply: Reply) -> Archive:
    # The page does not show the answer: an object, a bare address, or nothing while it is being made.
    text = reply.text.strip()
    if text.strip('"').startswith("http"):
        return Archive(url=text.strip('"'))
    return fit_reply(Archive, reply)


def _read_cookies(reply: Reply) -> Cookies:
    body = reply.json() if reply.body.strip() else {}
    given = {str(key): value for key, value in body.items()} if isinstance(body, Mapping) else {"cookies": body}
    key = next((key for key in given if key.lower() == "cookies"), "")
    # Without a key of their own they stand among other things: then only a streaming network's own are meant.
    loose = {name: value for name, value in given.items() if name.startswith("CloudFront")}
    jar = _in_body(given.pop(key) if key else loose)
    for header in reply.headers.get_list("set-cookie"):
        jar |= _one_cookie(header)
    return reply.fit_to({**given, "cookies": jar}, Cookies)


def _one_cookie(header: str) -> dict[str, str]:
    try:
        return {name: morsel.value for name, morsel in SimpleCookie(header).items()}
    except CookieError:
        return {}


def _in_body(cookies: Any) -> dict[str, str]:
    """``{name: value}``, ``[{name, value}]`` or ``["name=value"]``."""
    if isinstance(cookies, Mapping):
        return {str(name): str(value) for name, value in cookies.items()}
    found: dict[str, str] = {}
    for cookie in cookies if isinstance(cookies, list) else []:
        if isinstance(cookie, str):
            found |= _one_cookie(cookie)
        elif isinstance(cookie, Mapping):
            folded = {str(key).lower(): value for key, value in cookie.items()}
            found[str(folded.get("name", ""))] = str(folded.get("value", ""))
    return found
