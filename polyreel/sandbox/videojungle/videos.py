"""Video Jungle's video files."""

from __future__ import annotations

import hashlib
import uuid
from datetime import datetime
from pathlib import Path, PurePath

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from polyreel.sandbox.box import Box, box_of
from polyreel.sandbox.forms import keep_upload, read_form, require_file
from polyreel.sandbox.state import Json
from polyreel.sandbox.storage import refuse_credentials, s3_error
from polyreel.sandbox.videojungle.access import limit_of, require_document
from polyreel.sandbox.videojungle.shapes import NAME, video_shape
from polyreel.sandbox.videojungle.wire import CreateVideo, Filters, Search
from polyreel.sandbox.videojungle.work import ANALYSE_SECONDS, look_into
from polyreel.sandbox.wire import Refusal, json_body


def _require_video(request: Request) -> Json:
    return require_document(request, "video", "video_id")


async def create_video(request: Request) -> Response:
    """A new video file: uploaded in one piece, into an S3 form (``direct``), or fetched (``url``)."""
    box = box_of(request)
    wanted = await json_body(request, CreateVideo, status=422)
    # Only for an address that is fetched; for uploads it is a name.
    if wanted.upload_method == "url" and not wanted.filename.startswith(("http://", "https://")):
        raise Refusal(422, "filename must be an http(s) address", code="validation", field="filename")
    blank: Json = dict.fromkeys(("description", "duration", "fps", "size", "hash", "recorded_at", "file", "thumbnail"))
    fixed = {"created_at": box.clock.stamp(), "key": str(uuid.uuid4()), "analysis": [], "current_status": "created"}
    made = box.documents(NAME).add("video", {**blank, "name": wanted.name, "filename": wanted.filename, **fixed})
    shown = video_shape(box, made)
    if wanted.upload_method == "url":
        box.jobs.start(NAME, "fetch", made["id"], after=1)
    if wanted.upload_method == "direct":
        return JSONResponse({**shown, "video": shown, **_make_form(box, made)})
    return JSONResponse({**shown, "video": shown})


def _make_form(box: Box, video: Json) -> Json:
    fields = {"key": video["id"], "x-amz-signature": box.files.token("video-form", video["id"])}
    form = {"url": f"{box.files.base_url}/videojungle/s3-upload/", "fields": fields}
    return {**form, "upload_url": form}


async def take_form(request: Request) -> Response:
    """The storage's end of a ``direct`` upload."""
    box = box_of(request)
    if (fault := refuse_credentials(request)) is not None:
        return fault
    async with read_form(request) as form:
        key, file = str(form.get("key", "")), form.get("file")
        # The signature is over the key: a form of one video takes no file for another.
        if form.get("x-amz-signature") != box.files.token("video-form", key):
            return s3_error(403, "SignatureDoesNotMatch", "The request signature does not match.")
        if not isinstance(file, UploadFile):
            return s3_error(400, "InvalidArgument", "POST requires exactly one file upload per request.")
        kept = await keep_upload(file, box.files)
    await look_into(box, box.documents(NAME).need("video", key), kept.name)
    return Response(status_code=204)


async def upload_video(request: Request) -> Response:
    """The video itself (multipart ``file``)."""
    box, video = box_of(request), _require_video(request)
    async with read_form(request) as form:
        file = require_file(form)
        kept = await keep_upload(file, box.files)
        name = PurePath(file.filename or video["filename"]).name
    await look_into(box, video, kept.name)
    changed = box.documents(NAME).change("video", video["id"], filename=name, hash=_hash_file(kept))
    return JSONResponse(video_shape(box, changed))


def _hash_file(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


async def list_videos(request: Request) -> Response:
    """The video files, newest first; ten unless ``limit`` says more."""
    box = box_of(request)
    found = box.documents(NAME).all("video")[::-1]
    return JSONResponse([video_shape(box, video) for video in found[: limit_of(request)]])


async def get_video(request: Request) -> Response:
    """One video file."""
    return JSONResponse(video_shape(box_of(request), _require_video(request)))


async def delete_video(request: Request) -> Response:
    """Delete a video file."""
    box, video = box_of(request), _require_video(request)
    box.jobs.drop(NAME, video["id"])
    box.documents(NAME).remove("video", video["id"])
    box.files.remove(video["file"], video["thumbnail"])
    return JSONResponse({"status": "deleted", "id": video["id"]})


async def start_analysis(request: Request) -> Response:
    """Analyse a video file."""
    box, video = box_of(request), _require_video(request)
    if video["file"] is None:
        raise Refusal(409, "The video file has not been uploaded yet")
    box.documents(NAME).change("video", video["id"], current_status="analyzing")
    job = box.jobs.start(NAME, "analyse", video["id"], after=ANALYSE_SECONDS)
    return JSONResponse({"id": video["id"], "job_id": job.id, "status": "analyzing"})


async def get_analysis(request: Request) -> Response:
    """What the analysis found."""
    video = _require_video(request)
    return JSONResponse({"id": video["id"], "status": video["current_status"], "analysis": video["analysis"]})


async def search_videos(request: Request) -> Response:
    """Video files by words in their names, narrowed by length, date and project."""
    box = box_of(request)
    wanted = await json_body(request, Search, status=422)
    words = (wanted.query or "").lower().split()
    found = [
        {"video_id": video["id"], "score": 1.0, "video": video_shape(box, video), "segments": []}
        for video in box.documents(NAME).all("video")[::-1]
        if all(word in f"{video['name']} {video['filename']}".lower() for word in words)
        and _passes(video, wanted.filters)
        and _in_project(box, video, wanted.project_id)
    ]
    return JSONResponse(found[: wanted.limit])


def _passes(video: Json, filters: Filters | None) -> bool:
    if filters is None:
        return True
    made = datetime.fromisoformat(video["created_at"])
    span = filters.duration
    return (
        (span is None or span.min <= (video["duration"] or 0) <= span.max)
        and (filters.created_after is None or made >= _read_moment(filters.created_after))
        and (filters.created_before is None or made <= _read_moment(filters.created_before))
        and not filters.tags
    )


def _read_moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise Refusal(422, f"not a date: {text[:40]}", code="validation", field="filters") from error
    return moment if moment.tzinfo else moment.astimezone()


def _in_project(box: Box, video: Json, project_id: str | None) -> bool:
    if project_id is None:
        return True
    return any(asset["keyname"] == video["id"] for asset in box.documents(NAME).all("asset", project_id))
