"""The asset manager, endpoint by endpoint, over real sockets. Written against the vendor's page and WIRE.md alone."""

from __future__ import annotations

import uuid
import zipfile
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
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
    QueueChange,
    RegisterAsset,
    ShareAsset,
    TrackingEvent,
    UpdateAsset,
    ZipArchive,
)
from polyreel.vendors.nomad.models_uploads import Slice, StartUpload, Upload
from polyreel.vendors.nomad.models_words import (
    AdBreakDraft,
    AdQuery,
    AnnotationDraft,
    SubtitleFormat,
    TranscriptCue,
    TranscriptLine,
)
from polyreel.vendors.nomad.multipart import PartBody
from polyreel.vendors.nomad.statuses import AssetStatus, AssetType
from polyreel.vendors.waiting import Patience, wait_for

SOON = Patience(first=0.1, cap=0.5, total=90)
NOBODY = "00000000-0000-4000-8000-000000000000"
SRT = b"1\n00:00:00,200 --> 00:00:02,000\nBonjour \xc3\xa0 tous.\n"


@pytest.fixture(scope="module")
def shared() -> dict[str, str]:
    """What one test made and others only look at."""
    return {}


@pytest.fixture
async def reel(nomad: NomadClient, film: Path, shared: dict[str, str]) -> str:
    """The id of an uploaded, usable video, shared by all tests that leave it usable."""
    if "reel" not in shared:
        shared["reel"] = (await _uploaded(nomad, film)).id
    return shared["reel"]


@pytest.fixture
async def folder(nomad: NomadClient, reel: str) -> Asset:
    """A fresh folder beside the video."""
    home = (await nomad.get_asset(reel)).parent_id
    return await nomad.create_folder(home, f"season-{uuid.uuid4().hex[:8]}")


async def _uploaded(nomad: NomadClient, film: Path, parent_id: str | None = None) -> Asset:
    done = await nomad.upload(film, parent_id=parent_id, name=f"{uuid.uuid4().hex[:8]}.mp4")
    return await nomad.wait_until_usable(done.asset_id, SOON)


async def _until(look: Callable[[], Awaitable[Asset]], status: AssetStatus) -> Asset:
    return await wait_for(look, lambda asset: asset.status is status, f"asset to be {status.word}", SOON)


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


async def test_a_wrong_password_is_unauthorized_though_the_vendor_says_404(vendor_url: str) -> None:
    """And the password stands in no error."""
    async with NomadClient.with_login(f"{vendor_url}/nomad", "sandbox", "not-the-password") as client:
        with pytest.raises(errors.Unauthorized) as caught:
            await client.get_asset(NOBODY)
    assert "not-the-password" not in str(caught.value) + caught.value.body


async def test_an_api_key_opens_too(vendor_url: str, reel: str) -> None:
    """`Authorization: ApiKey ...`, without any login."""
    async with NomadClient.with_api_key(f"{vendor_url}/nomad", "nomad-sandbox") as client:
        assert (await client.get_asset(reel)).id == reel


async def test_a_wrong_api_key_is_refused(vendor_url: str) -> None:
    """401 or 403."""
    async with NomadClient.with_api_key(f"{vendor_url}/nomad", "not-the-key") as client:
        with pytest.raises((errors.Unauthorized, errors.Forbidden)) as caught:
            await client.get_asset(NOBODY)
    assert "not-the-key" not in str(caught.value) + caught.value.body


async def test_paths_work_without_the_prefix_too(vendor_url: str, reel: str) -> None:
    """The page has no `/api`; published clients do."""
    async with NomadClient.with_login(f"{vendor_url}/nomad", "sandbox", "sandbox", prefix="") as client:
        assert (await client.get_asset(reel)).id == reel


async def test_after_a_logout_the_next_call_logs_in_again(vendor_url: str, reel: str) -> None:
    """No session is left open, and none is missed."""
    async with NomadClient.with_login(f"{vendor_url}/nomad", "sandbox", "sandbox") as client:
        await client.login()
        await client.logout()
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
    """A receipt for a longer file does not fit."""
    detail = await nomad.get_detail(reel)
    done = await nomad.upload(film, name=f"{uuid.uuid4().hex[:8]}.mp4")
    wrong = done.model_copy(update={"asset_id": detail.id, "bytes": done.bytes + 1})
    with pytest.raises(errors.Damaged):
        await nomad.check_uploaded(wrong)


