"""TPStreams: what is done to a video that plays (subtitles, its cover, trims), and its webhooks."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import imageio_ffmpeg
import pytest
from pydantic import ValidationError

from polyreel.errors import InvalidJob, SubtitleError
from polyreel.vendors import errors
from polyreel.vendors.tpstreams.client import TPStreamsClient
from polyreel.vendors.tpstreams.models import Asset, MediaTrack, RegisterWebhook, Trim, VideoOptions
from polyreel.vendors.tpstreams.webhooks import verify_webhook
from polyreel.vendors.waiting import wait_for
from tests.vendors.lists import SHOWN, wait_until_listed
from tests.vendors.tpstreams_assets import SOON, Url, make_completed, make_request, wait_until

VTT = b"WEBVTT\n\n00:00.200 --> 00:02.000\nBonjour \xc3\xa0 tous.\n"


@pytest.fixture(scope="module")
def cover(film: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A picture of the film."""
    picture = tmp_path_factory.mktemp("cover") / "cover.png"
    ffmpeg = imageio_ffmpeg.get_ffmpeg_exe()
    command = [ffmpeg, "-v", "error", "-nostdin", "-y", "-i", str(film), "-frames:v", "1", str(picture)]
    subprocess.run(command, check=True, timeout=60)
    return picture


# -- subtitles, thumbnails, trims


async def test_a_subtitle_is_uploaded_listed_and_deleted(tpstreams: TPStreamsClient, completed: str) -> None:
    """`fr-FR` becomes the vendor's `fr`."""
    before = {track.id for track in await tpstreams.list_subtitles(completed)}

    async def list_new() -> list[MediaTrack]:
        return [track for track in await tpstreams.list_subtitles(completed) if track.id not in before]

    await tpstreams.upload_subtitle(completed, VTT, "fr-FR", name="Français")
    (track,) = await wait_for(list_new, bool, "a list to show the track", SHOWN)
    assert track.language == "fr"
    assert track.name == "Français"
    await tpstreams.delete_subtitle(completed, track.id)
    assert not await wait_for(list_new, lambda found: not found, "a list to lose the track", SHOWN)
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
    asset = await make_completed(tpstreams, media_url)
    begun = await tpstreams.trim(asset.id, Trim(start_time=0.5, end_time=2))
    assert begun.trim_job_id
    done = await tpstreams.wait_until_trimmed(asset.id, SOON)
    assert done.id == begun.trim_job_id
    assert done.start_time == pytest.approx(0.5)
    assert done.created is not None
    await wait_until(tpstreams, asset.id, lambda video: video.duration == pytest.approx(1.5, abs=0.6))
    assert (await tpstreams.revert_trim(asset.id)).task_id
    await wait_until(tpstreams, asset.id, lambda video: video.duration == pytest.approx(3, abs=1))


async def test_a_trim_beyond_the_end_is_refused(tpstreams: TPStreamsClient, completed: str) -> None:
    """By the vendor, who knows the length: at once, or as a failed job."""

    async def trim() -> None:
        await tpstreams.trim(completed, Trim(start_time=500))
        await tpstreams.wait_until_trimmed(completed, SOON)

    with pytest.raises((errors.Refused, errors.JobFailed)):
        await trim()


async def test_a_video_that_was_never_trimmed_has_nothing_to_revert(tpstreams: TPStreamsClient, media_url: Url) -> None:
    """Nor a trim's status. A video of its own: a trim that failed may have left its status on a shared one."""
    asset = await make_completed(tpstreams, media_url)
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
        made = await tpstreams.upload_video(make_request(media_url("film.mp4")))
        seen: Asset | None = None
        async with asyncio.timeout(60):
            while seen is None or seen.id != made.id:
                headers, body = await inbox.letters.get()
                seen = verify_webhook(body, headers, secret)
        with pytest.raises(errors.ForgedCallback):
            verify_webhook(body, headers, "another-secret")
        await tpstreams.wait_until_completed(made.id, SOON)

        async def look() -> list[str]:
            return [each.id async for each in tpstreams.list_webhooks()]

        assert await wait_until_listed(look, {webhook.id})
    finally:
        await tpstreams.delete_webhook(webhook.id)
