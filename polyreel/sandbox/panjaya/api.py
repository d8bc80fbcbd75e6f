"""Panjaya's paths: /v1/assets/, /v1/assets/upload, /v1/assets/{id}, .../languages, /v1/versions/{id}, .../revise."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from pathlib import PurePath

from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from polyreel.sandbox.box import Box, Vendor, box_of, require_document
from polyreel.sandbox.forms import keep_upload, read_form
from polyreel.sandbox.panjaya import shapes
from polyreel.sandbox.panjaya.shapes import NAME, asset_detail, asset_summary, version_detail
from polyreel.sandbox.panjaya.wire import CreateAsset, Languages, Revise, UploadAsset
from polyreel.sandbox.panjaya.work import STEPS, begin_version
from polyreel.sandbox.state import Json
from polyreel.sandbox.wire import Refusal, form_fields, json_body, parse_body, raw_json, whole_number

# The page writes `Bearer panjaya-{KEY}`, so a key pasted with its beginning is sent with two of them.
KEYS = ("panjaya-sandbox", "panjaya-panjaya-sandbox")
PROCESS_SECONDS = 15.0
Endpoint = Callable[[Request], Awaitable[Response]]


def _with_key(endpoint: Endpoint) -> Endpoint:
    async def check_key(request: Request) -> Response:
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or key.strip() not in KEYS:
            raise Refusal(401, "The API key could not be validated")
        return await endpoint(request)

    return check_key


def _require_asset(request: Request) -> Json:
    return require_document(request, NAME, "asset", "asset_id", "Asset not found")


def _require_version(request: Request) -> Json:
    return require_document(request, NAME, "version", "version_id", "Version not found")


# -- assets


async def list_assets(request: Request) -> Response:
    """Get assets: pages by ``page``/``page_size`` or ``limit``/``offset``, newest first."""
    box, query = box_of(request), request.query_params
    everything = box.documents(NAME).all("asset")[::-1]
    size = whole_number(query.get("page_size") or query.get("limit"), 20, least=1, most=100)
    page = whole_number(query.get("page"), 1, least=1, most=10**6)
    offset = whole_number(query.get("offset"), (page - 1) * size, most=10**9)
    further = offset + size < len(everything)
    answer = {
        "items": [asset_summary(box, asset) for asset in everything[offset : offset + size]],
        "total": len(everything),
        "page": offset // size + 1,
        "page_size": size,
        # Pagination is not shown on the page (WIRE.md): the sandbox takes both usual ways, and gives a link besides.
        "next": f"{box.files.base_url}/panjaya/v1/assets/?limit={size}&offset={offset + size}" if further else None,
    }
    return JSONResponse(answer)


async def create_asset(request: Request) -> Response:
    """Creating a new asset."""
    wanted = await json_body(request, CreateAsset)
    return _accept_upload(box_of(request), wanted, media_url=wanted.media_url)


async def upload_asset(request: Request) -> Response:
    """Uploading a new asset: ``request`` (JSON), ``video``, perhaps ``background``."""
    box = box_of(request)
    async with read_form(request) as form:
        form_fields({"request", "video", "background"}, form.keys())
        wanted = parse_body(UploadAsset, await _request_part(form))
        video, background = form.get("video"), form.get("background")
        if not isinstance(video, UploadFile):
            raise Refusal(400, "video is required")
        upload = await keep_upload(video, box.files)
        music = await keep_upload(background, box.files) if isinstance(background, UploadFile) else None
    return _accept_upload(box, wanted, upload=upload.name, filename=video.filename, background=music and music.name)


async def _request_part(form: FormData) -> bytes | str:
    part = form.get("request")
    if part is None:
        raise Refusal(400, "request is required")
    return await part.read() if isinstance(part, UploadFile) else part


def _accept_upload(box: Box, wanted: UploadAsset, **rest: object) -> Response:
    # Panjaya answers what an account's limits forbid with 403, and has no 402.
    if box.purse.balance(NAME) <= 0:
        raise Refusal(403, "Your account has no minutes left")
    fields = wanted.model_dump(mode="json", exclude={"languages"})
    stamp = box.clock.stamp()
    media = {"media_url": None, "upload": None, "filename": None, "background": None, **rest}
    if media["filename"] is None and media["media_url"]:
        media["filename"] = PurePath(str(media["media_url"]).partition("?")[0]).name
    asset = box.documents(NAME).add(
        "asset", {**fields, **media, "status": "Processing", "error": None, "created_at": stamp, "updated_at": stamp}
    )
    _add_versions(box, asset, [language.model_dump() for language in wanted.languages])
    box.jobs.start(NAME, "asset", asset["id"], after=PROCESS_SECONDS)
    return JSONResponse(asset_detail(box, asset), 201)


def _add_versions(box: Box, asset: Json, languages: list[Json]) -> list[Json]:
    return [
        box.documents(NAME).add(
            "version",
            {
                **language,
                "asset_id": asset["id"],
                "dubbing_id": str(uuid.uuid4()),
                "status": "NotReady",
                "created_at": box.clock.stamp(),
                "result": None,
                "lines": [],
            },
            parent=asset["id"],
        )
        for language in languages
    ]


async def get_asset(request: Request) -> Response:
    """Get an asset."""
    return JSONResponse(asset_detail(box_of(request), _require_asset(request)))


async def add_languages(request: Request) -> Response:
    """Add languages to an existing asset."""
    box, asset = box_of(request), _require_asset(request)
    wanted = await json_body(request, Languages)
    known = {version["locale"] for version in box.documents(NAME).all("version", asset["id"])}
    for language in wanted.languages:
        if language.locale in known:
            raise Refusal(400, f"{language.locale} is already a language of this asset")
    if asset["status"] == "Failed":
        raise Refusal(400, "The asset has failed; languages can't be added to it")
    if box.purse.balance(NAME) <= 0:
        raise Refusal(403, "Your account has no minutes left")
    made = _add_versions(box, asset, [language.model_dump() for language in wanted.languages])
    if asset["status"] == "Ready":
        for version in made:
            begin_version(box, version)
    return JSONResponse(asset_detail(box, asset), 201)


# -- versions


async def get_version(request: Request) -> Response:
    """Get a dubbing version."""
    return JSONResponse(version_detail(box_of(request), _require_version(request)))


async def revise_version(request: Request) -> Response:
    """Revise a version: back to ReadyToEdit; the generated video is gone for good."""
    box, version = box_of(request), _require_version(request)
    if await request.body():
        parse_body(Revise, await raw_json(request))
    allowed = ("Completed", "ReadyToEdit", "Failed")
    revised = box.documents(NAME).move_on("version", version["id"], allowed, "ReadyToEdit", result=None, error=None)
    if revised is None:
        raise Refusal(400, f"A version that is {version['status']} can't be revised")
    box.files.remove(version["result"])
    return JSONResponse(version_detail(box, revised))


# -- the studio: where a person would edit and press the button


async def studio_page(request: Request) -> Response:
    """A stand-in for Panjaya's studio: one button that generates the version."""
    version = _require_version(request)
    button = '<form method="post"><button>Generate the video</button></form>'
    shown = button if version["status"] == "ReadyToEdit" else ""
    return HTMLResponse(f"<!doctype html><title>Studio</title><h1>{version['locale']}: {version['status']}</h1>{shown}")


