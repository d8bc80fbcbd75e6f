import asyncio
import hashlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from polyreel.delivery import copying, folder, tree
from polyreel.delivery.folder import FolderDelivery
from polyreel.delivery.port import Item, Parcel
from polyreel.errors import DeliveryError, StoreError
from polyreel.outcome import Artefact
from polyreel.store import Store, path_of


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "home" / "store")


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


@pytest.fixture
def parcel(store):
    """A parcel of texts by path, under the job's name."""

    def make(**texts: str) -> Parcel:
        return Parcel(
            name="welcome",
            items=tuple(
                Item(path=path, artefact=store.keep_bytes(text.encode(), ".bin"), role="subtitles", locale="es-ES")
                for path, text in texts.items()
            ),
        )

    return make


SPANISH, FRENCH = "es-ES/welcome.es-ES.srt", "fr-FR/welcome.fr-FR.srt"


def files(out: Path) -> dict[str, str]:
    inside = out / "welcome"
    return {
        str(path.relative_to(inside)): path.read_text()
        for path in sorted(inside.rglob("*"))
        if path.is_file() and path.name != "manifest.json"
    }


def manifest(out: Path) -> dict:
    return json.loads((out / "welcome/manifest.json").read_text())


def assert_true(out: Path) -> None:
    """Everything that the manifest names is there, and is what it says; nothing of ours lies about besides."""
    for file in manifest(out)["files"]:
        content = (out / "welcome" / file["path"]).read_bytes()
        assert (hashlib.sha256(content).hexdigest(), len(content)) == (file["sha256"], file["bytes"])
    assert not list((out / "welcome").rglob(".*"))


class TestFirst:
    async def test_a_parcel_is_placed_with_a_manifest_that_is_true(self, out, parcel):
        done = await FolderDelivery(out).deliver(parcel(**{SPANISH: "hola", "report.html": "<p>"}))
        assert files(out) == {SPANISH: "hola", "report.html": "<p>"}
        assert set(done.written) == {SPANISH, "report.html"}
        assert done.manifest == str(out / "welcome/manifest.json")
        assert_true(out)
        assert manifest(out)["files"][0] == {
            "path": SPANISH,
            "bytes": 4,
            "sha256": hashlib.sha256(b"hola").hexdigest(),
            "role": "subtitles",
            "locale": "es-ES",
        }
        assert manifest(out)["job"] == "welcome"
        assert manifest(out)["polyreel"]
        assert manifest(out)["made_at"].endswith("+00:00")

    async def test_editing_what_was_delivered_leaves_the_store_as_it_is(self, out, parcel):
        packed = parcel(**{SPANISH: "hola"})
        await FolderDelivery(out).deliver(packed)
        (out / "welcome" / SPANISH).write_text("edit")
        assert path_of(packed.items[0].artefact).read_text() == "hola"
        assert (out / "welcome" / SPANISH).stat().st_mode & 0o200

    async def test_a_damaged_artefact_is_never_delivered(self, out, parcel):
        packed = parcel(**{SPANISH: "hola"})
        path_of(packed.items[0].artefact).write_text("holx")
        with pytest.raises(StoreError, match="is not what it was"):
            await FolderDelivery(out).deliver(packed)
        assert list((out / "welcome").iterdir()) == []

    async def test_a_missing_artefact_is_said(self, out, parcel):
        packed = parcel(**{SPANISH: "hola"})
        path_of(packed.items[0].artefact).unlink()
        with pytest.raises(StoreError, match="is gone"):
            await FolderDelivery(out).deliver(packed)


def identities(folder):
    """What every file is and when it was written; not when it was looked at, which looking changes."""
    facts = {path: path.stat() for path in folder.rglob("*")}
    return {path: (each.st_ino, each.st_size, each.st_mtime_ns) for path, each in facts.items()}


