"""Nomad's multipart uploads: start, parts, complete, cancel, resume; and the same for related assets."""

from __future__ import annotations

import math
import shutil

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from polyreel.sandbox.box import Box, box_of, require_document
from polyreel.sandbox.nomad.access import add_asset, asset_or_refuse, folder_or_refuse
from polyreel.sandbox.nomad.shapes import NAME, part_shape, upload_shape
from polyreel.sandbox.nomad.statuses import FILE
from polyreel.sandbox.nomad.wire import CompletePart, StartRelated, StartUpload
from polyreel.sandbox.state import Json
from polyreel.sandbox.wire import Refusal, json_body

# What the vendor's published clients are given.
USUAL_PART = 8 << 20
# Far below S3's 5 MiB, so that a rehearsal's small film has several parts too.
SMALLEST_PART = 64 << 10
# S3's own limits of a part, and of their number.
LARGEST_PART = 5 << 30
MOST_PARTS = 10_000
ASSEMBLE_SECONDS = 5.0
_OPTIONS = ("cancel", "continue", "replace", "assetreplace")


# -- starting


async def start_upload(request: Request) -> Response:
    """Start an upload: a new asset, or (``existingAssetId``) new content for one that is there."""
    box = box_of(request)
    wanted = await json_body(request, StartUpload)
    _check_request(wanted)
    if wanted.existing_asset_id:
        return _replace_content(box, wanted, wanted.existing_asset_id)
    parent = folder_or_refuse(box, wanted.parent_id)
    twin = _find_twin(box, parent, wanted.name)
    if twin is not None:
        return _with_twin(box, wanted, twin)
    return _open_upload(box, wanted, _new_asset(box, wanted, parent))


def _replace_content(box: Box, wanted: StartUpload, asset_id: str) -> Response:
    asset = asset_or_refuse(box, asset_id)
    _check_replaceable(asset)
    return _open_upload(box, wanted, asset)


def _check_request(wanted: StartUpload) -> None:
    if wanted.size is None:
        raise Refusal(400, "contentLength is required")
    if wanted.upload_overwrite_option.lower() not in _OPTIONS:
        raise Refusal(400, f"unknown uploadOverwriteOption {wanted.upload_overwrite_option}")


def _check_replaceable(asset: Json) -> None:
    if asset["type"] != FILE or asset["status"] in ("Archived", "Archiving", "Deleting"):
        raise Refusal(400, f"The content of this asset can't be replaced: it is {asset['status']}")


def _find_twin(box: Box, parent: Json, name: str) -> Json | None:
    found = box.documents(NAME).all("asset", parent["id"])
    return next((asset for asset in found if asset["displayName"] == name and asset["type"] == FILE), None)


def _with_twin(box: Box, wanted: StartUpload, twin: Json) -> Response:
    """An asset of this name is there already: go on with its upload, replace it, or give up."""
    option = wanted.upload_overwrite_option.lower()
    going_on = _find_unfinished(box, twin)
    if option == "continue" and going_on is not None and going_on["contentLength"] == wanted.size:
        return JSONResponse(upload_shape(box, going_on))
    if option == "cancel":
        if going_on is None:
            raise Refusal(400, f"{wanted.name} exists already")
        discard_upload(box, going_on)
        return JSONResponse(upload_shape(box, {**going_on, "status": "Cancelled"}))
    if going_on is not None:
        discard_upload(box, going_on)
        return _open_upload(box, wanted, _new_asset(box, wanted, folder_or_refuse(box, twin["parentId"])))
    if option == "continue":
        raise Refusal(400, f"{wanted.name} exists already; say Replace to upload it anew")
    return _open_upload(box, wanted, twin)


def _find_unfinished(box: Box, asset: Json) -> Json | None:
    found = box.documents(NAME).all("upload", asset["id"])
    return next((upload for upload in found if upload["status"] == "InProgress"), None)


