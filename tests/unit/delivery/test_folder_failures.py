"""A folder delivery that is stopped, killed or in somebody's way: what was there stays true."""

import asyncio
import hashlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from polyreel.delivery import copying, folder, tree
from polyreel.delivery.folder import FolderDelivery
from polyreel.delivery.port import Parcel
from polyreel.errors import DeliveryError
from tests.unit.delivery.conftest import FRENCH, SPANISH, assert_true, files, manifest


class TestFailures:
    async def test_a_full_disk_changes_nothing_and_says_so(self, out, parcel, monkeypatch):
        await FolderDelivery(out).deliver(parcel(**{SPANISH: "hola"}))

        def full(source, target, stop):
            os.write(target, b"half")
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(copying, "_clone", lambda *_: False)
        monkeypatch.setattr(copying, "_copy_bytes", full)
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
        started, real = asyncio.Event(), copying._read_chunk
        loop = asyncio.get_running_loop()

        def slow(handle, stop):
            loop.call_soon_threadsafe(started.set)
            stop.wait(10)
            return real(handle, stop)

        monkeypatch.setattr(copying, "_read_chunk", slow)
        running = asyncio.create_task(FolderDelivery(out).deliver(parcel(**{SPANISH: "buen"})))
        await started.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        monkeypatch.undo()
        assert (await FolderDelivery(out).deliver(parcel(**{SPANISH: "hola"}))).written == ()
        assert_true(out)

    @pytest.mark.parametrize("at", range(1, 14))
    @pytest.mark.slow
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
        with tree.open_tree(out, "welcome") as held:
            assert folder.try_lock(held.handle)
            with pytest.raises(DeliveryError, match="another run is delivering here"):
                await FolderDelivery(out, patience_seconds=0).deliver(parcel(**{SPANISH: "hola"}))