class TestAgain:
    async def test_what_is_there_already_is_neither_written_nor_read(self, out, parcel, monkeypatch):
        packed = parcel(**{SPANISH: "hola", FRENCH: "salut"})
        await FolderDelivery(out).deliver(packed)
        before = identities(out / "welcome")
        monkeypatch.setattr(copying, "_read", lambda *_: pytest.fail("read"))
        done = await FolderDelivery(out).deliver(packed)
        assert set(done.kept) == {SPANISH, FRENCH}
        assert identities(out / "welcome") == before

    async def test_only_what_changed_is_replaced(self, out, parcel):
        await FolderDelivery(out).deliver(parcel(**{SPANISH: "hola", FRENCH: "salut"}))
        done = await FolderDelivery(out).deliver(parcel(**{SPANISH: "buen", FRENCH: "salut"}))
        assert (done.written, done.kept) == ((SPANISH,), (FRENCH,))
        assert files(out) == {SPANISH: "buen", FRENCH: "salut"}
        assert_true(out)

    async def test_what_left_the_job_leaves_the_folder(self, out, parcel):
        await FolderDelivery(out).deliver(parcel(**{SPANISH: "hola", FRENCH: "salut"}))
        done = await FolderDelivery(out).deliver(parcel(**{SPANISH: "hola"}))
        assert done.removed == (FRENCH,)
        assert not (out / "welcome/fr-FR").exists()
        assert_true(out)

    async def test_what_somebody_edited_is_not_removed(self, out, parcel):
        await FolderDelivery(out).deliver(parcel(**{SPANISH: "hola", FRENCH: "salut"}))
        (out / "welcome" / FRENCH).write_text("coucou")
        await FolderDelivery(out).deliver(parcel(**{SPANISH: "hola"}))
        assert files(out) == {SPANISH: "hola", FRENCH: "coucou"}

    async def test_an_edit_of_the_same_length_is_noticed_and_replaced(self, out, parcel):
        packed = parcel(**{SPANISH: "hola"})
        await FolderDelivery(out).deliver(packed)
        later = (out / "welcome/manifest.json").stat().st_mtime_ns + 10**9
        (out / "welcome" / SPANISH).write_text("HOLA")
        os.utime(out / "welcome" / SPANISH, ns=(later, later))
        assert (await FolderDelivery(out).deliver(packed)).written == (SPANISH,)
        assert_true(out)

    async def test_foreign_files_are_left_alone(self, out, parcel):
        await FolderDelivery(out).deliver(parcel(**{SPANISH: "hola", FRENCH: "salut"}))
        (out / "welcome/fr-FR/notes.txt").write_text("mine")
        await FolderDelivery(out).deliver(parcel(**{SPANISH: "hola"}))
        assert files(out) == {SPANISH: "hola", "fr-FR/notes.txt": "mine"}

    async def test_a_foreign_file_in_the_way_stops_the_delivery_before_anything_changes(self, out, parcel):
        await FolderDelivery(out).deliver(parcel(**{SPANISH: "hola"}))
        (out / "welcome/fr-FR").mkdir()
        (out / "welcome" / FRENCH).write_text("mine")
        with pytest.raises(DeliveryError, match="something else has this name") as caught:
            await FolderDelivery(out).deliver(parcel(**{SPANISH: "buen", FRENCH: "salut"}))
        assert caught.value.code == "name_taken"
        assert files(out) == {SPANISH: "hola", FRENCH: "mine"}
        assert_true(out)

    async def test_a_folder_whose_manifest_was_lost_is_taken_up_again(self, out, parcel):
        packed = parcel(**{SPANISH: "hola", FRENCH: "salut"})
        await FolderDelivery(out).deliver(packed)
        (out / "welcome/manifest.json").write_text("{ damaged")
        assert (await FolderDelivery(out).deliver(packed)).written == ()
        assert_true(out)

    async def test_an_edited_manifest_cannot_have_files_elsewhere_removed(self, out, parcel):
        await FolderDelivery(out).deliver(parcel(**{SPANISH: "hola"}))
        (out / "precious").write_text("gold")
        said = manifest(out)
        said["files"] += [
            {**said["files"][0], "path": path, "bytes": 4}
            for path in ("../precious", str(out / "precious"), "manifest.json")
        ]
        (out / "welcome/manifest.json").write_text(json.dumps(said))
        await FolderDelivery(out).deliver(parcel(**{SPANISH: "buen"}))
        assert (out / "precious").read_text() == "gold"
        assert_true(out)


