"""TPStreams, endpoint by endpoint, over real sockets. Written against the vendor's page and WIRE.md alone."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import imageio_ffmpeg
import pytest
from pydantic import ValidationError

from polyreel.errors import InvalidJob, SubtitleError
from polyreel.vendors import errors
from polyreel.vendors.tpstreams.client import TPStreamsClient
from polyreel.vendors.tpstreams.models import Asset, CreateVideo, RegisterWebhook, Status, Trim, Video, VideoOptions
from polyreel.vendors.tpstreams.webhooks import verify_webhook
from polyreel.vendors.waiting import Patience, wait_for

Url = Callable[[str], str]
SOON = Patience(first=0.1, cap=0.5, total=90)
VTT = b"WEBVTT\n\n00:00.200 --> 00:02.000\nBonjour \xc3\xa0 tous.\n"


@pytest.fixture(scope="module")
def cover(film: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A picture of the film."""
    picture = tmp_path_factory.mktemp("cover") / "cover.png"
    ffmpeg = imageio_ffmpeg.get_ffmpeg_exe()
    command = [ffmpeg, "-v", "error", "-nostdin", "-y", "-i", str(film), "-frames:v", "1", str(picture)]
    subprocess.run(command, check=True, timeout=60)
    return picture


def _request(url: str, **more: object) -> CreateVideo:
    return CreateVideo.from_url(url, **{"title": "Welcome", "resolutions": ("240p", "360p"), **more})


async def _completed(tpstreams: TPStreamsClient, media_url: Url, **more: object) -> Asset:
    made = await tpstreams.upload_video(_request(media_url("film.mp4"), **more))
    return await tpstreams.wait_until_completed(made.id, SOON)


async def _until(tpstreams: TPStreamsClient, asset_id: str, done: Callable[[Video], bool]) -> None:
    """Work in the background is seen in the video alone: whether its status changes meanwhile, no page says."""

    async def look() -> Asset:
        return await tpstreams.get_asset(asset_id)

    await wait_for(look, lambda seen: seen.ready and bool(seen.video and done(seen.video)), "video", SOON)


@pytest.fixture(scope="module")
def shared(vendor_url: str) -> dict[str, str]:
    """What one test made and others only look at."""
    return {}


@pytest.fixture
async def completed(tpstreams: TPStreamsClient, media_url: Url, shared: dict[str, str]) -> str:
    """The id of a video that plays, made once for all tests that don't change its film."""
    if "video" not in shared:
        shared["video"] = (await _completed(tpstreams, media_url, content_protection_type="aes")).id
    return shared["video"]


# -- bringing videos in


async def test_a_video_is_fetched_processed_and_played(tpstreams: TPStreamsClient, media_url: Url) -> None:
    """From Not Started to Completed, with playback addresses, length and renditions."""
    made = await tpstreams.upload_video(_request(media_url("film.mp4"), content_protection_type="disable"))
    assert made.status is not Status.ERROR
    assert made.title == "Welcome"
    asset = await tpstreams.wait_until_completed(made.id, SOON)
    assert asset.video is not None
    assert asset.video.playback_url.split("?")[0].endswith(".m3u8")
    assert asset.video.dash_url.split("?")[0].endswith(".mpd")
    assert asset.video.duration == pytest.approx(3, abs=1)
    assert set(asset.video.resolutions) == {"240p", "360p"}
    assert asset.video.content_protection_type == "disable"


async def test_an_address_without_a_video_ends_in_error(tpstreams: TPStreamsClient, media_url: Url) -> None:
    """A job's failure, with the vendor's word."""
    made = await tpstreams.upload_video(_request(media_url("nonsense.mp4")))
    with pytest.raises(errors.JobFailed) as caught:
        await tpstreams.wait_until_completed(made.id, SOON)
    assert caught.value.vendor_code == "Error"