async def test_an_upload_as_the_page_spells_it(vendor_url: str, film: Path) -> None:
    """`fileName`, `fileSize`, `contentType`, answered with `uploadUrl`."""
    base = f"{vendor_url}/nomad"
    async with NomadClient.with_login(base, "sandbox", "sandbox", spelling="page") as client:
        done = await client.upload(film, name=f"{uuid.uuid4().hex[:8]}.mp4")
        asset = await client.wait_until_usable(done.asset_id, SOON)
        assert asset.size in (None, film.stat().st_size)


async def test_an_upload_is_resumed_where_it_stopped(nomad: NomadClient, film: Path) -> None:
    """Begun here, finished from its id alone; completing twice is harmless."""
    begun: list[str] = []

    class Stopped(Exception):
        """The process that uploads is gone."""

    def stop(upload: Upload) -> None:
        begun.append(upload.id)
        raise Stopped

    with pytest.raises(Stopped):
        await nomad.upload(film, name=f"{uuid.uuid4().hex[:8]}.mp4", started=stop)
    assert (await nomad.get_upload(begun[0])).missing
    done = await nomad.resume_upload(begun[0], film)
    assert done.bytes == film.stat().st_size
    await nomad.complete_upload(begun[0])
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
    upload = await nomad.start_upload(_start(film))
    assert upload.id in [each.id for each in await nomad.list_uploads()]
    assert upload.id not in await nomad.abort_abandoned_uploads(timedelta(hours=1))
    later = datetime.now(UTC) + timedelta(days=2)
    assert upload.id in await nomad.abort_abandoned_uploads(timedelta(hours=1), now=later)
    assert upload.id not in [each.id for each in await nomad.list_uploads()]


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
    assert (await nomad.get_asset_at("media", key)).id == made.id
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
    assert detail.media_properties or detail.duration_seconds


async def test_segments_and_screenshots_have_details(nomad: NomadClient, reel: str) -> None:
    """Of those that the detail names."""
    detail = await nomad.get_detail(reel)
    if not detail.segments:
        pytest.skip("this server finds no segments in the film")
    segment = str(detail.segments[0]["id"])
    seen = await nomad.get_segment_detail(reel, segment)
    shots = seen.screenshots or detail.screenshots
    if shots:
        assert (await nomad.get_screenshot_detail(reel, segment, str(shots[0]["id"]))).id
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
    assert seen.custom_properties["season"] == "1"


async def test_the_core_routes_do_the_same(vendor_url: str, nomad: NomadClient, folder: Asset, reel: str) -> None:
    """`/asset/...` where the page has both."""
    base = f"{vendor_url}/nomad"
    async with NomadClient.with_login(base, "sandbox", "sandbox", routes="core") as core:
        await core.update_asset(folder.id, UpdateAsset(description="by the core"))
        assert (await nomad.get_asset(folder.id)).description == "by the core"
        clip = await core.clip(reel, ClipAsset(start_timecode="00:00:00;00", end_timecode="00:00:01;00", title="c.mp4"))
        assert (await core.wait_until_usable(clip.id, SOON)).usable
        assert (await core.create_zip_archive(ZipArchive(asset_ids=(reel,)))).url


async def test_a_clip_becomes_an_asset_of_its_own(nomad: NomadClient, reel: str, folder: Asset) -> None:
    """Of the asked range; an impossible range is refused."""
    request = ClipAsset(
        start_timecode="00:00:00;12", end_timecode="00:00:02;00", title="clip.mp4", output_folder_id=folder.id
    )
    clip = await nomad.clip(reel, request)
    made = await nomad.wait_until_usable(clip.id, SOON)
    assert made.parent_id == folder.id
    with pytest.raises(errors.Refused):
        await nomad.clip(reel, ClipAsset(start_timecode="00:10:00;00", end_timecode="00:11:00;00", title="late.mp4"))


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
        AdQuery,
        lambda: ZipArchive(asset_ids=()),
    ],
)
def test_requests_without_sense_are_found_before_they_are_sent(wrong: Callable[[], object]) -> None:
    """Each says what is missing."""
    with pytest.raises(ValidationError):
        wrong()


