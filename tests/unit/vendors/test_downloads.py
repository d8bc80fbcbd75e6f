"""Downloads: whole or not at all, resumed where they broke off, with a fresh link when the old one has expired."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import json
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from polyreel.net.part import Part
from polyreel.vendors import errors
from polyreel.vendors.downloads import Expected, download
from polyreel.vendors.transport import Timeouts, Transport

FILM = bytes(range(256)) * 20_000
SHA = hashlib.sha256(FILM).hexdigest()
Answers = Callable[..., bytes]


def serve(*, cut: int | None = None, etag: str = '"v1"', film: bytes = FILM) -> Callable[..., Awaitable[None]]:
    """A file server with ranges that breaks off after `cut` bytes."""

    async def script(seen: Any, writer: asyncio.StreamWriter) -> None:
        start = 0
        given = seen.headers.get("range")
        if given and seen.headers.get("if-range", etag) == etag:
            start = int(given.removeprefix("bytes=").rstrip("-"))
        head = (
            f"HTTP/1.1 206 P\r\nContent-Range: bytes {start}-{len(film) - 1}/{len(film)}"
            if start
            else "HTTP/1.1 200 OK"
        )
        head += f"\r\nETag: {etag}\r\nContent-Length: {len(film) - start}\r\nContent-Type: video/mp4\r\n\r\n"
        writer.write(head.encode() + film[start:][:cut])
        await writer.drain()

    return script


async def test_a_file_arrives_whole(peer: Any, transport: Transport, tmp_path: Path) -> None:
    """With its hash, size and type; nothing else stays in the folder."""
    peer.will(serve())
    got = await download(transport, f"{peer.url}/f", tmp_path / "new" / "film.mp4", expected=Expected(len(FILM), SHA))
    assert (got.bytes, got.sha256, got.content_type) == (len(FILM), SHA, "video/mp4")
    assert [each.name for each in (tmp_path / "new").iterdir()] == ["film.mp4"]
    assert got.path.read_bytes() == FILM


async def test_a_broken_download_goes_on_where_it_stopped(peer: Any, transport: Transport, tmp_path: Path) -> None:
    """Only what is missing is sent again."""
    peer.will(serve(cut=2_000_000), serve(cut=2_000_000), serve())
    got = await download(transport, f"{peer.url}/f", tmp_path / "film.mp4")
    assert got.sha256 == SHA
    starts = [seen.headers.get("range") for seen in peer.seen]
    assert starts[0] is None
    assert [int((start or "").removeprefix("bytes=").rstrip("-")) for start in starts[1:]] == [2_000_000, 4_000_000]


async def test_nothing_is_written_behind_a_block_that_could_not_be(
    peer: Any, transport: Transport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Blocks wait to be written while one fails: they would leave a hole, which a later attempt would go on from."""
    write, seen = Part.write_unhashed, []

    def fill_up(part: Part, content: bytes | memoryview) -> None:
        seen.append(len(content))
        if len(seen) == 2:
            time.sleep(0.2)  # until the next blocks wait behind this one
            raise OSError(errno.ENOSPC, "No space left on device")
        write(part, content)

    monkeypatch.setattr(Part, "write_unhashed", fill_up)
    peer.will(serve(), serve())
    with pytest.raises(OSError, match="No space left"):
        await download(transport, f"{peer.url}/f", tmp_path / "film.mp4")
    there = (tmp_path / "film.mp4.part").read_bytes()
    assert there
    assert FILM.startswith(there)
    assert len(there) == seen[0]
    got = await download(transport, f"{peer.url}/f", tmp_path / "film.mp4")
    assert (got.sha256, got.path.read_bytes() == FILM) == (SHA, True)
    assert peer.seen[1].headers["range"] == f"bytes={len(there)}-"


async def test_a_later_process_goes_on_too(peer: Any, transport: Transport, tmp_path: Path) -> None:
    """What the first one left is used, if it is the same file."""
    peer.will(serve(cut=3_000_000), b"")
    with pytest.raises(errors.Unanswered):
        await download(transport, f"{peer.url}/f", tmp_path / "film.mp4", expected=Expected(sha256=SHA))
    assert not (tmp_path / "film.mp4").exists()
    peer.seen.clear()
    peer.will(serve())
    got = await download(transport, f"{peer.url}/f", tmp_path / "film.mp4")
    assert got.sha256 == SHA
    assert "range" in peer.seen[0].headers


async def test_bytes_from_before_the_machine_restarted_are_not_trusted(
    peer: Any, transport: Transport, tmp_path: Path
) -> None:
    """Their length may have reached the disk, and their content not."""
    (tmp_path / "film.mp4.part").write_bytes(bytes(2_000_000))
    note = {"validator": '"v1"', "total": len(FILM), "boot": "another"}
    (tmp_path / "film.mp4.part.json").write_text(json.dumps(note))
    peer.will(serve())
    got = await download(transport, f"{peer.url}/f", tmp_path / "film.mp4")
    assert (got.sha256, peer.seen[0].headers.get("range")) == (SHA, None)


