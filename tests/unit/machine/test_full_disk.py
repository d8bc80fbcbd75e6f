"""A full disk is told as one, with where and how much, at whichever moment it is met."""

from __future__ import annotations

import errno
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from deployments.commands.job_run import _without_server
from polyreel.errors import DeliveryError, PolyreelError, StoreError, ToolError, VendorError
from polyreel.errors.full_disk import as_full_disk
from polyreel.machine.files import explain_errors, write_atomically
from polyreel.outcome import Problem
from polyreel.store.local import LocalStore

SIZE = 4 << 20


@pytest.fixture
def full(tmp_path: Path) -> Iterator[Path]:
    """A disk of 4 MB without a byte left."""
    disk = tmp_path / "disk"
    disk.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", disk], capture_output=True, check=False
    )
    if made.returncode:
        pytest.skip("a disk of its own needs the right to mount")
    (disk / "home").mkdir()
    try:
        with (disk / "filler").open("wb", buffering=0) as file, suppress(OSError):
            while file.write(bytes(4096)):
                pass
        yield disk
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


def _database(disk: Path) -> None:
    connection = sqlite3.connect(disk / "ledger.db")
    try:
        connection.execute("create table x (y)")
    finally:
        connection.close()


MOMENTS: dict[str, Callable[[Path], object]] = {
    "a stored file": lambda disk: LocalStore(disk / "home" / "store").keep_bytes(bytes(9000), ".wav"),
    "a record": lambda disk: LocalStore(disk / "home" / "store").save_record("fetch-1-" + "ab" * 32, {"a": "b" * 9000}),
    "a whole file": lambda disk: write_atomically(disk / "home" / "x", bytes(9000)),
    "a plain write": lambda disk: (disk / "y").write_bytes(bytes(9000)),
    "a database": _database,
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_every_moment_has_the_same_words(full: Path, moment: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POLYREEL_HOME", str(full / "home"))
    with pytest.raises((OSError, PolyreelError, sqlite3.Error)) as caught:
        MOMENTS[moment](full)
    problem = Problem.of(caught.value)
    assert problem.code == "disk_full"
    assert "the disk is full (0.0 of 4 MB are free)" in problem.message
    assert str(full) in problem.message
    assert "POLYREEL_HOME" in problem.remedy


def test_the_command_line_says_it_too(full: Path) -> None:
    """Before anything was made in POLYREEL_HOME, and without a traceback."""
    job = full.parent / "job.yaml"
    job.write_text("name: x\nsource: {media: x.mp4, locale: en-US}\ntargets: [{locale: es-ES, subtitles: x.srt}]\n")
    env = {**os.environ, "POLYREEL_HOME": str(full / "home"), "PREFECT_API_URL": ""}
    for command in (["up", "--port", "0"], ["submit", str(job)]):
        ran = subprocess.run(
            [sys.executable, "-P", "-m", "deployments.cli", *command],
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert "Traceback" not in ran.stderr
        assert "the disk is full" in ran.stderr or "no server is running" in ran.stderr, ran.stderr
        assert ran.returncode in (1, 2)


def test_a_server_that_went_away_because_its_disk_is_full_is_not_all_that_is_said(
    full: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It answers 500 to everything; the run's own process sees only that."""
    monkeypatch.setenv("POLYREEL_HOME", str(full / "home"))
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    with pytest.raises(StoreError, match="could not go on: the disk is full") as caught:
        _without_server(None, httpx.ConnectError("gone"))
    assert caught.value.code == "disk_full"
    monkeypatch.setenv("POLYREEL_HOME", str(full.parent))
    with pytest.raises(PolyreelError, match="went away"):
        _without_server(None, httpx.ConnectError("gone"))


def test_it_is_found_behind_other_errors() -> None:
    """What met the disk is often the cause of what arrives."""
    disk = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    try:
        try:
            raise disk
        except OSError as error:
            raise RuntimeError("the ledger can't be written") from error
    except RuntimeError as error:
        found = as_full_disk(error)
    assert found is not None
    assert found.code == "disk_full"
    assert as_full_disk(ExceptionGroup("two", [ValueError(), disk])) is not None
    assert as_full_disk(OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))) is not None
    assert as_full_disk(ToolError("ffmpeg: av_interleaved_write_frame(): No space left on device")) is not None


def test_what_is_something_else_stays_so() -> None:
    assert as_full_disk(OSError(errno.EACCES, "Permission denied")) is None
    assert as_full_disk(VendorError("500 No space left on device")) is None, "that is the vendor's disk"
    assert as_full_disk(DeliveryError("no room", code="disk_full", where="/mnt/out")) is None, "it names its own disk"
    with pytest.raises(StoreError, match="Permission denied") as caught, explain_errors("look", "/x"):
        raise OSError(errno.EACCES, "Permission denied")
    assert caught.value.code != "disk_full"
