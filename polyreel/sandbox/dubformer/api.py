"""Dubformer's paths, all under /api/v1: projects, translations, options, voices, balance."""

from __future__ import annotations

import math
import secrets
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from polyreel.sandbox import fetch
from polyreel.sandbox.box import Box, Vendor, box_of, require_document
from polyreel.sandbox.dubformer.voices import SOURCES, TARGETS, voices_of
from polyreel.sandbox.dubformer.wire import CreateProject, Translate
from polyreel.sandbox.dubformer.work import NAME, STEPS, begin_dub, estimate_completion
from polyreel.sandbox.money import BalanceTooSmall
from polyreel.sandbox.repeat import answer_once
from polyreel.sandbox.state import Json
from polyreel.sandbox.wire import Refusal, json_body
from polyreel.sandbox.work.edit import stand_in
from polyreel.sandbox.work.probe import Clip, NotMedia, probe_media

KEY = "dubformer-sandbox"
# The page names no limit: this one only keeps a rehearsal from filling the disk.
_MOST_BYTES = 10 << 30
_YOUTUBE = ("youtube.com", "www.youtube.com", "m.youtube.com", "youtu.be")
_TYPES = {401: "UnauthorizedError", 402: "PaymentRequiredError", 404: "NotFoundError", 405: "MethodNotAllowedError",
          500: "InternalServerError"}  # fmt: skip
_BRIEF = ("name", "status", "source_lang", "target_lang", "cost_minutes", "created_date")
_FULL = (
    "name",
    "source_lang",
    "target_lang",
    "mixing_mode",
    "cost_minutes",
    "created_date",
    "status",
    "translations_count",
)
Endpoint = Callable[[Request], Awaitable[Response]]


def render_refusal(refusal: Refusal) -> Response:
    """``{"error", "message"}`` (vendor page: "Errors")."""
    # Dubformer's page knows no such statuses: what it finds invalid is a 400.
    status = 400 if refusal.status in (413, 415) else refusal.status
    kind = refusal.code if refusal.code.endswith("Error") else _TYPES.get(status, "ValidationError")
    return JSONResponse({"error": kind, "message": refusal.message}, status, headers=refusal.headers)


def _with_key(endpoint: Endpoint) -> Endpoint:
    async def check_key(request: Request) -> Response:
        if request.headers.get("authorization") != f"Bearer {KEY}":
            raise Refusal(401, "Invalid API key")
        return await endpoint(request)

    return check_key


def _require_project(request: Request) -> Json:
    return require_document(request, NAME, "project", "project_id", "Project not found")


def _make_receipt(box: Box, project: Json, cost: int) -> Json:
    return {
        "project_id": project["id"],
        "cost_minutes": cost,
        "estimated_completion_date": project["estimated_completion_date"],
        "balance_minutes": box.purse.balance(NAME),
        "translations_count": project["translations_count"],
    }


# -- projects


async def create_project(request: Request) -> Response:
    """Create a project for dubbing; charged by the minute, at once."""
    box = box_of(request)
    wanted = await json_body(request, CreateProject)
    source, clip = await _fetch_source(box, wanted.source_video_url)
    # The page charges whole minutes ("cost_minutes" is a whole number in its samples), and at creation (WIRE.md).
    cost = max(1, math.ceil(clip.seconds / 60))
    number = str(secrets.randbelow(9 * 10**9) + 10**9)
    # Charged before there is a project: one that nobody has paid for is never seen.
    try:
        box.purse.charge(NAME, number, cost, f"dubbing into {wanted.target_lang}")
    except BalanceTooSmall as error:
        box.files.remove(source)
        raise Refusal(402, "You have no available minutes") from error
    fields = wanted.model_dump(mode="json")
    made = {"status": "in_progress", "cost_minutes": cost, "source": source, "seconds": clip.seconds}
    began = {
        "created_date": box.clock.stamp(),
        "estimated_completion_date": estimate_completion(box),
        "translations_count": 0,
    }
    script: Json = {"target_script": [], "target_speakers": []}
    project = box.documents(NAME).add("project", {**fields, **made, **began, **script}, key=number)
    begin_dub(box, project)
    return JSONResponse(_make_receipt(box, project, cost))


async def _fetch_source(box: Box, url: str) -> tuple[str, Clip]:
    file = box.files.new(".mp4")
    try:
        # A rehearsal reaches nothing outside this machine, so a YouTube link is stood in for.
        if urlsplit(url).hostname in _YOUTUBE:
            await stand_in(file)
        else:
            await fetch.fetch_file(url, file, most_bytes=_MOST_BYTES)
        clip = await probe_media(file)
    except (fetch.NotLoopback, fetch.NotFetched, fetch.TooLarge, NotMedia) as error:
        box.files.remove(file.name)
        raise Refusal(400, f"Unable to get video information: {error}", code="VideoInfoError") from error
    if clip.video_codec is None or clip.audio_codec is None:
        box.files.remove(file.name)
        raise Refusal(400, "The video has no picture or no sound", code="VideoInfoError")
    return file.name, clip


