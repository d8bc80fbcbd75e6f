"""Media that waits for a vendor that only fetches: put there once, by a link that lives for days, gone afterwards.

Dubformer is played by the rehearsal server, which fetches what it is given; so are the libraries. The object store is
moto's.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from benchmarks.vendors_buyer import SOON, open_dubber, request_of
from benchmarks.vendors_kills import Step, kill_once
from benchmarks.vendors_stage import Stage, open_stage
from polyreel.dubbing import waiting
from polyreel.dubbing.staging_places import LINK_SECONDS
from polyreel.ledger.entry import State
from polyreel.ledger.rows import Filter
from polyreel.ledger.testing import MemoryRows
from polyreel.store.local import LocalStore
from polyreel.vendors.nomad.client import NomadClient
from polyreel.vendors.videojungle.client import VideoJungleClient
from polyreel.vendors.videojungle.models import WHOLE_LIST
from tests.integration.objects.conftest import TestBucket

PLACES: dict[str, dict[str, Any]] = {
    "s3": {"to": "s3"},
    "nomad": {"to": "nomad", "credentials": "x", "path": "vendors/tmp"},
    "videojungle": {"to": "videojungle", "credentials": "x"},
}


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory, films: Callable[..., Path]) -> Iterator[Stage]:
    """The vendors, and a film."""
    folder = tmp_path_factory.mktemp("stage")
    with open_stage(folder, films()) as opened:
        yield opened


@pytest.fixture(scope="session")
def films(tmp_path_factory: pytest.TempPathFactory, narrated: Path) -> Callable[..., Path]:
    """Three seconds of speech."""
    import subprocess

    import imageio_ffmpeg

    def make() -> Path:
        film = tmp_path_factory.mktemp("film") / "film.mp4"
        cut = ["-t", "3", "-vf", "scale=320:180", "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac", film]
        command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-nostdin", "-y", "-i", narrated / "narrated.mp4"]
        subprocess.run([*command, *cut], check=True, timeout=120)
        return film

    return make


@pytest.fixture(autouse=True)
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "PACE", SOON)


@pytest.fixture
def staging(request: pytest.FixtureRequest, bucket: TestBucket) -> dict[str, Any]:
    known = dict(PLACES[request.param])
    return known | ({"path": bucket.url("tmp")} if known["to"] == "s3" else {})


async def left_at(place: dict[str, Any], stage: Stage, bucket: TestBucket) -> list[str]:
    """What is still staged."""
    if place["to"] == "s3":
        return bucket.keys("tmp")
    async with AsyncExitStack() as stack:
        if place["to"] == "videojungle":
            client = VideoJungleClient("videojungle-sandbox", base_url=f"{stage.url}/videojungle")
            await stack.enter_async_context(client)
            return [each.name for each in await client.list_video_files(limit=WHOLE_LIST)]
        nomad = NomadClient.with_login(f"{stage.url}/nomad", "sandbox", "sandbox")
        await stack.enter_async_context(nomad)
        at = "root"
        for title in place["path"].split("/"):
            at = next(each.id for each in await nomad.list_children(at) if each.name == title)
        return [each.name for each in await nomad.list_children(at)]


@pytest.mark.parametrize("staging", PLACES, indirect=True)
async def test_a_reel_is_staged_dubbed_and_removed(
    stage: Stage, bucket: TestBucket, staging: dict[str, Any], tmp_path: Path
) -> None:
    """One copy for all languages; a fresh link each time it is asked for; nothing is left."""
    order = {
        "provider": "dubformer", "way": "staged", "name": f"staged-{staging['to']}", "url": stage.url, "quiet": 0.1,
        "lease": 5.0, "film": str(stage.film), "film_url": stage.film_url, "folder": str(tmp_path), "script": False,
        "staging": staging,
    }  # fmt: skip
    store = LocalStore(tmp_path / "store")
    async with open_dubber(order, store, MemoryRows()) as (dubber, ledger):
        request = await asyncio.to_thread(request_of, order, store)
        for locale in ("es-ES", "fr-FR"):
            asked = request.model_copy(update={"locale": locale})
            receipt = await dubber.submit(asked)
            await dubber.wait(asked, receipt)
            await dubber.collect(asked, receipt)
        rows = await ledger.select(Filter(kind="staged"))
        assert [row.state for row in rows] == [State.COLLECTED]
        assert len(await left_at(staging, stage, bucket)) == 1
        link = await dubber._means.staging.make_address(request.reel, "film.mp4")
        async with httpx.AsyncClient(trust_env=False, follow_redirects=True) as stranger:
            assert (await stranger.get(link)).content == stage.film.read_bytes()
        if staging["to"] == "s3":
            assert parse_qs(urlsplit(link).query)["X-Amz-Expires"] == [str(LINK_SECONDS)]
    assert await left_at(staging, stage, bucket) == []
    assert len(stage.list_made("dubformer", order["name"])) == 2


@pytest.mark.slow
@pytest.mark.parametrize("staging", PLACES, indirect=True)
async def test_a_run_killed_after_staging_leaves_nothing_there(
    stage: Stage, bucket: TestBucket, staging: dict[str, Any], tmp_path: Path
) -> None:
    """The next run finds the copy, buys once, and removes what is left."""
    step = Step("dubformer", "staged", "staged", "nomad", "*/upload/start", staging=staging)
    seen = await asyncio.to_thread(kill_once, stage, step, "before_receipt", tmp_path, quiet=0.5)
    assert (seen["killed"], seen["ended"]) == ("yes", "collected"), json.dumps(seen)
    assert (seen["purchases"], seen["made"], seen["lost"]) == (1, 1, 0)
    assert await left_at(staging, stage, bucket) == []


async def test_what_another_purchase_still_needs_stays(stage: Stage, bucket: TestBucket, tmp_path: Path) -> None:
    """Of two jobs over one reel, the one that is done first does not take the other's copy away."""
    staging = {"to": "s3", "path": bucket.url("tmp")}
    order = {
        "provider": "dubformer", "way": "staged", "name": "first", "url": stage.url, "quiet": 0.1, "lease": 5.0,
        "film": str(stage.film), "film_url": stage.film_url, "folder": str(tmp_path), "script": False,
        "staging": staging,
    }  # fmt: skip
    store, rows = LocalStore(tmp_path / "store"), MemoryRows()
    async with open_dubber(order, store, rows) as (dubber, ledger):
        request = await asyncio.to_thread(request_of, order, store)
        receipt = await dubber.submit(request)
        row = await ledger.get(receipt.key)
        assert row is not None
        assert row.state is State.SUBMITTED
        await dubber._means.staging.clear()
        assert len(bucket.keys("tmp")) == 1
        await dubber.wait(request, receipt)
    assert bucket.keys("tmp") == []
