"""Nomad's assets: found, looked at, made, changed, put away."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from polyreel.sandbox.box import Box, box_of
from polyreel.sandbox.nomad import work
from polyreel.sandbox.nomad.access import (
    add_asset,
    asset_of,
    asset_or_refuse,
    folder_or_refuse,
    require_usable,
    usable_file_of,
)
from polyreel.sandbox.nomad.shapes import NAME, asset_shape, detail_shape, screenshot_shape
from polyreel.sandbox.nomad.statuses import FILE, FOLDER
from polyreel.sandbox.nomad.timecode import seconds_of
from polyreel.sandbox.nomad.wire import (
    ClipOrder,
    Language,
    LocalRestore,
    NewFolder,
    NewPlaceholder,
    Patch,
    Register,
    Screenshot,
)
from polyreel.sandbox.state import Json
from polyreel.sandbox.wire import Refusal, json_body
from polyreel.sandbox.work import edit
from polyreel.sandbox.work.ffmpeg import ToolFailed

# -- looking


async def get_asset(request: Request) -> Response:
    """Get asset metadata by ID."""
    return JSONResponse(asset_shape(box_of(request), asset_of(request)))


async def find_asset(request: Request) -> Response:
    """Get asset by storage location."""
    box, query = box_of(request), request.query_params
    bucket, key = query.get("bucketName"), query.get("objectKey")
    if not bucket or not key:
        raise Refusal(400, "bucketName and objectKey are required")
    for asset in box.documents(NAME).all("asset"):
        if (asset["bucketName"], asset["objectKey"]) == (bucket, key):
            return JSONResponse(asset_shape(box, asset))
    raise Refusal(404, "There is no asset at this place")


async def get_detail(request: Request) -> Response:
    """Get full detail."""
    return JSONResponse(detail_shape(box_of(request), asset_of(request)))


def _segment_of(request: Request) -> Json:
    segments: list[Json] = asset_of(request).get("segments", [])
    for segment in segments:
        if segment["id"] == request.path_params["segment_id"]:
            return segment
    raise Refusal(404, "The segment was not found")


async def get_segment(request: Request) -> Response:
    """Get segment detail within an asset."""
    return JSONResponse({**_segment_of(request), "assetId": asset_of(request)["id"]})


async def get_screenshot(request: Request) -> Response:
    """Get screenshot detail within a segment: the picture is taken now."""
    box, asset = box_of(request), asset_of(request)
    for shot in _segment_of(request)["screenshots"]:
        if shot["id"] == request.path_params["screenshot_id"]:
            return JSONResponse(await _take_shot(box, asset, float(shot["seconds"]), shot["id"]))
    raise Refusal(404, "The screenshot was not found")


async def get_parents(request: Request) -> Response:
    """Get ancestor folder hierarchy, from the bucket down."""
    box, asset = box_of(request), asset_of(request)
    above: list[Json] = []
    while asset["parentId"]:
        asset = asset_or_refuse(box, asset["parentId"])
        above.insert(0, asset_shape(box, asset))
    return JSONResponse(above)


async def get_children(request: Request) -> Response:
    """What is in a folder."""
    box = box_of(request)
    folder = folder_or_refuse(box, request.query_params.get("folderId") or request.path_params["asset_id"])
    items = [asset_shape(box, asset) for asset in box.documents(NAME).all("asset", folder["id"])]
    return JSONResponse({"items": items, "totalItems": len(items)})


async def get_history(request: Request) -> Response:
    """Chronological processing job history."""
    return JSONResponse(box_of(request).documents(NAME).all("history", asset_of(request)["id"]))


async def get_summary(request: Request) -> Response:
    """AI-detected labels and metadata; a folder's are those of everything in it."""
    box, asset = box_of(request), asset_of(request)
    labels: dict[str, int] = {}
    for file in files_below(box, asset):
        for tag in [*file["tags"], file["displayName"].rpartition(".")[2]]:
            labels[str(tag)] = labels.get(str(tag), 0) + 1
    shown = [{"label": label, "count": count} for label, count in sorted(labels.items())]
    return JSONResponse({"assetId": asset["id"], "labels": shown})


