import hashlib
import os
import socket
from pathlib import Path

import pytest

from polyreel.errors import InvalidJob
from polyreel.sources import local
from polyreel.sources.ingest import ingest
from polyreel.store.local import path_of


@pytest.fixture
def film(tmp_path):
    path = tmp_path / "a film #1?.mp4"
    path.write_bytes(b"moving picture" * 1000)
    return path


async def test_a_file_is_used_where_it_is(film, store):
    stored_file = await ingest(str(film), store)
    assert path_of(stored_file) == film
    assert stored_file.sha256 == hashlib.sha256(film.read_bytes()).hexdigest()
    assert stored_file.bytes == film.stat().st_size
    assert not (store.root / "blobs").exists()


async def test_a_relative_path_is_seen_from_the_base(film, store):
    assert path_of(await ingest(f"./{film.name}", store, base=film.parent)) == film


async def test_a_file_address_names_the_same_file(film, store):
    for address in (
        film.as_uri(),
        film.as_uri().replace("file:///", "file://localhost/"),
        film.as_uri().upper()[:5] + film.as_uri()[5:],
    ):
        assert path_of(await ingest(address, store)) == film


async def test_a_second_run_never_hashes_again(film, store, monkeypatch):
    first = await ingest(str(film), store)
    monkeypatch.setattr(local, "_read_into", lambda *_: pytest.fail("read again"))
    heard = []
    assert await ingest(str(film), store, on_progress=heard.append) == first
    assert heard == [1.0]


async def test_a_file_changed_at_the_same_length_and_time_is_hashed_again(film, store):
    first = await ingest(str(film), store)
    before = film.stat()
    film.write_bytes(b"MOVING PICTURE" * 1000)
    os.utime(film, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (await ingest(str(film), store)).sha256 != first.sha256


async def test_hashing_tells_how_far_it_is(tmp_path, store):
    big = tmp_path / "big.mp4"
    with big.open("wb") as file:
        file.truncate(40 << 20)
    heard = []
    await ingest(str(big), store, on_progress=heard.append)
    assert heard == sorted(heard)
    assert len(heard) == 3
    assert heard[-1] == 1.0


async def test_a_file_that_grows_while_it_is_read_is_refused(film, store):
    with pytest.raises(InvalidJob, match="changed while it was read"):
        await ingest(str(film), store, on_progress=lambda _: film.write_bytes(b"longer" * 99_999))
    assert (await ingest(str(film), store)).bytes == 6 * 99_999


async def test_a_link_is_followed_to_the_file_it_names(film, store, tmp_path):
    (tmp_path / "link.mp4").symlink_to(film)
    assert path_of(await ingest(str(tmp_path / "link.mp4"), store)) == film


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _socket(path: Path) -> None:
    os.chdir(path.parent)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path.name)


def _loop(path: Path) -> None:
    path.symlink_to(path)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (Path.mkdir, "a folder"),
        (_pipe, "a pipe"),
        (_socket, "can't be read"),
        (lambda path: path.symlink_to("/dev/zero"), "a device"),
        (_loop, "can't be read"),
        (Path.touch, "it is empty"),
        (lambda path: None, "No such file"),
    ],
)
async def test_what_is_no_readable_file_is_refused_with_a_remedy(tmp_path, store, monkeypatch, make, reason):
    monkeypatch.chdir(tmp_path)
    make(tmp_path / "x.mp4")
    with pytest.raises(InvalidJob, match=reason) as caught:
        await ingest(str(tmp_path / "x.mp4"), store)
    assert caught.value.remedy
    assert "x.mp4" in str(caught.value) or "/dev/zero" in str(caught.value)


@pytest.mark.parametrize(
    "location", ["", "a\0b", "file://elsewhere/a.mp4", "file:///a.mp4?x", "file:///a.mp4#x", "file:"]
)
async def test_what_names_no_file_here_is_refused(store, location):
    with pytest.raises(InvalidJob):
        await ingest(location, store)


@pytest.mark.parametrize("scheme", ["nomad", "videojungle", "tpstreams"])
async def test_a_vendor_s_asset_without_an_account_says_what_to_name(store, scheme):
    with pytest.raises(InvalidJob, match="credentials"):
        await ingest(f"{scheme}:0e5b5f6a", store)


@pytest.mark.parametrize(
    "location", ["ftp://host/a.mp4", "data:video/mp4;base64,AAAA", "concat:a|b", "javascript:alert(1)"]
)
async def test_an_unknown_scheme_is_refused(store, location):
    with pytest.raises(InvalidJob, match="no source answers for"):
        await ingest(location, store)


async def test_another_source_drops_in_by_its_scheme(store, monkeypatch):
    from polyreel.sources import port

    async def from_shelf(order):
        return order.store.keep_bytes(order.location.encode(), ".txt")

    monkeypatch.setattr(port, "_sources", dict(port._sources))
    port.register_source(from_shelf, "shelf")
    assert path_of(await ingest("shelf:7", store)).read_bytes() == b"shelf:7"
