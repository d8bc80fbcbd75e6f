"""The asset manager's batches, archive, words, ads and downloads, by the vendor's page and WIRE.md alone."""

from __future__ import annotations

import contextlib
import uuid
import zipfile
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
import pytest
from pydantic import ValidationError

from polyreel.vendors import errors
from polyreel.vendors.nomad.ads import ad_tags
from polyreel.vendors.nomad.client import NomadClient
from polyreel.vendors.nomad.models import Asset, RelatedAsset
from polyreel.vendors.nomad.models_edits import (
    LocalRestore,
    QueueChange,
    TrackingEvent,
    ZipArchive,
)
from polyreel.vendors.nomad.models_words import (
    AdBreak,
    AdBreakDraft,
    Annotation,
    AnnotationDraft,
    Impression,
    SubtitleFormat,
    TranscriptCue,
    TranscriptLine,
    VastQuery,
)
from polyreel.vendors.nomad.statuses import AssetStatus
from polyreel.vendors.waiting import Patience, wait_for
from tests.vendors.elsewhere import skip_there
from tests.vendors.lists import SHOWN, wait_until_gone, wait_until_listed

SOON = Patience(first=0.1, cap=0.5, total=90)
NOBODY = "00000000-0000-4000-8000-000000000000"
SRT = b"1\n00:00:00,200 --> 00:00:02,000\nBonjour \xc3\xa0 tous.\n"


async def _uploaded(nomad: NomadClient, film: Path, parent_id: str | None = None) -> Asset:
    done = await nomad.upload(film, parent_id=parent_id, name=f"{uuid.uuid4().hex[:8]}.mp4")
    return await nomad.wait_until_usable(done.asset_id, SOON)


async def _until(look: Callable[[], Awaitable[Asset]], status: AssetStatus) -> Asset:
    return await wait_for(look, lambda asset: asset.status is status, f"asset to be {status.word}", SOON)


async def _settled(nomad: NomadClient, asset_id: str) -> Asset:
    def settled(asset: Asset) -> bool:
        return asset.status is not None and asset.status.settled

    return await wait_for(lambda: nomad.get_asset(asset_id), settled, "asset to settle", SOON)


# -- batches, archive, restore


async def test_assets_are_moved_copied_and_duplicated_in_batches(nomad: NomadClient, folder: Asset, film: Path) -> None:
    """With a result for each; unknown ones fail alone or make the whole refused."""
    asset = await _uploaded(nomad, film)
    moved = await nomad.move_assets([asset.id], folder.id)
    if moved.failed:
        skip_there("this server takes a folder by another argument than the published clients send; no page names it")
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


async def test_restoring_what_is_not_archived_takes_nothing_away(nomad: NomadClient, reel: str) -> None:
    """Refused, or done though there is nothing to do: the page leaves it open."""
    with contextlib.suppress(errors.Refused):
        await nomad.restore(reel)
    assert (await nomad.wait_until_usable(reel, SOON)).usable


async def test_assets_are_restored_to_the_premises(nomad: NomadClient, reel: str) -> None:
    """One, and several."""
    await nomad.local_restore(reel, "edit-suite")
    request = LocalRestore(source_asset_ids=(reel,), restore_profile_names=("edit-suite",))
    await nomad.local_restore_many(request)


# -- words


async def test_annotations_are_written_changed_imported_and_deleted(nomad: NomadClient, reel: str) -> None:
    """Create, list, update, delete; and many at once."""
    draft = AnnotationDraft(start_timecode="00:00:01;00", end_timecode="00:00:02;00", properties={"title": "Hook"})
    notes: dict[str, Annotation] = {}

    async def look() -> list[str]:
        notes.clear()
        notes.update({each.id: each for each in await nomad.list_annotations(reel)})
        return list(notes)

    note = await nomad.create_annotation(reel, draft)
    await wait_until_listed(look, {note.id})
    changed = await nomad.update_annotation(
        reel, note.id, AnnotationDraft(start_timecode="00:00:00;12", properties={"title": "Opening"})
    )
    assert changed.id == note.id

    def tells_title(_: list[str]) -> bool:
        # The vendor spells its keys in any case.
        return {name.lower(): told for name, told in notes[note.id].properties.items()}["title"] == "Opening"

    await wait_for(look, tells_title, "the change to show", SHOWN)
    before = len(notes)
    await nomad.import_annotations(reel, [draft, draft])
    await wait_for(look, lambda listed: len(listed) == before + 2, "the imported notes to show", SHOWN)
    await nomad.delete_annotation(reel, note.id)
    await wait_until_gone(look, note.id)
    with pytest.raises(errors.NotFound):
        await nomad.delete_annotation(reel, note.id)