def files_below(box: Box, asset: Json) -> list[Json]:
    """The asset itself if it is a file, else every file below it."""
    if asset["type"] == FILE:
        return [asset]
    return [file for child in box.documents(NAME).all("asset", asset["id"]) for file in files_below(box, child)]


# -- making


async def create_folder(request: Request) -> Response:
    """Create a folder."""
    box = box_of(request)
    parent = folder_or_refuse(box, request.path_params["asset_id"])
    wanted = await json_body(request, NewFolder)
    made = add_asset(box, wanted.display_name, FOLDER, parent=parent["id"], status="Available")
    return JSONResponse(asset_shape(box, made))


async def create_placeholder(request: Request) -> Response:
    """Reserve a place before content is uploaded."""
    box = box_of(request)
    parent = folder_or_refuse(box, request.path_params["asset_id"])
    wanted = await json_body(request, NewPlaceholder)
    name = wanted.asset_name or wanted.display_name
    if not name:
        raise Refusal(400, "assetName is required")
    made = add_asset(box, name, FILE, parent=parent["id"], status="Placeholder", placeholder=True)
    return JSONResponse(asset_shape(box, made))


async def register_asset(request: Request) -> Response:
    """Register an existing storage object: a stand-in film, in a rehearsal."""
    box = box_of(request)
    wanted = await json_body(request, Register)
    parent = folder_or_refuse(box, wanted.parent_id)
    place = {"bucketName": wanted.bucket_name, "objectKey": wanted.object_key, "tags": wanted.tags or []}
    name = (wanted.display_object_key or wanted.object_key).rpartition("/")[2]
    made = add_asset(box, name, FILE, parent=parent["id"], status="Registering", key=wanted.id, **place)
    began = work.begin_step(box, made, "process", "Registering", after=work.PROCESS_SECONDS)
    return JSONResponse(asset_shape(box, began))


# -- changing


async def patch_asset(request: Request) -> Response:
    """Update lightweight properties; a new name passes through Renaming."""
    box, asset = box_of(request), asset_of(request)
    wanted = await json_body(request, Patch)
    changes = wanted.model_dump(exclude_none=True, by_alias=True)
    custom = {**asset["customProperties"], **changes.pop("customProperties", {})}
    renamed = changes.get("displayName", asset["displayName"]) != asset["displayName"]
    changed = box.documents(NAME).change("asset", asset["id"], **changes, customProperties=custom)
    if asset["status"] in ("Available", "Restored"):
        passing = "Renaming" if renamed else "Updating"
        changed = work.begin_step(box, changed, "settle", passing, after=work.SETTLE_SECONDS, to=asset["status"])
    return JSONResponse(asset_shape(box, changed))


async def change_language(request: Request) -> Response:
    """Change the language: the asset is listened to again."""
    box, asset = box_of(request), usable_file_of(request)
    wanted = await json_body(request, Language)
    language = wanted.language_code or wanted.language_id
    if not language:
        raise Refusal(400, "languageCode is required")
    for transcript in box.documents(NAME).all("transcript", asset["id"]):
        box.documents(NAME).remove("transcript", transcript["id"])
    changed = box.documents(NAME).change("asset", asset["id"], languageId=language)
    began = work.begin_step(box, changed, "process", "Updating", after=work.PROCESS_SECONDS)
    return JSONResponse(asset_shape(box, began))


