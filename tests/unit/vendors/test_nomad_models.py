"""The asset manager's words, read in whatever spelling they come."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest
from pydantic import ValidationError

from polyreel.vendors.nomad.models import Asset, BatchResult, Job, MetadataSummary
from polyreel.vendors.nomad.models_edits import QueueRequest, RegisterAsset
from polyreel.vendors.nomad.models_uploads import StartUpload, Upload
from polyreel.vendors.nomad.models_words import SubtitleFormat
from polyreel.vendors.nomad.resource import read_error
from polyreel.vendors.nomad.statuses import IN_PROGRESS, SETTLED, TRANSITIONS, AssetStatus, AssetType
from polyreel.vendors.nomad.timecodes import from_timecode, to_timecode
from polyreel.vendors.nomad.wire import find_rows

PAGE = {
    "Available": 1, "Uploading": 6, "Registering": 5, "Creating": 21, "Assembling": 18, "Updating": 16, "Copying": 3,
    "Moving": 14, "Renaming": 2, "Clipping": 19, "Replacing": 22, "Archiving": 7, "PendingArchive": 9, "Archived": 8,
    "PendingRestore": 11, "Restoring": 4, "Restored": 12, "Deleting": 13, "Placeholder": 20, "SlugReplaced": 15,
    "Error": 17,
}  # fmt: skip


def test_all_statuses_of_the_page_are_known_by_name_and_number() -> None:
    """Twenty-one of them."""
    assert {status.word: status.value for status in AssetStatus} == PAGE


@pytest.mark.parametrize("status", AssetStatus)
def test_every_status_has_successors_and_is_one_of_settled_and_in_progress(status: AssetStatus) -> None:
    """What is in progress always leads somewhere else; nothing follows itself."""
    assert status.next_statuses
    assert status not in status.next_statuses
    assert (status in SETTLED) != (status in IN_PROGRESS)
    assert AssetStatus.ERROR in status.next_statuses or status is AssetStatus.ERROR


def test_whatever_is_in_progress_can_settle() -> None:
    """No status of work leads only into other work for ever."""
    for start in IN_PROGRESS:
        reached, waiting = {start}, [start]
        while waiting:
            for following in TRANSITIONS[waiting.pop()] - reached:
                reached.add(following)
                waiting.append(following)
        assert reached & SETTLED, start


def test_a_restored_asset_is_as_usable_as_an_available_one() -> None:
    """And no other is."""
    assert {status for status in AssetStatus if status.usable} == {AssetStatus.AVAILABLE, AssetStatus.RESTORED}


def test_an_archived_asset_becomes_restored_by_way_of_the_queue() -> None:
    """The page's own order."""
    way = [AssetStatus.AVAILABLE, AssetStatus.PENDING_ARCHIVE, AssetStatus.ARCHIVING, AssetStatus.ARCHIVED]
    way += [AssetStatus.PENDING_RESTORE, AssetStatus.RESTORING, AssetStatus.RESTORED]
    assert all(after in before.next_statuses for before, after in pairwise(way))


@pytest.mark.parametrize("told", [9, "9", "PendingArchive", "pending archive", "PENDING_ARCHIVE", {"id": 9}])
def test_a_status_is_read_by_name_number_or_reference(told: object) -> None:
    """In any case."""
    assert Asset.model_validate({"id": "a", "AssetStatus": told}).status is AssetStatus.PENDING_ARCHIVE


def test_a_status_that_the_page_does_not_have_is_none() -> None:
    """Not an error: the vendor may know more than its page."""
    for told in (10, "Daydreaming", None, {"id": 99}):
        assert Asset.model_validate({"id": "a", "assetStatus": told}).status is None


def test_keys_are_read_in_any_case_and_their_own_name_wins() -> None:
    """`name` over `displayName`, whichever comes first; nulls are as good as absent."""
    told = {"ID": 7, "DisplayName": "other", "name": "mine", "AssetType": "file", "CONTENTLENGTH": 5, "url": None}
    asset = Asset.model_validate(told)
    assert (asset.id, asset.name, asset.type, asset.size, asset.url) == ("7", "mine", AssetType.FILE, 5, "")
    assert asset.model_extra is not None
    assert asset.model_extra["DisplayName"] == "other"


def test_an_upload_is_read_in_both_spellings_with_its_parts_in_order() -> None:
    """The page's `uploadUrl`; the wire's `url`, positions and completion."""
    page = Upload.model_validate(
        {"id": "u", "parts": [{"id": "2", "partNumber": 2, "uploadUrl": "b"}, {"id": "1", "partNumber": 1}]}
    )
    assert [part.part_number for part in page.parts] == [1, 2]
    assert page.parts[1].url == "b"
    wire = Upload.model_validate(
        {"Id": "u", "AssetId": "a", "Parts": [{"Id": "1", "PartNumber": 1, "IsCompleted": True, "EndingPosition": 9}]}
    )
    assert wire.asset_id == "a"
    assert wire.missing == ()
    assert wire.parts[0].ending_position == 9


def test_signed_addresses_do_not_show() -> None:
    """Whoever has one may read or write the file."""
    told = {"id": "u", "parts": [{"id": "1", "partNumber": 1, "url": "https://s3/x?X-Amz-Signature=abc"}]}
    assert "abc" not in repr(Upload.model_validate(told))


