"""Video Jungle, endpoint by endpoint, over real sockets. Written against the vendor's page and WIRE.md alone."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from polyreel.vendors import errors
from polyreel.vendors.videojungle.client import VideoJungleClient
from polyreel.vendors.videojungle.models import (
    WHOLE_LIST,
    CreateAsset,
    CreateProject,
    CreateScript,
    CreateVideoFile,
    Duration,
    Filters,
    Generation,
    Project,
    Prompt,
    Script,
    Search,
    VideoFile,
)
from polyreel.vendors.waiting import Patience, wait_for
from tests.vendors.elsewhere import skip_there
from tests.vendors.lists import wait_until_listed

Url = Callable[[str], str]
SOON = Patience(first=0.1, cap=0.5, total=60)
NO_ID = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
async def project(videojungle: VideoJungleClient) -> AsyncIterator[Project]:
    """A project, deleted afterwards."""
    made = await videojungle.create_project(CreateProject(name="horoscope", description="daily"))
    yield made
    await videojungle.delete_project(made.id)


@pytest.fixture
async def script(videojungle: VideoJungleClient, project: Project) -> Script:
    """A script with one input."""
    request = CreateScript(name="daily", data={"commands": []}, inputs={"sign": "text"})
    try:
        return await videojungle.create_script(project.id, request)
    except errors.NotFound:
        skip_there("this server makes no scripts: the vendor's page has no such call, only its published client does")


@pytest.fixture
async def generation(videojungle: VideoJungleClient, project: Project, script: Script) -> Generation:
    """An asset that waits for its file."""
    return await videojungle.generate(project.id, script.id, {"sign": "aries"})


# -- accounts, projects, scripts


async def test_the_account_is_known(videojungle: VideoJungleClient) -> None:
    """The harmless call behind `credentials check`."""
    try:
        assert (await videojungle.get_user()).id
    except errors.NotFound:
        skip_there("this server tells no user: the vendor's page has no such call, only its published client does")


async def test_a_wrong_key_is_unauthorized(vendor_url: str) -> None:
    """And stands in no error."""
    async with VideoJungleClient("not-the-key", base_url=f"{vendor_url}/videojungle") as client:
        with pytest.raises(errors.Unauthorized) as caught:
            await client.get_asset(NO_ID)
    assert "not-the-key" not in str(caught.value) + caught.value.body


async def test_projects_are_listed_read_and_deleted(videojungle: VideoJungleClient) -> None:
    """Gone is gone."""
    made = await videojungle.create_project(CreateProject(name="short-lived"))

    async def look() -> list[str]:
        return [each.id for each in await videojungle.list_projects(limit=WHOLE_LIST)]

    assert await wait_until_listed(look, {made.id})
    assert (await videojungle.get_project(made.id)).name == "short-lived"
    await videojungle.delete_project(made.id)
    with pytest.raises(errors.NotFound):
        await videojungle.get_project(made.id)


async def test_scripts_are_listed_read_and_deleted(
    videojungle: VideoJungleClient, project: Project, script: Script
) -> None:
    """Each by its id."""

    async def look() -> list[str]:
        return [each.id for each in await videojungle.list_scripts(project.id, limit=WHOLE_LIST)]

    assert await wait_until_listed(look, {script.id})
    assert (await videojungle.get_script(project.id, script.id)).name == "daily"
    await videojungle.delete_script(project.id, script.id)
    with pytest.raises(errors.NotFound):
        await videojungle.get_script(project.id, script.id)


# -- assets


async def test_a_generated_asset_takes_its_file_and_gives_it_back(
    videojungle: VideoJungleClient, generation: Generation, film: Path, tmp_path: Path
) -> None:
    """Put at the signed address, checked by GET and by PUT, fetched whole."""
    told: list[tuple[int, int]] = []
    await videojungle.upload_generated(generation, film, tell=lambda done, total: told.append((done, total)))
    assert told[-1] == (film.stat().st_size, film.stat().st_size)
    asset = await videojungle.wait_until_uploaded(generation.asset_id, SOON)
    assert await videojungle.check_asset_by_put(asset.id) is True
    assert (await videojungle.download_asset(asset.id, tmp_path / "film.mp4")).path.read_bytes() == film.read_bytes()


async def test_an_address_that_was_not_signed_takes_nothing(
    videojungle: VideoJungleClient, generation: Generation, film: Path
) -> None:
    """The same error as for an expired one."""
    spoilt = generation.model_copy(update={"url": generation.url.split("?")[0] + "?Signature=forged&Expires=1"})
    with pytest.raises(errors.LinkExpired) as caught:
        await videojungle.upload_generated(spoilt, film)
    assert "forged" not in str(caught.value)


async def test_the_page_s_q_is_taken_too(videojungle: VideoJungleClient, project: Project, script: Script) -> None:
    """One parameter for all."""
    assert (await videojungle.generate(project.id, script.id, q='{"sign":"leo"}')).asset_id


async def test_a_prompt_may_be_tried_out(videojungle: VideoJungleClient, project: Project, script: Script) -> None:
    """Page section "Generate an Asset", optional attributes."""
    prompt = Prompt(prompt="Say it in one line.", prompt_persona="a seer")
    assert (await videojungle.generate(project.id, script.id, {"sign": "leo"}, prompt=prompt)).asset_id


async def test_a_script_that_isn_t_generates_nothing(videojungle: VideoJungleClient, project: Project) -> None:
    """404."""
    with pytest.raises(errors.NotFound):
        await videojungle.generate(project.id, NO_ID, {"sign": "aries"})


async def test_assets_are_listed_by_both_routes(
    videojungle: VideoJungleClient, project: Project, script: Script
) -> None:
    """The page's plural and the published client's singular; ten unless a limit says more."""
    made = {(await videojungle.generate(project.id, script.id, {"sign": "leo"})).asset_id for _ in range(12)}

    for list_by in (videojungle.list_assets, videojungle.list_project_assets, videojungle.list_generated_assets):

        async def look(list_by: Any = list_by) -> list[str]:
            return [asset.id for asset in await list_by(project.id, limit=50)]

        assert set(await wait_until_listed(look, made)) == made
    assert len(await videojungle.list_assets(project.id)) == 10
    assert len(await videojungle.list_assets(project.id, limit=3)) == 3


async def test_an_asset_is_uploaded_as_a_form(videojungle: VideoJungleClient, project: Project, film: Path) -> None:
    """By the published client's way."""
    created = await videojungle.create_asset(project.id, CreateAsset(keyname="film.mp4", description="a film"))
    asset = await videojungle.upload_asset(created, film)
    assert asset.id == created.id
    seen = await videojungle.wait_until_uploaded(asset.id, SOON)
    assert seen.project is not None
    told = await videojungle.get_asset_status(asset.id)
    assert told.status or told.uploaded  # "null if the asset is uploaded"


