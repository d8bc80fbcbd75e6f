"""TPStreams' upload sessions: an S3 POST form, the ``file`` last, 5 GiB at most."""

from __future__ import annotations

import base64
import hmac
import json
import uuid
from datetime import UTC, datetime

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from polyreel.sandbox.box import box_of
from polyreel.sandbox.forms import keep_upload, read_form
from polyreel.sandbox.state import Json
from polyreel.sandbox.storage import refuse_credentials, s3_error
from polyreel.sandbox.tpstreams.assets import add_video, folder_or_refuse
from polyreel.sandbox.tpstreams.shapes import NAME, asset_brief
from polyreel.sandbox.tpstreams.wire import UploadSession
from polyreel.sandbox.tpstreams.work import MOST_BYTES
from polyreel.sandbox.wire import Refusal, json_body

_SESSION_SECONDS = 3600


async def open_session(request: Request) -> Response:
    """A form to upload one video with; the asset waits for it."""
    box = box_of(request)
    wanted = await json_body(request, UploadSession)
    folder_or_refuse(box, wanted.folder, "folder")
    if wanted.size is not None and wanted.size > MOST_BYTES:
        raise Refusal(400, "The file is larger than 5 GiB.", code="validation", field="size")
    asset = add_video(box, wanted, waits_for_upload=True)
    key = f"private/{asset['id']}.mp4"
    expires = datetime.fromtimestamp(box.clock.now() + _SESSION_SECONDS, UTC).isoformat()
    conditions = [{"key": key}, ["content-length-range", 1, MOST_BYTES]]
    policy = base64.b64encode(json.dumps({"expiration": expires, "conditions": conditions}).encode()).decode()
    form = {"key": key, "policy": policy, "x-amz-signature": box.files.token("form", policy)}
    link = f"{box.files.base_url}/tpstreams/s3-upload/"
    session = {"uuid": str(uuid.uuid4()), "status": "Pending", "expires_at": expires}
    payload = {"upload_link": link, **form}
    return JSONResponse({"asset": asset_brief(box, asset), "upload_session": session, "client_payload": payload}, 201)


async def take_form(request: Request) -> Response:
    """The storage's end of the form."""
    box = box_of(request)
    if (fault := refuse_credentials(request)) is not None:
        return fault
    async with read_form(request) as form:
        policy, key = str(form.get("policy", "")), str(form.get("key", ""))
        signature = str(form.get("x-amz-signature", ""))
        if not hmac.compare_digest(signature.encode(), box.files.token("form", policy).encode()):
            return s3_error(403, "SignatureDoesNotMatch", "The request signature does not match.")
        if (fault := _broken_policy(policy, key, box.clock.now())) is not None:
            return fault
        file = form.get("file")
        # S3 takes no notice of fields behind the file: a policy that stands there would not count.
        if list(form)[-1] != "file" or not isinstance(file, UploadFile) or not file.size:
            return s3_error(400, "InvalidArgument", "POST requires exactly one file upload, as the last field.")
        if file.size > MOST_BYTES:
            return s3_error(400, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size")
        kept = await keep_upload(file, box.files)
    asset_id = key.removeprefix("private/").removesuffix(".mp4")
    box.documents(NAME).change("asset", asset_id, source=kept.name, inputs=[{"url": key}])
    box.jobs.start(NAME, "queue", asset_id, after=1)
    return Response(status_code=204)


def _broken_policy(policy: str, key: str, now: float) -> Response | None:
    said: Json = json.loads(base64.b64decode(policy))
    if datetime.fromisoformat(said["expiration"]).timestamp() < now:
        return s3_error(403, "AccessDenied", "Invalid according to Policy: Policy expired.")
    if said["conditions"][0]["key"] != key:
        return s3_error(403, "AccessDenied", "Invalid according to Policy: key")
    return None
