"""Bad weather at the vendors: what is repeated, what is found again, and that nothing is bought twice."""

from __future__ import annotations

import asyncio
import hashlib
import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from polyreel.vendors import errors
from polyreel.vendors.dubformer.client import DubformerClient
from polyreel.vendors.dubformer.models import CreateProject, ProjectStatus
from polyreel.vendors.panjaya.callbacks import verify_callback
from polyreel.vendors.panjaya.client import PanjayaClient
from polyreel.vendors.panjaya.models import AssetOptions, CreateAsset

Url = Callable[[str], str]
pytestmark = pytest.mark.usefixtures("no_waiting")
Arm = Callable[..., Awaitable[None]]


def _project(url: str) -> CreateProject:
    return CreateProject.model_validate({"source_lang": "en", "target_lang": "fr-FR", "source_video_url": url})


def _asset(url: str, **more: Any) -> CreateAsset:
    wanted = {"media_url": url, "locale": "en-US", "languages": [{"locale": "sk-SK"}], **more}
    return CreateAsset.model_validate(wanted)


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "status", "status": 429, "retry_after": "1"},
        {"kind": "status", "status": 503},
        {"kind": "reset_before"},
        {"kind": "truncated"},
        {"kind": "wrong_json"},
    ],
    ids=lambda fault: fault["kind"] + str(fault.get("status", "")),
)
async def test_reads_get_through(dubformer: DubformerClient, arm: Arm, fault: dict[str, Any]) -> None:
    """Whatever happens twice to a read, the third one is answered."""
    await arm(vendor="dubformer", method="GET", path="/api/v1/options", times=2, **fault)
    assert "en" in (await dubformer.get_options()).source_langs


async def test_a_project_whose_answers_were_lost_is_bought_once(
    dubformer: DubformerClient, media_url: Url, arm: Arm, controls: httpx.AsyncClient
) -> None:
    """The work was done and the connection died, twice: the third answer under the same key is that same project."""
    before = await dubformer.get_balance()
    count = len(await dubformer.get_projects())
    await arm(vendor="dubformer", method="POST", path="/api/v1/projects", kind="reset_after", times=2)
    submitted = await dubformer.create_project(_project(media_url("film.mp4")), idempotency_key=uuid.uuid4().hex)
    assert await dubformer.get_balance() == before - (submitted.cost_minutes or 0)
    assert len(await dubformer.get_projects()) == count + 1


async def test_an_asset_whose_answer_was_lost_is_not_bought_again_but_found(
    panjaya: PanjayaClient, media_url: Url, arm: Arm
) -> None:
    """There is no key: one attempt, an error that says so, and the asset among those that are there."""
    before = [asset.asset_id async for asset in panjaya.get_assets()]
    await arm(vendor="panjaya", method="POST", path="/v1/assets/", kind="reset_after", times=1)
    with pytest.raises(errors.Unanswered) as caught:
        await panjaya.create_asset(_asset(media_url("film.mp4"), end_time=1.75))
    assert not caught.value.safe_to_repeat
    found = await panjaya.find_assets(lambda asset: asset.asset_id not in before and asset.locales() == {"sk-SK"})
    assert len(found) == 1


async def test_an_upload_that_was_reset_is_not_sent_twice(panjaya: PanjayaClient, film: Path, arm: Arm) -> None:
    """A charged upload has one attempt too."""
    options = AssetOptions.model_validate({"locale": "en-US", "languages": [{"locale": "lt-LT"}]})
    before = [asset.asset_id async for asset in panjaya.get_assets()]
    await arm(vendor="panjaya", method="POST", path="/v1/assets/upload", kind="reset_after", times=1)
    with pytest.raises(errors.Unanswered):
        await panjaya.upload_asset(options, film)
    after = [asset.asset_id async for asset in panjaya.get_assets()]
    assert len(after) == len(before) + 1


async def test_a_result_whose_links_expire_arrives_whole(
    dubformer: DubformerClient, media_url: Url, arm: Arm, tmp_path: Path
) -> None:
    """A fresh link is asked for, and the download goes on."""
    submitted = await dubformer.create_project(_project(media_url("film.mp4")))
    while (await dubformer.get_project(submitted.project_id)).status is ProjectStatus.IN_PROGRESS:  # noqa: ASYNC110
        await asyncio.sleep(0.1)
    whole = await dubformer.download_video(submitted.project_id, tmp_path / "first.mp4")
    await arm(vendor="dubformer", kind="expired_urls", times=1)
    again = await dubformer.download_video(submitted.project_id, tmp_path / "second.mp4")
    assert again.sha256 == whole.sha256 == hashlib.sha256(whole.path.read_bytes()).hexdigest()


async def test_an_empty_account_is_told_before_anything_is_done(
    dubformer: DubformerClient, panjaya: PanjayaClient, media_url: Url, controls: httpx.AsyncClient
) -> None:
    """Dubformer says 402, Panjaya 403: both say that the account is the trouble."""
    accounts = (await controls.get("/sandbox")).json()["accounts"]
    for vendor in ("dubformer", "panjaya"):
        (await controls.post(f"/sandbox/accounts/{vendor}", json={"minutes": 0})).raise_for_status()
    try:
        with pytest.raises(errors.PaymentRequired) as poor:
            await dubformer.create_project(_project(media_url("film.mp4")))
        with pytest.raises(errors.AccountLimit):
            await panjaya.create_asset(_asset(media_url("film.mp4")))
    finally:
        for vendor in ("dubformer", "panjaya"):
            minutes = accounts[vendor]["minutes"] + 1000
            (await controls.post(f"/sandbox/accounts/{vendor}", json={"minutes": minutes})).raise_for_status()
    assert poor.value.vendor_code == "PaymentRequiredError"
    assert poor.value.code == "balance_too_small"


async def test_a_callback_from_the_vendor_is_genuine(
    panjaya: PanjayaClient, media_url: Url, controls: httpx.AsyncClient
) -> None:
    """Its signature fits the vendor's public key, and one changed byte breaks it."""
    inbox: asyncio.Queue[tuple[dict[str, str], bytes]] = asyncio.Queue()

    async def receive(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines = (await reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")[1:]
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        inbox.put_nowait((headers, await reader.readexactly(int(headers["content-length"]))))
        writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(receive, "127.0.0.1", 0)
    address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    asset = await panjaya.create_asset(_asset(media_url("mute.mp4"), callback_url=address))
    headers, body = await asyncio.wait_for(inbox.get(), 60)
    server.close()
    public_key = (await controls.get("/sandbox")).json()["panjaya_public_key"]
    assert verify_callback(body, headers, public_key).asset_id == asset.asset_id
    with pytest.raises(errors.ForgedCallback):
        verify_callback(body.replace(b"asset_failed", b"version_ready"), headers, public_key)
