"""Video Jungle's projects and scripts; generating an asset from a script."""

from __future__ import annotations

import uuid

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from polyreel.sandbox.box import Box, box_of
from polyreel.sandbox.state import Json
from polyreel.sandbox.videojungle import shapes
from polyreel.sandbox.videojungle.access import limit_of, require_document
from polyreel.sandbox.videojungle.shapes import NAME, OWNER, project_detail
from polyreel.sandbox.videojungle.wire import CreateProject, CreateScript, Generate
from polyreel.sandbox.videojungle.work import PATIENCE_SECONDS, RENDER_SECONDS
from polyreel.sandbox.wire import Refusal, json_body, parse_body, raw_json

_GONE: Json = {"status": "deleted"}


async def show_user(_request: Request) -> Response:
    """The account's user."""
    return JSONResponse(shapes.make_user())


# -- projects


async def list_projects(request: Request) -> Response:
    """The projects, newest first; ten unless ``limit`` says more."""
    box = box_of(request)
    found = box.documents(NAME).all("project")[::-1]
    return JSONResponse([project_detail(box, project) for project in found[: limit_of(request)]])


async def create_project(request: Request) -> Response:
    """A new project."""
    box = box_of(request)
    wanted = await json_body(request, CreateProject, status=422)
    fields = {"name": wanted.name, "description": wanted.description, "data": wanted.data or ""}
    made = box.documents(NAME).add("project", {**fields, "owner_id": OWNER, "created_at": box.clock.stamp()})
    return JSONResponse(project_detail(box, made))


async def get_project(request: Request) -> Response:
    """One project."""
    return JSONResponse(project_detail(box_of(request), require_document(request, "project", "project_id")))


async def delete_project(request: Request) -> Response:
    """Delete a project with everything in it."""
    box, project = box_of(request), require_document(request, "project", "project_id")
    documents = box.documents(NAME)
    for asset in documents.all("asset", project["id"]):
        forget_asset(box, asset)
    for script in documents.all("script", project["id"]):
        documents.remove("script", script["id"])
    documents.remove("project", project["id"])
    return JSONResponse({**_GONE, "id": project["id"]})


def forget_asset(box: Box, asset: Json) -> None:
    """Delete an asset and its file; a file that belongs to a video stays."""
    box.jobs.drop(NAME, asset["id"])
    box.documents(NAME).remove("asset", asset["id"])
    if asset["asset_type"] != "video-reference":
        box.files.remove(asset["file"])


# -- scripts


async def list_templates(_request: Request) -> Response:
    """The kinds of script there are: none is kept here."""
    return JSONResponse([])


async def list_scripts(request: Request) -> Response:
    """A project's scripts, newest first; ten unless ``limit`` says more."""
    project = require_document(request, "project", "project_id")
    found = box_of(request).documents(NAME).all("script", project["id"])[::-1]
    return JSONResponse(found[: limit_of(request)])


async def create_script(request: Request) -> Response:
    """A new script in a project."""
    box, project = box_of(request), require_document(request, "project", "project_id")
    wanted = await json_body(request, CreateScript, status=422)
    inputs = [{"name": name, "value": value} for name, value in wanted.inputs.items()]
    body = {"name": wanted.name, "value": wanted.data, "inputs": inputs, "project_id": project["id"]}
    fixed = {"created_at": box.clock.stamp(), "key": str(uuid.uuid4()), "manuscript": ""}
    return JSONResponse(box.documents(NAME).add("script", {**body, **fixed}, parent=project["id"]))


def _require_script(request: Request) -> Json:
    require_document(request, "project", "project_id")
    script = require_document(request, "script", "script_id")
    if script["project_id"] != request.path_params["project_id"]:
        raise Refusal(404, "Script not found")
    return script


async def get_script(request: Request) -> Response:
    """One script."""
    return JSONResponse(_require_script(request))


async def delete_script(request: Request) -> Response:
    """Delete a script."""
    script = _require_script(request)
    box_of(request).documents(NAME).remove("script", script["id"])
    return JSONResponse({**_GONE, "id": script["id"]})


# -- generating


async def generate_asset(request: Request) -> Response:
    """Generate an asset: ``q``, or the script's inputs by name, in the query; the answer's ``url`` takes the file."""
    box, script = box_of(request), _require_script(request)
    given = dict(request.query_params)
    if script["inputs"] and "q" not in given:
        missing = [wanted["name"] for wanted in script["inputs"] if wanted["name"] not in given]
        if missing:
            raise Refusal(422, f"{missing[0]} is required", code="validation", field=missing[0])
    prompt = parse_body(Generate, await raw_json(request), status=422) if await request.body() else Generate()
    upload = box.files.new(".mp4").name
    parameters = {**given, **prompt.model_dump(exclude_none=True, exclude_defaults=True)}
    asset = add_asset(
        box,
        script["project_id"],
        keyname=str(uuid.uuid4()),
        asset_type="generated_video",
        status="generating",
        upload=upload,
        create_parameters=parameters,
    )
    box.jobs.start(NAME, "render", asset["id"], after=RENDER_SECONDS, least=PATIENCE_SECONDS)
    url = box.files.upload_link(upload, vendor=NAME)
    return JSONResponse({"url": url, "asset_id": asset["id"], "asset_key": asset["key"]})


def add_asset(box: Box, project_id: str, **fields: object) -> Json:
    """Put a new asset into a project."""
    blank: Json = {
        **{"description": None, "generated_description": None, "create_parameters": None, "asset_path": None},
        **{"uploaded": False, "file": None, "upload": None, "key": str(uuid.uuid4()), "project_id": project_id},
    }
    body = {**blank, **fields, "created_at": box.clock.stamp()}
    return box.documents(NAME).add("asset", body, parent=project_id)
