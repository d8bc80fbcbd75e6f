"""A download under way: opened aside, and closed whatever becomes of who waits for it."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from pathlib import Path

import pytest

from polyreel.net import part as parts
from polyreel.net.part import Part, open_part


async def test_whoever_is_cancelled_while_it_opens_leaves_no_file_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A large part is hashed again for a while, in a thread that nobody can stop."""
    go_on, opened = threading.Event(), list[Part]()

    class Slow(Part):
        def open(self) -> Slow:
            go_on.wait(20)
            opened.append(super().open())
            return self

    monkeypatch.setattr(parts, "Part", Slow)

    async def fetch() -> None:
        async with open_part(tmp_path):
            raise AssertionError("it was cancelled before it was open")

    fetching = asyncio.create_task(fetch())
    await asyncio.sleep(0.05)
    fetching.cancel()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await fetching
    assert [part.is_open for part in opened] == [False]


async def test_what_can_be_gone_on_from_is_there_for_the_next(tmp_path: Path) -> None:
    async with open_part(tmp_path) as part:
        part.begin_anew('"one"', 6)
        part.write(b"abc")
    async with open_part(tmp_path) as again:
        assert (again.size, again.validator, again.complete) == (3, '"one"', False)


async def test_bytes_that_nothing_vouches_for_are_not_gone_on_from(tmp_path: Path) -> None:
    """No validator: the rest may be of another file."""
    async with open_part(tmp_path) as part:
        part.begin_anew("", 6)
        part.write(b"abc")
    async with open_part(tmp_path) as again:
        assert (again.size, again.resumable) == (0, False)
    assert not list(tmp_path.iterdir())


def test_what_was_left_is_hashed_again_and_written_on(tmp_path: Path) -> None:
    """By another process; appended and hashed side by side, as large transfers are."""
    left = Part.beside(tmp_path / "film.mp4")
    left.begin_anew('"one"', 6)
    left.write(b"abc")
    left.close()
    part = Part.beside(tmp_path / "film.mp4").open()
    part.write_unhashed(b"def")
    part.hash_piece(b"def")
    assert (part.complete, part.sha256) == (True, hashlib.sha256(b"abcdef").hexdigest())
    part.move_to(tmp_path / "film.mp4")
    assert (tmp_path / "film.mp4").read_bytes() == b"abcdef"
    assert [each.name for each in tmp_path.iterdir()] == ["film.mp4"]