async def test_a_video_for_an_unknown_folder_is_invalid(tpstreams: TPStreamsClient, media_url: Url) -> None:
    """400, and the field is named."""
    with pytest.raises((errors.Invalid, errors.NotFound)):
        await tpstreams.upload_video(_request(media_url("film.mp4"), folder="nosuchfolder"))


def test_an_unknown_resolution_is_found_before_it_is_sent() -> None:
    """The page has six."""
    with pytest.raises(ValidationError):
        CreateVideo.from_url("https://example.com/film.mp4", resolutions=("4k",))


async def test_several_videos_are_made_in_one_call(tpstreams: TPStreamsClient, media_url: Url) -> None:
    """All of them, in order."""
    wanted = [_request(media_url("film.mp4"), title=f"Part {number}") for number in (1, 2)]
    made = await tpstreams.bulk_create(wanted)
    assert [asset.title for asset in made] == ["Part 1", "Part 2"]


async def test_a_bulk_with_one_bad_item_makes_none(tpstreams: TPStreamsClient, media_url: Url) -> None:
    """All or nothing: the refusal says which item."""
    title = "never made"
    wanted = [_request(media_url("film.mp4"), title=title), _request(media_url("film.mp4"), folder="nosuchfolder")]
    with pytest.raises(errors.Invalid) as caught:
        await tpstreams.bulk_create(wanted)
    assert caught.value.vendor_code == "item 1"
    assert title not in [asset.title async for asset in tpstreams.list_assets()]


async def test_the_same_title_and_address_twice_in_bulk_makes_none(tpstreams: TPStreamsClient, media_url: Url) -> None:
    """And the second of them is named."""
    with pytest.raises(errors.Invalid) as caught:
        await tpstreams.bulk_create([_request(media_url("film.mp4"), title="Twice")] * 2)
    assert caught.value.vendor_code == "item 1"


async def test_more_than_fifty_in_bulk_are_refused_before_they_are_sent(
    tpstreams: TPStreamsClient, media_url: Url
) -> None:
    """The vendor's limit."""
    with pytest.raises(errors.Invalid, match="51"):
        await tpstreams.bulk_create([_request(media_url("film.mp4"))] * 51)


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
    wanted = [_request(media_url("film.mp4"), title=f"Page {number}") for number in range(5)]
    made = {asset.id for asset in await tpstreams.bulk_create(wanted)}
    listed = [asset.id async for asset in tpstreams.list_assets(limit=2)]
    assert made <= set(listed)
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
    asset = await tpstreams.upload_video(_request(media_url("film.mp4")))
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
        pytest.skip("this server has no folders")
    asset = await tpstreams.upload_video(_request(media_url("film.mp4"), folder=folder.id))
    assert [each.id async for each in tpstreams.list_assets(parent=folder.id)] == [asset.id]
    await tpstreams.move_asset_to_root(asset.id)
    assert asset.id in [each.id async for each in tpstreams.list_assets(in_root=True)]
    await tpstreams.move_asset(asset.id, folder.id)
    assert (await tpstreams.get_asset(asset.id)).parent_id == folder.id
    assert folder.id in [each.id async for each in tpstreams.list_folders()]
    await tpstreams.delete_asset(folder.id)
    with pytest.raises(errors.NotFound):
        await tpstreams.get_asset(asset.id)


async def test_an_asset_is_not_moved_into_a_folder_that_is_none(tpstreams: TPStreamsClient, media_url: Url) -> None:
    """Refused, and it stays where it was."""
    asset = await tpstreams.upload_video(_request(media_url("film.mp4")))
    with pytest.raises(errors.Refused):
        await tpstreams.move_asset(asset.id, "nosuchfolder")
    assert not (await tpstreams.get_asset(asset.id)).parent_id


async def test_renditions_are_deleted(tpstreams: TPStreamsClient, media_url: Url) -> None:
    """202; the one that was not named stays, and the last one has to."""
    asset = await _completed(tpstreams, media_url, content_protection_type="disable")
    await tpstreams.delete_resolutions(asset.id, ["360p"])
    await _until(tpstreams, asset.id, lambda video: set(video.resolutions) == {"240p"})
    with pytest.raises(errors.Refused):
        await tpstreams.delete_resolutions(asset.id, ["240p"])