async def test_transcripts_are_corrected_in_both_spellings(nomad: NomadClient, reel: str) -> None:
    """The words come back with times and confidence."""
    transcripts = (await nomad.get_detail(reel)).transcripts
    if not transcripts:
        skip_there("this server hears nothing in the film")
    transcript = transcripts[0].id
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
    """In each of the page's four forms by name; by number where the vendor takes one."""
    file = tmp_path / "film.fr-FR.srt"
    file.write_bytes(SRT)
    done = await nomad.upload_related(file, reel, "Subtitle", language_id="fr-FR")
    assert done.bytes == len(SRT)

    async def list_related() -> list[RelatedAsset]:
        return [each for each in (await nomad.get_detail(reel)).related_assets if each.name == file.name]

    related = await wait_for(list_related, bool, "the asset to show what hangs on it", SHOWN)

    async def is_processed() -> bool:
        with contextlib.suppress(errors.Invalid):
            return bool(await nomad.export_subtitle(reel, related[0].id, SubtitleFormat.SRT))
        return False

    assert await wait_for(is_processed, bool, "subtitle to be processed", SOON)
    begin = {SubtitleFormat.VTT: b"WEBVTT"}
    for form in (each for each in SubtitleFormat if each is not SubtitleFormat.DOCX):
        exported = await nomad.export_subtitle(reel, related[0].id, form)
        assert exported.lstrip(b"\xef\xbb\xbf").startswith(begin.get(form, b""))
        assert b"Bonjour" in exported
    # 204 means that this server does not write the form (WIRE.md).
    with contextlib.suppress(errors.Invalid):
        assert (await nomad.export_subtitle(reel, related[0].id, SubtitleFormat.DOCX)).startswith(b"PK")
    try:
        by_number = await nomad.export_subtitle_by_number(reel, related[0].id, SubtitleFormat.VTT)
    except errors.Refused:
        return
    assert by_number.lstrip(b"\xef\xbb\xbf").startswith(b"WEBVTT")


async def test_what_has_no_subtitle_exports_none(nomad: NomadClient, reel: str) -> None:
    """Refused, or nothing to export."""
    with pytest.raises(errors.Refused):
        await nomad.export_subtitle(reel, NOBODY, SubtitleFormat.SRT)


# -- ads


async def test_ad_breaks_are_kept_and_served(nomad: NomadClient, reel: str) -> None:
    """Create, list, update, VMAP, VAST, impressions, delete."""
    breaks: dict[str, AdBreak] = {}

    async def look() -> list[str]:
        breaks.clear()
        breaks.update({each.id: each for each in await nomad.list_ad_breaks(reel)})
        return list(breaks)

    async def list_tags() -> tuple[str, ...]:
        return ad_tags(await nomad.get_vmap(reel))

    made = await nomad.create_ad_break(reel, AdBreakDraft(timecode="00:00:01;00"))
    await wait_until_listed(look, {made.id})
    await nomad.update_ad_break(reel, made.id, AdBreakDraft(timecode="00:00:02;00"))
    await wait_for(look, lambda _: breaks[made.id].timecode.startswith("00:00:02"), "the change to show", SHOWN)
    (tag, *_) = await wait_for(list_tags, bool, "the ad break to be served", SHOWN)
    assert "VAST" in await nomad.follow_ad_tag(tag)
    assert "VAST" in await nomad.get_vast(VastQuery(time_code="00:00:02;00"))
    await nomad.record_impression(Impression(asset_id=reel))
    await nomad.record_impression_by_head(Impression(asset_id=reel))
    await nomad.delete_ad_break(reel, made.id)
    await wait_until_gone(look, made.id)
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
        change = QueueChange(asset_download_queue_id=item, transfer_status="Downloading", complete_percentage=50)
        await nomad.update_queue_item(change)
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
        skip_there("this server zips in the background")
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
    """A beacon is answered; whether the vendor knows the asset, it does not say."""
    await nomad.track(TrackingEvent(tracking_event="FirstQuartile", asset_id=reel, second=1))


async def test_a_face_is_given_a_name_and_loses_it(nomad: NomadClient, reel: str) -> None:
    """One that the AI found."""
    faces = (await nomad.get_detail(reel)).faces
    if not faces:
        skip_there("this server sees no face in the film")
    face = faces[0].id
    assert (await nomad.assign_person(reel, face, "person-1")).face_id
    await nomad.remove_person(reel, face)
    with pytest.raises(errors.NotFound):
        await nomad.assign_person(reel, "nosuchface", "person-1")


async def test_a_relative_address_is_resolved(nomad: NomadClient, reel: str) -> None:
    """To a signed one that opens, for a stranger."""
    detail = await nomad.get_detail(reel)
    url = await nomad.resolve_full_url(reel, detail.url)
    async with httpx.AsyncClient(trust_env=False, follow_redirects=True) as stranger:
        assert (await stranger.get(url, headers={"Range": "bytes=0-9"})).status_code in (200, 206)
