"""Sources that are assets at vendors: fetched once, restored from the archive, and gone on with."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from polyreel.delivery.nomad import require_owner
from polyreel.errors import InvalidJob, MediaError
from polyreel.sources.assets import require_asset
from polyreel.sources.ingest import ingest
from polyreel.sources.port import FetchLimits
from polyreel.store.local import LocalStore, path_of
from polyreel.vendors.nomad.statuses import AssetStatus
from polyreel.vendors.tpstreams.models import VideoOptions
from polyreel.vendors.videojungle.models import CreateAsset, CreateProject
from polyreel.vendors.waiting import Patience, wait_for

SOON = Patience(first=0.1, cap=0.5, total=60)
PROVIDERS = ("tpstreams", "nomad", "videojungle")


async def _uploaded(provider: str, client: Any, film: Path) -> str:
    if provider == "nomad":
        return str((await client.wait_until_usable((await client.upload(film)).asset_id, SOON)).id)
    if provider == "videojungle":
        project = await client.create_project(CreateProject(name="sources"))
        created = await client.create_asset(project.id, CreateAsset(keyname="film.mp4"))
        return str((await client.upload_asset(created, film)).id)
    return str(await client.upload_file(film, VideoOptions(title="film", resolutions=("240p",))))


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_an_asset_comes_whole_and_only_once(
    provider: str, clients: Any, films: Callable[[int], Path], tmp_path: Path
) -> None:
    """The same bytes; asked for again, it is kept."""
    store, film = LocalStore(tmp_path / "store"), films(1)
    async with clients(provider) as client:
        asset = await _uploaded(provider, client, film)
        told: list[float] = []
        got = await ingest(f"{provider}:{asset}", store, client=client, on_progress=told.append)
        assert got.sha256 == hashlib.sha256(film.read_bytes()).hexdigest()
        assert path_of(got).suffix == ".mp4"
        assert told[-1] == 1
        again = await ingest(f"{provider}:{asset}", store, client=client)
    assert again == got


@pytest.mark.parametrize("asset_id", ["00000000-0000-4000-8000-000000000000", "Courses/2026/film.mp4", "../x"])
@pytest.mark.parametrize("provider", PROVIDERS)
async def test_an_asset_that_isn_t_is_said_to_be_none(
    provider: str, asset_id: str, clients: Any, tmp_path: Path
) -> None:
    """Before anything is fetched; a path is no id, however the vendor refuses it."""
    async with clients(provider) as client:
        location = f"{provider}:{asset_id}"
        for refused in (require_asset(location, client), ingest(location, LocalStore(tmp_path), client=client)):
            with pytest.raises(InvalidJob, match="no asset") as caught:
                await refused
            assert (caught.value.code, "not a path" in caught.value.remedy) == ("vendor_not_found", True)
        if provider == "nomad":
            with pytest.raises(InvalidJob, match="has no asset"):
                await require_owner(client, asset_id)


@pytest.mark.parametrize("provider", ["nomad", "tpstreams"])
async def test_a_folder_is_no_source(provider: str, clients: Any, tmp_path: Path) -> None:
    """The plan says so, and what takes a folder."""
    async with clients(provider) as client:
        made = await (client.create_folder("root", "reels") if provider == "nomad" else client.create_folder("reels"))
        location = f"{provider}:{made.id}"
        for refused in (require_asset(location, client), ingest(location, LocalStore(tmp_path), client=client)):
            with pytest.raises(InvalidJob, match="a folder") as caught:
                await refused
            assert f"--each-of {location}" in caught.value.remedy


async def test_a_video_file_of_the_account_is_a_source_too(
    clients: Any, films: Callable[[int], Path], tmp_path: Path
) -> None:
    """Video Jungle has both, by ids of one kind."""
    async with clients("videojungle") as client:
        made = await client.upload_file(films(1))
        got = await ingest(f"videojungle:{made.id}", LocalStore(tmp_path), client=client)
    assert got.bytes == films(1).stat().st_size


async def test_an_archived_asset_is_restored_first(clients: Any, films: Callable[[int], Path], tmp_path: Path) -> None:
    """And then it is `Restored`, which is as good."""
    async with clients("nomad") as client:
        asset = await _uploaded("nomad", client, films(1))
        await client.archive(asset)

        async def look() -> Any:
            return await client.get_asset(asset)

        await wait_for(look, lambda seen: seen.status is AssetStatus.ARCHIVED, "archived", SOON)
        got = await ingest(f"nomad:{asset}", LocalStore(tmp_path), client=client)
        assert got.bytes == films(1).stat().st_size
        assert (await client.get_asset(asset)).status is AssetStatus.RESTORED


async def test_what_is_too_large_is_not_fetched(clients: Any, films: Callable[[int], Path], tmp_path: Path) -> None:
    """Where the length is known beforehand, and where it is not."""
    for provider in PROVIDERS:
        async with clients(provider) as client:
            asset = await _uploaded(provider, client, films(1))
            limits = FetchLimits(max_bytes=1000)
            with pytest.raises(MediaError) as caught:
                await ingest(f"{provider}:{asset}", LocalStore(tmp_path / provider), client=client, limits=limits)
        assert caught.value.code == "video_size_limit_reached"


async def test_a_text_is_no_source(clients: Any, tmp_path: Path) -> None:
    """Libraries hold the subtitles that are delivered to them: the plan says so, and a run fetches none."""
    text = tmp_path / "welcome.es-ES.srt"
    text.write_text("1\n00:00:00,200 --> 00:00:01,000\nhola\n")
    for provider in ("nomad", "videojungle"):
        async with clients(provider) as client:
            if provider == "nomad":
                made = str((await client.wait_until_usable((await client.upload(text)).asset_id, SOON)).id)
            else:
                project = await client.create_project(CreateProject(name="texts"))
                created = await client.create_asset(project.id, CreateAsset(keyname=text.name))
                made = str((await client.upload_asset(created, text)).id)
            location = f"{provider}:{made}"
            for refused in (require_asset(location, client), ingest(location, LocalStore(tmp_path), client=client)):
                with pytest.raises(InvalidJob, match="no video") as caught:
                    await refused
                assert (caught.value.code, caught.value.where) == ("unsupported_media", location)


async def test_an_asset_without_its_file_is_no_source(
    clients: Any, films: Callable[[int], Path], tmp_path: Path
) -> None:
    """It was made, and nothing was uploaded: the plan says so with its id; once the file is there, all is well."""
    async with clients("videojungle") as client:
        project = await client.create_project(CreateProject(name="waiting"))
        created = await client.create_asset(project.id, CreateAsset(keyname="film.mp4"))
        location = f"videojungle:{created.id}"
        with pytest.raises(InvalidJob, match="has no file") as caught:
            await require_asset(location, client)
        assert caught.value.where == location
        await client.upload_asset(created, films(1))
        await require_asset(location, client)
    async with clients("tpstreams") as client:
        session = await client.create_upload_session(VideoOptions(title="film", resolutions=("240p",)))
        with pytest.raises(InvalidJob, match="has no file") as caught:
            await require_asset(f"tpstreams:{session.asset_id}", client)
        assert session.asset_id in caught.value.where
        await require_asset(f"tpstreams:{await _uploaded('tpstreams', client, films(1))}", client)
