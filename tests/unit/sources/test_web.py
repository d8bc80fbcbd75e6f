import asyncio
import gzip
import hashlib
import logging
import subprocess
import sys
from dataclasses import replace
from ipaddress import ip_address

import pytest

from polyreel.errors import FetchError, ForbiddenAddress, InvalidJob, MediaError, StoreError
from polyreel.net import guard
from polyreel.sources import web
from polyreel.sources.ingest import ingest
from polyreel.store import path_of

FILM = bytes(range(256)) * 1200


def scratch_files(store):
    return sorted(path.name for path in store.scratch_root.rglob("*") if path.is_file() and path.suffix != ".lock")


class TestPlainly:
    async def test_a_film_is_fetched_hashed_and_kept(self, server, store, quick, answers):
        server.answers(answers.serves(FILM))
        heard = []
        artefact = await ingest(server.url("/a/film.MP4?sig=1"), store, limits=quick, on_progress=heard.append)
        assert path_of(artefact).read_bytes() == FILM
        assert artefact.sha256 == hashlib.sha256(FILM).hexdigest()
        assert path_of(artefact).suffix == ".mp4"
        assert heard == sorted(set(heard))
        assert heard[-1] == 1.0
        assert scratch_files(store) == []
        assert server.asked[0].headers["accept-encoding"] == "identity"

    async def test_the_host_header_names_the_host_and_not_its_address(self, server, store, quick, answers, monkeypatch):
        monkeypatch.setattr(guard, "resolve", _always("127.0.0.1"))
        server.answers(answers.serves(FILM))
        await ingest(server.url(host="films.example"), store, limits=quick)
        assert server.asked[0].headers["host"] == f"films.example:{server.port}"

    async def test_the_next_address_is_tried_when_one_is_dead(self, server, store, quick, answers, monkeypatch):
        monkeypatch.setattr(guard, "resolve", _always("127.0.0.2", "127.0.0.1"))
        server.answers(answers.serves(FILM))
        assert (await ingest(server.url(host="films.example"), store, limits=quick)).bytes == len(FILM)

    async def test_a_body_without_a_length_ends_with_the_connection(self, server, store, quick, answers):
        async def handler(asked, writer):
            writer.write(answers.head("200 OK") + FILM)

        server.answers(handler)
        assert (await ingest(server.url(), store, limits=quick)).bytes == len(FILM)

    async def test_proxies_of_the_environment_are_not_used(self, server, store, quick, answers, monkeypatch):
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
        server.answers(answers.serves(FILM))
        assert (await ingest(server.url(), store, limits=quick)).bytes == len(FILM)


class TestAgain:
    async def test_an_unchanged_film_is_not_downloaded_again(self, server, store, quick, answers):
        server.answers(answers.serves(FILM))
        first = await ingest(server.url(), store, limits=quick)
        assert await ingest(server.url(), store, limits=quick) == first
        assert server.asked[1].headers["if-none-match"] == '"one"'

    async def test_a_changed_film_is(self, server, store, quick, answers):
        server.answers(answers.serves(FILM), answers.serves(FILM[::-1], etag='"two"'))
        first = await ingest(server.url(), store, limits=quick)
        assert (await ingest(server.url(), store, limits=quick)).sha256 != first.sha256

    async def test_a_film_that_left_the_store_is_fetched_again(self, server, store, quick, answers):
        server.answers(answers.serves(FILM))
        path_of(await ingest(server.url(), store, limits=quick)).unlink()
        again = await ingest(server.url(), store, limits=quick)
        assert path_of(again).read_bytes() == FILM
        assert "if-none-match" not in server.asked[1].headers

    async def test_not_modified_without_having_asked_is_an_error(self, server, store, quick, answers):
        server.answers(answers.says("304 Not Modified"))
        with pytest.raises(FetchError, match="nothing was asked"):
            await ingest(server.url(), store, limits=quick)

    async def test_two_at_once_download_it_once(self, server, store, quick, answers):
        server.answers(answers.serves(FILM))
        one, other = await asyncio.gather(*(ingest(server.url(), store, limits=quick) for _ in range(2)))
        assert one == other
        assert [asked.headers.get("if-none-match") for asked in server.asked] == [None, '"one"']


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
        with pytest.raises(FetchError, match="attempts") as caught:
            await ingest(server.url(), store, limits=replace(quick, attempts=1))
        assert "Run again" in caught.value.remedy
        assert scratch_files(store) == ["content.part", "state.json"]
        server.answers(answers.serves(FILM))
        assert path_of(await ingest(server.url(), store, limits=quick)).read_bytes() == FILM
        assert server.asked[-1].headers["range"] == "bytes=100000-"
        assert scratch_files(store) == []

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

    async def test_a_length_that_lies_is_found_out(self, server, store, quick, answers):
        server.answers(answers.says("200 OK", FILM, Content_Length=len(FILM) + 7))
        with pytest.raises(FetchError, match="attempts"):
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
    "import asyncio, sys; from pathlib import Path; from polyreel.store import Store;"
    "from polyreel.sources.ingest import ingest; asyncio.run(ingest(sys.argv[1], Store(Path(sys.argv[2]))))"
)


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
        monkeypatch.setattr(web.shutil, "disk_usage", lambda _: _Usage)
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
        with pytest.raises(FetchError, match="attempts"):
            await ingest(server.url(), store, limits=replace(quick, attempts=1))


