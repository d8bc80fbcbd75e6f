"""Panjaya Dubbing Studio's API. Method names are the page's own; each docstring names its section.

Creating, uploading and adding languages are charged and have no idempotency key: they are never repeated by themselves.
After an `Unanswered`, `ServerError` or `Malformed` look for the asset with `find_assets` before asking again.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, Unpack

from polyreel.vendors.auth import KeyAuth
from polyreel.vendors.bodies import Body, FilePart, Form, Watched, json_body
from polyreel.vendors.calls import Call, Reply
from polyreel.vendors.downloads import Downloaded, Tell, download
from polyreel.vendors.endpoints import endpoint
from polyreel.vendors.errors import NotFound
from polyreel.vendors.pages import Turn, all_rows, make_page_call, name_row, read_page
from polyreel.vendors.panjaya.models import AddLanguages, Asset, AssetOptions, CreateAsset, Revised, Version
from polyreel.vendors.panjaya.problems import not_generated, read_error
from polyreel.vendors.resource import Resource, fill_path
from polyreel.vendors.transport import ClientOptions, Transport

BASE_URL = "https://api.panjaya.ai"
PAGE = "panjaya.md"
WIRE = "WIRE.md"


class PanjayaClient(Resource):
    """One account at Panjaya. An async context manager.

    ``api_key`` with or without ``panjaya-`` in front; ``base_url`` without a path, another one to rehearse against.
    Ids are the vendor's UUIDs as text; times are seconds of the whole video; scripts are SRT as text. Methods raise
    `polyreel.vendors.errors.VendorError`: `Unauthorized`, `NotFound`, `AccountLimit` (403: minutes or languages that
    the account may not use), `Invalid` for what the vendor refuses, `RateLimited` once retries are used up.

        async with PanjayaClient(key) as client:
            wanted = CreateAsset(media_url="https://example.com/reel.mp4", locale="en-US")
            asset = await client.create_asset(wanted)
            await client.add_languages(asset.asset_id, AddLanguages(languages=(TargetLanguage(locale="es-ES"),)))
            versions = (await client.get_asset(asset.asset_id)).dubs_of("es-ES")
    """

    def __init__(self, api_key: str, *, base_url: str = BASE_URL, **options: Unpack[ClientOptions]) -> None:
        key = api_key.strip()
        # The page writes `Bearer panjaya-{KEY}`; people paste the key with or without that beginning.
        auth = KeyAuth("Authorization", key if not key or key.startswith("panjaya-") else f"panjaya-{key}", "Bearer")
        super().__init__(Transport("panjaya", base_url, auth=auth, read_error=read_error, **options))

    @endpoint("GET", "/v1/assets/", page=PAGE, section="Get assets")
    async def get_assets(self) -> AsyncIterator[Asset]:
        """Page section "Get assets": every asset of the account, page after page, as the list has them.

        Lists may hold less than `get_asset` gives. A list that changes meanwhile gives no asset twice.
        """

        async def fetch_page(turn: Turn) -> Any:
            call = make_page_call("get assets", "/v1/assets/", turn, self.transport.follow_link)
            return await self.transport.send(call, read_page)

        async for row in all_rows(fetch_page, lambda row: name_row(row, "asset_id", "id")):
            yield self._fit_row(Asset, row, "get assets")

    @endpoint("POST", "/v1/assets/", page=PAGE, section="Creating a new asset", price="dub")
    async def create_asset(self, request: CreateAsset) -> Asset:
        """Page section "Creating a new asset". Charged; never repeated by itself.

        The vendor fetches `media_url` by itself, later. Raises `Unanswered` or `ServerError` where it may have
        been made all the same: look with `find_assets`. `Invalid`: an account that wants a language from the beginning.
        """
        return await self.transport.ask(_make_post("create asset", "/v1/assets/", json_body(request.as_wire())), Asset)

    @endpoint("POST", "/v1/assets/upload", page=PAGE, section="Uploading a new asset", price="dub")
    async def upload_asset(
        self, options: AssetOptions, video: Path, background: Path | None = None, *, tell: Tell | None = None
    ) -> Asset:
        """Page section "Uploading a new asset": streamed from disk. Charged; never repeated by itself.

        ``tell`` hears bytes sent, and how many there are. Raises as `create_asset`.
        """
        files = {"video": FilePart(video)} | ({"background": FilePart(background)} if background else {})
        form: Body = Form({"request": _json_text(options)}, files)
        body = Watched(form, tell) if tell else form
        return await self.transport.ask(_make_post("upload asset", "/v1/assets/upload", body), Asset)

    @endpoint("GET", "/v1/assets/{asset_id}", page=PAGE, section="Get an asset")
    async def get_asset(self, asset_id: str) -> Asset:
        """Page section "Get an asset": status, dubbings, versions, and why it failed. Raises `NotFound`."""
        return await self.transport.ask(Call("get asset", "GET", _asset_path(asset_id)), Asset)

    @endpoint(
        "POST", "/v1/assets/{asset_id}/languages", page=PAGE, section="Add languages to an existing asset", price="dub"
    )
    async def add_languages(self, asset_id: str, request: AddLanguages) -> Asset:
        """Page section "Add languages to an existing asset". Charged; never repeated by itself.

        The asset as it is afterwards. An asset has a language once: whether one was taken can always be read back with
        `get_asset`. Raises `Invalid` for an asset that is still looked at, or has failed.
        """
        at = f"{_asset_path(asset_id)}/languages"
        call = _make_post("add languages", at, json_body(request.as_wire()))
        return await self.transport.send(call, lambda reply: _read_asset(reply, asset_id))

    @endpoint("GET", "/v1/versions/{version_id}", page=WIRE, section="Panjaya")
    async def get_version(self, version_id: str) -> Version:
        """Status, studio address and, once generated, the signed `result_url` of one dub (WIRE.md).

        The address runs out: `download_result` asks for a fresh one as often as it has to.
        """
        return await self.transport.ask(Call("get version", "GET", _make_version_path(version_id)), Version)

    @endpoint("PATCH", "/v1/versions/{version_id}/revise", page=WIRE, section="Panjaya")
    async def revise_version(self, version_id: str) -> Revised:
        """Back to ReadyToEdit (WIRE.md). The generated video is gone for good: fetch it first."""
        # ReadyToEdit may be revised to ReadyToEdit (WIRE.md), so a lost answer is no reason to stop.
        call = Call("revise version", "PATCH", f"{_make_version_path(version_id)}/revise", repeatable=True)
        return await self.transport.send(call, lambda reply: reply.fit_to(reply.json() if reply.body else {}, Revised))

    async def download_result(self, version_id: str, to: Path, *, tell: Tell | None = None) -> Downloaded:
        """Fetch the generated video, with a fresh signed address whenever the last one has expired.

        Goes on where an earlier try stopped (``to``.part). Raises `JobFailed` where nothing was generated, `Damaged`
        for a file that is not whole, `CallError` (``too_large``).
        """

        async def ask_for_link() -> str:
            # Asked for at each try: `result_url` is signed, and runs out.
            version = await self.get_version(version_id)
            if not version.result_url:
                raise not_generated(version)
            return version.result_url

        return await download(self.transport, ask_for_link, to, operation="download result", tell=tell)

    async def find_assets(self, matches: Callable[[Asset], bool]) -> list[Asset]:
        """The assets that match, in full: how a submission whose answer was lost is found again.

        One call for each asset of the account. What is deleted between list and look is left out.
        """
        found = []
        async for listed in self.get_assets():
            try:
                # One by one: no title or reference of ours is kept there
                # (WIRE.md), and the list may leave out what tells assets apart.
                asset = await self.get_asset(listed.asset_id)
            except NotFound as missing:
                missing.require_word_of_api()
                continue
            if matches(asset):
                found.append(asset)
        return found


def _make_post(operation: str, at: str, body: Body) -> Call:
    # Panjaya has no idempotency key (WIRE.md): a repeated create or upload makes a second asset, and charges it.
    return Call(operation, "POST", at, body=body, repeatable=False)


def _asset_path(asset_id: str) -> str:
    return fill_path("/v1/assets/{asset_id}", asset_id=asset_id)


def _make_version_path(version_id: str) -> str:
    return fill_path("/v1/versions/{version_id}", version_id=version_id)


def _json_text(options: AssetOptions) -> str:
    return json_body(options.as_wire()).data.decode()


def _read_asset(reply: Reply, asset_id: str) -> Asset:
    # The page shows no answer: it may hold only what was added, or nothing at all.
    answer = reply.json() if reply.body.strip() else {}
    known = answer if isinstance(answer, dict) else {"dubbings": answer if isinstance(answer, list) else []}
    return reply.fit_to({"asset_id": asset_id, **known}, Asset)
