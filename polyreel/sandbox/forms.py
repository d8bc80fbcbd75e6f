"""Uploaded files: forms read in pieces, bodies streamed to disk, so that a large video never stands in memory."""

from __future__ import annotations

import asyncio
import hashlib
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path, PurePath

from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request

from polyreel.sandbox.files import Files
from polyreel.sandbox.wire import Refusal, form_fields, media_type

# Starlette takes a megabyte for a field, which a script that is sent as text may exceed.
_FIELD_BYTES = 16 << 20


@asynccontextmanager
async def read_form(request: Request) -> AsyncIterator[FormData]:
    """A multipart form; anything else is refused."""
    if media_type(request) != "multipart/form-data":
        raise Refusal(415, "Content-Type must be multipart/form-data")
    try:
        form = await request.form(max_part_size=_FIELD_BYTES)
    except HTTPException as error:
        raise Refusal(400, f"the form can't be read: {error.detail}") from error
    try:
        yield form
    finally:
        await form.close()


def require_file(form: FormData) -> UploadFile:
    """A form's one field, ``file``; a form without it, or with more, is refused."""
    form_fields({"file"}, form.keys())
    file = form.get("file")
    if not isinstance(file, UploadFile):
        raise Refusal(422, "file is required", code="validation", field="file")
    return file


async def keep_upload(upload: UploadFile, files: Files) -> Path:
    """Move an uploaded file among the sandbox's own."""
    # Only the ending is the caller's, for ffmpeg's sake; a whole name could lead out of the folder.
    path = files.new(PurePath(upload.filename or "").suffix)
    await upload.seek(0)

    def copy_upload() -> None:
        with path.open("wb") as out:
            shutil.copyfileobj(upload.file, out, 1 << 20)

    await asyncio.to_thread(copy_upload)
    return path


async def keep_body(request: Request, path: Path) -> str:
    """Stream a request's body into a file, whole or not at all; returns the MD5 that S3 calls its ETag."""
    part = path.with_suffix(".part")
    digest = hashlib.md5(usedforsecurity=False)
    try:
        with part.open("wb") as out:
            async for piece in request.stream():
                digest.update(piece)
                out.write(piece)
        # A connection that breaks leaves what was there before: a part that is put again must not lose its first bytes.
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return digest.hexdigest()
