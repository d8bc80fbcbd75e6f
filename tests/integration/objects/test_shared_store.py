"""Two machines (two homes) with one store: what one has made, the other has; and nothing half-made is ever seen."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from polyreel.dubbing.chosen_lines import resolve_choices
from polyreel.engine.speech.booth import Booth, wav_bytes
from polyreel.engine.voice.espeak import EspeakVoice
from polyreel.engine.voice.port import Speech
from polyreel.errors import InvalidJob, StoreError
from polyreel.net.part import Part
from polyreel.objects.bucket import PIECE
from polyreel.outcome import StoredFile
from polyreel.review.decisions import Reviewer, ask
from polyreel.review.edits import Edit, edit_script, script_of
from polyreel.review.events import ReviewKey, Shown
from polyreel.review.line_choices import Wish, from_wishes
from polyreel.review.log import ReviewLog
from polyreel.review.recordings import take_in_recording
from polyreel.store import results
from polyreel.store.choice import open_store
from polyreel.store.local import LocalStore, path_of
from polyreel.store.results import Record
from polyreel.store.shared import SharedStore
from polyreel.subtitles import write
from polyreel.subtitles.model import Cue, Track

Machine = Callable[[str], SharedStore]
STEM = bytes(range(256)) * (3 * PIECE // 256) + b"the end"


@pytest.fixture
def machine(bucket: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """Go to a machine of that name; its store."""
    monkeypatch.setenv("POLYREEL_STORE", bucket.url("team/a"))

    def go_to(name: str) -> SharedStore:
        monkeypatch.setenv("POLYREEL_HOME", str(tmp_path / name))
        store = open_store()
        assert isinstance(store, SharedStore)
        return store

    return go_to


def kept(store: LocalStore, tmp_path: Path, content: bytes, suffix: str = ".wav") -> StoredFile:
    (tmp_path / "made").write_bytes(content)
    return store.keep_file(tmp_path / "made", suffix)


def recorded(stored_file: StoredFile) -> dict[str, Any]:
    return {"audio": stored_file.model_dump(), "rate": 48000}


async def until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


class TestWhichStore:
    def test_a_folder_may_be_elsewhere(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("POLYREEL_STORE", str(tmp_path / "disk"))
        stored_file = kept(open_store(), tmp_path, b"x")
        assert path_of(stored_file).is_relative_to(tmp_path / "disk" / "blobs")
        assert results.path_of_record("k").parent == tmp_path / "disk" / "results"
        assert open_store().scratch_root == tmp_path / "disk" / "scratch"

    def test_what_is_no_store_is_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("POLYREEL_STORE", "gs://bucket/prefix")
        with pytest.raises(InvalidJob, match="no store at gs"):
            open_store()

    def test_one_store_serves_the_whole_process(self, machine: Machine) -> None:
        assert machine("one") is machine("one")
        assert machine("one") is not machine("two")


class TestReadThrough:
    async def test_a_record_of_one_machine_is_read_on_another(self, machine: Machine, tmp_path: Path) -> None:
        one = machine("one")
        stored_file = kept(one, tmp_path, STEM)
        one.save_record("mixed-v1-abc", recorded(stored_file))
        await one.share_files()
        two = machine("two")
        found = await asyncio.to_thread(two.load_record, "mixed-v1-abc")
        assert found == recorded(stored_file)
        assert path_of(stored_file).is_relative_to(tmp_path / "two")
        assert path_of(stored_file).read_bytes() == STEM

    async def test_what_is_here_is_not_asked_for(self, machine: Machine, bucket: Any, tmp_path: Path) -> None:
        one = machine("one")
        one.save_record("mixed-v1-abc", recorded(kept(one, tmp_path, b"stem")))
        await one.share_files()
        bucket.s3.asked.clear()
        assert one.load_record("mixed-v1-abc")
        await one.share_files()
        assert not bucket.s3.asked

    async def test_hashes_of_local_files_stay_on_their_machine(self, machine: Machine, bucket: Any) -> None:
        one = machine("one")
        one.save_record("hash-v1-abc", {"sha256": "0" * 64})
        await one.share_files()
        assert machine("two").load_record("hash-v1-abc") is None
        assert bucket.keys() == []

    async def test_another_machines_own_file_counts_as_not_there(self, machine: Machine, tmp_path: Path) -> None:
        (tmp_path / "film.mp4").write_bytes(b"film")
        theirs = StoredFile(uri=(tmp_path / "film.mp4").as_uri(), sha256="0" * 64, bytes=4)
        assert await machine("one").present([theirs])
        (tmp_path / "film.mp4").unlink()
        assert not await machine("two").present([theirs])
        await machine("two").fetch_files([theirs])  # not ours to bring; whoever reads it says what is missing

    async def test_a_record_is_recalled_on_an_event_loop_as_in_a_thread(self, machine: Machine) -> None:
        machine("one").save_record("mixed-v1-abc", {"n": 1})
        await machine("one").share_files()
        assert machine("two").load_record("mixed-v1-abc") == {"n": 1}
        assert machine("two").load_record("mixed-v1-nowhere") is None

    async def test_a_blob_that_is_gone_makes_its_record_none(
        self, machine: Machine, bucket: Any, tmp_path: Path
    ) -> None:
        one = machine("one")
        one.save_record("mixed-v1-abc", recorded(kept(one, tmp_path, b"stem")))
        await one.share_files()
        bucket.client.delete_object(Bucket=bucket.name, Key=next(key for key in bucket.keys("team/a/blobs")))
        assert await asyncio.to_thread(machine("two").load_record, "mixed-v1-abc") is None

    async def test_a_damaged_blob_is_noticed_removed_and_made_anew(
        self, machine: Machine, bucket: Any, tmp_path: Path
    ) -> None:
        one = machine("one")
        stored_file = kept(one, tmp_path, b"stem")
        one.save_record("mixed-v1-abc", recorded(stored_file))
        await one.share_files()
        key = next(key for key in bucket.keys("team/a/blobs"))
        bucket.put(key, b"mets")
        two = machine("two")
        with pytest.raises(StoreError, match="not what it was") as caught:
            await two.fetch_files([stored_file])
        assert caught.value.code == "stored_file_damaged"
        assert bucket.keys("team/a/blobs") == []
        assert not path_of(stored_file).exists()
        two.save_record("mixed-v1-abc", recorded(kept(two, tmp_path, b"stem")))
        await two.share_files()
        assert bucket.get(key) == b"stem"

    async def test_half_a_download_that_is_wrong_costs_the_shared_copy_nothing(
        self, machine: Machine, bucket: Any, tmp_path: Path
    ) -> None:
        """A disk may forget what a killed process wrote, though not its length."""
        one = machine("one")
        stored_file = kept(one, tmp_path, b"stem")
        one.save_record("mixed-v1-abc", recorded(stored_file))
        await one.share_files()
        (key,) = bucket.keys("team/a/blobs")
        two = machine("two")
        async with two.lasting_scratch(f"bring-{Path(key).name}") as folder:
            part = Part.inside(folder).open()
            part.begin_anew(bucket.client.head_object(Bucket=bucket.name, Key=key)["ETag"], 4)
            part.write(b"\0\0")
            part.close()
        await two.fetch_files([stored_file])
        assert path_of(stored_file).read_bytes() == b"stem"
        assert bucket.get(key) == b"stem"


class TestWriteThrough:
    async def test_a_blob_is_there_before_its_record(self, machine: Machine, bucket: Any, tmp_path: Path) -> None:
        one = machine("one")
        one.save_record("mixed-v1-abc", recorded(kept(one, tmp_path, STEM)))
        bucket.s3.answer = lambda asked: ("403 Forbidden", "AccessDenied") if "blobs" in asked.path else None
        await one.share_files()
        assert "does not allow this" in one.trouble
        assert bucket.keys() == []
        bucket.s3.reset()
        await one.share_files()
        assert one.trouble == ""
        assert len(bucket.keys("team/a/blobs")) == len(bucket.keys("team/a/records")) == 1

    async def test_a_blob_goes_up_once_however_many_records_name_it(
        self, machine: Machine, bucket: Any, tmp_path: Path
    ) -> None:
        one = machine("one")
        stored_file = kept(one, tmp_path, STEM)
        for number in range(4):
            one.save_record(f"mixed-v1-{number}", recorded(stored_file))
        await asyncio.gather(one.share_files(), one.share_files())
        assert [asked.query for asked in bucket.s3.asked if asked.method == "POST"].count("uploads=") == 1
        assert len(bucket.keys("team/a/records")) == 4

    async def test_two_machines_that_finish_the_same_work_do_no_harm(
        self, machine: Machine, bucket: Any, tmp_path: Path
    ) -> None:
        stores = [machine("one"), machine("two")]
        for name, store in zip(("one", "two"), stores, strict=True):
            machine(name)
            store.save_record("mixed-v1-abc", recorded(kept(store, tmp_path, STEM)))
        await asyncio.gather(*(store.share_files() for store in stores))
        assert [bucket.get(key) for key in bucket.keys("team/a/blobs")] == [STEM]
        assert not any(store.trouble for store in stores)

    async def test_what_could_not_go_up_goes_up_at_the_next_run(
        self, machine: Machine, bucket: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        one = machine("one")
        with monkeypatch.context() as away:
            away.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
            one.save_record("mixed-v1-abc", recorded(kept(one, tmp_path, b"stem")))
            await one.share_files()
            assert "can't be reached" in one.trouble
            assert one.load_record("mixed-v1-abc")  # the work is here
            with pytest.raises(StoreError, match="can't be reached") as caught:
                await SharedStore(one.address).check_usable()
            assert "See that it runs" in caught.value.remedy
        await one.check_usable()
        await one.share_files()
        assert len(bucket.keys("team/a/records")) == 1

    async def test_a_killed_upload_leaves_nothing_half_and_goes_up_later(
        self, machine: Machine, bucket: Any, tmp_path: Path
    ) -> None:
        one = machine("one")
        stored_file = kept(one, tmp_path, STEM)
        one.save_record("mixed-v1-abc", recorded(stored_file))
        bucket.s3.delay = lambda asked: 60.0 if "partNumber=3" in asked.query else 0.0
        child = await asyncio.create_subprocess_exec(sys.executable, "-c", _SHARER)
        await until(lambda: any("partNumber=3" in asked.query for asked in bucket.s3.asked))
        child.kill()
        await child.wait()
        assert bucket.keys() == []
        bucket.s3.reset()
        await one.share_files()
        await machine("two").fetch_files([stored_file])
        assert path_of(stored_file).read_bytes() == STEM

    async def test_a_killed_download_is_gone_on_with(self, machine: Machine, bucket: Any, tmp_path: Path) -> None:
        one = machine("one")
        stored_file = kept(one, tmp_path, STEM)
        one.save_record("mixed-v1-abc", recorded(stored_file))
        await one.share_files()
        two = machine("two")
        bucket.s3.delay = lambda asked: (
            60.0 if asked.headers.get("range", "").startswith(f"bytes={2 * PIECE}-") else 0.0
        )
        child = await asyncio.create_subprocess_exec(sys.executable, "-c", _RECALLER)
        await until(lambda: any(part.stat().st_size >= 2 * PIECE for part in two.scratch_root.glob("*/content.part")))
        child.kill()
        await child.wait()
        assert not path_of(stored_file).exists()
        bucket.s3.reset()
        await two.fetch_files([stored_file])
        assert path_of(stored_file).read_bytes() == STEM
        assert f"bytes=0-{PIECE - 1}" not in {asked.headers.get("range") for asked in bucket.s3.asked}


class TestReady:
    async def test_a_bucket_that_is_not_there_is_named(
        self, machine: Machine, bucket: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("POLYREEL_STORE", "s3://no-such-bucket-here/team")
        with pytest.raises(StoreError, match="no such bucket") as caught:
            await machine("one").check_usable()
        assert caught.value.code == "no_such_bucket"

    async def test_the_first_machine_says_whose_it_is(self, machine: Machine, bucket: Any) -> None:
        await asyncio.gather(machine("one").check_usable(), machine("two").check_usable())
        assert b"polyreel" in bucket.get("team/a/store.json")


class TestResults:
    async def test_a_result_of_one_machine_is_used_on_another(self, machine: Machine, tmp_path: Path) -> None:
        stored_file = kept(machine("one"), tmp_path, b"stem")
        results.save_record("mux-v1-abc", Record("stored-file", 1, stored_file.model_dump()))
        await results.share_results("mux-v1-abc")
        machine("two")
        assert results.load_record("mux-v1-abc") is None
        await results.fetch_result("mux-v1-abc")
        assert results.load_record("mux-v1-abc") == Record("stored-file", 1, stored_file.model_dump())
        assert not path_of(stored_file).exists()  # brought when it is read, and not before

    async def test_a_recording_of_a_line_goes_with_the_script_that_names_it(
        self, machine: Machine, tmp_path: Path
    ) -> None:
        """Brought on one machine, and there on the other where the line is spoken."""
        one, key = machine("one"), ReviewKey(job="welcome", source="0123456789ab", locale="es-ES")
        sound = wav_bytes(Speech(0.3 * np.sin(np.arange(40_000, dtype=np.float32) / 9), 48_000))
        (tmp_path / "mine.wav").write_bytes(sound)
        script = one.keep_bytes(write(Track((Cue(0, 2000, "Hola."),)), "vtt").text.encode(), ".vtt")
        asked = ask("script", script.sha256, made=script, script=script, reason="", shown=Shown())
        await ReviewLog(one).write(key, asked)
        recording = await take_in_recording(one, tmp_path / "mine.wav", "Ana", None)
        await edit_script(one, key, Edit(Reviewer("Ana"), from_wishes({1: Wish(recording=recording)})))
        two = machine("two")
        track = await script_of(two, await ReviewLog(two).read(key))
        (spoken,), _ = resolve_choices(track)
        assert spoken.recording is not None
        await two.fetch_files([spoken.recording])
        assert path_of(spoken.recording).is_relative_to(tmp_path / "two")
        assert Booth(EspeakVoice(), two).open_recording(spoken.recording).ms == recording.ms

    async def test_a_result_whose_blob_is_gone_is_made_anew(
        self, machine: Machine, bucket: Any, tmp_path: Path
    ) -> None:
        stored_file = kept(machine("one"), tmp_path, b"stem")
        results.save_record("mux-v1-abc", Record("stored-file", 1, stored_file.model_dump()))
        await results.share_results("mux-v1-abc")
        bucket.client.delete_object(Bucket=bucket.name, Key=bucket.keys("team/a/blobs")[0])
        machine("two")
        await results.fetch_result("mux-v1-abc")
        assert results.load_record("mux-v1-abc") is None

    async def test_work_from_before_the_store_was_shared_is_shared_too(
        self, machine: Machine, bucket: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        machine("one")
        with monkeypatch.context() as alone:
            alone.delenv("POLYREEL_STORE")
            stored_file = kept(open_store(), tmp_path, b"stem")
            assert stored_file.uri.startswith("file:")
            results.save_record("mux-v1-abc", Record("stored-file", 1, stored_file.model_dump()))
        await results.fetch_result("mux-v1-abc")
        await results.share_results()
        machine("two")
        await results.fetch_result("mux-v1-abc")
        record = results.load_record("mux-v1-abc")
        assert record is not None
        found = StoredFile.model_validate(record.value)
        await open_store().fetch_files([found])
        assert path_of(found).read_bytes() == b"stem"

    @pytest.mark.parametrize(
        "content",
        [
            b"gASVIAAAAAAAAACM",
            b'{"metadata": {"serializer": {"type": "pickle"}}, "result": "gASVIAAAAAAAAACM"}',
            b'{"tag": ["mux"], "version": 1, "value": 1}',
            b'{"tag": "stored-file", "version": "1", "value": 1}',
            b'{"tag": "stored-file", "version": 1, "value": {"uri": 7, "sha256": 7, "bytes": -1}}',
            b"[" * 100_000,
        ],
    )
    async def test_what_is_no_record_is_not_taken_from_elsewhere(
        self, machine: Machine, bucket: Any, content: bytes
    ) -> None:
        """Whoever can write to the bucket does not thereby run code here: a record names a tag, never a class."""
        bucket.put("team/a/results/mux-v1-abc", content)
        machine("two")
        await results.fetch_result("mux-v1-abc")
        assert not results.path_of_record("mux-v1-abc").exists()


_SHARER = "import asyncio; from polyreel.store.choice import open_store; asyncio.run(open_store().share_files())"
_RECALLER = "from polyreel.store.choice import open_store; open_store().load_record('mixed-v1-abc')"
