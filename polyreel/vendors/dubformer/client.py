"""Dubformer's Platform API. Method names are the page's own; each docstring names its section.

Every POST carries an `Idempotency-Key`, fixed before its first attempt, and so may be repeated. Give your own key to go
on with a submission whose answer was lost: the same key and the same request give the same project, charged once. Never
use a key for another request.
"""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Unpack

from polyreel.vendors.auth import KeyAuth
from polyreel.vendors.bodies import json_body
from polyreel.vendors.calls import Call
from polyreel.vendors.downloads import Downloaded, Tell, download
from polyreel.vendors.dubformer.locales import source_lang, target_lang
from polyreel.vendors.dubformer.models import (
    Balance,
    CreateProject,
    Deleted,
    Options,
    Project,
    Projects,
    Retranslate,
    Submitted,
    Valid,
    Voice,
    Voices,
)
from polyreel.vendors.dubformer.problems import project_failed, read_error
from polyreel.vendors.endpoints import endpoint
from polyreel.vendors.errors import NotFound
from polyreel.vendors.models import Request
from polyreel.vendors.resource import Resource, fill_path
from polyreel.vendors.transport import ClientOptions, Transport

BASE_URL = "https://app.dubformer.ai"
PAGE = "dubformer.md"
PROJECTS = "/api/v1/projects"