async def test_an_asset_is_deleted(videojungle: VideoJungleClient, generation: Generation) -> None:
    """For good."""
    await videojungle.delete_asset(generation.asset_id)
    with pytest.raises(errors.NotFound):
        await videojungle.get_asset(generation.asset_id)


async def test_an_unknown_asset_is_not_found(videojungle: VideoJungleClient) -> None:
    """Read, checked or deleted."""
    for ask in (videojungle.get_asset, videojungle.check_asset, videojungle.delete_asset):
        with pytest.raises(errors.NotFound):
            await ask(NO_ID)


# -- video files


@pytest.fixture
async def uploaded(videojungle: VideoJungleClient, film: Path) -> AsyncIterator[VideoFile]:
    """A video file, deleted afterwards."""
    made = await videojungle.upload_file(film, name="welcome reel")
    yield made
    await videojungle.delete_video_file(made.id)


async def test_a_video_file_is_uploaded_and_fetched(
    videojungle: VideoJungleClient, uploaded: VideoFile, film: Path, tmp_path: Path
) -> None:
    """Create, post, read, download: the same bytes."""
    seen = await videojungle.get_video_file(uploaded.id)
    assert seen.name == "welcome reel"

    async def look() -> list[str]:
        return [each.id for each in await videojungle.list_video_files(limit=WHOLE_LIST)]

    assert await wait_until_listed(look, {uploaded.id})
    await videojungle.wait_until_there(uploaded.id, SOON)
    got = await videojungle.download_video_file(uploaded.id, tmp_path / "film.mp4")
    assert got.path.read_bytes() == film.read_bytes()


