"""Projects, scripts and the assets made from them (vendor page "Assets"; WIRE.md "Video Jungle")."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from polyreel.vendors.bodies import FilePart, FileSlice, Form, Watched
from polyreel.vendors.calls import Call, Reply
from polyreel.vendors.downloads import Downloaded, Expected, Tell, download
from polyreel.vendors.endpoints import endpoint
from polyreel.vendors.errors import JobFailed, Malformed
from polyreel.vendors.links import ask_for_fresh_link
from polyreel.vendors.resource import Resource, fill_path
from polyreel.vendors.transport import is_whole
from polyreel.vendors.videojungle.models import (
    Asset,
    AssetStatus,
    Checked,
    CreateAsset,
    CreateProject,
    CreateScript,
    Generation,
    NewAsset,
    Project,
    Prompt,
    Script,
    User,
)
from polyreel.vendors.waiting import Patience, wait_for

PAGE = "videojungle.md"
WIRE = "WIRE.md"


class Account(Resource):
    """Who we are, and what the account has."""

    @endpoint("GET", "/users/me", page=WIRE, section="Video Jungle")
    async def get_user(self) -> User:
        """The account's user: a harmless call that tells whether the key is good."""
        return await self._ask(User, "get user", "GET", "/users/me")

    @endpoint("GET", "/projects", page=WIRE, section="Video Jungle")
    async def list_projects(self, *, limit: int | None = None) -> list[Project]:
        """All projects; `limit` where the vendor would otherwise give fewer (WIRE.md: lists give ten)."""
        return await self._ask(list[Project], "list projects", "GET", "/projects", params={"limit": limit})

    @endpoint("POST", "/projects", page=WIRE, section="Video Jungle")
    async def create_project(self, request: CreateProject) -> Project:
        """A new project."""
        return await self._ask(Project, "create project", "POST", "/projects", json=request.as_wire())

    @endpoint("GET", "/projects/{id}", page=WIRE, section="Video Jungle")
    async def get_project(self, project_id: str) -> Project:
        """A project, with its assets and scripts."""
        return await self._ask(
            Project, "get project", "GET", fill_path("/projects/{project_id}", project_id=project_id)
        )

    @endpoint("DELETE", "/projects/{id}", page=WIRE, section="Video Jungle")
    async def delete_project(self, project_id: str) -> None:
        """Delete a project with all that is in it."""
        await self._require_success(
            "delete project", "DELETE", fill_path("/projects/{project_id}", project_id=project_id)
        )

    @endpoint("GET", "/projects/{id}/scripts", page=WIRE, section="Video Jungle")
    async def list_scripts(self, project_id: str, *, limit: int | None = None) -> list[Script]:
        """A project's scripts: ten, unless `limit` says more."""
        at = fill_path("/projects/{project_id}/scripts", project_id=project_id)
        return await self._ask(list[Script], "list scripts", "GET", at, params={"limit": limit})

    @endpoint("POST", "/scripts/{projectId}/scripts", page=WIRE, section="Video Jungle")
    async def create_script(self, project_id: str, request: CreateScript) -> Script:
        """A new script in a project."""
        at = fill_path("/scripts/{project_id}/scripts", project_id=project_id)
        return await self._ask(Script, "create script", "POST", at, json=request.as_wire())

    @endpoint("GET", "/scripts/{projectId}/{scriptId}", page=WIRE, section="Video Jungle")
    async def get_script(self, project_id: str, script_id: str) -> Script:
        """One script."""
        at = fill_path("/scripts/{project_id}/{script_id}", project_id=project_id, script_id=script_id)
        return await self._ask(Script, "get script", "GET", at)

    @endpoint("DELETE", "/scripts/{projectId}/{scriptId}", page=WIRE, section="Video Jungle")
    async def delete_script(self, project_id: str, script_id: str) -> None:
        """Delete a script."""
        at = fill_path("/scripts/{project_id}/{script_id}", project_id=project_id, script_id=script_id)
        await self._require_success("delete script", "DELETE", at)