def test_a_batch_s_result_is_read_per_asset() -> None:
    """Under whatever name the list stands."""
    result = BatchResult.model_validate(
        {"Results": [{"assetId": "a", "success": True}, {"targetId": "b", "isSuccess": False, "error": "locked"}]}
    )
    assert [(item.id, item.message) for item in result.failed] == [("b", "locked")]


@pytest.mark.parametrize("status", ["Failed", "error", "Not Found", "AccessDenied", 404])
def test_a_batch_s_result_may_be_a_status_alone(status: str | int) -> None:
    """As the page says: a status for each, without a flag."""
    rows = [{"id": "a", "status": "Success"}, {"id": "b", "status": status}, {"id": "c", "status": "Queued"}]
    assert [item.id for item in BatchResult.model_validate({"results": [*rows, {"id": "d"}]}).failed] == ["b"]


def test_a_job_is_read_with_its_times_and_its_error() -> None:
    """Page "Job History"."""
    job = Job.model_validate({"jobType": "Transcode", "jobStatus": "Error", "startDate": "2026-01-02T03:04:05Z"})
    assert job.start_time is not None
    assert (job.job_type, job.status, job.end_time) == ("Transcode", "Error", None)


def test_requests_are_written_as_the_vendor_spells_them() -> None:
    """camelCase, without what was not given; unknown fields are refused."""
    start = StartUpload(display_name="a.mp4", relative_path="a.mp4", content_length=5)
    assert start.as_wire() == {
        "displayName": "a.mp4",
        "contentLength": 5,
        "chunkSize": 8388608,
        "relativePath": "a.mp4",
        "uploadOverwriteOption": "Replace",
    }
    sent = RegisterAsset(bucket_name="b", object_key="k", e_tag='"x"', storage_source_ip_address="1.2.3.4").as_wire()
    assert sent == {"bucketName": "b", "objectKey": "k", "eTag": '"x"', "storageSourceIpAddress": "1.2.3.4"}
    with pytest.raises(ValidationError):
        StartUpload.model_validate({"displayName": "a", "relativePath": "a", "contentLength": 5, "size": 5})


def test_the_queue_s_threshold_is_fifty() -> None:
    """Fifty are queued before the answer, one more in the background."""
    assert not QueueRequest(ids=("a",) * 50).in_background
    assert QueueRequest(ids=("a",) * 51).in_background


def test_subtitle_forms_have_the_page_s_names_and_the_wire_s_numbers() -> None:
    """0 DocX, 1 Text, 2 SRT, 3 VTT."""
    assert [(form.value, form.word) for form in SubtitleFormat] == [(0, "DocX"), (1, "Text"), (2, "SRT"), (3, "VTT")]


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [
        ("00:00:01;12", 1480),
        ("00:00:01:12", 1480),
        ("01:00:00;00", 3_600_000),
        ("00:00:01.5", 1500),
        ("00:01:02", 62000),
    ],
)
def test_timecodes_are_read_in_their_forms(text: str, milliseconds: int) -> None:
    """At 25 frames a second."""
    assert from_timecode(text, 25) == milliseconds


def test_a_frame_s_timecode_leads_back_to_the_frame() -> None:
    """Also where a frame is no whole number of milliseconds."""
    rate = Fraction(30000, 1001)
    for frame in range(29):
        text = f"00:00:07;{frame:02}"
        assert to_timecode(from_timecode(text, rate), rate) == text


def test_what_is_no_timecode_is_refused() -> None:
    """With how to write one."""
    for text in ("1s", "00:00", "", "00:00:00;"):
        with pytest.raises(ValueError, match="HH:MM:SS;FF"):
            from_timecode(text, 25)


@pytest.mark.parametrize(
    ("told", "found"),
    [
        ([1], [1]),
        ({"items": [1], "total": 1}, [1]),
        ({"Errors": [], "Items": [1]}, [1]),
        ({"words": []}, []),
        ({}, []),
        (None, []),
        ({"message": "no"}, None),
        ("x", None),
    ],
)
def test_lists_are_found_bare_or_under_a_key(told: object, found: object) -> None:
    """And what is no list is no empty list."""
    assert find_rows(told) == found


def test_problem_details_are_read_in_any_case() -> None:
    """The detail before the title."""
    said = read_error(
        400, {"Type": "about:blank", "Title": "Bad Request", "Status": 400, "Detail": "parts are missing"}
    )
    assert (said.message, said.code) == ("parts are missing", "")
    assert read_error(500, None).message == ""


@pytest.mark.parametrize("told", [{"id": 1}, {"Id": 1, "Description": "Available"}, {"DESCRIPTION": "AVAILABLE"}])
def test_a_status_may_come_as_a_lookup_whose_keys_are_in_any_case(told: object) -> None:
    """An asset whose status is not understood would be waited for until patience ends."""
    assert Asset.model_validate({"Id": "a-1", "AssetStatus": told}).usable


def test_labels_may_be_their_names_alone() -> None:
    """The page shows none."""
    told = MetadataSummary.model_validate({"labels": ["sea", {"label": "boat", "count": 2}]})
    assert [(each.name, each.count) for each in told.labels] == [("sea", 1), ("boat", 2)]
