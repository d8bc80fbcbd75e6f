"""Work on a finished TPStreams video: subtitles, thumbnail, trim, revert."""

from __future__ import annotations

import re
import uuid
from pathlib import PurePath

from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from polyreel.sandbox.box import box_of
from polyreel.sandbox.forms import keep_upload, read_form
from polyreel.sandbox.state import Json
from polyreel.sandbox.tpstreams.access import require_finished_video, video_of
from polyreel.sandbox.tpstreams.shapes import NAME, asset_detail
from polyreel.sandbox.tpstreams.shapes import show_subtitle as subtitle_shape
from polyreel.sandbox.tpstreams.wire import Trim
from polyreel.sandbox.tpstreams.work import TRIM_WORDS, WORK_SECONDS, add_track
from polyreel.sandbox.wire import Refusal, form_fields, json_body
from polyreel.sandbox.work.edit import is_picture
from polyreel.sandbox.work.script import is_webvtt

# The page: "less than 2 MB".
MOST_THUMBNAIL_BYTES = 2_000_000
# Trims are numbered throughout the vendor, not per video: the page's sample has 58.
_TRIM_NUMBERS = 58


def _require_file(form: FormData, name: str) -> UploadFile:
    file = form.get(name)
    if file is None:
        raise Refusal(400, "No file was submitted.", code="validation", field=name)
    if not isinstance(file, UploadFile):
        said = "The submitted data was not a file. Check the encoding type on the form."
        raise Refusal(400, said, code="validation", field=name)
    return file


# -- subtitles


def _list_subtitles(request: Request, asset: Json) -> list[Json]:
    tracks = box_of(request).documents(NAME).all("track", asset["id"])
    return [track for track in tracks if track["type"] == "Subtitle"]


async def generate_subtitle(request: Request) -> Response:
    """Generate Subtitle for an Asset: once, when the video is Completed."""
    box, asset = box_of(request), require_finished_video(request)
    if asset["subtitling"] or any(track["automatic"] for track in _list_subtitles(request, asset)):
        raise Refusal(400, "Only one auto-generated subtitle track per video is allowed.")
    asset = box.documents(NAME).change("asset", asset["id"], subtitling=True)
    box.jobs.start(NAME, "subtitle", asset["id"], after=WORK_SECONDS)
    return JSONResponse(asset_detail(box, asset), 201)


async def upload_subtitle(request: Request) -> Response:
    """Upload Subtitles to an Asset: a .vtt file that really is WebVTT."""
    box, asset = box_of(request), video_of(request)
    async with read_form(request) as form:
        form_fields({"subtitle", "name", "language"}, form.keys())
        file, language = _require_file(form, "subtitle"), str(form.get("language", "en"))
        if PurePath(file.filename or "").suffix.lower() != ".vtt":
            raise Refusal(400, "Only .vtt files are allowed.", code="validation", field="subtitle")
        if not re.fullmatch(r"[a-z]{2}", language):
            raise Refusal(400, f'"{language}" is not a valid choice.', code="validation", field="language")
        kept = await keep_upload(file, box.files)
        name = str(form.get("name") or language)
    # The content must really be WebVTT, whatever the file is called (WIRE.md "TPStreams").
    if not is_webvtt(kept.read_bytes().decode("utf-8", "replace")):
        box.files.remove(kept.name)
        raise Refusal(400, "The file is not valid WebVTT.", code="validation", field="subtitle")
    add_track(box, asset, type="Subtitle", name=name, language=language, automatic=False, file=kept.name)
    return JSONResponse({"detail": "Subtitle uploaded successfully"})


async def list_subtitles(request: Request) -> Response:
    """The subtitle tracks of a video."""
    box, asset = box_of(request), video_of(request)
    return JSONResponse([subtitle_shape(box, track) for track in _list_subtitles(request, asset)])


