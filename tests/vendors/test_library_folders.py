"""A folder of a library becomes a batch: a job for each video in it, and for nothing else that lies there."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from polyreel.errors import InvalidJob
from polyreel.intake.library import folder_of, list_videos, make_jobs
from polyreel.job import Job
from polyreel.sources.libraries.port import LibraryVideo
from polyreel.vendors.errors import NotFound
from polyreel.vendors.nomad.client import NomadClient
from polyreel.vendors.nomad.folders import TOP
from polyreel.vendors.nomad.models import Asset
from polyreel.vendors.nomad.statuses import AssetType
from polyreel.vendors.tpstreams.client import TPStreamsClient
from polyreel.vendors.tpstreams.models import CreateVideo
from polyreel.vendors.waiting import Patience
from tests.vendors.elsewhere import skip_there
from tests.vendors.lists import wait_until_listed

SOON = Patience(first=0.1, cap=0.5, total=90)


def pattern() -> Job:
    return Job.model_validate(
        {
            "name": "course",
            "source": {"media": "nomad:folder", "locale": "en-US", "credentials": "library", "subtitles": "{name}.srt"},
            "targets": [{"locale": "es-ES", "subtitles": "es/{name}.es-ES.vtt"}, "fr-FR"],
        }
    )


def test_each_video_gets_the_pattern_with_its_own_name_scripts_and_media() -> None:
    first, second = make_jobs(
        pattern(), "nomad", [LibraryVideo("a-1", "Lesson 1.mp4"), LibraryVideo("b-2", "Lesson 2")]
    )
    assert (first.name, second.name) == ("course-Lesson-1", "course-Lesson-2")
    assert (first.source.media, first.source.credentials) == ("nomad:a-1", "library")
    assert first.source.subtitles == "Lesson 1.srt"
    assert [target.subtitles for target in first.targets] == ["es/Lesson 1.es-ES.vtt", None]


def test_videos_of_one_name_are_told_apart_the_same_way_each_time() -> None:
    twins = [LibraryVideo("aaaa1111-0", "take.mp4"), LibraryVideo("bbbb2222-0", "take.mov")]
    assert [job.name for job in make_jobs(pattern(), "nomad", twins)] == [
        "course-take-aaaa1111",
        "course-take-bbbb2222",
    ]
    assert make_jobs(pattern(), "nomad", [LibraryVideo("x", "../../etc/passwd\n")])[0].name == "course-etc-passwd"


@pytest.mark.parametrize("address", ["nomad", "nomad:", "videojungle:1", "/srv/reels", "s3://films"])
def test_what_is_no_folder_of_a_library_is_said(address: str) -> None:
    with pytest.raises(InvalidJob, match="no folder of a library"):
        folder_of(address)


async def test_the_videos_of_a_folder_at_nomad(nomad: NomadClient, folder: Asset, film: Path, tmp_path: Path) -> None:
    """Films in it; no text file, no folder below, and nothing of what is in that."""
    try:
        await nomad.list_children(folder.id)
    except NotFound:
        skip_there("this server lists no folders: the vendor's page has no such call, only its published clients do")
    words = tmp_path / "notes.txt"
    words.write_text("not a film")
    below = await nomad.create_folder(folder.id, "below")
    ids = []
    for file, parent, name in (
        (film, folder.id, "b.mp4"),
        (film, folder.id, "a.mp4"),
        (words, folder.id, "notes.txt"),
        (film, below.id, "deep.mp4"),
    ):
        done = await nomad.upload(file, parent_id=parent, name=name)
        await nomad.wait_until_usable(done.asset_id, SOON)
        ids.append(done.asset_id)

    async def look() -> list[str]:
        return [each.id for each in await list_videos("nomad", nomad, folder.id)]

    await wait_until_listed(look, ids[:2])
    assert await list_videos("nomad", nomad, folder.id) == [
        LibraryVideo(ids[1], "a.mp4"),
        LibraryVideo(ids[0], "b.mp4"),
    ]
    # By its path too, as people see it; and one of its parts alone is no way to it.
    if way := await find_way(nomad, below.id):
        assert [each.id for each in await list_videos("nomad", nomad, f"/{way}/")] == [ids[3]]
    for wrong in (ids[0], str(uuid.uuid4()), "no/such way", f"{folder.name}/missing", "../x"):
        with pytest.raises(InvalidJob, match="folder"):
            await list_videos("nomad", nomad, wrong)


async def find_way(nomad: NomadClient, folder_id: str) -> str:
    """The names from the top to a folder; empty where the server does not list its top by the clients' name."""
    try:
        await nomad.list_children(TOP)
    except NotFound:
        return ""
    names, found = list[str](), await nomad.get_asset(folder_id)
    while found.type is AssetType.FOLDER:
        names.insert(0, found.name)
        found = await nomad.get_asset(found.parent_id)
    return "/".join(names)


async def test_the_videos_of_a_folder_at_tpstreams(tpstreams: TPStreamsClient, media_url: Callable[[str], str]) -> None:
    try:
        folder = await tpstreams.create_folder(f"course {uuid.uuid4().hex[:6]}")
    except NotFound:
        skip_there("this server has no folders")
    wanted = CreateVideo.from_url(media_url("film.mp4"), title="Lesson 1", resolutions=("240p",), folder=folder.id)
    made = await tpstreams.upload_video(wanted)
    await tpstreams.wait_until_completed(made.id, SOON)

    async def look() -> list[str]:
        return [each.id for each in await list_videos("tpstreams", tpstreams, folder.id)]

    await wait_until_listed(look, {made.id})
    assert await list_videos("tpstreams", tpstreams, folder.id) == [LibraryVideo(made.id, "Lesson 1")]
    with pytest.raises(InvalidJob, match="no folder"):
        await list_videos("tpstreams", tpstreams, made.id)
    with pytest.raises(InvalidJob, match="has no folder"):
        await list_videos("tpstreams", tpstreams, "no/such way")