class _Usage:
    free = 5


class TestRedirects:
    async def test_a_redirect_is_followed_and_the_whole_way_again_on_resume(self, server, store, quick, answers):
        away = answers.says("302 Found", Location="/there.mp4?sig=2")
        server.answers(away, answers.serves(FILM, cut_after=9_000), away, answers.serves(FILM))
        assert path_of(await ingest(server.url(), store, limits=quick)).read_bytes() == FILM
        assert [asked.path for asked in server.asked] == ["/film.mp4", "/there.mp4?sig=2"] * 2

    @pytest.mark.parametrize(
        "location",
        [
            "http://169.254.169.254/latest/meta-data?s3cret",
            "http://[::ffff:127.0.0.1]/",
            "//10.0.0.1/x",
            "http://0x0a000001/x",
        ],
    )
    async def test_a_redirect_to_a_forbidden_address_is_not_followed(self, server, store, quick, answers, location):
        server.answers(answers.says("302 Found", Location=location))
        with pytest.raises(ForbiddenAddress) as caught:
            await ingest(server.url(), store, limits=quick)
        assert "s3cret" not in str(caught.value)

    @pytest.mark.parametrize("location", ["file:///etc/passwd", "ftp://127.0.0.1/x", "http://me:pw@127.0.0.1/x?s3cret"])
    async def test_a_redirect_to_another_kind_of_address_is_not_followed(self, server, store, quick, answers, location):
        server.answers(answers.says("302 Found", Location=location))
        with pytest.raises(FetchError) as caught:
            await ingest(server.url(), store, limits=replace(quick, attempts=1))
        assert "s3cret" not in str(caught.value)
        assert "pw" not in str(caught.value)
        assert len(server.asked) == 1

    async def test_a_loop_ends(self, server, store, quick, answers):
        server.answers(answers.says("302 Found", Location="/film.mp4"))
        with pytest.raises(FetchError, match="more than 5 redirects") as caught:
            await ingest(server.url(), store, limits=quick)
        assert caught.value.code == "too_many_redirects"
        assert len(server.asked) == 6

    async def test_encryption_is_not_given_up(self):
        with pytest.raises(FetchError, match="gives up encryption"):
            web._next_address(web.httpx.URL("https://a.example/x"), "http://a.example/x")


class TestAddresses:
    async def test_loopback_is_refused_unless_listed(self, server, store, quick, answers, monkeypatch):
        monkeypatch.delenv("POLYREEL_ALLOW_NETWORKS")
        server.answers(answers.serves(FILM))
        for host in ("127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001", "[::ffff:127.0.0.1]", "[::1]"):
            with pytest.raises(ForbiddenAddress):
                await ingest(server.url(host=host), store, limits=quick)
        assert server.asked == []

    async def test_a_name_that_changes_its_mind_gains_nothing(self, server, store, quick, answers, monkeypatch):
        """Each request asks once, connects to what it was told, and judges that: the second answer is judged anew."""
        turns = iter([["127.0.0.1"], ["10.0.0.1"]])

        async def rebinding(host, port):
            return [ip_address(address) for address in next(turns)]

        monkeypatch.setattr(guard, "resolve", rebinding)
        server.answers(answers.says("302 Found", Location="/film.mp4"))
        with pytest.raises(ForbiddenAddress, match=r"10\.0\.0\.1"):
            await ingest(server.url(host="films.example"), store, limits=quick)
        assert len(server.asked) == 1

    async def test_an_unknown_host_is_named(self, store, quick):
        with pytest.raises(FetchError, match="could not be resolved") as caught:
            await ingest("https://nowhere.invalid/film.mp4", store, limits=quick)
        assert caught.value.where == "nowhere.invalid"

    @pytest.mark.parametrize(
        "address",
        ["https://", "https:film.mp4", "https://me:pw@a.example/x?s3cret", "http://[bad/x", "http://a:99999999/x"],
    )
    async def test_an_address_that_is_none_is_an_invalid_job(self, store, quick, address):
        with pytest.raises(InvalidJob) as caught:
            await ingest(address, store, limits=quick)
        assert "pw" not in str(caught.value)
        assert "s3cret" not in str(caught.value)


async def test_no_signed_query_is_seen_anywhere(server, store, quick, answers, caplog):
    signed = "/film.mp4?X-Amz-Signature=s3cret"
    server.answers(
        answers.says("302 Found", Location="/b.mp4?token=s3cret"),
        answers.serves(FILM, cut_after=9),
        answers.serves(FILM),
    )
    with caplog.at_level(logging.DEBUG):
        await ingest(server.url(signed), store, limits=quick)
        server.answers(answers.says("403 Forbidden"))
        with pytest.raises(FetchError) as caught:
            await ingest(server.url(signed), store, limits=quick)
    assert "httpx" in {record.name for record in caplog.records}
    assert "s3cret" not in caplog.text + str(caught.value)
    records = [path for path in store.root.parent.rglob("*") if path.is_file() and path.suffix != ".mp4"]
    assert records
    assert not [path for path in records if b"s3cret" in path.read_bytes() or "s3cret" in path.name]


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


async def _gather(*addresses):
    return [ip_address(address) for address in addresses]


def _always(*addresses):
    async def resolve(host, port):
        return await _gather(*addresses)

    return resolve