async def test_an_upload_without_a_title_is_found_before_it_is_sent(tpstreams: TPStreamsClient) -> None:
    """The vendor wants one."""
    with pytest.raises(errors.Invalid, match="title"):
        await tpstreams.create_upload_session(VideoOptions(resolutions=("240p",)))


# -- subtitles, thumbnails, trims


async def test_a_subtitle_is_uploaded_listed_and_deleted(tpstreams: TPStreamsClient, completed: str) -> None:
    """`fr-FR` becomes the vendor's `fr`."""
    before = {track.id for track in await tpstreams.list_subtitles(completed)}
    await tpstreams.upload_subtitle(completed, VTT, "fr-FR", name="Français")
    (track,) = [track for track in await tpstreams.list_subtitles(completed) if track.id not in before]
    assert track.language == "fr"
    assert track.name == "Français"
    await tpstreams.delete_subtitle(completed, track.id)
    assert {track.id for track in await tpstreams.list_subtitles(completed)} == before
    with pytest.raises(errors.NotFound):
        await tpstreams.delete_subtitle(completed, track.id)


async def test_what_is_no_webvtt_is_found_before_it_is_sent(tpstreams: TPStreamsClient, tmp_path: Path) -> None:
    """An SRT by another name, and a file that isn't UTF-8."""
    file = tmp_path / "film.vtt"
    file.write_text("1\n00:00:00,200 --> 00:00:02,000\nBonjour.\n")
    with pytest.raises(SubtitleError, match="WEBVTT"):
        await tpstreams.upload_subtitle("any", file, "fr-FR")
    with pytest.raises(SubtitleError, match="UTF-8"):
        await tpstreams.upload_subtitle("any", b"WEBVTT\n\n\xff", "fr-FR")


async def test_a_language_without_two_letters_is_unsupported(tpstreams: TPStreamsClient) -> None:
    """Filipino has three: nothing is sent."""
    with pytest.raises(errors.UnsupportedLocale):
        await tpstreams.upload_subtitle("any", VTT, "fil-PH")


async def test_subtitles_are_generated_once(tpstreams: TPStreamsClient, completed: str) -> None:
    """201 with the whole asset; a video has at most one automatic track."""
    assert (await tpstreams.generate_subtitle(completed)).id == completed
    with pytest.raises(errors.Refused):
        await tpstreams.generate_subtitle(completed)


async def test_subtitles_of_an_unfinished_video_are_refused(tpstreams: TPStreamsClient) -> None:
    """The video must be Completed; one that waits for its file is not."""
    session = await tpstreams.create_upload_session(VideoOptions(title="Waiting", resolutions=("240p",)))
    with pytest.raises(errors.Refused):
        await tpstreams.generate_subtitle(session.asset_id or session.id)


async def test_a_thumbnail_becomes_the_cover(tpstreams: TPStreamsClient, completed: str, cover: Path) -> None:
    """A picture of the film."""
    await tpstreams.upload_thumbnail(completed, cover)
    seen = await tpstreams.get_asset(completed)
    assert seen.video is not None
    assert seen.video.cover_thumbnail_url


async def test_what_is_no_picture_or_too_large_is_found_before_it_is_sent(
    tpstreams: TPStreamsClient, cover: Path, tmp_path: Path
) -> None:
    """By content and by size, not by name."""
    fake, large, wrong = tmp_path / "fake.png", tmp_path / "large.png", tmp_path / "cover.gif"
    fake.write_bytes(b"GIF89a")
    large.write_bytes(cover.read_bytes()[:8] + bytes(2_000_000))
    wrong.write_bytes(cover.read_bytes())
    for picture in (fake, wrong, tmp_path / "absent.png"):
        with pytest.raises(InvalidJob):
            await tpstreams.upload_thumbnail("any", picture)
    with pytest.raises(errors.TooLarge):
        await tpstreams.upload_thumbnail("any", large)