async def test_a_file_that_changed_meanwhile_is_fetched_anew(peer: Any, transport: Transport, tmp_path: Path) -> None:
    """If-Range: half of one file and half of another would be worse than nothing."""
    other = FILM[::-1]
    peer.will(serve(cut=1_000_000), serve(etag='"v2"', film=other))
    got = await download(transport, f"{peer.url}/f", tmp_path / "film.mp4")
    assert got.path.read_bytes() == other


async def test_an_expired_link_is_replaced_and_the_download_goes_on(
    peer: Any, transport: Transport, make_answer: Answers, tmp_path: Path
) -> None:
    """The vendor is asked for a fresh address; nothing is fetched twice."""
    given = iter(["/one?sig=1", "/two?sig=2"])

    async def link() -> str:
        return peer.url + next(given)

    peer.will(serve(cut=2_000_000), make_answer(403, b"<Error><Code>AccessDenied</Code></Error>"), serve())
    got = await download(transport, link, tmp_path / "film.mp4")
    assert got.sha256 == SHA
    assert [seen.target for seen in peer.seen] == ["/one?sig=1", "/one?sig=1", "/two?sig=2"]
    assert peer.seen[2].headers["range"] == "bytes=2000000-"


async def test_links_that_never_open_are_given_up_on(
    peer: Any, transport: Transport, make_answer: Answers, tmp_path: Path
) -> None:
    """Three fresh ones are enough."""

    async def link() -> str:
        return peer.url + "/f"

    peer.will(make_answer(403, b""))
    with pytest.raises(errors.LinkExpired):
        await download(transport, link, tmp_path / "film.mp4")
    assert len(peer.seen) == 3


async def test_a_wrong_hash_leaves_no_file(peer: Any, transport: Transport, tmp_path: Path) -> None:
    """Not even the beginning, for it can't be trusted either."""
    peer.will(serve())
    with pytest.raises(errors.Damaged, match="not the one expected"):
        await download(transport, f"{peer.url}/f", tmp_path / "film.mp4", expected=Expected(sha256="0" * 64))
    assert list(tmp_path.glob("film*")) == []


async def test_more_than_expected_is_refused(peer: Any, transport: Transport, tmp_path: Path) -> None:
    """A bound on what is taken at all."""
    peer.will(serve())
    with pytest.raises(errors.CallError, match="larger than") as caught:
        await download(transport, f"{peer.url}/f", tmp_path / "film.mp4", expected=Expected(most=1000))
    assert caught.value.code == "too_large"


async def test_a_storage_that_drips_is_left_and_gone_on_from(peer: Any, tmp_path: Path) -> None:
    """Every pause between two reads is short, and it would take hours: another line may be better."""
    patient = Timeouts(slowest=1_000_000, slow=0.3)
    async with Transport("acme", peer.url, timeouts=patient) as transport:
        peer.will(drip, drip, serve())
        got = await download(transport, f"{peer.url}/f", tmp_path / "film.mp4")
        assert got.sha256 == SHA
        starts = [int(seen.headers.get("range", "bytes=0-")[6:-1]) for seen in peer.seen]
        assert starts[0] == 0 < starts[1] < starts[2]
        peer.seen.clear()
        peer.will(drip)
        with pytest.raises(errors.Dripping, match="too slow") as given_up:
            await download(transport, f"{peer.url}/f", tmp_path / "other.mp4")
    assert (given_up.value.code, len(peer.seen)) == ("transfer_too_slow", 3)


async def drip(seen: Any, writer: asyncio.StreamWriter) -> None:
    """A few bytes at a time, from where it is asked for."""
    start = int(seen.headers.get("range", "bytes=0-")[6:-1])
    head = f"Content-Range: bytes {start}-{len(FILM) - 1}/{len(FILM)}\r\n" if start else ""
    status = "206 P" if start else "200 OK"
    writer.write(f'HTTP/1.1 {status}\r\n{head}ETag: "v1"\r\nContent-Length: {len(FILM) - start}\r\n\r\n'.encode())
    for at in range(start, len(FILM), 1000):
        writer.write(FILM[at : at + 1000])
        await writer.drain()
        await asyncio.sleep(0.02)


async def test_a_server_without_ranges_starts_over(peer: Any, transport: Transport, tmp_path: Path) -> None:
    """A 200 to a range request is the whole file."""

    async def whole(_seen: Any, writer: asyncio.StreamWriter) -> None:
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(FILM)}\r\n\r\n".encode() + FILM)
        await writer.drain()

    peer.will(serve(cut=1_000_000), whole)
    assert (await download(transport, f"{peer.url}/f", tmp_path / "film.mp4")).sha256 == SHA


async def test_a_range_that_can_not_be_served_starts_over(
    peer: Any, transport: Transport, make_answer: Answers, tmp_path: Path
) -> None:
    """416: the begun file is not this one."""
    peer.will(serve(cut=1_000_000), make_answer(416, b""), serve())
    assert (await download(transport, f"{peer.url}/f", tmp_path / "film.mp4")).sha256 == SHA


async def test_a_key_is_not_sent_along(stranger: Any, transport: Transport, tmp_path: Path) -> None:
    """Signed addresses get no credentials."""
    stranger.will(serve())
    await download(transport, f"{stranger.url}/f?sig=1", tmp_path / "film.mp4")
    assert "x-key" not in stranger.seen[0].headers
