"""Downloads that were cut go on where they were, and never with the bytes of something else."""

import asyncio
import socket
import sys
from dataclasses import replace

import pytest

from polyreel.errors import FetchError
from polyreel.sources import web
from polyreel.sources.ingest import ingest
from polyreel.store.local import path_of

FILM = bytes(range(256)) * 1200


def scratch_files(store):
    return sorted(path.name for path in store.scratch_root.rglob("*") if path.is_file() and path.suffix != ".lock")


class TestCut:
    async def test_a_cut_download_goes_on_where_it_was(self, server, store, quick, answers):
        server.answers(
            answers.serves(FILM, cut_after=100_000), answers.serves(FILM, cut_after=100_000), answers.serves(FILM)
        )
        assert path_of(await ingest(server.url(), store, limits=quick)).read_bytes() == FILM
        assert [asked.headers.get("range") for asked in server.asked] == [None, "bytes=100000-", "bytes=200000-"]
        assert server.asked[1].headers["if-range"] == '"one"'

    async def test_the_next_run_goes_on_too(self, server, store, quick, answers):
        server.answers(answers.serves(FILM, cut_after=100_000))
        with pytest.raises(FetchError, match=r"\(1 attempt\)") as caught:
            await ingest(server.url(), store, limits=replace(quick, attempts=1))
        assert "Run again" in caught.value.remedy
        assert scratch_files(store) == ["content.part", "state.json"]
        server.answers(answers.serves(FILM))
        assert path_of(await ingest(server.url(), store, limits=quick)).read_bytes() == FILM
        assert server.asked[-1].headers["range"] == "bytes=100000-"
        assert scratch_files(store) == []

    @pytest.mark.slow
    async def test_a_killed_process_leaves_what_the_next_goes_on_with(self, server, store, quick, answers):
        hanging = asyncio.Event()

        async def slow(asked, writer):
            writer.write(answers.head("200 OK", Content_Length=len(FILM), ETag='"one"') + FILM[:200_000])
            await writer.drain()
            await hanging.wait()

        server.answers(slow)
        child = await asyncio.create_subprocess_exec(sys.executable, "-c", _FETCHER, server.url(), str(store.root))
        while not any(path.stat().st_size for path in store.scratch_root.rglob("content.part")):  # noqa: ASYNC110 - watches another process
            await asyncio.sleep(0.02)
        child.kill()
        await child.wait()
        hanging.set()
        server.answers(answers.serves(FILM))
        assert path_of(await ingest(server.url(), store, limits=quick)).read_bytes() == FILM
        assert int(server.asked[-1].headers["range"].strip("bytes=-")) > 0

    async def test_a_part_from_before_the_machine_restarted_is_not_trusted(self, server, store, quick, answers):
        server.answers(answers.serves(FILM, cut_after=100_000))
        with pytest.raises(FetchError):
            await ingest(server.url(), store, limits=replace(quick, attempts=1))
        (state,) = store.scratch_root.rglob("state.json")
        state.write_text(state.read_text().replace('"boot": "', '"boot": "other'))
        server.answers(answers.serves(FILM))
        assert path_of(await ingest(server.url(), store, limits=quick)).read_bytes() == FILM
        assert "range" not in server.asked[-1].headers

    async def test_a_film_that_changed_in_between_starts_over(self, server, store, quick, answers):
        other = FILM[::-1]
        server.answers(answers.serves(FILM, cut_after=100_000), answers.serves(other, etag='"two"'))
        assert path_of(await ingest(server.url(), store, limits=quick)).read_bytes() == other

    async def test_a_server_that_ignores_ranges_starts_over(self, server, store, quick, answers):
        server.answers(answers.serves(FILM, cut_after=100_000), answers.says("200 OK", FILM))
        assert path_of(await ingest(server.url(), store, limits=quick)).read_bytes() == FILM

    async def test_without_a_validator_a_cut_starts_over(self, server, store, quick, answers):
        server.answers(answers.serves(FILM, etag="", cut_after=100_000), answers.serves(FILM, etag=""))
        assert path_of(await ingest(server.url(), store, limits=quick)).read_bytes() == FILM
        assert "range" not in server.asked[1].headers

    async def test_a_weak_etag_gives_way_to_the_date(self, server, store, quick, answers):
        date = "Sat, 01 Jan 2022 00:00:00 GMT"
        server.answers(
            answers.serves(FILM, etag='W/"one"', Last_Modified=date, cut_after=100_000),
            answers.serves(FILM, etag='W/"one"', Last_Modified=date),
        )
        assert path_of(await ingest(server.url(), store, limits=quick)).read_bytes() == FILM
        assert server.asked[1].headers["if-range"] == date

    @pytest.mark.parametrize(
        "lie",
        [
            {"Content_Range": f"bytes 0-{len(FILM) - 1}/{len(FILM)}"},
            {"Content_Range": f"bytes 100001-{len(FILM) - 1}/{len(FILM)}"},
            {"Content_Range": f"bytes 100000-{len(FILM)}/{len(FILM) + 1}"},
            {"Content_Range": f"bytes 100000-{len(FILM) - 1}/{len(FILM)}", "ETag": '"two"'},
            {"Content_Range": "bytes garbage"},
            {},
        ],
    )
    async def test_a_partial_answer_that_does_not_fit_is_never_glued_on(self, server, store, quick, answers, lie):
        wrong = answers.says("206 Partial Content", b"x" * (len(FILM) - 100_000), **lie)
        server.answers(answers.serves(FILM, cut_after=100_000), wrong, answers.serves(FILM))
        assert path_of(await ingest(server.url(), store, limits=quick)).read_bytes() == FILM
        assert "range" not in server.asked[-1].headers

    async def test_a_range_that_cannot_be_had_starts_over(self, server, store, quick, answers):
        server.answers(
            answers.serves(FILM, cut_after=100_000), answers.says("416 Range Not Satisfiable"), answers.serves(FILM)
        )
        assert path_of(await ingest(server.url(), store, limits=quick)).read_bytes() == FILM

    async def test_a_port_where_nobody_listens_is_not_tried_as_often_as_a_cut_line(self, store, quick, monkeypatch):
        monkeypatch.setenv("POLYREEL_ALLOW_NETWORKS", "127.0.0.0/8")
        with socket.socket() as bound:  # taken, and not listened at
            bound.bind(("127.0.0.1", 0))
            address = f"http://127.0.0.1:{bound.getsockname()[1]}/film.mp4"
            with pytest.raises(FetchError, match=r"nobody listens there \(2 attempts\)") as caught:
                await ingest(address, store, limits=replace(quick, attempts=50, refusals=2))
        assert "port" in caught.value.remedy

    async def test_a_port_where_nobody_listens_is_not_waited_for_longer_and_longer(self, store, quick, monkeypatch):
        monkeypatch.setenv("POLYREEL_ALLOW_NETWORKS", "127.0.0.0/8")
        slept: list[float] = []

        async def sleep(seconds: float) -> None:
            slept.append(seconds)

        monkeypatch.setattr("polyreel.sources.web.asyncio.sleep", sleep)
        with socket.socket() as bound:
            bound.bind(("127.0.0.1", 0))
            address = f"http://127.0.0.1:{bound.getsockname()[1]}/film.mp4"
            with pytest.raises(FetchError, match="nobody listens"):
                await ingest(address, store, limits=replace(quick, attempts=50, refusals=4, backoff_seconds=0.25))
        assert [each for each in slept if each] == [0.25] * 3

    async def test_a_length_that_lies_is_found_out(self, server, store, quick, answers):
        server.answers(answers.says("200 OK", FILM, Content_Length=len(FILM) + 7))
        with pytest.raises(FetchError, match="attempt"):
            await ingest(server.url(), store, limits=quick)
        assert not (store.root / "blobs").exists()
        assert len(server.asked) == quick.attempts

    async def test_a_busy_server_is_asked_again(self, server, store, quick, answers):
        server.answers(answers.says("503 Busy", Retry_After="0"), answers.says("429 Slow"), answers.serves(FILM))
        assert (await ingest(server.url(), store, limits=quick)).bytes == len(FILM)

    async def test_a_refusal_is_not_asked_twice(self, server, store, quick, answers):
        server.answers(answers.says("403 Forbidden"))
        with pytest.raises(FetchError, match="403 Forbidden"):
            await ingest(server.url(), store, limits=quick)
        assert len(server.asked) == 1