async def test_a_video_file_goes_straight_to_the_storage(
    videojungle: VideoJungleClient, film: Path, tmp_path: Path
) -> None:
    """Method `direct`: the S3 form, `file` last."""
    request = CreateVideoFile(name="direct", filename="film.mp4", upload_method="direct")
    created = await videojungle.create_video_file(request)
    await videojungle.upload_direct(created, film)

    await videojungle.wait_until_there(created.video.id, SOON)
    got = await videojungle.download_video_file(created.video.id, tmp_path / "film.mp4")
    assert got.bytes == film.stat().st_size
    await videojungle.delete_video_file(created.video.id)


async def test_a_video_file_is_fetched_by_the_vendor(videojungle: VideoJungleClient, media_url: Url) -> None:
    """Method `url`."""
    request = CreateVideoFile(name="fetched", filename=media_url("film.mp4"), upload_method="url")
    created = await videojungle.create_video_file(request)
    assert created.video.id
    await videojungle.delete_video_file(created.video.id)


async def test_video_files_are_listed_as_many_as_are_asked_for(videojungle: VideoJungleClient) -> None:
    """Ten unless a limit says more."""
    request = CreateVideoFile(name="one of many", filename="film.mp4")
    made = {(await videojungle.create_video_file(request)).video.id for _ in range(12)}

    async def look() -> list[str]:
        return [each.id for each in await videojungle.list_video_files(limit=WHOLE_LIST)]

    assert await wait_until_listed(look, made)
    assert len(await videojungle.list_video_files(limit=3)) == 3
    for each in made:
        await videojungle.delete_video_file(each)


async def test_a_video_file_is_analysed(videojungle: VideoJungleClient, uploaded: VideoFile) -> None:
    """And what was found can be read."""
    await videojungle.create_analysis(uploaded.id)

    async def look() -> tuple[object, ...]:
        return (await videojungle.get_analysis(uploaded.id)).analysis

    assert await wait_for(look, bool, "analysis", SOON)


async def test_video_files_are_searched(videojungle: VideoJungleClient, uploaded: VideoFile) -> None:
    """By words, narrowed by length."""
    request = Search(query="welcome", filters=Filters(duration=Duration(min=1, max=60)), limit=50)
    try:
        hits = await videojungle.search(request)
    except (errors.NotFound, errors.Invalid):
        skip_there("this server searches nothing: the vendor's page has no such call, only its published client does")
    assert uploaded.id in [hit.video_id or (hit.video.id if hit.video else "") for hit in hits]
    # A search by meaning may have an answer to everything; how many it gives is promised.
    assert len(await videojungle.search(Search(query="surelynosuchword", limit=1))) <= 1


async def test_a_video_file_becomes_a_project_s_asset(
    videojungle: VideoJungleClient, project: Project, uploaded: VideoFile
) -> None:
    """By reference."""
    asset = await videojungle.add_video_file(project.id, uploaded.id, "the reel")

    async def look() -> list[str]:
        return [each.id for each in await videojungle.list_assets(project.id, limit=50)]

    assert await wait_until_listed(look, {asset.id})


async def test_what_is_not_there_can_not_be_fetched(videojungle: VideoJungleClient, tmp_path: Path) -> None:
    """A video file without a file, and one that isn't."""
    created = await videojungle.create_video_file(CreateVideoFile(name="empty", filename="film.mp4"))
    with pytest.raises(errors.JobFailed):
        await videojungle.download_video_file(created.video.id, tmp_path / "film.mp4")
    await videojungle.delete_video_file(created.video.id)
    with pytest.raises(errors.NotFound):
        await videojungle.download_video_file(created.video.id, tmp_path / "film.mp4")


def test_a_search_for_nothing_at_all_is_found_before_it_is_sent() -> None:
    """The vendor wants at least one result."""
    with pytest.raises(ValidationError):
        Search(query="x", limit=0)