async def make_clip(request: Request) -> Response:
    """Create a new clip asset from a timecode range."""
    box, asset = box_of(request), usable_file_of(request)
    wanted = await json_body(request, ClipOrder)
    length = asset["duration"] or 0.0
    start = seconds_of(wanted.start_timecode)
    end = length if wanted.end_timecode is None else seconds_of(wanted.end_timecode)
    # A film's length is rarely a whole number of frames: its own end as a timecode may lie a frame beyond it.
    if not 0 <= start < end <= length + 0.05:
        raise Refusal(400, f"The clip must lie within the asset's {length:g} s")
    folder = folder_or_refuse(box, wanted.output_folder_id or asset["parentId"])
    name = wanted.title or wanted.display_name or f"Clip of {asset['displayName']}"
    made = add_asset(box, name, FILE, parent=folder["id"], status="Clipping", tags=wanted.tags or [])
    span = {"source": asset["id"], "start": start, "end": end}
    began = work.begin_step(box, made, "clip", "Clipping", after=work.SETTLE_SECONDS, **span)
    return JSONResponse(asset_shape(box, began))


async def take_screenshot(request: Request) -> Response:
    """Generate a still image at a timecode."""
    box, asset = box_of(request), usable_file_of(request)
    wanted = await json_body(request, Screenshot)
    if wanted.timecode_milliseconds is None and wanted.timecode is None:
        raise Refusal(400, "timecodeMilliseconds is required")
    at = seconds_of(wanted.timecode) if wanted.timecode is not None else (wanted.timecode_milliseconds or 0) / 1000
    if at > (asset["duration"] or 0):
        raise Refusal(400, "The timecode is beyond the asset's end")
    return JSONResponse(await _take_shot(box, asset, at, None))


async def _take_shot(box: Box, asset: Json, at: float, key: str | None) -> Json:
    try:
        picture = await edit.take_screenshot(box.files.path(asset["file"]), at, box.files.new(".png"))
    except ToolFailed as error:
        raise Refusal(400, "There is no picture at this timecode") from error
    if key is not None:
        return screenshot_shape(box, {"id": key, "seconds": at, "file": picture.name})
    made = box.documents(NAME).add("screenshot", {"seconds": at, "file": picture.name}, parent=asset["id"])
    return screenshot_shape(box, made)


# -- putting away


def begin_archive(box: Box, asset: Json) -> Json:
    """Begin to archive an asset."""
    return work.begin_step(box, require_usable(asset), "archive", "PendingArchive", after=work.ARCHIVE_SECONDS)


def begin_restore(box: Box, asset: Json) -> Json:
    """Begin to restore an archived asset."""
    if asset["status"] != "Archived":
        raise Refusal(400, f"The asset is {asset['status']}, not Archived")
    return work.begin_step(box, asset, "restore", "PendingRestore", after=work.ARCHIVE_SECONDS)


def begin_delete(box: Box, asset: Json) -> None:
    """Delete an asset: at once if jobs are instant, else after a while as Deleting."""
    if box.settings.pace.wait(work.SETTLE_SECONDS) == 0:
        work.remove_asset(box, asset)
    else:
        work.begin_step(box, asset, "delete", "Deleting", after=work.SETTLE_SECONDS)


async def archive_asset(request: Request) -> Response:
    """Move to archival storage."""
    box = box_of(request)
    return JSONResponse(asset_shape(box, begin_archive(box, asset_of(request))))


async def restore_asset(request: Request) -> Response:
    """Restore from archival storage."""
    box = box_of(request)
    return JSONResponse(asset_shape(box, begin_restore(box, asset_of(request))))


async def delete_asset(request: Request) -> Response:
    """Delete an asset for good."""
    begin_delete(box_of(request), asset_of(request))
    return JSONResponse(None)


async def local_restore(request: Request) -> Response:
    """Restore to on-premises storage by configured profiles: several assets, or the one in the path."""
    box = box_of(request)
    wanted = await json_body(request, LocalRestore)
    ids = wanted.source_asset_ids or []
    if "asset_id" in request.path_params:
        ids = [request.path_params["asset_id"]]
    if not ids:
        raise Refusal(400, "sourceAssetIds is required")
    profiles = wanted.restore_profile_names or [wanted.profile or "default"]
    found = [asset_or_refuse(box, key) for key in ids]
    return JSONResponse(
        {"results": [{"assetId": asset["id"], "profiles": profiles, "status": "Queued"} for asset in found]}
    )
