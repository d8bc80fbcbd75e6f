"""Bad weather at the asset manager, Video Jungle and TPStreams: what is repeated, resumed and refreshed."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from polyreel.vendors import errors
from polyreel.vendors.downloads import Expected
from polyreel.vendors.nomad.client import NomadClient
from polyreel.vendors.tpstreams.client import TPStreamsClient
from polyreel.vendors.videojungle.client import VideoJungleClient

pytestmark = pytest.mark.usefixtures("no_waiting")
Arm = Callable[..., Awaitable[None]]
FAULTS: list[dict[str, Any]] = [
    {"kind": "status", "status": 429, "retry_after": "1"},
    {"kind": "status", "status": 503},
    {"kind": "reset_before"},
    {"kind": "truncated"},
    {"kind": "wrong_json"},
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault["kind"] + str(fault.get("status", "")))
async def test_reads_get_through(
    nomad: NomadClient, tpstreams: TPStreamsClient, videojungle: VideoJungleClient, arm: Arm, fault: dict[str, Any]
) -> None:
    """Whatever happens twice to a read, the third one is answered: at each of the three."""
    await arm(vendor="nomad", method="GET", path="*/admin/asset/upload", times=2, **fault)
    assert isinstance(await nomad.list_uploads(), tuple)
    await arm(vendor="tpstreams", method="GET", path="/api/v1/sandbox/assets/", times=2, **fault)
    assert isinstance([asset async for asset in tpstreams.list_assets()], list)
    await arm(vendor="videojungle", method="GET", path="/users/me", times=2, **fault)
    assert (await videojungle.get_user()).id


async def test_an_upload_gets_through_lost_confirmations_and_expired_addresses(
    nomad: NomadClient, film: Path, arm: Arm, tmp_path: Path
) -> None:
    """Completing twice is harmless; a part's address is asked for again; the file arrives whole."""
    await arm(vendor="nomad", method="POST", path="*/part/*/complete", kind="reset_after", times=1)
    await arm(vendor="nomad", method="POST", path="*/complete", kind="reset_after", times=1)
    await arm(vendor="nomad", kind="expired_urls", times=1)
    done = await nomad.upload(film, name=f"{uuid.uuid4().hex[:8]}.mp4")
    await nomad.wait_until_usable(done.asset_id)
    await nomad.download(done.asset_id, tmp_path / "film.mp4", expected=Expected(sha256=done.sha256))


async def test_a_download_whose_address_expires_arrives_whole(
    nomad: NomadClient, film: Path, arm: Arm, tmp_path: Path
) -> None:
    """A fresh one is asked for."""
    done = await nomad.upload(film, name=f"{uuid.uuid4().hex[:8]}.mp4")
    await nomad.wait_until_usable(done.asset_id)
    await arm(vendor="nomad", kind="expired_urls", times=1)
    got = await nomad.download(done.asset_id, tmp_path / "again.mp4", expected=Expected(sha256=done.sha256))
    assert got.bytes == done.bytes


async def test_a_token_that_expired_over_night_is_refreshed(nomad: NomadClient, controls: httpx.AsyncClient) -> None:
    """Calls go on as if nothing had happened."""
    await nomad.list_uploads()
    (await controls.post("/sandbox/clock", json={"seconds": 7200})).raise_for_status()
    assert isinstance(await nomad.list_uploads(), tuple)


async def test_a_start_whose_answer_was_lost_is_not_repeated_but_found(
    nomad: NomadClient, film: Path, arm: Arm
) -> None:
    """It may have begun an upload: that one is among those under way."""
    name = f"{uuid.uuid4().hex[:8]}.mp4"
    await arm(vendor="nomad", method="POST", path="*/asset/upload/start", kind="reset_after", times=1)
    with pytest.raises(errors.Unanswered) as caught:
        await nomad.upload(film, name=name)
    assert not caught.value.safe_to_repeat
    (begun,) = [upload for upload in await nomad.list_uploads() if upload.name == name]
    assert (await nomad.resume_upload(begun.id, film)).bytes == film.stat().st_size
