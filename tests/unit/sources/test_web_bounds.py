"""What a download may cost: time, bytes, disk and memory."""

import asyncio
import gzip
import subprocess
import sys
from dataclasses import replace

import pytest

from polyreel.errors import FetchError, MediaError, StoreError
from polyreel.sources import bounds as sources_bounds
from polyreel.sources.ingest import ingest

FILM = bytes(range(256)) * 1200


class TestBounds:
    async def test_a_slow_drip_ends_at_the_deadline(self, server, store, quick, answers):
        async def drip(asked, writer):
            writer.write(answers.head("200 OK", Content_Length=len(FILM), ETag='"one"'))
            while True:
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.01)

        server.answers(drip)
        with pytest.raises(FetchError, match="not fetched within") as caught:
            await ingest(server.url(), store, limits=replace(quick, deadline_seconds=0.5))
        assert caught.value.code == "fetch_timeout"

    async def test_silence_ends_each_attempt(self, server, store, quick, answers):
        async def silent(asked, writer):
            await asyncio.sleep(2)

        server.answers(silent)
        with pytest.raises(FetchError, match="ReadTimeout"):
            await ingest(server.url(), store, limits=replace(quick, stall_seconds=0.1, attempts=2))

    async def test_an_endless_body_ends_at_the_cap(self, server, store, quick, answers):
        async def endless(asked, writer):
            writer.write(answers.head("200 OK", ETag='"one"'))
            while True:
                writer.write(b"x" * 65_536)
                await writer.drain()

        server.answers(endless)
        with pytest.raises(MediaError) as caught:
            await ingest(server.url(), store, limits=quick)
        assert caught.value.code == "video_size_limit_reached"
        assert not any(path.stat().st_size for path in store.scratch_root.rglob("content.part"))

    async def test_a_declared_length_over_the_cap_is_refused_before_it_comes(self, server, store, quick, answers):
        server.answers(answers.says("200 OK", b"x", Content_Length=quick.max_bytes + 1))
        with pytest.raises(MediaError, match="larger than"):
            await ingest(server.url(), store, limits=quick)

    async def test_a_film_larger_than_the_disk_is_refused_before_it_comes(
        self, server, store, quick, answers, monkeypatch
    ):
        monkeypatch.setattr(sources_bounds.shutil, "disk_usage", lambda _: _Usage)
        server.answers(answers.serves(FILM))
        with pytest.raises(StoreError, match="larger than the space left") as caught:
            await ingest(server.url(), store, limits=quick)
        assert caught.value.code == "disk_full"

    async def test_a_compressed_answer_is_not_unpacked(self, server, store, quick, answers):
        bomb = gzip.compress(bytes(20 << 20))
        server.answers(answers.says("200 OK", bomb, Content_Encoding="gzip"))
        with pytest.raises(FetchError, match="compresses although"):
            await ingest(server.url(), store, limits=quick)

    async def test_an_empty_film_is_refused(self, server, store, quick, answers):
        server.answers(answers.says("200 OK"))
        with pytest.raises(MediaError, match="empty"):
            await ingest(server.url(), store, limits=quick)

    async def test_headers_without_end_are_refused(self, server, store, quick, answers):
        async def endless(asked, writer):
            writer.write(b"HTTP/1.1 200 OK\r\n")
            while True:
                writer.write(b"X-A: " + b"a" * 9000 + b"\r\n")
                await writer.drain()

        server.answers(endless)
        with pytest.raises(FetchError, match="attempt"):
            await ingest(server.url(), store, limits=replace(quick, attempts=1))


class _Usage:
    free = 5


_FETCHER = (
    "import asyncio, sys; from pathlib import Path; from polyreel.store.local import LocalStore;"
    "from polyreel.sources.ingest import ingest; asyncio.run(ingest(sys.argv[1], LocalStore(Path(sys.argv[2]))))"
)


@pytest.mark.slow
async def test_memory_stays_flat(server, store, answers):
    """Two hundred megabytes pass through a process whose memory may grow by forty."""

    async def large(asked, writer):
        writer.write(answers.head("200 OK", Content_Length=200 << 20))
        for _ in range(200):
            writer.write(bytes(1 << 20))
            await writer.drain()

    server.answers(large)
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _MEASURED, server.url(), str(store.root), stdout=subprocess.PIPE
    )
    out, _ = await child.communicate()
    assert child.returncode == 0
    assert int(out) < 40_000


_MEASURED = (
    "import resource; "
    + _FETCHER.replace(
        "asyncio.run",
        "import polyreel.sources.web;before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss; asyncio.run",
    )
    + "; print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)"
)