def _new_asset(box: Box, wanted: StartUpload, parent: Json) -> Json:
    fields: Json = {"contentLength": wanted.size, "languageId": wanted.language_id or "en-US"}
    return add_asset(box, wanted.name, FILE, parent=parent["id"], status="Uploading", **fields)


async def start_related(request: Request) -> Response:
    """Start the upload of a file that belongs to an asset: subtitles, a proxy, a thumbnail."""
    box = box_of(request)
    wanted = await json_body(request, StartRelated)
    _check_request(wanted)
    if box.settings.shapes == "other":
        # The page has `parentAssetId` alone, and a server may take the other for what it is everywhere else.
        if wanted.existing_asset_id:
            return _replace_content(box, wanted, wanted.existing_asset_id)
        owner = wanted.parent_asset_id
    else:
        owner = wanted.existing_asset_id or wanted.parent_asset_id
    if owner is None:
        raise Refusal(400, "parentAssetId is required")
    asset = asset_or_refuse(box, owner)
    kind = wanted.new_related_asset_metadata_type or wanted.relationship_type
    related = _make_related(box, asset, wanted, kind)
    # 20 MiB is usual for related assets, 8 MiB for others (WIRE.md).
    return _open_upload(box, wanted, related, usual=20 << 20, kind="related")


def _make_related(box: Box, asset: Json, wanted: StartRelated, kind: str | int | None) -> Json:
    if wanted.related_asset_id:
        found = box.documents(NAME).get("related", wanted.related_asset_id)
        if found is None:
            raise Refusal(404, f"Related asset {wanted.related_asset_id} was not found")
        return found
    body = {"displayName": wanted.name, "metadataType": kind, "languageId": wanted.language_id or asset["languageId"]}
    fixed = {"contentLength": wanted.size, "createdDate": box.clock.stamp(), "file": None, "assetId": asset["id"]}
    return box.documents(NAME).add("related", {**body, **fixed}, parent=asset["id"])


def _open_upload(
    box: Box, wanted: StartUpload, asset: Json, *, usual: int = USUAL_PART, kind: str = "asset"
) -> Response:
    size = wanted.size or 0
    # The wish is taken only within S3's limits: the server decides the parts (WIRE.md), and a client has to look.
    chunk = int(min(LARGEST_PART, max(SMALLEST_PART, wanted.chunk_size or usual, math.ceil(size / MOST_PARTS))))
    fixed = {"assetId": asset["id"], "displayName": wanted.name, "contentLength": size, "chunkSize": chunk}
    body = {**fixed, "createdDate": box.clock.stamp(), "status": "InProgress", "kind": kind}
    upload = box.documents(NAME).add("upload", body, parent=asset["id"])
    for number, begin in enumerate(range(0, size, chunk), 1):
        part = {"partNumber": number, "startingPosition": begin, "endingPosition": min(begin + chunk, size) - 1}
        fresh = {"isCompleted": False, "etag": None, "file": box.files.new(".bin").name, "uploadId": upload["id"]}
        box.documents(NAME).add("part", {**part, **fresh}, parent=upload["id"])
    if kind == "asset" and asset["status"] not in ("Uploading", "Placeholder"):
        box.documents(NAME).change("asset", asset["id"], status="Replacing")
    return JSONResponse(upload_shape(box, upload))


# -- going on


def _upload_of(request: Request) -> Json:
    return require_document(request, NAME, "upload", "upload_id", "The upload was not found")


async def complete_part(request: Request) -> Response:
    """Confirm one part: its ETag, with the quotes, must be that of the bytes that came."""
    box = box_of(request)
    part = box.documents(NAME).get("part", request.path_params["part_id"])
    if part is None:
        raise Refusal(404, "The part was not found")
    wanted = await json_body(request, CompletePart)
    known = box.state.rows("SELECT value FROM facts WHERE name = ?", f"etag:{part['file']}")
    if not known:
        raise Refusal(400, f"Part {part['partNumber']} has not been uploaded")
    # Which bytes and how many is not looked at, as at the vendor: whoever uploads has to check the whole.
    if known[0]["value"] != wanted.etag:
        raise Refusal(400, f"Part {part['partNumber']} has another ETag")
    done = box.documents(NAME).change("part", part["id"], isCompleted=True, etag=wanted.etag)
    return JSONResponse(part_shape(box, done))