async def delete_subtitle(request: Request) -> Response:
    """Delete a subtitle track; an automatic one can't be."""
    box, asset = box_of(request), video_of(request)
    wanted = [track for track in _list_subtitles(request, asset) if track["id"] == request.path_params["track_id"]]
    if not wanted:
        raise Refusal(404, "Not found.")
    if wanted[0]["automatic"]:
        raise Refusal(403, "Auto-generated subtitles can't be deleted.")
    box.documents(NAME).remove("track", wanted[0]["id"])
    box.files.remove(wanted[0]["file"])
    return Response(status_code=204)


async def upload_thumbnail(request: Request) -> Response:
    """Upload Thumbnail to an Asset: a real PNG or JPEG of less than 2 MB."""
    box, asset = box_of(request), require_finished_video(request)
    async with read_form(request) as form:
        form_fields({"thumbnail"}, form.keys())
        file = _require_file(form, "thumbnail")
        suffix = PurePath(file.filename or "").suffix.lower()
        if suffix not in (".png", ".jpg", ".jpeg"):
            raise Refusal(400, "Only .png, .jpeg and .jpg files are allowed.", code="validation", field="thumbnail")
        if (file.size or 0) >= MOST_THUMBNAIL_BYTES:
            raise Refusal(400, "The image must be less than 2 MB.", code="validation", field="thumbnail")
        kept = await keep_upload(file, box.files)
    if not await is_picture(kept):
        box.files.remove(kept.name)
        raise Refusal(400, "Upload a valid image.", code="validation", field="thumbnail")
    cover = f"cover_{uuid.uuid4().hex[:8]}{suffix}"
    kept.rename(box.files.path(asset["pictures"]) / cover)
    box.documents(NAME).change("asset", asset["id"], cover=cover)
    return JSONResponse({"detail": "Thumbnail uploaded successfully"})


# -- trims


async def trim_asset(request: Request) -> Response:
    """Trim Video Asset."""
    box, asset = box_of(request), require_finished_video(request)
    wanted = await json_body(request, Trim)
    for field in ("start_time", "end_time"):
        if (getattr(wanted, field) or 0) > asset["seconds"] + 0.05:
            raise Refusal(400, f"{field} is beyond the video's duration.", code="validation", field=field)
    number = _TRIM_NUMBERS + len(box.documents(NAME).all("trim"))
    stamp = box.clock.stamp()
    times = {"start_time": wanted.start_time, "end_time": wanted.end_time, "created": stamp, "modified": stamp}
    made = box.documents(NAME).add(
        "trim",
        {"number": number, "status": 1, "background_task_id": str(uuid.uuid4()), **times},
        key=str(number),
        parent=asset["id"],
    )
    if box.documents(NAME).move_on("asset", asset["id"], ("Completed",), "Processing") is None:
        raise Refusal(400, "The video is being processed.")
    box.jobs.start(NAME, "trim", asset["id"], after=WORK_SECONDS, trim=made["id"])
    return JSONResponse(
        {"message": "Video trim job started successfully", "trim_job_id": number, "status": TRIM_WORDS[1]}
    )


async def trim_status(request: Request) -> Response:
    """Check Trim Job Status: of the newest trim."""
    box, asset = box_of(request), video_of(request)
    trims = box.documents(NAME).all("trim", asset["id"])
    if not trims:
        raise Refusal(404, "Not found.")
    last = trims[-1]
    shown = {name: value for name, value in last.items() if name != "number"}
    return JSONResponse({**shown, "id": last["number"], "status_display": TRIM_WORDS[last["status"]]})


async def revert_asset(request: Request) -> Response:
    """Revert Trimmed Video."""
    box, asset = box_of(request), require_finished_video(request)
    if not asset["original"]:
        raise Refusal(400, "The video has not been trimmed.")
    box.documents(NAME).change("asset", asset["id"], status="Processing")
    job = box.jobs.start(NAME, "revert", asset["id"], after=WORK_SECONDS)
    return JSONResponse({"message": "Video revert job started successfully", "task_id": job.id})