async def list_projects(request: Request) -> Response:
    """Get all projects."""
    found = box_of(request).documents(NAME).all("project")
    shown = [{"project_id": project["id"], **{name: project[name] for name in _BRIEF}} for project in found]
    return JSONResponse({"projects": shown})


async def get_project(request: Request) -> Response:
    """Get project details: with the results once it is ready."""
    box, project = box_of(request), _require_project(request)
    shown = {name: project[name] for name in _FULL}
    if project["status"] == "in_progress":
        shown["estimated_completion_date"] = project["estimated_completion_date"]
    if project["status"] == "error":
        shown["error_message"] = project["error_message"]
    if project["status"] == "ready":
        shown |= {
            "completion_date": project["completion_date"],
            "output_video_url": box.files.link(project["video"], vendor=NAME),
            "output_tts_audio_url": box.files.link(project["voice"], vendor=NAME),
            **{name: value for name, value in project.items() if name.startswith("output_")},
        }
    return JSONResponse(shown)


async def delete_project(request: Request) -> Response:
    """Delete a project. Its minutes are not given back."""
    box, project = box_of(request), _require_project(request)
    # The charge stays: neither an error nor a deletion is known to give minutes back (WIRE.md).
    box.jobs.drop(NAME, project["id"])
    box.documents(NAME).remove("project", project["id"])
    box.files.remove(project["source"], project.get("video"), project.get("voice"))
    return JSONResponse({"success": True})


# -- translations


async def _read_translation(request: Request, project: Json) -> Translate:
    wanted = await json_body(request, Translate)
    unknown = wanted.unknown_voice(project["target_lang"])
    # Voices are held against the target language's own list: the page's sample keys have another form than `/voices`.
    if unknown is not None:
        raise Refusal(400, f"Unknown voice {unknown}")
    return wanted


async def validate_translation(request: Request) -> Response:
    """Validate a re-translation request without doing it."""
    await _read_translation(request, _require_project(request))
    return JSONResponse({"valid": True})


async def retranslate_project(request: Request) -> Response:
    """Modify a project and re-translate: nothing is charged."""
    box, project = box_of(request), _require_project(request)
    wanted = await _read_translation(request, project)
    changes = wanted.model_dump(mode="json", exclude_none=True)
    count = project["translations_count"] + 1
    again = box.documents(NAME).move_on(
        *("project", project["id"], ("ready", "error"), "in_progress"),
        **changes,
        translations_count=count,
        estimated_completion_date=estimate_completion(box),
    )
    if again is None:
        raise Refusal(400, "The project is still in progress")
    begin_dub(box, again)
    return JSONResponse(_make_receipt(box, again, 0))


# -- what there is


async def list_options(_request: Request) -> Response:
    """Get options."""
    return JSONResponse({"source_langs": SOURCES, "target_langs": TARGETS})


async def list_voices(_request: Request) -> Response:
    """Get supported voices."""
    return JSONResponse({"voices": {locale: voices_of(locale) for locale in TARGETS}})


async def show_balance(request: Request) -> Response:
    """Get balance."""
    return JSONResponse({"balance_minutes": box_of(request).purse.balance(NAME)})


def make_vendor() -> Vendor:
    """Dubformer's API."""
    one = "/api/v1/projects/{project_id}"
    return Vendor(
        name=NAME,
        routes=[
            Route("/api/v1/projects", _with_key(answer_once(NAME, create_project)), methods=["POST"]),
            Route("/api/v1/projects", _with_key(list_projects), methods=["GET"]),
            Route(one, _with_key(get_project), methods=["GET"]),
            Route(one, _with_key(delete_project), methods=["DELETE"]),
            Route(f"{one}/translations", _with_key(answer_once(NAME, retranslate_project)), methods=["POST"]),
            Route(
                f"{one}/validate-translation-request",
                _with_key(answer_once(NAME, validate_translation)),
                methods=["POST"],
            ),
            Route("/api/v1/options", _with_key(list_options), methods=["GET"]),
            Route("/api/v1/voices", _with_key(list_voices), methods=["GET"]),
            Route("/api/v1/balance", _with_key(show_balance), methods=["GET"]),
        ],
        refuse=render_refusal,
        steps=STEPS,
    )
