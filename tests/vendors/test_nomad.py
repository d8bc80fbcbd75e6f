"""The asset manager, endpoint by endpoint, over real sockets. Written against the vendor's page and WIRE.md alone."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from polyreel.vendors import errors
from polyreel.vendors.downloads import Expected
from polyreel.vendors.nomad.client import NomadClient
from polyreel.vendors.nomad.models import Asset, AssetDetail
from polyreel.vendors.nomad.models_edits import (
    ChangeLanguage,
    ClipAsset,
    LocalRestore,
    RegisterAsset,
    ShareAsset,
    TrackingEvent,
    UpdateAsset,
    ZipArchive,
)
from polyreel.vendors.nomad.models_uploads import Slice, StartUpload, Upload
from polyreel.vendors.nomad.models_words import Impression, VastQuery
from polyreel.vendors.nomad.multipart import PartBody
from polyreel.vendors.nomad.statuses import AssetStatus, AssetType
from polyreel.vendors.waiting import Patience, wait_for
from tests.vendors.elsewhere import ELSEWHERE, skip_there
from tests.vendors.lists import wait_until_found, wait_until_gone, wait_until_listed

SOON = Patience(first=0.1, cap=0.5, total=90)
NOBODY = "00000000-0000-4000-8000-000000000000"


async def _uploaded(nomad: NomadClient, film: Path, parent_id: str | None = None) -> Asset:
    done = await nomad.upload(film, parent_id=parent_id, name=f"{uuid.uuid4().hex[:8]}.mp4")
    return await nomad.wait_until_usable(done.asset_id, SOON)


async def _settled(nomad: NomadClient, asset_id: str) -> Asset:
    def settled(asset: Asset) -> bool:
        return asset.status is not None and asset.status.settled

    return await wait_for(lambda: nomad.get_asset(asset_id), settled, "asset to settle", SOON)


# -- logging in


async def test_a_login_is_refreshed(nomad: NomadClient) -> None:
    """A new token for the refresh token; neither shows in `repr`."""
    login = await nomad.login()
    fresh = await nomad.refresh_token()
    assert fresh.token
    assert login.expiration_seconds > 0
    assert fresh.token not in repr(fresh)


async def test_a_wrong_password_is_unauthorized_though_the_vendor_says_404(vendor_url: str, nomad_prefix: str) -> None:
    """And the password stands in no error."""
    async with NomadClient.with_login(
        f"{vendor_url}/nomad", "sandbox", "not-the-password", prefix=nomad_prefix
    ) as client:
        with pytest.raises(errors.Unauthorized) as caught:
            await client.get_asset(NOBODY)
    assert "not-the-password" not in str(caught.value) + caught.value.body


async def test_an_api_key_opens_too(vendor_url: str, nomad_prefix: str, reel: str) -> None:
    """`Authorization: ApiKey ...`, without any login."""
    async with NomadClient.with_api_key(f"{vendor_url}/nomad", "nomad-sandbox", prefix=nomad_prefix) as client:
        assert (await client.get_asset(reel)).id == reel


async def test_a_wrong_api_key_is_refused(vendor_url: str, nomad_prefix: str) -> None:
    """401 or 403."""
    async with NomadClient.with_api_key(f"{vendor_url}/nomad", "not-the-key", prefix=nomad_prefix) as client:
        with pytest.raises((errors.Unauthorized, errors.Forbidden)) as caught:
            await client.get_asset(NOBODY)
    assert "not-the-key" not in str(caught.value) + caught.value.body


@pytest.mark.usefixtures("bare_paths")
async def test_paths_work_without_the_prefix_too(vendor_url: str, reel: str) -> None:
    """The page has no `/api`; published clients do."""
    async with NomadClient.with_login(f"{vendor_url}/nomad", "sandbox", "sandbox", prefix="") as client:
        assert (await client.get_asset(reel)).id == reel


async def test_after_a_logout_the_next_call_logs_in_again(vendor_url: str, nomad_prefix: str, reel: str) -> None:
    """No session is left open, and none is missed."""
    async with NomadClient.with_login(f"{vendor_url}/nomad", "sandbox", "sandbox", prefix=nomad_prefix) as client:
        await client.login()
        try:
            await client.logout()
        except errors.NotFound:
            pytest.skip(
                "this server ends no session: the vendor's page has no such call, only its published clients do"
            )
        assert (await client.get_asset(reel)).id == reel


# -- uploads


async def test_an_upload_in_many_parts_arrives_byte_for_byte(nomad: NomadClient, tmp_path: Path) -> None:
    """Several parts side by side; what is kept is what was sent."""
    file = tmp_path / "noise.bin"
    file.write_bytes(bytes((index * 7 + index // 251) % 256 for index in range(300_000)) * 70)
    told: list[int] = []
    ids: list[str] = []
    done = await nomad.upload(
        file, started=lambda upload: ids.append(upload.id), tell=lambda sent, total: told.append(sent)
    )
    assert ids == [done.upload_id]
    assert told[-1] == done.bytes == file.stat().st_size
    await nomad.wait_until_usable(done.asset_id, SOON)
    await nomad.check_uploaded(done)
    got = await nomad.download(done.asset_id, tmp_path / "back.bin", expected=Expected(sha256=done.sha256))
    assert got.bytes == done.bytes


async def test_an_upload_s_check_notices_other_bytes(nomad: NomadClient, film: Path, reel: str) -> None:
    """A receipt for a longer file does not fit, where the vendor tells how long its own is."""
    detail = await nomad.get_detail(reel)
    if detail.size is None:
        skip_there("this server tells no length")
    done = await nomad.upload(film, name=f"{uuid.uuid4().hex[:8]}.mp4")
    wrong = done.model_copy(update={"asset_id": detail.id, "bytes": done.bytes + 1})
    with pytest.raises(errors.Damaged):
        await nomad.check_uploaded(wrong)


async def test_an_upload_as_the_page_spells_it(vendor_url: str, nomad_prefix: str, film: Path) -> None:
    """`fileName`, `fileSize`, `contentType`, answered with `uploadUrl`."""
    base = f"{vendor_url}/nomad"
    async with NomadClient.with_login(base, "sandbox", "sandbox", spelling="page", prefix=nomad_prefix) as client:
        done = await client.upload(film, name=f"{uuid.uuid4().hex[:8]}.mp4")
        asset = await client.wait_until_usable(done.asset_id, SOON)
        assert asset.size in (None, film.stat().st_size)


async def test_an_upload_is_resumed_where_it_stopped(nomad: NomadClient, film: Path) -> None:
    """Begun here, finished from its id alone; completing twice is harmless."""
    begun: list[Upload] = []

    class Stopped(Exception):
        """The process that uploads is gone."""

    def stop(upload: Upload) -> None:
        begun.append(upload)
        raise Stopped

    with pytest.raises(Stopped):
        await nomad.upload(film, name=f"{uuid.uuid4().hex[:8]}.mp4", started=stop)
    upload = begun[0]
    assert (await nomad.get_upload(upload.id)).missing
    # A server may answer with an upload's parts alone.
    done = await nomad.resume_upload(upload.id, film, asset_id=upload.asset_id)
    assert done.bytes == film.stat().st_size
    await nomad.complete_upload(upload.id)
    assert (await nomad.wait_until_usable(done.asset_id, SOON)).usable


async def test_another_file_does_not_fit_into_a_begun_upload(nomad: NomadClient, film: Path, tmp_path: Path) -> None:
    """Parts are the server's; they must hold the file exactly."""
    upload = await nomad.start_upload(_start(film))
    other = tmp_path / "other.mp4"
    other.write_bytes(film.read_bytes() + b"x")
    with pytest.raises(errors.Malformed):
        await nomad.resume_upload(upload.id, other)
    await nomad.cancel_upload(upload.id)