async def test_a_video_is_trimmed_and_put_back(tpstreams: TPStreamsClient, media_url: Url) -> None:
    """Trim, watch the job by its words, revert."""
    asset = await _completed(tpstreams, media_url)
    begun = await tpstreams.trim(asset.id, Trim(start_time=0.5, end_time=2))
    assert begun.trim_job_id
    done = await tpstreams.wait_until_trimmed(asset.id, SOON)
    assert done.id == begun.trim_job_id
    assert done.start_time == pytest.approx(0.5)
    assert done.created is not None
    await _until(tpstreams, asset.id, lambda video: video.duration == pytest.approx(1.5, abs=0.6))
    assert (await tpstreams.revert_trim(asset.id)).task_id
    await _until(tpstreams, asset.id, lambda video: video.duration == pytest.approx(3, abs=1))


async def test_a_trim_beyond_the_end_is_refused(tpstreams: TPStreamsClient, completed: str) -> None:
    """By the vendor, who knows the length: at once, or as a failed job."""

    async def trim() -> None:
        await tpstreams.trim(completed, Trim(start_time=500))
        await tpstreams.wait_until_trimmed(completed, SOON)

    with pytest.raises((errors.Refused, errors.JobFailed)):
        await trim()


async def test_a_video_that_was_never_trimmed_has_nothing_to_revert(tpstreams: TPStreamsClient, media_url: Url) -> None:
    """Nor a trim's status. A video of its own: a trim that failed may have left its status on a shared one."""
    asset = await _completed(tpstreams, media_url)
    with pytest.raises(errors.Refused):
        await tpstreams.get_trim_status(asset.id)
    with pytest.raises(errors.Refused):
        await tpstreams.revert_trim(asset.id)


@pytest.mark.parametrize("ends", [{}, {"start_time": 3, "end_time": 2}, {"start_time": -1}, {"end_time": float("nan")}])
def test_a_trim_without_sense_is_found_before_it_is_sent(ends: dict[str, float]) -> None:
    """At least one end, in order, at or after zero."""
    with pytest.raises(ValidationError):
        Trim(**ends)


# -- webhooks


class _Inbox:
    """A receiver of deliveries on loopback."""

    def __init__(self) -> None:
        self.letters: asyncio.Queue[tuple[dict[str, str], bytes]] = asyncio.Queue()
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {name: value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        length = next((int(value) for name, value in headers.items() if name.lower() == "content-length"), 0)
        await self.letters.put((headers, await reader.readexactly(length)))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()


@pytest.fixture
async def inbox() -> AsyncIterator[_Inbox]:
    """Where webhooks may deliver to."""
    made = _Inbox()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
    yield made
    server.close()


async def test_a_webhook_is_registered_and_delivers(tpstreams: TPStreamsClient, inbox: _Inbox, media_url: Url) -> None:
    """Each delivery carries the secret and the whole asset; the secret never shows."""
    secret = "a-secret-of-mine"
    request = RegisterWebhook.model_validate({"url": inbox.url, "secret_token": secret})
    webhook = await tpstreams.create_webhook(request)
    assert secret not in repr(request) + repr(webhook)
    try:
        made = await tpstreams.upload_video(_request(media_url("film.mp4")))
        seen: Asset | None = None
        async with asyncio.timeout(60):
            while seen is None or seen.id != made.id:
                headers, body = await inbox.letters.get()
                seen = verify_webhook(body, headers, secret)
        with pytest.raises(errors.ForgedCallback):
            verify_webhook(body, headers, "another-secret")
        await tpstreams.wait_until_completed(made.id, SOON)
        assert webhook.id in [each.id async for each in tpstreams.list_webhooks()]
    finally:
        await tpstreams.delete_webhook(webhook.id)
