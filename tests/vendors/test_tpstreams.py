"""TPStreams, endpoint by endpoint, over real sockets. Written against the vendor's page and WIRE.md alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from polyreel.vendors import errors
from polyreel.vendors.tpstreams.client import TPStreamsClient
from polyreel.vendors.tpstreams.models import CreateVideo, Status, VideoOptions
from tests.vendors.elsewhere import skip_there
from tests.vendors.lists import wait_until_listed
from tests.vendors.tpstreams_assets import SOON, Url, make_completed, make_request, wait_until

# -- bringing videos in


async def test_a_video_is_fetched_processed_and_played(tpstreams: TPStreamsClient, media_url: Url) -> None:
    """From Not Started to Completed, with playback addresses, length and renditions."""
    made = await tpstreams.upload_video(make_request(media_url("film.mp4"), content_protection_type="disable"))
    assert made.status is not Status.ERROR
    assert made.title == "Welcome"
    asset = await tpstreams.wait_until_completed(made.id, SOON)
    assert asset.video is not None
    assert asset.video.playback_url.split("?")[0].endswith(".m3u8")
    # The page shows one, of a video under DRM.
    assert not asset.video.dash_url or asset.video.dash_url.split("?")[0].endswith(".mpd")
    assert asset.video.duration == pytest.approx(3, abs=1)
    assert set(asset.video.resolutions) == {"240p", "360p"}
    assert asset.video.content_protection_type == "disable"


async def test_an_address_without_a_video_ends_in_error(tpstreams: TPStreamsClient, media_url: Url) -> None:
    """A job's failure, with the vendor's word."""
    made = await tpstreams.upload_video(make_request(media_url("nonsense.mp4")))
    with pytest.raises(errors.JobFailed) as caught:
        await tpstreams.wait_until_completed(made.id, SOON)
    assert caught.value.vendor_code == "Error"


async def test_a_video_for_an_unknown_folder_is_invalid(tpstreams: TPStreamsClient, media_url: Url) -> None:
    """400, and the field is named."""
    with pytest.raises((errors.Invalid, errors.NotFound)):
        await tpstreams.upload_video(make_request(media_url("film.mp4"), folder="nosuchfolder"))


def test_an_unknown_resolution_is_found_before_it_is_sent() -> None:
    """The page has six."""
    with pytest.raises(ValidationError):
        CreateVideo.from_url("https://example.com/film.mp4", resolutions=("4k",))


async def test_several_videos_are_made_in_one_call(tpstreams: TPStreamsClient, media_url: Url) -> None:
    """All of them, in order."""
    wanted = [make_request(media_url("film.mp4"), title=f"Part {number}") for number in (1, 2)]
    made = await tpstreams.bulk_create(wanted)
    assert [asset.title for asset in made] == ["Part 1", "Part 2"]


async def test_a_bulk_with_one_bad_item_makes_none(tpstreams: TPStreamsClient, media_url: Url) -> None:
    """All or nothing: the refusal says which item."""
    title = "never made"
    wanted = [
        make_request(media_url("film.mp4"), title=title),
        make_request(media_url("film.mp4"), folder="nosuchfolder"),
    ]
    with pytest.raises(errors.Invalid) as caught:
        await tpstreams.bulk_create(wanted)
    assert caught.value.vendor_code == "item 1"
    assert title not in [asset.title async for asset in tpstreams.list_assets()]


async def test_the_same_title_and_address_twice_in_bulk_makes_none(tpstreams: TPStreamsClient, media_url: Url) -> None:
    """And the second of them is named."""
    with pytest.raises(errors.Invalid) as caught:
        await tpstreams.bulk_create([make_request(media_url("film.mp4"), title="Twice")] * 2)
    assert caught.value.vendor_code == "item 1"


async def test_more_than_fifty_in_bulk_are_refused_before_they_are_sent(
    tpstreams: TPStreamsClient, media_url: Url
) -> None:
    """The vendor's limit."""
    with pytest.raises(errors.Invalid, match="51"):
        await tpstreams.bulk_create([make_request(media_url("film.mp4"))] * 51)


async def test_a_file_is_uploaded_through_a_session(tpstreams: TPStreamsClient, film: Path, tmp_path: Path) -> None:
    """The S3 form, `file` last; progress ends at the whole length; the asset plays."""
    told: list[tuple[int, int]] = []
    options = VideoOptions(title="Uploaded", resolutions=("240p",))
    asset_id = await tpstreams.upload_file(film, options, tell=lambda done, total: told.append((done, total)))
    assert told[-1][0] == told[-1][1] > film.stat().st_size
    asset = await tpstreams.wait_until_completed(asset_id, SOON)
    assert asset.title == "Uploaded"
    assert (await tpstreams.download(asset_id, tmp_path / "back.mp4")).path.read_bytes() == film.read_bytes()


async def test_a_forged_form_is_not_taken(tpstreams: TPStreamsClient, film: Path) -> None:
    """The storage refuses what was not signed: the same error as for an expired form."""
    session = await tpstreams.create_upload_session(VideoOptions(title="Forged", resolutions=("240p",)))
    spoilt = {name: "forged" if "signature" in name.lower() else value for name, value in session.fields.items()}
    with pytest.raises(errors.LinkExpired):
        await tpstreams.upload_to_session(session.model_copy(update={"fields": spoilt}), film)