async def studio_generate(request: Request) -> Response:
    """The button."""
    box, version = box_of(request), _require_version(request)
    if version["status"] != "ReadyToEdit":
        raise Refusal(400, f"A version that is {version['status']} can't be generated")
    box.jobs.start(NAME, "generate", version["id"])
    return RedirectResponse(f"{box.files.base_url}/panjaya/studio/{version['id']}", 303)


def make_vendor() -> Vendor:
    """Panjaya's API."""
    return Vendor(
        name=NAME,
        routes=[
            Route("/v1/assets/", _with_key(list_assets), methods=["GET"]),
            Route("/v1/assets/", _with_key(create_asset), methods=["POST"]),
            Route("/v1/assets/upload", _with_key(upload_asset), methods=["POST"]),
            Route("/v1/assets/{asset_id}", _with_key(get_asset), methods=["GET"]),
            Route("/v1/assets/{asset_id}/languages", _with_key(add_languages), methods=["POST"]),
            Route("/v1/versions/{version_id}", _with_key(get_version), methods=["GET"]),
            Route("/v1/versions/{version_id}/revise", _with_key(revise_version), methods=["PATCH"]),
            Route("/studio/{version_id}", studio_page, methods=["GET"]),
            Route("/studio/{version_id}", studio_generate, methods=["POST"]),
        ],
        refuse=shapes.render_refusal,
        steps=STEPS,
        redirects_slashes=True,
    )
