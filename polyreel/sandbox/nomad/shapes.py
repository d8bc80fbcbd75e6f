"""What Nomad answers: assets, details, uploads, ProblemDetails."""

from __future__ import annotations

from http import HTTPStatus

from starlette.responses import JSONResponse, Response

from polyreel.sandbox.box import Box
from polyreel.sandbox.nomad.statuses import FILE, STATUSES, TYPES
from polyreel.sandbox.nomad.timecode import format_timecode
from polyreel.sandbox.state import Json
from polyreel.sandbox.wire import Refusal

NAME = "nomad"
# The vendors' signed addresses hold for some fifteen minutes.
PART_SECONDS = 900


def render_refusal(refusal: Refusal) -> Response:
    """ProblemDetails: ``{type, title, status, detail}``."""
    status = 400 if refusal.code == "validation" and refusal.status != 415 else refusal.status
    body = {
        "type": f"https://httpstatuses.io/{status}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": refusal.message,
    }
    return JSONResponse(body, status, headers=refusal.headers, media_type="application/problem+json")


def asset_shape(box: Box, asset: Json) -> Json:
    """An asset's metadata. Type and status as numbers, and as words beside them."""
    kept = ("id", "displayName", "description", "parentId", "contentLength", "bucketName", "objectKey", "createdDate",
            "modifiedDate", "languageId", "customProperties", "displayDate", "availableStartDate", "availableEndDate",
            "tags", "collections", "duration", "eTag", "error")  # fmt: skip
    return {
        **{name: asset.get(name) for name in kept},
        "name": asset["displayName"],
        "assetType": asset["type"],
        "assetTypeDisplay": TYPES[asset["type"]],
        "assetStatus": STATUSES[asset["status"]],
        "assetStatusDisplay": asset["status"],
        "fullUrl": full_url(box, asset),
    }


def full_url(box: Box, asset: Json) -> str | None:
    """A signed link to the file; none while it is archived or not there yet."""
    # An address may be null (WIRE.md): what is archived has to be restored before it can be fetched.
    if asset["type"] != FILE or not asset["file"] or asset["status"] in ("Archived", "Archiving", "Restoring"):
        return None
    return box.files.link(asset["file"], vendor=NAME, save_as=asset["displayName"])


def detail_shape(box: Box, asset: Json) -> Json:
    """Everything about an asset: media properties, links, related assets, what machines heard and saw."""
    documents = box.documents(NAME)
    stream = asset.get("stream")
    return {
        **asset_shape(box, asset),
        "mediaProperties": asset.get("clip"),
        "previewImageUrl": box.files.link(asset["picture"], vendor=NAME) if asset.get("picture") else None,
        "streamUrl": f"{box.files.base_url}/play/{stream}/video.m3u8" if stream else None,
        "relatedAssets": [shape_related(box, related) for related in documents.all("related", asset["id"])],
        "segments": asset.get("segments", []),
        "transcripts": [{"id": transcript["id"]} for transcript in documents.all("transcript", asset["id"])],
        "screenshots": [screenshot_shape(box, shot) for shot in documents.all("screenshot", asset["id"])],
        "faces": documents.all("face", asset["id"]),
        "annotations": documents.all("annotation", asset["id"]),
    }


def shape_related(box: Box, related: Json) -> Json:
    """A related asset; its link carries the file's name."""
    kept = ("id", "displayName", "metadataType", "languageId", "contentLength", "createdDate")
    url = box.files.link(related["file"], vendor=NAME, save_as=related["displayName"]) if related["file"] else None
    return {**{name: related[name] for name in kept}, "url": url, "fullUrl": url}


def screenshot_shape(box: Box, shot: Json) -> Json:
    """A picture out of the video."""
    url = box.files.link(shot["file"], vendor=NAME)
    return {
        **{
            "id": shot["id"],
            "timecode": format_timecode(shot["seconds"]),
            "timecodeMilliseconds": int(shot["seconds"] * 1000),
        },
        **{"url": url, "fullUrl": url},
    }


def upload_shape(box: Box, upload: Json) -> Json:
    """An upload with its parts; the links of parts that are still to come are signed anew each time."""
    parts = [part_shape(box, part) for part in box.documents(NAME).all("part", upload["id"])]
    kept = ("id", "assetId", "displayName", "contentLength", "chunkSize", "createdDate", "status")
    return {**{name: upload[name] for name in kept}, "isCompleted": upload["status"] == "Completed", "parts": parts}


def part_shape(box: Box, part: Json) -> Json:
    """One part: where it goes, and which bytes it takes (both ends inclusive)."""
    url = box.files.upload_link(part["file"], vendor=NAME, seconds=PART_SECONDS)
    kept = ("id", "partNumber", "startingPosition", "endingPosition", "isCompleted", "etag")
    return {**{name: part[name] for name in kept}, "url": url, "uploadUrl": url}
