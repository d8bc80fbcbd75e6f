"""Uploads in parts: whole, in order, without credentials, resumed and never mixed up."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from polyreel.errors import InvalidJob
from polyreel.vendors import errors
from polyreel.vendors.limits import Limits
from polyreel.vendors.nomad.client import NomadClient
from polyreel.vendors.nomad.models_uploads import Part, Slice
from polyreel.vendors.nomad.multipart import PartBody


async def test_the_server_s_parts_arrive_whole_and_in_order(client: NomadClient, manager: Any, file: Path) -> None:
    """Unequal parts, side by side, each by its own handle; ETags go back with their quotes."""
    done = await client.upload(file)
    assert manager.whole == file.read_bytes()
    assert done.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    assert set(manager.confirmed) == {1, 2, 3, 4}
    assert all(etag.startswith('"') and etag.endswith('"') for etag in manager.confirmed.values())
    assert manager.log[-1] == "POST /api/asset/upload/u/complete"


async def test_parts_carry_a_length_and_no_credentials(client: NomadClient, manager: Any, file: Path) -> None:
    """Though the storage shares the vendor's origin here."""
    await client.upload(file)
    assert len(manager.heads) == 4
    for head in manager.heads:
        assert "authorization" not in head
        assert "content-type" not in head
        assert int(head["content-length"]) > 0
        assert "transfer-encoding" not in head


async def test_the_account_s_limits_do_not_hold_up_a_part(manager: Any, file: Path) -> None:
    """It goes to a storage: even with no call's place left."""
    client = NomadClient.with_login(manager.url, "ana", "right-password", limits=Limits(at_once=1))
    async with client, client.transport.gate.open_passage():
        part = Part(id="p1", url=f"{manager.url}/storage/1?signature=1", part_number=1)
        assert await client.upload_part(part, PartBody(Slice(part=part, start=0, length=5), file))


async def test_a_part_s_expired_address_is_asked_for_again(client: NomadClient, manager: Any, file: Path) -> None:
    """And only that part goes out again."""
    manager.expire_once = {2, 3}
    await client.upload(file)
    assert manager.whole == file.read_bytes()
    assert len(manager.heads) == 6
    assert "GET /api/admin/asset/upload/u" in manager.log


async def test_a_part_that_arrived_with_other_bytes_goes_out_again(
    client: NomadClient, manager: Any, file: Path
) -> None:
    """The ETag tells: it is confirmed only when it is ours."""
    manager.spoil_once = {3}
    await client.upload(file)
    assert manager.whole == file.read_bytes()
    assert manager.confirmed[3].strip('"') == hashlib.md5(manager.stored[3]).hexdigest()


async def test_only_the_missing_parts_are_resumed(client: NomadClient, manager: Any, file: Path) -> None:
    """From the upload's id alone; progress begins where it stopped."""
    manager.confirmed = {1: '"x"', 4: '"y"'}
    told: list[tuple[int, int]] = []
    await client.resume_upload("u", file, tell=lambda done, total: told.append((done, total)))
    assert set(manager.stored) == {2, 3}
    assert told[-1] == (manager.size, manager.size)


async def test_parts_that_leave_a_gap_are_not_sent(client: NomadClient, manager: Any, file: Path) -> None:
    """Nobody could say what was uploaded."""
    manager.size += 1
    with pytest.raises(errors.Malformed, match="bytes"):
        await client.upload(file)
    assert manager.stored == {}


async def test_a_file_that_changes_while_it_is_uploaded_is_not_completed(
    client: NomadClient, manager: Any, file: Path
) -> None:
    """Its parts would be of two files."""

    def change(done: int, total: int) -> None:
        if done < total:
            file.write_bytes(file.read_bytes()[::-1])

    with pytest.raises(errors.Damaged):
        await client.upload(file, tell=change)
    assert "POST /api/asset/upload/u/complete" not in manager.log


async def test_a_failed_upload_says_how_to_go_on(client: NomadClient, manager: Any, file: Path) -> None:
    """Its id stands in the remedy; the cause keeps its type."""
    manager.plain["/asset/upload/u/complete"] = manager.answer(400, {"detail": "a part is missing"})
    with pytest.raises(errors.Invalid) as caught:
        await client.upload(file)
    assert "Upload u stays open" in caught.value.remedy


async def test_a_file_that_is_not_there_is_found_before_anything_is_sent(client: NomadClient, tmp_path: Path) -> None:
    """A person's mistake, not the vendor's."""
    with pytest.raises(InvalidJob):
        await client.upload(tmp_path / "absent.mp4")