class TestNames:
    @pytest.mark.parametrize(
        "name", ["..", ".", "", "a/b", "/etc", "a\\b", "a\0b", ".hidden", "a\nb", "x" * 256, "\udcff"]
    )
    async def test_a_hostile_job_name_goes_nowhere(self, out, parcel, name):
        with pytest.raises(DeliveryError):
            await FolderDelivery(out).deliver(parcel(**{SPANISH: "hola"}).model_copy(update={"name": name}))
        assert not out.exists()

    @pytest.mark.parametrize(
        "path",
        [
            "../x",
            "/etc/x",
            "a/../../x",
            "a//x",
            "a/",
            "./x",
            "a/.x",
            "a\\x",
            "a\0",
            "manifest.json",
            "Manifest.JSON",
            "a/" * 600 + "b",
            "y" * 256,
        ],
    )
    async def test_a_hostile_path_goes_nowhere(self, out, parcel, path):
        with pytest.raises(DeliveryError):
            await FolderDelivery(out).deliver(parcel(**{path: "x"}))
        assert not out.exists()

    @pytest.mark.parametrize(
        "pair", [("a.srt", "A.srt"), ("\u00e9", "e\u0301"), ("a", "a/b"), ("a/b", "a"), ("straße", "STRASSE")]
    )
    async def test_two_files_for_one_name_are_refused(self, out, parcel, pair):
        with pytest.raises(DeliveryError, match="two files want one name"):
            await FolderDelivery(out).deliver(parcel(**dict.fromkeys(pair, "x")))

    async def test_names_of_every_script_are_delivered(self, out, parcel):
        await FolderDelivery(out).deliver(parcel(**{"ar/مرحبا.ar.srt": "x", "ja-JP/ようこそ.srt": "y"}))
        assert_true(out)

    @pytest.mark.parametrize("link", ["welcome", "welcome/es-ES"])
    async def test_a_link_out_of_the_folder_is_not_followed(self, out, parcel, tmp_path, link):
        outside = tmp_path / "outside"
        outside.mkdir()
        (out / link).parent.mkdir(parents=True)
        (out / link).symlink_to(outside)
        with pytest.raises(DeliveryError, match="is a link"):
            await FolderDelivery(out).deliver(parcel(**{SPANISH: "hola"}))
        assert list(outside.iterdir()) == []

    async def test_a_link_in_a_files_place_is_not_written_through(self, out, parcel, tmp_path):
        (tmp_path / "precious").write_text("gold")
        (out / "welcome/es-ES").mkdir(parents=True)
        (out / "welcome" / SPANISH).symlink_to(tmp_path / "precious")
        with pytest.raises(DeliveryError, match="something else"):
            await FolderDelivery(out).deliver(parcel(**{SPANISH: "hola"}))
        assert (tmp_path / "precious").read_text() == "gold"