def _start(film: Path) -> StartUpload:
    name = f"{uuid.uuid4().hex[:8]}.mp4"
    return StartUpload(display_name=name, relative_path=name, content_length=film.stat().st_size)


async def test_abandoned_uploads_are_found_and_cancelled(nomad: NomadClient, film: Path) -> None:
    """Only those older than asked for."""

    async def look() -> list[str]:
        return [each.id for each in await nomad.list_uploads()]

    upload = await nomad.start_upload(_start(film))
    try:
        await wait_until_listed(look, {upload.id})
    except (errors.NotFound, errors.Invalid):
        skip_there("this server lists no uploads: the vendor's page has no such call, only its published clients do")
    assert upload.id not in await nomad.abort_abandoned_uploads(timedelta(hours=1))
    later = datetime.now(UTC) + timedelta(days=2)
    assert upload.id in await nomad.abort_abandoned_uploads(timedelta(hours=1), now=later)
    await wait_until_gone(look, upload.id)


async def test_a_part_goes_out_without_credentials_and_a_spoilt_address_is_an_expired_one(
    nomad: NomadClient, film: Path
) -> None:
    """The signature is all the storage looks at."""
    upload = await nomad.start_upload(_start(film))
    part = upload.parts[0]
    assert part.ending_position is not None
    body = PartBody(Slice(part=part, start=0, length=part.ending_position + 1), film)
    spoilt = part.model_copy(update={"url": part.url.split("?")[0] + "?X-Amz-Signature=forged"})
    with pytest.raises(errors.LinkExpired):
        await nomad.upload_part(spoilt, body)
    assert await nomad.upload_part(part, body)
    await nomad.cancel_upload(upload.id)