class DubformerClient(Resource):
    """One account at Dubformer. An async context manager.

    ``base_url`` is without ``/api/v1``; another one to rehearse against. Minutes are floats, as the balance is; script
    lines are milliseconds from the video's start. What takes an ``idempotency_key`` does its work once per key
    and body, however often it is sent; without one a key is made for the call, so that its own retries are safe.
    Methods raise `polyreel.vendors.errors.VendorError`: `Unauthorized`, `NotFound`, `PaymentRequired`, `Invalid`, ...

        async with DubformerClient(key) as client:
            source, target = await client.check_locales("en-US", "es-ES")
            wanted = CreateProject(name="reel", source_lang=source, target_lang=target, source_video_url=address)
            made = await client.create_project(wanted, idempotency_key="reel-es-1")
            project = await client.get_project(made.project_id)
    """

    def __init__(self, api_key: str, *, base_url: str = BASE_URL, **options: Unpack[ClientOptions]) -> None:
        auth = KeyAuth("Authorization", api_key, "Bearer")
        super().__init__(Transport("dubformer", base_url, auth=auth, read_error=read_error, **options))

    @endpoint("POST", "/api/v1/projects", page=PAGE, section="Create a project for dubbing", price="dub")
    async def create_project(self, request: CreateProject, *, idempotency_key: str = "") -> Submitted:
        """Page section "Create a project for dubbing". Charged once per idempotency key.

        The id, what it cost and what is left, in minutes, and when it is expected to be done. The vendor fetches
        `source_video_url` by itself. Raises `PaymentRequired` where the balance is too small.
        """
        return await self.transport.ask(_make_post("create project", PROJECTS, request, idempotency_key), Submitted)

    @endpoint("GET", "/api/v1/projects/:id", page=PAGE, section="Get project details")
    async def get_project(self, project_id: str) -> Project:
        """Page section "Get project details": status, scripts, speakers and the addresses of the result."""
        project = await self.transport.ask(Call("get project", "GET", _make_project_path(project_id)), Project)
        # The page's sample leaves the id out.
        return project if project.project_id else project.model_copy(update={"project_id": project_id})

    @endpoint("POST", "/api/v1/projects/:id/translations", page=PAGE, section="Modify project and re-translate")
    async def retranslate(self, project_id: str, request: Retranslate, *, idempotency_key: str = "") -> Submitted:
        """Page section "Modify project and re-translate". Not charged at the moment.

        The whole script and who speaks it, not the difference. `Refused` while the project is at work.
        """
        at = f"{_make_project_path(project_id)}/translations"
        return await self.transport.ask(_make_post("re-translate", at, request, idempotency_key), Submitted)

    @endpoint(
        "POST",
        "/api/v1/projects/:id/validate-translation-request",
        page=PAGE,
        section="Validate re-translation request",
    )
    async def validate_translation_request(
        self, project_id: str, request: Retranslate, *, idempotency_key: str = ""
    ) -> Valid:
        """Page section "Validate re-translation request". Raises `Invalid` for what would be refused."""
        at = f"{_make_project_path(project_id)}/validate-translation-request"
        return await self.transport.ask(_make_post("validate re-translation", at, request, idempotency_key), Valid)

    @endpoint("DELETE", "/api/v1/projects/:id", page=PAGE, section="Delete a project")
    async def delete_project(self, project_id: str) -> Deleted:
        """Page section "Delete a project". Its minutes don't come back."""
        try:
            return await self.transport.ask(Call("delete project", "DELETE", _make_project_path(project_id)), Deleted)
        except NotFound as missing:
            # A repeated deletion finds nothing when the first one's answer was lost.
            if missing.facts.attempts > 1:
                return Deleted(success=True)
            raise

    @endpoint("GET", "/api/v1/projects", page=PAGE, section="Get all projects")
    async def get_projects(self) -> tuple[Project, ...]:
        """Page section "Get all projects": all of them in one answer, without their scripts."""
        return (await self.transport.ask(Call("get projects", "GET", PROJECTS), Projects)).projects

    @endpoint("GET", "/api/v1/options", page=PAGE, section="Get options")
    async def get_options(self) -> Options:
        """Page section "Get options": the languages that can be dubbed from and into."""
        return await self.transport.ask(Call("get options", "GET", "/api/v1/options"), Options)

    @endpoint("GET", "/api/v1/voices", page=PAGE, section="Get supported voices")
    async def get_voices(self) -> dict[str, tuple[Voice, ...]]:
        """Page section "Get supported voices", by target locale as the vendor spells it (`check_locales`)."""
        return (await self.transport.ask(Call("get voices", "GET", "/api/v1/voices"), Voices)).voices

    @endpoint("GET", "/api/v1/balance", page=PAGE, section="Get balance")
    async def get_balance(self) -> float:
        """Page section "Get balance": the minutes that may still be dubbed, of the whole account."""
        return (await self.transport.ask(Call("get balance", "GET", "/api/v1/balance"), Balance)).balance_minutes

    async def check_locales(self, source: str, target: str) -> tuple[str, str]:
        """The vendor's spelling of both, checked against "Get options". Raises `UnsupportedLocale`; spends nothing."""
        options = await self.get_options()
        return source_lang(source, options.source_langs), target_lang(target, options.target_langs)

    async def download_video(self, project_id: str, to: Path, *, tell: Tell | None = None) -> Downloaded:
        """Fetch `output_video_url`, asking for a fresh address whenever the last one has expired.

        Goes on where an earlier try stopped (``to``.part). Raises `JobFailed` where the project has no video.
        """
        return await self._download_output(project_id, "output_video_url", to, tell)

    async def download_speech(self, project_id: str, to: Path, *, tell: Tell | None = None) -> Downloaded:
        """Fetch `output_tts_audio_url`, the dubbed speech alone."""
        return await self._download_output(project_id, "output_tts_audio_url", to, tell)

    async def _download_output(self, project_id: str, field: str, to: Path, tell: Tell | None) -> Downloaded:
        async def ask_for_link() -> str:
            # Asked for at each try: the address is signed, and such
            # run out within a quarter of an hour (WIRE.md "All").
            project = await self.get_project(project_id)
            address = getattr(project, field)
            if not address:
                raise project_failed(project_id, project)
            return str(address)

        return await download(self.transport, ask_for_link, to, operation="download result", tell=tell)


def _make_post(operation: str, at: str, request: Request, idempotency_key: str) -> Call:
    # Chosen before the first attempt: a repeat has to be the same request to the vendor.
    key = idempotency_key or uuid.uuid4().hex
    return Call(operation, "POST", at, body=json_body(request.as_wire()), idempotency_key=key)


def _make_project_path(project_id: str) -> str:
    return fill_path(PROJECTS + "/{project_id}", project_id=project_id)