_FETCHER = (
    "import asyncio, sys; from pathlib import Path; from polyreel.store.local import LocalStore;"
    "from polyreel.sources.ingest import ingest; asyncio.run(ingest(sys.argv[1], LocalStore(Path(sys.argv[2]))))"
)


class TestDrip:
    """Who sends a byte now and then keeps every timeout between reads."""

    @staticmethod
    def drips(answers, body):
        async def handler(asked, writer):
            start = int(asked.headers.get("range", "bytes=0-").strip("bytes=-"))
            status = "206 Partial Content" if start else "200 OK"
            span = {"Content_Range": f"bytes {start}-{len(body) - 1}/{len(body)}"} if start else {}
            writer.write(answers.head(status, Content_Length=len(body) - start, ETag='"one"', **span))
            for at in range(start, len(body)):
                writer.write(body[at : at + 1])
                await writer.drain()
                await asyncio.sleep(0.05)

        return handler

    async def test_too_slow_for_too_long_is_given_up_with_the_figure(self, server, store, quick, answers):
        server.answers(self.drips(answers, FILM))
        slow = replace(quick, slow_seconds=0.4, slow_attempts=2)
        with pytest.raises(
            FetchError, match=r"too slow: \d+ bytes in 0 s, where 4,096 a second are the least"
        ) as caught:
            await ingest(server.url(), store, limits=slow)
        assert "Run again to go on" in caught.value.remedy
        assert len(server.asked) == 2
        assert int(server.asked[1].headers["range"].strip("bytes=-")) > 0, "the second goes on where the first was"
        server.answers(answers.serves(FILM))
        assert path_of(await ingest(server.url(), store, limits=slow)).read_bytes() == FILM
        assert int(server.asked[-1].headers["range"].strip("bytes=-")) > 0

    async def test_a_slow_stretch_is_got_over(self, server, store, quick, answers):
        server.answers(self.drips(answers, FILM), answers.serves(FILM))
        found = await ingest(server.url(), store, limits=replace(quick, slow_seconds=0.4))
        assert path_of(found).read_bytes() == FILM

    async def test_a_head_that_drips_is_given_up(self, server, store, quick, monkeypatch):
        monkeypatch.setattr(web, "_HEAD_SECONDS", 0.4)

        async def endless(asked, writer):
            writer.write(b"HTTP/1.1 200 OK\r\nX-A: ")
            while True:
                writer.write(b"a")
                await writer.drain()
                await asyncio.sleep(0.05)

        server.answers(endless)
        with pytest.raises(FetchError, match=r"no answer within 0\.4 s"):
            await ingest(server.url(), store, limits=replace(quick, attempts=2))