async def test_an_unconfirmed_part_keeps_an_upload_from_completing(nomad: NomadClient, film: Path) -> None:
    """400, and the upload can still be cancelled."""
    upload = await nomad.start_upload(_start(film))
    with pytest.raises(errors.Refused):
        await nomad.complete_upload(upload.id)
    with pytest.raises(errors.Refused):
        await nomad.complete_part(upload.parts[0].id, '"0123456789abcdef0123456789abcdef"')
    await nomad.cancel_upload(upload.id)


# -- creating and finding


async def test_a_file_that_is_in_the_storage_is_registered(nomad: NomadClient) -> None:
    """And found again by its place."""
    key = f"incoming/{uuid.uuid4().hex}.mp4"
    made = await nomad.register_asset(RegisterAsset(bucket_name="media", object_key=key))
    assert (await wait_until_found(lambda: nomad.get_asset_at("media", key))).id == made.id
    with pytest.raises(errors.NotFound):
        await nomad.get_asset_at("media", "nothing/there.mp4")


async def test_folders_have_ancestors(nomad: NomadClient, folder: Asset) -> None:
    """A folder within a folder knows both above it."""
    inner = await nomad.create_folder(folder.id, "episode-1")
    assert (await nomad.get_asset(inner.id)).type is AssetType.FOLDER
    above = [each.id for each in await nomad.get_parent_folders(inner.id)]
    assert folder.id in above


async def test_a_placeholder_is_filled_by_an_upload(nomad: NomadClient, folder: Asset, film: Path) -> None:
    """A reserved slot first, then its content."""
    slot = await nomad.create_placeholder(folder.id, "episode-1.mp4")
    assert (await nomad.get_asset(slot.id)).status is AssetStatus.PLACEHOLDER
    with pytest.raises(errors.JobFailed):
        await nomad.wait_until_usable(slot.id, SOON)
    done = await nomad.upload(film, name="episode-1.mp4", existing_asset_id=slot.id)
    kept = await _settled(nomad, done.asset_id or slot.id)
    assert kept.status in (AssetStatus.AVAILABLE, AssetStatus.SLUG_REPLACED)


async def test_the_detail_knows_the_media(nomad: NomadClient, reel: str) -> None:
    """Media properties and an address."""
    detail = await nomad.get_detail(reel)
    assert isinstance(detail, AssetDetail)
    assert detail.usable
    assert detail.type is AssetType.FILE
    assert detail.url
    assert detail.media_properties
    assert detail.seconds == pytest.approx(3, abs=0.2)


async def test_segments_and_screenshots_have_details(nomad: NomadClient, reel: str) -> None:
    """Of those that the detail names."""
    detail = await nomad.get_detail(reel)
    if not detail.segments:
        skip_there("this server finds no segments in the film")
    segment = detail.segments[0].id
    seen = await nomad.get_segment_detail(reel, segment)
    shots = seen.screenshots or detail.screenshots
    if shots:
        assert (await nomad.get_screenshot_detail(reel, segment, shots[0].id)).id
    with pytest.raises(errors.NotFound):
        await nomad.get_segment_detail(reel, "nosuchsegment")


async def test_an_unknown_asset_is_not_found(nomad: NomadClient) -> None:
    """Whatever is asked of it."""
    for ask in (nomad.get_asset, nomad.get_detail, nomad.archive, nomad.restore, nomad.get_job_history):
        with pytest.raises(errors.NotFound):
            await ask(NOBODY)


