"""Files that a command was asked for: in folders that are made for them, whole, and never in place of a device."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from polyreel.errors import StoreError
from polyreel.machine.files import prepare_output, write_output


def test_missing_folders_are_made(tmp_path: Path) -> None:
    write_output(tmp_path / "a" / "b" / "x.wav", b"sound")
    assert (tmp_path / "a" / "b" / "x.wav").read_bytes() == b"sound"


@pytest.mark.parametrize("write", [prepare_output, lambda path: write_output(path, b"")])
def test_a_folder_that_can_not_be_made_is_told_with_the_file(tmp_path: Path, write: object) -> None:
    (tmp_path / "a").write_text("a file")
    assert callable(write)
    with pytest.raises(StoreError) as caught:
        write(tmp_path / "a" / "b" / "x.wav")
    assert caught.value.where == str(tmp_path / "a" / "b" / "x.wav")


def test_a_pipe_is_written_to_and_stays_one(tmp_path: Path) -> None:
    """`--out /dev/stdout` would else put a file in the place of everybody's standard output."""
    os.mkfifo(tmp_path / "pipe")
    heard: list[bytes] = []
    reader = threading.Thread(target=lambda: heard.append((tmp_path / "pipe").read_bytes()))
    reader.start()
    write_output(tmp_path / "pipe", b"sound")
    reader.join(5)
    assert heard == [b"sound"]
    assert (tmp_path / "pipe").is_fifo()
    write_output(Path("/dev/null"), b"sound")
    assert Path("/dev/null").is_char_device()