# -- batches, archive, restore


async def test_assets_are_moved_copied_and_duplicated_in_batches(nomad: NomadClient, folder: Asset, film: Path) -> None:
    """With a result for each; unknown ones fail alone or make the whole refused."""
    asset = await _uploaded(nomad, film)
    await nomad.move_assets([asset.id], folder.id)
    assert (await _settled(nomad, asset.id)).parent_id == folder.id
    await nomad.copy_assets([asset.id], folder.id)
    await nomad.duplicate_assets([asset.id])
    for action in (nomad.index_assets, nomad.reprocess_assets):
        await nomad.wait_until_usable(asset.id, SOON)
        assert not (await action([asset.id])).failed
    await nomad.wait_until_usable(asset.id, SOON)
    try:
        result = await nomad.index_assets([NOBODY])
    except errors.Refused:
        return
    assert result.failed


async def test_tags_and_collections_are_given_and_taken_in_batches(nomad: NomadClient, reel: str) -> None:
    """Each of the four actions."""
    assert not (await nomad.add_tag([reel], "trailer")).failed
    assert not (await nomad.remove_tag([reel], "trailer")).failed
    assert not (await nomad.add_to_collection([reel], "summer")).failed
    assert not (await nomad.remove_from_collection([reel], "summer")).failed


async def test_action_names_work_in_any_case(nomad: NomadClient, reel: str) -> None:
    """The page says so."""
    await nomad.batch("INDEX", [reel])  # type: ignore[arg-type]  # not as the page spells it
    await nomad.wait_until_usable(reel, SOON)


async def test_assets_are_archived_restored_and_deleted_in_batches(nomad: NomadClient, film: Path) -> None:
    """Archived, then Restored (not Available), then gone."""
    asset = await _uploaded(nomad, film)
    await nomad.archive_assets([asset.id])
    await _until(lambda: nomad.get_asset(asset.id), AssetStatus.ARCHIVED)
    await nomad.restore_assets([asset.id])
    assert (await nomad.wait_until_usable(asset.id, SOON)).usable
    await nomad.delete_assets([asset.id])
    assert await _gone(nomad, asset.id)


async def _gone(nomad: NomadClient, asset_id: str) -> bool:
    async def look() -> bool:
        try:
            await nomad.get_asset(asset_id)
        except errors.NotFound:
            return True
        return False

    return await wait_for(look, bool, "asset to be gone", SOON)


async def test_an_archived_asset_is_not_usable_until_restored(nomad: NomadClient, film: Path, tmp_path: Path) -> None:
    """Neither waiting nor fetching pretends it is; its history says what was done."""
    asset = await _uploaded(nomad, film)
    await nomad.archive(asset.id)
    await _until(lambda: nomad.get_asset(asset.id), AssetStatus.ARCHIVED)
    with pytest.raises(errors.JobFailed, match="Archived"):
        await nomad.wait_until_usable(asset.id, SOON)
    with pytest.raises((errors.JobFailed, errors.Refused)):
        await nomad.download(asset.id, tmp_path / "archived.mp4")
    await nomad.restore(asset.id)
    assert (await nomad.wait_until_usable(asset.id, SOON)).usable
    jobs = await nomad.get_job_history(asset.id)
    assert jobs
    assert jobs[0].job_type
    assert jobs[0].start_time is not None
    await nomad.delete_asset(asset.id)
    assert await _gone(nomad, asset.id)


async def test_what_is_not_archived_can_not_be_restored(nomad: NomadClient, reel: str) -> None:
    """400."""
    with pytest.raises(errors.Refused):
        await nomad.restore(reel)


async def test_assets_are_restored_to_the_premises(nomad: NomadClient, reel: str) -> None:
    """One, and several."""
    await nomad.local_restore(reel, "edit-suite")
    request = LocalRestore(source_asset_ids=(reel,), restore_profile_names=("edit-suite",))
    await nomad.local_restore_many(request)


# -- words