async def complete_upload(request: Request) -> Response:
    """Put the parts together. Completing twice does nothing more."""
    box, upload = box_of(request), _upload_of(request)
    if upload["status"] == "Completed":
        return JSONResponse(upload_shape(box, upload))
    if upload["status"] != "InProgress":
        raise Refusal(400, f"The upload is {upload['status']}")
    missing = [part["partNumber"] for part in box.documents(NAME).all("part", upload["id"]) if not part["isCompleted"]]
    if missing:
        raise Refusal(400, f"Part {missing[0]} is not completed")
    done = box.documents(NAME).change("upload", upload["id"], status="Completed")
    if upload["kind"] == "asset":
        box.documents(NAME).change("asset", upload["assetId"], status="Assembling")
        box.jobs.start(NAME, "assemble", upload["assetId"], after=ASSEMBLE_SECONDS, upload=upload["id"])
    else:
        join_parts(box, done)
    return JSONResponse(upload_shape(box, done))


def join_parts(box: Box, upload: Json) -> str:
    """One file out of all parts, in their order; what it belongs to is told."""
    parts = box.documents(NAME).all("part", upload["id"])
    suffix = "." + upload["displayName"].rpartition(".")[2] if "." in upload["displayName"] else ""
    out = box.files.new(suffix)
    with out.open("wb") as file:
        for part in sorted(parts, key=lambda part: int(part["partNumber"])):
            with box.files.path(part["file"]).open("rb") as piece:
                shutil.copyfileobj(piece, file, 1 << 20)
    box.documents(NAME).change(*(upload["kind"], upload["assetId"]), file=out.name, contentLength=out.stat().st_size)
    for part in parts:
        box.files.remove(part["file"])
        box.state.run("DELETE FROM facts WHERE name = ?", f"etag:{part['file']}")
    return out.name


async def cancel_upload(request: Request) -> Response:
    """Cancel an upload: all partial data goes."""
    box, upload = box_of(request), _upload_of(request)
    if upload["status"] == "Completed":
        raise Refusal(400, "The upload is Completed")
    discard_upload(box, upload)
    return JSONResponse(upload_shape(box, {**upload, "status": "Cancelled"}))


def discard_upload(box: Box, upload: Json) -> None:
    """Forget an upload, its parts, and the asset that was only waiting for it."""
    documents = box.documents(NAME)
    for part in documents.all("part", upload["id"]):
        box.files.remove(part["file"])
        documents.remove("part", part["id"])
    documents.change("upload", upload["id"], status="Cancelled")
    owner = documents.get(upload["kind"], upload["assetId"])
    if owner is None:
        return
    if owner["file"] is None and owner.get("status") != "Placeholder":
        documents.remove(upload["kind"], upload["assetId"])
    elif owner.get("status") == "Replacing":
        documents.change("asset", owner["id"], status="Available")


async def get_upload(request: Request) -> Response:
    """An upload as it stands, with fresh links: where to go on."""
    return JSONResponse(upload_shape(box_of(request), _upload_of(request)))


async def list_uploads(request: Request) -> Response:
    """The user's uploads; the completed ones too if ``includeCompletedUploads`` says so."""
    box = box_of(request)
    everything = request.query_params.get("includeCompletedUploads", "").lower() == "true"
    wanted = ("InProgress", "Completed") if everything else ("InProgress",)
    found = [upload for upload in box.documents(NAME).all("upload") if upload["status"] in wanted]
    return JSONResponse([upload_shape(box, upload) for upload in found])
