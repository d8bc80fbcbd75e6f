"""Uploads: exact lengths, flat memory, a handle for each reader."""

from __future__ import annotations

import asyncio
import email
import email.policy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from polyreel.vendors.bodies import CHUNK, Body, Bytes, FilePart, FileSlice, Form, Watched, json_body
from polyreel.vendors.calls import Call
from polyreel.vendors.transport import Transport

Answers = Callable[..., bytes]


async def _all(body: Body) -> bytes:
    return b"".join([bytes(chunk) async for chunk in body.read_chunks()])


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "film.mp4"
    path.write_bytes(bytes(range(256)) * 10_000)
    return path


async def test_a_form_says_its_length_before_it_is_read(film: Path) -> None:
    """Content-Length is exact, whatever the parts are."""
    form = Form(
        {"request": '{"a": "ü"}', "typed": json_body([1])}, {"video": FilePart(film), "x": FilePart(b"12", "x.vtt")}
    )
    assert len(await _all(form)) == form.length


async def test_a_form_is_what_other_readers_read(film: Path) -> None:
    """Python's own MIME parser finds names, file names, types and bytes."""
    form = Form({"request": "hello"}, {"video": FilePart(film), "odd": FilePart(b"1", 'a"b\r\n.srt')})
    raw = b"Content-Type: " + form.content_type.encode() + b"\r\n\r\n" + await _all(form)
    message = email.message_from_bytes(raw, policy=email.policy.HTTP)
    parts: list[Any] = list(message.iter_parts())
    names = [part.get_param("name", header="content-disposition") for part in parts]
    assert names == ["request", "video", "odd"]
    assert parts[0].get_payload(decode=True) == b"hello"
    assert (parts[1].get_filename(), parts[1].get_content_type()) == ("film.mp4", "video/mp4")
    assert parts[1].get_payload(decode=True) == film.read_bytes()
    assert parts[2].get_filename() == "a%22b%0D%0A.srt"


async def test_files_stand_after_fields_in_the_order_given() -> None:
    """An S3 form wants `file` last."""
    form = Form({"key": "k", "policy": "p"}, {"file": FilePart(b"x", "x.mp4")})
    raw = await _all(form)
    assert raw.index(b'"key"') < raw.index(b'"policy"') < raw.index(b'"file"')


async def test_slices_read_side_by_side_hold_their_own_bytes(film: Path) -> None:
    """Each slice has its own handle: no slice sees another's position."""
    size = film.stat().st_size // 8
    slices = [FileSlice(film, index * size, size) for index in range(8)]
    read = await asyncio.gather(*(_all(each) for each in slices))
    assert b"".join(read) == film.read_bytes()


async def test_a_body_can_be_read_again(film: Path) -> None:
    """Another attempt sends the same bytes."""
    piece = FileSlice(film, 5, 300)
    assert await _all(piece) == await _all(piece) == film.read_bytes()[5:305]


async def test_chunks_are_bounded(tmp_path: Path) -> None:
    """Memory stays flat however large the file is."""
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.truncate(5 * CHUNK + 1)
    sizes = [len(chunk) async for chunk in FileSlice(path).read_chunks()]
    assert max(sizes) <= CHUNK
    assert sum(sizes) == 5 * CHUNK + 1


async def test_a_file_that_shrinks_while_it_is_sent_is_noticed(film: Path) -> None:
    """Rather than hanging, or sending too little under the announced length."""
    piece = FileSlice(film)
    with film.open("r+b") as file:
        file.truncate(10)
    with pytest.raises(OSError, match="became shorter"):
        await _all(piece)


async def test_a_watched_body_tells_its_progress(film: Path) -> None:
    """After each chunk, up to the whole length."""
    told: list[tuple[int, int]] = []
    body = Watched(FileSlice(film), lambda done, total: told.append((done, total)))
    await _all(body)
    assert told[-1] == (film.stat().st_size, film.stat().st_size)
    assert [done for done, _ in told] == sorted(done for done, _ in told)


async def test_a_form_arrives_whole_over_a_socket(
    peer: Any, transport: Transport, make_answer: Answers, film: Path
) -> None:
    """With its length, and again after a lost answer under a key."""
    peer.will(b"", make_answer(200, {}))
    form = Form({"request": "{}"}, {"video": FilePart(film)}, boundary="edge")
    await transport.fetch_reply(Call("upload", "POST", "/up", body=form, idempotency_key="k"))
    assert peer.seen[0].body == peer.seen[1].body == await _all(form)
    assert peer.seen[1].headers["content-type"] == "multipart/form-data; boundary=edge"


def test_json_is_compact_utf8() -> None:
    """As JSON APIs read it."""
    assert json_body({"a": "ü"}) == Bytes('{"a":"ü"}'.encode(), "application/json")
