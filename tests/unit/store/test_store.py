import asyncio
import hashlib
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from polyreel.errors import StoreError
from polyreel.keys import stage_key
from polyreel.machine.boot import boot_id
from polyreel.machine.files import HashingFile, copy_hashed, write_atomically
from polyreel.machine.locks import open_locked
from polyreel.outcome import StoredFile
from polyreel.store import local as store_module
from polyreel.store.local import LocalStore, path_of
from polyreel.store.scratch import clear_scratch


@pytest.fixture
def store(tmp_path):
    return LocalStore(tmp_path / "home" / "store")


def file_with(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def everything_under(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


class TestKeys:
    def test_a_key_depends_on_stage_version_and_every_input(self):
        keys = {
            stage_key("trim", 1, a=1),
            stage_key("trim", 2, a=1),
            stage_key("dub", 1, a=1),
            stage_key("trim", 1, a=2),
        }
        assert len(keys) == 4
        assert stage_key("trim", 1, a=1, b=2) == stage_key("trim", 1, b=2, a=1)

    def test_a_value_goes_into_a_key_by_what_it_says(self):
        one, same = (StoredFile(uri="file:///a", sha256="0" * 64, bytes=1) for _ in range(2))
        assert stage_key("x", 1, of=one) == stage_key("x", 1, of=same)

    def test_a_thing_without_a_plain_form_is_refused(self):
        with pytest.raises(TypeError, match="can't depend on a object"):
            stage_key("x", 1, of=object())


class TestKeeping:
    def test_a_kept_file_moves_and_is_named_by_its_content(self, store, tmp_path):
        kept = store.keep_file(file_with(tmp_path / "a.wav", b"sound"))
        assert kept.sha256 == hashlib.sha256(b"sound").hexdigest()
        assert path_of(kept).read_bytes() == b"sound"
        assert path_of(kept).suffix == ".wav"
        assert not (tmp_path / "a.wav").exists()

    def test_the_same_content_is_kept_once_and_heals_a_damaged_blob(self, store, tmp_path):
        first = store.keep_file(file_with(tmp_path / "a.wav", b"sound"))
        path_of(first).write_bytes(b"noise")
        assert store.keep_file(file_with(tmp_path / "b.wav", b"sound")) == first
        assert path_of(first).read_bytes() == b"sound"
        assert len(everything_under(store.root / "blobs")) == 1

    def test_a_file_from_another_disk_is_copied_and_hashed_in_one_pass(self, store, monkeypatch, tmp_path):
        monkeypatch.setattr(LocalStore, "_on_own_disk", lambda self, file: False)
        monkeypatch.setattr(store_module, "sha256_of", lambda path: pytest.fail("read twice"))
        kept = store.keep_file(file_with(tmp_path / "a.wav", b"sound"))
        assert path_of(kept).read_bytes() == b"sound"
        assert path_of(kept).suffix == ".wav"
        assert not (tmp_path / "a.wav").exists()

    def test_what_is_hashed_while_written_is_not_read_again(self, store, monkeypatch):
        monkeypatch.setattr(store_module, "sha256_of", lambda path: pytest.fail("read again"))
        with store.open_scratch() as folder:
            with HashingFile(folder / "part") as file:
                file.write(b"so")
                file.write(b"und")
            kept = store.keep_hashed(file.path, file.sha256, ".wav")
        assert kept == StoredFile(uri=kept.uri, sha256=hashlib.sha256(b"sound").hexdigest(), bytes=5)
        assert path_of(kept).read_bytes() == b"sound"

    def test_a_copy_knows_its_hash(self, tmp_path):
        copy = copy_hashed(file_with(tmp_path / "a", b"x" * 3_000_000), tmp_path / "b")
        assert copy.sha256 == hashlib.sha256(b"x" * 3_000_000).hexdigest()
        assert copy.bytes == 3_000_000 == (tmp_path / "b").stat().st_size

    @pytest.mark.parametrize("suffix", [".mp4/../../../out", "/etc", "wav", ".a\0b", "." + "x" * 100])
    def test_a_suffix_cannot_lead_out_of_the_store(self, store, suffix):
        with pytest.raises(StoreError, match="not a name"):
            store.keep_bytes(b"x", suffix)

    def test_a_missing_file_is_an_error_that_says_where(self, store, tmp_path):
        with pytest.raises(StoreError, match="could not keep a file") as caught:
            store.keep_file(tmp_path / "nothing")
        assert caught.value.where == str(store.root)

    @pytest.mark.slow
    def test_many_at_once_keep_one_blob(self, store):
        with multiprocessing.get_context("spawn").Pool(3) as pool:
            kept = pool.map(_keep_the_same, [str(store.root)] * 12)
        assert len(set(kept)) == 1
        assert len(everything_under(store.root)) == 1

    def test_only_local_artefacts_have_a_path(self):
        with pytest.raises(StoreError, match="s3://"):
            path_of(StoredFile(uri="s3://bucket/key", sha256="0" * 64, bytes=0))


def _keep_the_same(root: str) -> str:
    return LocalStore(Path(root)).keep_bytes(b"same" * 100_000, ".bin").uri


class TestDoubt:
    def test_whole_bytes_are_verified(self, store):
        assert store.verify(store.keep_bytes(b"sound", ".wav"))

    def test_a_damaged_blob_is_found_and_removed(self, store):
        kept = store.keep_bytes(b"sound", ".wav")
        path_of(kept).write_bytes(b"noise")
        assert store.has(kept)
        assert not store.verify(kept)
        assert not store.has(kept)

    def test_a_changed_file_of_the_users_is_found_but_never_removed(self, store, tmp_path):
        film = file_with(tmp_path / "film.mp4", b"noise")
        theirs = StoredFile(uri=film.as_uri(), sha256=hashlib.sha256(b"sound").hexdigest(), bytes=5)
        assert not store.verify(theirs)
        assert film.read_bytes() == b"noise"

    def test_a_blob_cut_short_is_not_there(self, store):
        kept = store.keep_bytes(b"sound", ".wav")
        path_of(kept).write_bytes(b"so")
        assert not store.has(kept)


class TestRecords:
    def test_a_record_comes_back_and_can_be_dropped(self, store):
        store.save_record("trim-v1-abc", {"sha256": "ü"})
        assert store.load_record("trim-v1-abc") == {"sha256": "ü"}
        store.drop_record("trim-v1-abc")
        assert store.load_record("trim-v1-abc") is None

    @pytest.mark.parametrize("damage", [b"", b"{", b"[1]", b"\xff\xfe", b"[" * 200_000])
    def test_a_damaged_record_counts_as_none(self, store, damage):
        store.save_record("trim-v1-abc", {"a": 1})
        (record,) = (store.root / "records").rglob("*.json")
        record.write_bytes(damage)
        assert store.load_record("trim-v1-abc") is None

    @pytest.mark.parametrize(
        "key", ["../../out-x", "trim-../../../x", "/etc/x-y", ".-.", "a-" + "b" * 400, "..", "x\0-y"]
    )
    def test_a_hostile_key_stays_in_the_store(self, store, key):
        store.save_record(key, {"a": 1})
        assert store.load_record(key) == {"a": 1}
        assert all(name.startswith("records/") for name in everything_under(store.root))
        assert everything_under(store.root.parent) == [f"store/{name}" for name in everything_under(store.root)]


class TestFailures:
    def test_a_full_disk_is_said_with_a_remedy_and_leaves_nothing(self, tmp_path):
        # A file-size limit stands in for a full disk: the write fails half-way, as it does there.
        script = (
            "import resource, signal, sys; from pathlib import Path; from polyreel.store.local import LocalStore;"
            "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096));"
            "LocalStore(Path(sys.argv[1])).keep_bytes(bytes(100_000), '.bin')"
        )
        done = subprocess.run(
            [sys.executable, "-c", script, str(tmp_path / "store")], capture_output=True, text=True, check=False
        )
        assert "StoreError" in done.stderr
        assert "then run again" in done.stderr
        assert everything_under(tmp_path) == []

    def test_no_space_is_named_as_such(self, store, monkeypatch, tmp_path):
        def full(*args):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(store_module, "replace_durably", full)
        with pytest.raises(StoreError, match="the disk is full") as caught:
            store.save_record("a-b", {})
        assert caught.value.code == "disk_full"

    @pytest.mark.parametrize("step", ["write", "fsync", "replace"])
    def test_a_process_killed_at_any_step_leaves_old_or_new_and_nothing_between(self, tmp_path, step):
        store = LocalStore(tmp_path / "store")
        store.save_record("trim-v1-abc", {"n": 1})
        done = subprocess.run([sys.executable, "-c", _KILLED[step], str(store.root)], check=False)
        assert done.returncode == -signal.SIGKILL
        assert store.load_record("trim-v1-abc") == {"n": 1}
        clear_scratch(store.scratch_root)
        assert [path.parent for path in tmp_path.rglob("*.*") if path.is_file()] == [store.root / "records" / "trim-v1"]


_KILLED = {
    step: (
        "import os, signal, sys; from pathlib import Path; from polyreel.store import local as store\n"
        "def die(*a, **k): os.kill(os.getpid(), signal.SIGKILL)\n"
        f"{patch} = die\n"
        "s = store.LocalStore(Path(sys.argv[1]))\n"
        f"{work}"
    )
    for step, patch, work in [
        ("write", "store.HashingFile.write", "s.keep_bytes(b'x' * 10, '.bin')"),
        ("fsync", "os.fsync", "s.save_record('trim-v1-abc', {'n': 2})"),
        ("replace", "Path.replace", "s.save_record('trim-v1-abc', {'n': 2})"),
    ]
}


class TestScratch:
    def test_scratch_is_gone_afterwards_whatever_happened(self, store):
        with pytest.raises(ZeroDivisionError), store.open_scratch() as folder:
            raise ZeroDivisionError((folder / "half").write_bytes(b"x"))
        assert list(store.scratch_root.iterdir()) == []

    def test_clearing_leaves_the_living_alone(self, store):
        with store.open_scratch() as folder:
            clear_scratch(store.scratch_root)
            assert folder.is_dir()

    def test_what_a_killed_process_left_is_cleared_though_its_number_lives_on(self, store):
        left = store.scratch_root / f"{boot_id()}-{os.getpid():012d}"
        left.mkdir(parents=True)
        (left / "half").write_bytes(b"x")
        clear_scratch(store.scratch_root)
        assert list(store.scratch_root.iterdir()) == []

    def test_another_machines_scratch_goes_only_when_it_has_long_been_still(self, store):
        fresh, old = (store.scratch_root / name for name in ("0ther000-aaaaaaaaaaaa", "0ther000-bbbbbbbbbbbb"))
        long_ago = time.time() - 3 * 86_400
        for folder in (fresh, old):
            folder.mkdir(parents=True)
            os.utime(file_with(folder / "half", b"x"), (long_ago, long_ago))
        os.utime(old, (long_ago, long_ago))
        clear_scratch(store.scratch_root)
        assert [folder.name for folder in store.scratch_root.iterdir()] == [fresh.name]

    async def test_lasting_scratch_stays_while_something_is_in_it(self, store):
        async with store.lasting_scratch("fetch-1") as folder:
            (folder / "part").write_bytes(b"half")
        clear_scratch(store.scratch_root)
        async with store.lasting_scratch("fetch-1") as folder:
            assert (folder / "part").read_bytes() == b"half"
            (folder / "part").unlink()
        assert list(store.scratch_root.iterdir()) == []

    async def test_lasting_scratch_has_one_user_at_a_time(self, store):
        order = []

        async def use(name):
            async with store.lasting_scratch("fetch-1") as folder:
                order.append(name)
                assert list(folder.iterdir()) == []
                (folder / name).write_bytes(b"x")
                await asyncio.sleep(0)
                (folder / name).unlink()
                order.append(name)

        await asyncio.gather(*(use(name) for name in "abc"))
        assert [order[0], order[2], order[4]] == [order[1], order[3], order[5]]

    def test_a_lock_on_a_removed_file_is_no_lock(self, tmp_path):
        first = open_locked(tmp_path / "lock")
        assert open_locked(tmp_path / "lock") is None
        (tmp_path / "lock").unlink()
        second = open_locked(tmp_path / "lock")
        assert second is not None
        for handle in (first, second):
            os.close(handle)


def test_an_atomic_write_replaces_whole_and_leaves_no_part(tmp_path):
    target = tmp_path / "deep" / "er" / "file.json"
    write_atomically(target, b"1")
    write_atomically(target, json.dumps({"a": 1}).encode())
    assert everything_under(tmp_path) == ["deep/er/file.json"]
    assert json.loads(target.read_bytes()) == {"a": 1}