async def test_an_image_is_generated(nomad: NomadClient, reel: str) -> None:
    """A new asset from a description."""
    made = await nomad.generate_image(reel, "a lighthouse at dusk")
    assert made.id != reel


# -- changing


async def test_properties_are_updated(nomad: NomadClient, folder: Asset) -> None:
    """By the admin's route."""
    request = UpdateAsset(display_name="renamed", description="one reel in", custom_properties={"season": "1"})
    await nomad.update_asset(folder.id, request)
    seen = await _settled(nomad, folder.id)
    assert seen.name == "renamed"
    assert seen.description == "one reel in"


async def test_the_core_routes_do_the_same(
    vendor_url: str, nomad_prefix: str, nomad: NomadClient, folder: Asset, reel: str
) -> None:
    """`/asset/...` where the page has both."""
    base = f"{vendor_url}/nomad"
    async with NomadClient.with_login(base, "sandbox", "sandbox", routes="core", prefix=nomad_prefix) as core:
        await core.update_asset(folder.id, UpdateAsset(description="by the core"))
        assert (await nomad.get_asset(folder.id)).description == "by the core"
        clip = await core.clip(reel, ClipAsset(start_timecode="00:00:00;00", end_timecode="00:00:01;00", title="c.mp4"))
        assert (await core.wait_until_usable(clip.id, SOON)).usable
        assert (await core.create_zip_archive(ZipArchive(asset_ids=(reel,)))) is not None


async def test_a_clip_becomes_an_asset_of_its_own(nomad: NomadClient, reel: str, folder: Asset) -> None:
    """Of the asked range; in the asked folder, where the server knows how published clients name it."""
    request = ClipAsset(
        start_timecode="00:00:00;12", end_timecode="00:00:02;00", title="clip.mp4", output_folder_id=folder.id
    )
    clip = await nomad.clip(reel, request)
    made = await nomad.wait_until_usable(clip.id, SOON)
    beside = [(await nomad.get_asset(reel)).parent_id] if ELSEWHERE else []
    assert made.parent_id in [folder.id, *beside]


async def test_a_clip_of_what_is_not_there_never_becomes_usable(nomad: NomadClient, reel: str) -> None:
    """Refused, or a failed asset: the page leaves it open."""
    late = ClipAsset(start_timecode="00:10:00;00", end_timecode="00:11:00;00", title="late.mp4")
    with pytest.raises((errors.Refused, errors.JobFailed)):
        await nomad.wait_until_usable((await nomad.clip(reel, late)).id, SOON)


async def test_a_screenshot_is_taken(nomad: NomadClient, reel: str) -> None:
    """Of a moment in milliseconds."""
    assert (await nomad.capture_screenshot(reel, 1500)).id


async def test_a_language_is_changed(nomad: NomadClient, film: Path) -> None:
    """And the asset is processed again."""
    asset = await _uploaded(nomad, film)
    await nomad.change_language(asset.id, ChangeLanguage(language_code="fr-FR"))
    assert (await nomad.wait_until_usable(asset.id, SOON)).usable


async def test_an_asset_is_shared(nomad: NomadClient, reel: str) -> None:
    """With a date and a password, which stand in no `repr`."""
    request = ShareAsset(
        recipients=("ana@example.com",), expiration_date=datetime.now(UTC) + timedelta(days=1), password="open-sesame"
    )
    share = await nomad.share(reel, request)
    assert share.url.startswith("http")
    assert "open-sesame" not in repr(request)
    assert share.url not in repr(share)


@pytest.mark.parametrize(
    "wrong",
    [
        UpdateAsset,
        ChangeLanguage,
        lambda: ChangeLanguage(language_code="fr-FR", language_id="1"),
        lambda: ClipAsset(start_timecode="one second"),
        lambda: LocalRestore(source_asset_ids=(), restore_profile_names=("a",)),
        lambda: TrackingEvent(tracking_event="play"),
        lambda: VastQuery(time_code="one second"),
        lambda: Impression(asset_id=""),
        lambda: ZipArchive(asset_ids=()),
    ],
)
def test_requests_without_sense_are_found_before_they_are_sent(wrong: Callable[[], object]) -> None:
    """Each says what is missing."""
    with pytest.raises(ValidationError):
        wrong()