# -- finding and keeping


async def test_lists_are_followed_to_their_end(tpstreams: TPStreamsClient, media_url: Url) -> None:
    """Page after page by `next`, each asset once."""
    wanted = [make_request(media_url("film.mp4"), title=f"Page {number}") for number in range(5)]
    made = {asset.id for asset in await tpstreams.bulk_create(wanted)}

    async def look() -> list[str]:
        return [asset.id async for asset in tpstreams.list_assets(limit=2)]

    listed = await wait_until_listed(look, made)
    assert len(listed) == len(set(listed))


async def test_an_unknown_asset_is_not_found(tpstreams: TPStreamsClient) -> None:
    """404 `Not found.`"""
    with pytest.raises(errors.NotFound):
        await tpstreams.get_asset("nosuchasset")


async def test_the_expiry_of_a_playback_address_can_be_asked_for(tpstreams: TPStreamsClient, completed: str) -> None:
    """A protected video's address, for five minutes."""
    seen = await tpstreams.get_asset(completed, expiry=300)
    assert seen.video is not None
    assert seen.video.playback_url


async def test_details_have_the_viewers_and_a_download(
    tpstreams: TPStreamsClient, completed: str, film: Path, tmp_path: Path
) -> None:
    """Every field of the page's detail is read; the download is the file."""
    detail = await tpstreams.get_asset(completed)
    assert detail.views_count is not None
    assert detail.total_watch_time is not None
    assert detail.average_watched_time is not None
    assert detail.unique_viewers_count is not None
    assert (await tpstreams.download(completed, tmp_path / "film.mp4")).path.read_bytes() == film.read_bytes()


async def test_a_deleted_asset_is_gone(tpstreams: TPStreamsClient, media_url: Url) -> None:
    """And deleting what isn't there is an error."""
    asset = await tpstreams.upload_video(make_request(media_url("film.mp4")))
    await tpstreams.delete_asset(asset.id)
    with pytest.raises(errors.NotFound):
        await tpstreams.get_asset(asset.id)
    with pytest.raises(errors.NotFound):
        await tpstreams.delete_asset(asset.id)


async def test_an_asset_in_a_folder_is_moved_to_the_root_and_back(tpstreams: TPStreamsClient, media_url: Url) -> None:
    """The filters `parent` and `has_parent=false` see it where it is."""
    try:
        folder = await tpstreams.create_folder("Season one")
    except errors.NotFound:
        skip_there("this server has no folders")
    asset = await tpstreams.upload_video(make_request(media_url("film.mp4"), folder=folder.id))

    async def list_ids(**where: Any) -> list[str]:
        return [each.id async for each in tpstreams.list_assets(**where)]

    assert await wait_until_listed(lambda: list_ids(parent=folder.id), {asset.id}) == [asset.id]
    await tpstreams.move_asset_to_root(asset.id)
    assert await wait_until_listed(lambda: list_ids(in_root=True), {asset.id})
    await tpstreams.move_asset(asset.id, folder.id)
    assert (await tpstreams.get_asset(asset.id)).parent_id == folder.id
    await tpstreams.delete_asset(folder.id)
    with pytest.raises(errors.NotFound):
        await tpstreams.get_asset(asset.id)


async def test_folders_are_listed(tpstreams: TPStreamsClient) -> None:
    """Apart from all other assets, by a call that the vendor's page lacks."""

    async def look() -> list[str]:
        return [each.id async for each in tpstreams.list_folders()]

    try:
        folder = await tpstreams.create_folder("Season two")
        await wait_until_listed(look, {folder.id})
    except errors.NotFound:
        skip_there("this server lists no folders: the vendor's page has no such call, only its published clients do")
    await tpstreams.delete_asset(folder.id)


async def test_an_asset_is_not_moved_into_a_folder_that_is_none(tpstreams: TPStreamsClient, media_url: Url) -> None:
    """Refused, and it stays where it was."""
    asset = await tpstreams.upload_video(make_request(media_url("film.mp4")))
    with pytest.raises(errors.Refused):
        await tpstreams.move_asset(asset.id, "nosuchfolder")
    assert not (await tpstreams.get_asset(asset.id)).parent_id


async def test_renditions_are_deleted(tpstreams: TPStreamsClient, media_url: Url) -> None:
    """202; the one that was not named stays, and the last one has to."""
    asset = await make_completed(tpstreams, media_url, content_protection_type="disable")
    await tpstreams.delete_resolutions(asset.id, ["360p"])
    await wait_until(tpstreams, asset.id, lambda video: set(video.resolutions) == {"240p"})
    with pytest.raises(errors.Refused):
        await tpstreams.delete_resolutions(asset.id, ["240p"])


async def test_an_upload_without_a_title_is_found_before_it_is_sent(tpstreams: TPStreamsClient) -> None:
    """The vendor wants one."""
    with pytest.raises(errors.Invalid, match="title"):
        await tpstreams.create_upload_session(VideoOptions(resolutions=("240p",)))