async def test_annotations_are_written_changed_imported_and_deleted(nomad: NomadClient, reel: str) -> None:
    """Create, list, update, delete; and many at once."""
    draft = AnnotationDraft(start_timecode="00:00:01;00", end_timecode="00:00:02;00", properties={"title": "Hook"})
    note = await nomad.create_annotation(reel, draft)
    assert note.id in [each.id for each in await nomad.list_annotations(reel)]
    changed = await nomad.update_annotation(
        reel, note.id, AnnotationDraft(start_timecode="00:00:00;12", properties={"title": "Opening"})
    )
    assert changed.id == note.id
    (seen,) = [each for each in await nomad.list_annotations(reel) if each.id == note.id]
    assert seen.properties["title"] == "Opening"
    before = len(await nomad.list_annotations(reel))
    await nomad.import_annotations(reel, [draft, draft])
    assert len(await nomad.list_annotations(reel)) == before + 2
    await nomad.delete_annotation(reel, note.id)
    assert note.id not in [each.id for each in await nomad.list_annotations(reel)]
    with pytest.raises(errors.NotFound):
        await nomad.delete_annotation(reel, note.id)


async def test_transcripts_are_corrected_in_both_spellings(nomad: NomadClient, reel: str) -> None:
    """The words come back with times and confidence."""
    transcripts = (await nomad.get_detail(reel)).transcripts
    if not transcripts:
        pytest.skip("this server hears nothing in the film")
    transcript = str(transcripts[0]["id"])
    line = TranscriptLine(text="Bonjour tout le monde", start_time=0.2, end_time=2)
    await nomad.update_transcript(reel, transcript, [line])
    words = await nomad.get_transcription_words(reel)
    assert [word.text for word in words] == ["Bonjour", "tout", "le", "monde"]
    assert words[0].confidence is not None
    assert words[0].start_time is not None
    await nomad.transcribe(reel, transcript, [TranscriptCue(start_time_code="00:00:00;05", content="Hello all")])
    assert [word.text for word in await nomad.get_transcription_words(reel)] == ["Hello", "all"]


async def test_an_unknown_transcript_is_not_found(nomad: NomadClient, reel: str) -> None:
    """404."""
    with pytest.raises(errors.NotFound):
        await nomad.update_transcript(reel, NOBODY, [TranscriptLine(text="x", start_time=0, end_time=1)])


async def test_a_related_subtitle_is_uploaded_and_exported(nomad: NomadClient, reel: str, tmp_path: Path) -> None:
    """In each of the four forms, by name and by number."""
    file = tmp_path / "film.fr-FR.srt"
    file.write_bytes(SRT)
    done = await nomad.upload_related(file, reel, "Subtitle", language_id="fr-FR")
    assert done.bytes == len(SRT)
    related = [each for each in (await nomad.get_detail(reel)).related_assets if each.name == file.name]
    assert related
    begin = {SubtitleFormat.VTT: b"WEBVTT", SubtitleFormat.DOCX: b"PK"}
    for form in SubtitleFormat:
        exported = await nomad.export_subtitle(reel, related[0].id, form)
        assert exported.lstrip(b"\xef\xbb\xbf").startswith(begin.get(form, exported[:1]))
        if form is not SubtitleFormat.DOCX:
            assert b"Bonjour" in exported
    by_number = await nomad.export_subtitle_by_number(reel, related[0].id, SubtitleFormat.VTT)
    assert by_number.lstrip(b"\xef\xbb\xbf").startswith(b"WEBVTT")


async def test_what_has_no_subtitle_exports_none(nomad: NomadClient, reel: str) -> None:
    """Refused, or nothing to export."""
    with pytest.raises(errors.Refused):
        await nomad.export_subtitle(reel, NOBODY, SubtitleFormat.SRT)


# -- ads


async def test_ad_breaks_are_kept_and_served(nomad: NomadClient, reel: str) -> None:
    """Create, list, update, VMAP, VAST, impressions, delete."""
    made = await nomad.create_ad_break(reel, AdBreakDraft(timecode="00:00:01;00"))
    assert made.id in [each.id for each in await nomad.list_ad_breaks(reel)]
    await nomad.update_ad_break(reel, made.id, AdBreakDraft(timecode="00:00:02;00"))
    (seen,) = [each for each in await nomad.list_ad_breaks(reel) if each.id == made.id]
    assert seen.timecode.startswith("00:00:02")
    assert "VMAP" in await nomad.get_vmap(reel)
    query = AdQuery(asset_id=reel, ad_break_id=made.id)
    assert "VAST" in await nomad.get_vast(query)
    await nomad.record_impression(query)
    await nomad.record_impression_by_head(query)
    await nomad.delete_ad_break(reel, made.id)
    assert made.id not in [each.id for each in await nomad.list_ad_breaks(reel)]
    with pytest.raises(errors.NotFound):
        await nomad.update_ad_break(reel, made.id, AdBreakDraft(timecode="00:00:02;00"))