class TestFailures:
    async def test_a_full_disk_changes_nothing_and_says_so(self, out, parcel, monkeypatch):
        await FolderDelivery(out).deliver(parcel(**{SPANISH: "hola"}))

        def full(source, target, stop):
            os.write(target, b"half")
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(copying, "_cloned", lambda *_: False)
        monkeypatch.setattr(copying, "_copied", full)
        with pytest.raises(DeliveryError, match="the disk is full") as caught:
            await FolderDelivery(out).deliver(parcel(**{SPANISH: "buen", FRENCH: "salut"}))
        assert caught.value.code == "disk_full"
        assert "Free some space" in caught.value.remedy
        assert files(out) == {SPANISH: "hola"}
        assert not (out / "welcome/fr-FR").exists()
        assert_true(out)

    async def test_a_place_that_is_a_file_is_refused(self, out, parcel):
        out.write_text("a file")
        with pytest.raises(DeliveryError, match="could not deliver"):
            await FolderDelivery(out).deliver(parcel(**{SPANISH: "hola"}))

    async def test_a_cancelled_delivery_leaves_what_was_there(self, out, parcel, monkeypatch):
        await FolderDelivery(out).deliver(parcel(**{SPANISH: "hola"}))
        started, real = asyncio.Event(), copying._read
        loop = asyncio.get_running_loop()

        def slow(handle, stop):
            loop.call_soon_threadsafe(started.set)
            stop.wait(10)
            return real(handle, stop)

        monkeypatch.setattr(copying, "_read", slow)
        running = asyncio.create_task(FolderDelivery(out).deliver(parcel(**{SPANISH: "buen"})))
        await started.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        monkeypatch.undo()
        assert (await FolderDelivery(out).deliver(parcel(**{SPANISH: "hola"}))).written == ()
        assert_true(out)

    @pytest.mark.parametrize("at", range(1, 14))
    async def test_a_run_killed_at_any_change_never_lies_and_the_next_one_finishes(self, out, store, parcel, at):
        """A child process is killed before its at-th rename or removal; a manifest that is there is still true."""
        await FolderDelivery(out).deliver(parcel(**{SPANISH: "hola", FRENCH: "salut", "old.txt": "old"}))
        packed = parcel(**{SPANISH: "buen", FRENCH: "salut", "ar/new.srt": "new"})
        done = deliver_until_killed(at, out, packed)
        assert done.returncode in {0, -signal.SIGKILL}, done.stderr
        assert (done.returncode == 0) == (at > _CHANGES)
        if (out / "welcome/manifest.json").exists():
            for file in manifest(out)["files"]:
                assert hashlib.sha256((out / "welcome" / file["path"]).read_bytes()).hexdigest() == file["sha256"]
        await FolderDelivery(out).deliver(packed)
        assert files(out) == {SPANISH: "buen", FRENCH: "salut", "ar/new.srt": "new"}
        assert_true(out)

    async def test_after_a_kill_another_parcel_may_come(self, out, parcel):
        packed = parcel(**{SPANISH: "hola", FRENCH: "salut"})
        deliver_until_killed(4, out, packed)
        assert not (out / "welcome/manifest.json").exists()
        await FolderDelivery(out).deliver(parcel(**{SPANISH: "buen"}))
        assert files(out) == {SPANISH: "buen"}
        assert_true(out)


def deliver_until_killed(at: int, out: Path, parcel: Parcel) -> subprocess.CompletedProcess:
    script = [sys.executable, "-c", _KILLED, str(at), str(out), parcel.model_dump_json()]
    return subprocess.run(script, check=False, capture_output=True, text=True)


# Journal in, manifest out, two files placed, one removed, manifest in, journal out.
_CHANGES = 7
_KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from polyreel.delivery.folder import FolderDelivery
from polyreel.delivery.port import Parcel
from polyreel.delivery.tree import Tree
left = int(sys.argv[1])
def counted(change):
    def wrapper(*args):
        global left
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)
        return change(*args)
    return wrapper
Tree.rename, Tree.remove = counted(Tree.rename), counted(Tree.remove)
asyncio.run(FolderDelivery(Path(sys.argv[2])).deliver(Parcel.model_validate_json(sys.argv[3])))
"""


class TestTwoAtOnce:
    async def test_two_runs_take_turns_and_one_wins_whole(self, out, parcel):
        one = parcel(**{f"a/{n}.srt": f"one{n}" for n in range(20)})
        other = parcel(**{f"a/{n}.srt": f"two{n}" for n in range(20)})
        await asyncio.gather(*(FolderDelivery(out).deliver(packed) for packed in (one, other) * 3))
        assert len({text[:3] for text in files(out).values()}) == 1
        assert_true(out)

    async def test_one_who_waits_too_long_is_told_who_is_in_the_way(self, out, parcel):
        with tree.opened_tree(out, "welcome") as held:
            assert folder.try_lock(held.handle)
            with pytest.raises(DeliveryError, match="another run is delivering here"):
                await FolderDelivery(out, patience_seconds=0).deliver(parcel(**{SPANISH: "hola"}))


async def test_a_missing_local_artefact_elsewhere_is_refused(out):
    elsewhere = Artefact(uri="s3://bucket/key", sha256="0" * 64, bytes=1)
    with pytest.raises(StoreError, match="not a local artefact"):
        await FolderDelivery(out).deliver(
            Parcel(name="welcome", items=(Item(path="a", artefact=elsewhere, role="video"),))
        )
