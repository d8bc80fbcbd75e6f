"""Sources in an object store: fetched whole or not at all, resumed, and fetched again only when they have changed."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from polyreel.errors import FetchError, InvalidJob, MediaError
from polyreel.objects.bucket import PIECE
from polyreel.objects.connection import Connection, ObjectKeys
from polyreel.sources.ingest import ingest
from polyreel.sources.port import FetchLimits
from polyreel.store.local import LocalStore, path_of

FILM = bytes(range(256)) * (5 * PIECE // 256) + b"the end"


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "home" / "store")


@pytest.fixture
def quick() -> FetchLimits:
    """Limits without waiting."""
    return FetchLimits(max_bytes=64 << 20, deadline_seconds=60, stall_seconds=5, attempts=3, backoff_seconds=0.01)


def half_made(store: LocalStore) -> list[str]:
    return sorted(path.name for path in store.scratch_root.rglob("*") if path.is_file() and path.suffix != ".lock")


class TestFetching:
    async def test_a_film_is_fetched_hashed_and_kept(self, bucket: Any, store: LocalStore, quick: FetchLimits) -> None:
        heard: list[float] = []
        address = bucket.put("reels/a film.MP4", FILM)
        stored_file = await ingest(address, store, limits=quick, on_progress=heard.append)
        assert path_of(stored_file).read_bytes() == FILM
        assert stored_file.sha256 == hashlib.sha256(FILM).hexdigest()
        assert path_of(stored_file).suffix == ".mp4"
        assert heard == sorted(heard)
        assert heard[-1] == 1.0
        assert half_made(store) == []

    async def test_an_unchanged_film_costs_one_question(
        self, bucket: Any, store: LocalStore, quick: FetchLimits
    ) -> None:
        address = bucket.put("film.mp4", b"one")
        first = await ingest(address, store, limits=quick)
        bucket.s3.asked.clear()
        assert await ingest(address, store, limits=quick) == first
        assert bucket.s3.methods() == ["HEAD"]

    async def test_a_changed_film_is_fetched_again(self, bucket: Any, store: LocalStore, quick: FetchLimits) -> None:
        await ingest(bucket.put("film.mp4", b"one"), store, limits=quick)
        again = await ingest(bucket.put("film.mp4", b"two"), store, limits=quick)
        assert path_of(again).read_bytes() == b"two"

    async def test_a_film_that_left_the_store_is_fetched_again(
        self, bucket: Any, store: LocalStore, quick: FetchLimits
    ) -> None:
        address = bucket.put("film.mp4", b"one")
        path_of(await ingest(address, store, limits=quick)).unlink()
        assert path_of(await ingest(address, store, limits=quick)).read_bytes() == b"one"

    async def test_saved_keys_open_their_bucket(
        self, bucket: Any, store: LocalStore, quick: FetchLimits, secret: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("AWS_ACCESS_KEY_ID")
        keys = ObjectKeys("POLYREELTESTKEY", secret, bucket=bucket.name, endpoint_url=bucket.s3.url)
        stored_file = await ingest(bucket.put("a.srt", b"x"), store, limits=quick, connection=Connection(keys))
        assert stored_file.bytes == 1


class TestInterrupted:
    async def test_a_store_that_fails_half_way_is_gone_on_with(
        self, bucket: Any, store: LocalStore, quick: FetchLimits
    ) -> None:
        """The pieces that came are not asked for again."""
        address = bucket.put("film.mp4", FILM)

        def later(asked: Any) -> Any:
            first = int(asked.headers.get("range", "bytes=0-").removeprefix("bytes=").split("-")[0])
            return ("503 Slow Down", "SlowDown") if first >= 2 * PIECE else None

        bucket.s3.answer = later
        with pytest.raises(FetchError, match="503 SlowDown"):
            await ingest(address, store, limits=quick)
        bucket.s3.reset()
        assert path_of(await ingest(address, store, limits=quick)).read_bytes() == FILM
        asked_again = [asked.headers["range"] for asked in bucket.s3.asked if asked.method == "GET"]
        assert not [each for each in asked_again if each.startswith(("bytes=0-", f"bytes={PIECE}-"))]

    async def test_a_film_that_changed_in_between_starts_over(
        self, bucket: Any, store: LocalStore, quick: FetchLimits
    ) -> None:
        address = bucket.put("film.mp4", FILM)
        bucket.s3.answer = lambda asked: (
            ("503 Slow Down", "SlowDown") if asked.headers.get("range", "=0-").split("=")[1][0] != "0" else None
        )
        with pytest.raises(FetchError):
            await ingest(address, store, limits=quick)
        bucket.s3.reset()
        bucket.put("film.mp4", FILM[::-1])
        assert path_of(await ingest(address, store, limits=quick)).read_bytes() == FILM[::-1]

    async def test_a_film_that_changes_under_our_hands_is_never_glued(
        self, bucket: Any, store: LocalStore, quick: FetchLimits
    ) -> None:
        address = bucket.put("film.mp4", FILM)

        def swap(asked: Any) -> None:
            if asked.headers.get("range", "").startswith(f"bytes={2 * PIECE}-"):
                bucket.s3.answer = lambda asked: None
                bucket.put("film.mp4", FILM[::-1])

        bucket.s3.answer = swap
        assert path_of(await ingest(address, store, limits=quick)).read_bytes() == FILM[::-1]

    async def test_a_killed_process_leaves_what_the_next_goes_on_with(
        self, bucket: Any, store: LocalStore, quick: FetchLimits
    ) -> None:
        address = bucket.put("film.mp4", FILM)
        bucket.s3.delay = lambda asked: 60.0 if asked.headers.get("range", "").startswith(f"bytes={3 * PIECE}-") else 0
        child = await asyncio.create_subprocess_exec(sys.executable, "-c", _FETCHER, address, str(store.root))
        part = next(iter(_until(lambda: [*store.scratch_root.glob("*/content.part")])))
        _until(lambda: part.stat().st_size >= 3 * PIECE)
        child.kill()
        await child.wait()
        assert not (store.root / "blobs").exists()
        bucket.s3.reset()
        assert path_of(await ingest(address, store, limits=quick)).read_bytes() == FILM
        assert f"bytes=0-{PIECE - 1}" not in {asked.headers.get("range") for asked in bucket.s3.asked}


class TestBounds:
    async def test_a_film_over_the_cap_is_refused_before_it_comes(
        self, bucket: Any, store: LocalStore, quick: FetchLimits
    ) -> None:
        address = bucket.put("film.mp4", b"12345")
        with pytest.raises(MediaError, match="larger than 4 bytes") as caught:
            await ingest(address, store, limits=FetchLimits(max_bytes=4))
        assert caught.value.code == "video_size_limit_reached"
        assert "GET" not in bucket.s3.methods("film.mp4")

    async def test_an_empty_film_is_refused(self, bucket: Any, store: LocalStore, quick: FetchLimits) -> None:
        with pytest.raises(MediaError, match="empty"):
            await ingest(bucket.put("film.mp4", b""), store, limits=quick)

    async def test_an_address_that_names_no_object_is_an_invalid_job(self, store: LocalStore, s3: Any) -> None:
        with pytest.raises(InvalidJob):
            await ingest("s3://films/", store)
        assert not s3.asked

    async def test_silence_ends_at_the_deadline(self, bucket: Any, store: LocalStore) -> None:
        address = bucket.put("film.mp4", FILM)
        bucket.s3.delay = lambda asked: 3.0
        with pytest.raises(FetchError, match="not fetched within"):
            await ingest(address, store, limits=FetchLimits(deadline_seconds=1.0))


async def test_no_secret_is_seen_anywhere(
    bucket: Any, store: LocalStore, quick: FetchLimits, secret: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Not in logs, errors or records, whatever the store says."""
    address = bucket.put("film.mp4", b"one")
    with caplog.at_level(logging.DEBUG):
        await ingest(address, store, limits=quick)
        bucket.s3.answer = lambda asked: ("403 Forbidden", "SignatureDoesNotMatch")
        with pytest.raises(FetchError) as caught:
            await ingest(address, store, limits=quick)
    assert secret not in caplog.text + repr(caught.value.__dict__)
    everything = [path for path in store.root.parent.rglob("*") if path.is_file()]
    assert everything
    assert not [path for path in everything if secret.encode() in path.read_bytes()]


_FETCHER = (
    "import asyncio, sys; from pathlib import Path; from polyreel.store.local import LocalStore;"
    "from polyreel.sources.ingest import ingest; asyncio.run(ingest(sys.argv[1], LocalStore(Path(sys.argv[2]))))"
)


def _until(look: Any) -> Any:
    deadline = time.monotonic() + 60
    while not (found := look()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found