# -- summaries, queue, archives, streaming


async def test_a_summary_is_read_for_assets_and_folders(nomad: NomadClient, reel: str, folder: Asset) -> None:
    """Labels, as many as there are."""
    for asset_id in (reel, folder.id):
        assert isinstance((await nomad.get_metadata_summary(asset_id)).labels, tuple)


async def test_the_download_queue_expands_folders_and_skips_what_is_there(
    nomad: NomadClient, folder: Asset, film: Path
) -> None:
    """Only files are queued, each once; items change and go."""
    asset = await _uploaded(nomad, film, folder.id)
    first = await nomad.add_to_queue([folder.id])
    if first.items:
        assert [item.asset_id for item in first.items] == [asset.id]
        item = first.items[0].id
        await nomad.update_queue_item(QueueChange(id=item, download_proxy=True))
        assert not (await nomad.add_to_queue([asset.id])).items
    await nomad.remove_from_queue([asset.id])


async def test_more_than_fifty_ids_are_queued_in_the_background(nomad: NomadClient, reel: str) -> None:
    """Answered at once."""
    assert await nomad.add_to_queue([reel] * 51) is not None
    await nomad.remove_from_queue([reel])


async def test_an_empty_queue_request_is_found_before_it_is_sent(nomad: NomadClient) -> None:
    """The vendor would say 400."""
    with pytest.raises(ValidationError):
        await nomad.add_to_queue([])


async def test_several_assets_become_one_zip(nomad: NomadClient, reel: str, film: Path, tmp_path: Path) -> None:
    """And the ZIP holds the file."""
    made = await nomad.create_zip_archive(ZipArchive(asset_ids=(reel,), filename="reels.zip", download_proxy=False))
    if not made.url:
        pytest.skip("this server zips in the background")
    async with httpx.AsyncClient(trust_env=False, follow_redirects=True) as plain:
        file = tmp_path / "reels.zip"
        file.write_bytes((await plain.get(made.url)).raise_for_status().content)
    with zipfile.ZipFile(file) as archive:
        assert archive.infolist()[0].file_size == film.stat().st_size


async def test_streaming_cookies_are_given(nomad: NomadClient, reel: str) -> None:
    """In the headers and in the body; never in `repr`."""
    related = (await nomad.get_detail(reel)).related_assets
    cookies = await nomad.get_streaming_cookies(reel, related[0].id if related else reel)
    assert cookies.cookies
    assert not any(value and value in repr(cookies) for value in cookies.cookies.values())


async def test_playback_is_tracked(nomad: NomadClient, reel: str) -> None:
    """And of an asset that isn't, not."""
    await nomad.track(TrackingEvent(tracking_event="FirstQuartile", asset_id=reel, second=1))
    with pytest.raises(errors.Refused):
        await nomad.track(TrackingEvent(tracking_event="Complete", asset_id=NOBODY))


async def test_a_face_is_given_a_name_and_loses_it(nomad: NomadClient, reel: str) -> None:
    """One that the AI found."""
    faces = (await nomad.get_detail(reel)).faces
    if not faces:
        pytest.skip("this server sees no face in the film")
    face = str(faces[0]["id"])
    assert (await nomad.assign_person(reel, face, "person-1")).face_id
    await nomad.remove_person(reel, face)
    with pytest.raises(errors.NotFound):
        await nomad.assign_person(reel, "nosuchface", "person-1")


async def test_a_relative_address_is_resolved(nomad: NomadClient, reel: str) -> None:
    """To a signed one that opens."""
    detail = await nomad.get_detail(reel)
    url = await nomad.resolve_full_url(reel, detail.object_key or detail.name)
    assert url.startswith("http")
