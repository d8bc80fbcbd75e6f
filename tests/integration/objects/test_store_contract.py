"""What every store promises, held against both: the one of this machine, and the one that machines share."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from polyreel.errors import StoreError
from polyreel.outcome import StoredFile
from polyreel.store.choice import open_store
from polyreel.store.local import path_of
from polyreel.store.port import Store


@pytest.fixture(params=["local", "shared"])
def store(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A store of each kind, new and empty."""
    if request.param == "shared":
        bucket: Any = request.getfixturevalue("bucket")
        monkeypatch.setenv("POLYREEL_STORE", bucket.url("contract"))
    return open_store()


def test_a_file_is_kept_by_its_content_and_leaves_its_place(store: Store, tmp_path: Path) -> None:
    (tmp_path / "made.wav").write_bytes(b"sound")
    kept = store.keep_file(tmp_path / "made.wav")
    assert path_of(kept).read_bytes() == b"sound"
    assert not (tmp_path / "made.wav").exists()
    assert store.keep_bytes(b"sound", ".wav") == kept
    assert store.has(kept)
    assert store.verify(kept)


def test_a_damaged_file_is_found_out_and_removed(store: Store) -> None:
    kept = store.keep_bytes(b"sound", ".wav")
    path_of(kept).write_bytes(b"noise")
    assert not store.verify(kept)
    assert not path_of(kept).exists()


async def test_what_is_here_needs_no_bringing(store: Store) -> None:
    await store.check_usable()
    kept = store.keep_bytes(b"sound", ".wav")
    assert await store.present([kept])
    await store.fetch_files([kept])


async def test_what_nobody_has_is_not_present_and_can_not_be_brought(store: Store) -> None:
    await store.check_usable()
    kept = store.keep_bytes(b"sound", ".wav")
    path_of(kept).unlink()
    assert not await store.present([kept])
    with pytest.raises(StoreError) as caught:
        await store.fetch_files([kept])
    assert caught.value.code == "stored_file_missing"


async def test_a_record_comes_back_in_a_thread_and_on_an_event_loop(store: Store) -> None:
    audio = store.keep_bytes(b"sound", ".wav").model_dump()
    store.save_record("take-v1-abc", {"audio": audio})
    for found in (store.load_record("take-v1-abc"), await asyncio.to_thread(store.load_record, "take-v1-abc")):
        assert found == {"audio": audio}
    assert await store.peek_at_record("take-v1-abc") == {"audio": audio}
    store.drop_record("take-v1-abc")
    assert StoredFile.model_validate(audio) is not None


async def test_what_nobody_recorded_is_none(store: Store) -> None:
    await store.check_usable()
    assert store.load_record("take-v1-none") is None
    assert await store.peek_at_record("take-v1-none") is None
    assert await store.look_up("results/none") is None


async def test_half_made_files_are_gone_afterwards_and_lasting_ones_stay(store: Store) -> None:
    with store.open_scratch() as folder:
        (folder / "half").write_bytes(b"x")
    assert not folder.exists()
    async with store.lasting_scratch("fetch") as lasting:
        (lasting / "half").write_bytes(b"x")
    async with store.lasting_scratch("fetch") as again:
        assert (again / "half").read_bytes() == b"x"


async def test_sharing_raises_nothing_and_has_no_trouble(store: Store) -> None:
    await store.check_usable()
    store.save_record("take-v1-abc", {"n": 1})
    await store.offer_file("results/none")
    await store.share_files("results/none")
    assert store.trouble == ""
