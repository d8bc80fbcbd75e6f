"""What is read whole has a limit before it is read, and is a file: devices and pipes have no size that tells."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from polyreel.engine.translate.glossary import read_glossary
from polyreel.errors import InvalidJob, PolyreelError
from polyreel.intake.catalogue import load_catalogue
from polyreel.intake.jobfile import load_job
from polyreel.machine.files import TooManyBytes, read_whole
from polyreel.sources.ingest import check_location
from polyreel.subtitles.convert import read_file

READERS: dict[str, Callable[[Path], object]] = {
    "a job file": load_job,
    "a catalogue": load_catalogue,
    "a script": read_file,
    "a glossary": lambda path: read_glossary(path, "en", "es"),
    "a source": lambda path: check_location(str(path)),
}


@pytest.fixture(params=["pipe", "zero", "socket", "folder", "link to zero", "link to a pipe"])
def no_file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / "it.yaml"
    if "pipe" in request.param:
        os.mkfifo(tmp_path / "pipe" if "link" in request.param else path)
    if request.param == "socket":
        os.mknod(path, stat.S_IFSOCK | 0o600)
    if request.param == "folder":
        path.mkdir()
    if request.param == "zero":
        return Path("/dev/zero")
    if "link" in request.param:
        path.symlink_to("/dev/zero" if "zero" in request.param else tmp_path / "pipe")
    return path


@pytest.mark.parametrize("reader", READERS)
def test_what_is_no_file_is_refused_at_once(reader: str, no_file: Path) -> None:
    """None of them waits for a pipe's writer, or for the end of a device."""
    with pytest.raises(PolyreelError, match=r"a pipe|a device|a socket|a folder|No such device") as caught:
        READERS[reader](no_file)
    assert caught.value.where in {str(no_file), str(no_file.resolve())}


@pytest.mark.parametrize("reader", ["a job file", "a catalogue", "a script", "a glossary"])
def test_a_file_of_many_gigabytes_is_refused_by_its_size(reader: str, tmp_path: Path) -> None:
    path = tmp_path / "large.yaml"
    with path.open("wb") as file:
        file.truncate(64 << 30)
    with pytest.raises(PolyreelError, match=r"too large|larger than|more than"):
        READERS[reader](path)


def test_a_file_that_grows_while_it_is_read_stops_at_the_limit(tmp_path: Path) -> None:
    """Files of /proc say that they are empty, and are not."""
    assert read_whole(Path("/proc/self/status"), 1 << 20).startswith(b"Name:")
    with pytest.raises(TooManyBytes):
        read_whole(Path("/proc/self/status"), 10)


def test_what_the_shell_hands_over_is_read(tmp_path: Path) -> None:
    """`polyreel plan <(make-job)`, and `/dev/stdin`, within the same limit."""
    code = (
        "import sys; from pathlib import Path; from polyreel.machine.files import read_whole;"
        "print(len(read_whole(Path('/dev/stdin'), 100)))"
    )
    ran = subprocess.run([sys.executable, "-c", code], input=b"x" * 100, capture_output=True, check=False)
    assert ran.stdout == b"100\n", ran.stderr
    ran = subprocess.run([sys.executable, "-c", code], input=b"x" * 101, capture_output=True, check=False)
    assert b"TooManyBytes" in ran.stderr


@pytest.mark.parametrize(
    "name", ["tcp://h:1/x", "pipe:0", "lavfi:testsrc", "concat:a.mp4|b.mp4", "rtmp://h/x", "smb://h/x"]
)
def test_an_address_that_nobody_fetches_is_no_source(name: str) -> None:
    with pytest.raises(InvalidJob, match="no source answers for"):
        check_location(name)
