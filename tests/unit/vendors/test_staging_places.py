"""What is staged at a library is found again, and given out by a link that lives long enough."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from polyreel.dubbing.staging_places import LINK_SECONDS, staging_place_of
from polyreel.job import NomadStaging, VideoJungleStaging
from polyreel.ledger.entry import Found
from polyreel.outcome import StoredFile
from polyreel.vendors.nomad.client import NomadClient
from polyreel.vendors.retry import waiting_off
from polyreel.vendors.videojungle.client import VideoJungleClient
from tests.unit.vendors.conftest import Peer, answer

AT_JUNGLE = VideoJungleStaging(to="videojungle", credentials="x")


async def test_a_file_without_an_address_is_waited_for(peer: Peer) -> None:
    """No page says that a video file has one as soon as it is uploaded."""
    late = {"id": "v", "download_url": None}
    peer.will(answer(200, late), answer(200, {"id": "v"}), answer(200, {"id": "v", "url": "https://store.example/v"}))
    async with VideoJungleClient("key", base_url=peer.url) as client:
        with waiting_off():
            assert await staging_place_of(AT_JUNGLE, client).link("v") == "https://store.example/v"
    assert len(peer.seen) == 3


@pytest.mark.parametrize("work", ["find", "remove_leftovers"])
async def test_every_video_file_is_looked_through(peer: Peer, work: str) -> None:
    """Lists give ten unless a limit says more: what lies behind them would be put there twice, or left for ever."""
    peer.will(answer(200, [{"id": "v", "name": "reel.mp4", "size": 3}]), answer(200, {}))
    file = StoredFile(uri="store:reel.mp4", sha256="0" * 64, bytes=3)
    async with VideoJungleClient("key", base_url=peer.url) as client:
        place = staging_place_of(AT_JUNGLE, client)
        if work == "find":
            assert isinstance(await place.find(file, "reel.mp4"), Found)
        else:
            await place.remove_leftovers(file.sha256, "reel.mp4")
    assert peer.seen[0].target == "/video-file?limit=1000"


async def test_a_share_says_its_end_in_both_ways(peer: Peer) -> None:
    """A date as on the page, hours as published clients do: a server that knew neither would let it run out at once."""
    peer.will(answer(200, "https://nomad.example/s/1"))
    async with NomadClient.with_api_key(peer.url, "key") as client:
        place = staging_place_of(NomadStaging(to="nomad", credentials="x"), client)
        assert await place.link("a") == "https://nomad.example/s/1"
    told = json.loads(peer.seen[0].body)
    assert told["sharedDurationInHours"] * 3600 == LINK_SECONDS
    ends = datetime.fromisoformat(told["expirationDate"])
    assert abs(ends - datetime.now(UTC) - timedelta(seconds=LINK_SECONDS)) < timedelta(minutes=1)