class Assets(Resource):
    """A project's assets."""

    @endpoint("GET", "/projects/:uuid/assets", page=PAGE, section="List all assets")
    async def list_assets(self, project_id: str, *, limit: int | None = None) -> list[Asset]:
        """A project's assets: ten, unless `limit` says more."""
        at = fill_path("/projects/{project_id}/assets", project_id=project_id)
        return await self._ask(list[Asset], "list assets", "GET", at, params={"limit": limit})

    @endpoint("GET", "/projects/{id}/asset", page=WIRE, section="Video Jungle")
    async def list_project_assets(self, project_id: str, *, limit: int | None = None) -> list[Asset]:
        """The same by the published client's route."""
        at = fill_path("/projects/{project_id}/asset", project_id=project_id)
        return await self._ask(list[Asset], "list project assets", "GET", at, params={"limit": limit})

    @endpoint("GET", "/projects/{id}/asset/generated", page=WIRE, section="Video Jungle")
    async def list_generated_assets(self, project_id: str, *, limit: int | None = None) -> list[Asset]:
        """Only those that a script generated."""
        at = fill_path("/projects/{project_id}/asset/generated", project_id=project_id)
        return await self._ask(list[Asset], "list generated assets", "GET", at, params={"limit": limit})

    @endpoint("POST", "/projects/:uuid/:script_uuid/generate", page=PAGE, section="Generate an Asset")
    async def generate(
        self,
        project_id: str,
        script_id: str,
        inputs: Mapping[str, Any] | None = None,
        *,
        q: str | None = None,
        prompt: Prompt | None = None,
    ) -> Generation:
        """Run a script. `inputs` go as query parameters, each by its name; `q` as the page has it."""
        # The page has `q` alone; the published client sends a script's inputs by their names (WIRE.md). Both are sent.
        at = fill_path("/projects/{project_id}/{script_id}/generate", project_id=project_id, script_id=script_id)
        body = prompt.as_wire() if prompt else None
        return await self._ask(Generation, "generate", "POST", at, params={**(inputs or {}), "q": q}, json=body)

    @endpoint("PUT", "<url>", page=PAGE, section="Generate an Asset")
    async def upload_generated(self, generation: Generation, file: Path, *, tell: Tell | None = None) -> None:
        """Put a file at the generation's signed address, without credentials. Raises `LinkExpired`."""
        # Signed without a content type (the sample's is a version 2 signature, which covers it): none is sent.
        body = FileSlice(file, content_type="")
        watched = Watched(body, tell) if tell else body
        call = Call("upload generated", "PUT", generation.url, body=watched, anonymous=True)
        with ask_for_fresh_link("The upload's address"):
            await self.transport.fetch_reply(call)

    @endpoint("POST", "/projects/{id}/asset", page=WIRE, section="Video Jungle")
    async def create_asset(self, project_id: str, request: CreateAsset) -> NewAsset:
        """A new asset: its file goes to `upload_url`."""
        at = fill_path("/projects/{project_id}/asset", project_id=project_id)
        return await self._ask(NewAsset, "create asset", "POST", at, json=request.as_wire())

    @endpoint("POST", "<upload_url>", page=WIRE, section="Video Jungle")
    async def upload_asset(self, asset: NewAsset, file: Path, *, tell: Tell | None = None) -> Asset:
        """Post a new asset's file (multipart `file`): to the vendor's own path, or where it says.

        There the key goes along only to the API itself, and only after it has asked for one (401). Raises `LinkExpired`
        where a storage's address is no longer taken.
        """
        if not asset.upload_url:
            raise Malformed("The vendor gave no address to upload to.", where=f"videojungle asset {asset.id}")
        form = Form(asset.fields, {"file": FilePart(file)})
        body = Watched(form, tell) if tell else form
        reply = await self._send_form(asset, body)
        # A storage that took the form answers without a word, and no page tells what the vendor's own path says.
        told = find_answered(reply, "asset")
        return reply.fit_to(told, Asset) if told else await self.get_asset(asset.id)

    async def _send_form(self, asset: NewAsset, body: Form | Watched) -> Reply:
        call = Call("upload asset", "POST", asset.upload_url, body=body)
        # A path below the vendor's own address wants the key.
        if not is_whole(asset.upload_url):
            return await self.transport.fetch_reply(call)
        # A form that a storage has signed brings its permission in its fields, whatever its address looks like.
        if not asset.fields and self.transport.is_open_to_key(call):
            return await self._fetch_at_handed_out(call)
        with ask_for_fresh_link("The upload's address"):
            return await self.transport.fetch_reply(replace(call, anonymous=True))

    async def add_video_file(self, project_id: str, video_file_id: str, description: str = "") -> Asset:
        """Make a video file an asset of a project, by reference."""
        request = CreateAsset(
            keyname=video_file_id,
            description=description,
            upload_method="video-reference",
            asset_type="video-reference",
        )
        return await self.create_asset(project_id, request)

    @endpoint("GET", "/assets/:asset_uuid", page=PAGE, section="Retrieve an asset")
    async def get_asset(self, asset_id: str) -> Asset:
        """One asset, with its project."""
        return await self._ask(Asset, "get asset", "GET", fill_path("/assets/{asset_id}", asset_id=asset_id))

    @endpoint("GET", "/assets/check/:asset_uuid", page=PAGE, section="Check an Asset")
    async def check_asset(self, asset_id: str) -> bool:
        """Whether the asset has been made and uploaded: what the vendor's samples agree on."""
        return await self._check("GET", asset_id)

    @endpoint("PUT", "/assets/check/:asset_uuid", page=PAGE, section="Check an Asset")
    async def check_asset_by_put(self, asset_id: str) -> bool:
        """The same by the method of the page's sample."""
        return await self._check("PUT", asset_id)

    async def _check(self, method: str, asset_id: str) -> bool:
        at = fill_path("/assets/check/{asset_id}", asset_id=asset_id)
        return (await self._ask(Checked, "check asset", method, at)).uploaded

    @endpoint("GET", "/assets/{id}/status", page=WIRE, section="Video Jungle")
    async def get_asset_status(self, asset_id: str) -> AssetStatus:
        """An asset's status, in the vendor's word."""
        at = fill_path("/assets/{asset_id}/status", asset_id=asset_id)
        return await self._ask(AssetStatus, "get asset status", "GET", at)

    @endpoint("DELETE", "/assets/:asset_uuid", page=PAGE, section="Delete an Asset")
    async def delete_asset(self, asset_id: str) -> None:
        """Delete an asset for good."""
        await self._require_success("delete asset", "DELETE", fill_path("/assets/{asset_id}", asset_id=asset_id))

    async def wait_until_uploaded(self, asset_id: str, patience: Patience | None = None) -> Asset:
        """Ask until `check_asset` says yes; the asset."""
        await wait_for(lambda: self.check_asset(asset_id), bool, f"videojungle asset {asset_id}", patience)
        return await self.get_asset(asset_id)

    async def download_asset(
        self, asset_id: str, to: Path, *, expected: Expected | None = None, tell: Tell | None = None
    ) -> Downloaded:
        """Fetch an asset's file, with a fresh address whenever the last one has expired."""

        async def ask_for_link() -> str:
            # Asked for at each try: the address is signed, and runs out.
            asset = await self.get_asset(asset_id)
            return asset.download_url or asset.url or nothing_there("asset", asset.id, asset.status)

        return await download(
            self.transport, ask_for_link, to, operation="download asset", expected=expected, tell=tell
        )


def find_answered(reply: Reply, name: str) -> dict[str, Any] | None:
    """What was uploaded, where the answer holds it: as the whole answer, or in an object called ``name``."""
    value: Any = reply.json() if reply.body.lstrip().startswith(b"{") else {}
    told = value.get(name, value)
    return told if isinstance(told, dict) and told.get("id") else None


def nothing_there(what: str, job_id: str, status: str) -> str:
    """Raise: there is no file behind this yet."""
    raise JobFailed(
        f"Video Jungle's {what} {job_id} has no file to download; it is {status or 'not uploaded'}.",
        vendor="videojungle",
        job_id=job_id,
        vendor_code=status,
        remedy="Wait until it is uploaded.",
    )
