"""Sources at addresses: fetched, kept, and asked for again only when they have changed."""

import asyncio
import hashlib
import logging
from ipaddress import ip_address

import pytest

from polyreel.errors import FetchError
from polyreel.net import guard
from polyreel.sources.ingest import ingest
from polyreel.store.local import path_of

FILM = bytes(range(256)) * 1200


def scratch_files(store):
    return sorted(path.name for path in store.scratch_root.rglob("*") if path.is_file() and path.suffix != ".lock")


class TestPlainly:
    async def test_a_film_is_fetched_hashed_and_kept(self, server, store, quick, answers):
        server.answers(answers.serves(FILM))
        heard = []
        stored_file = await ingest(server.url("/a/film.MP4?sig=1"), store, limits=quick, on_progress=heard.append)
        assert path_of(stored_file).read_bytes() == FILM
        assert stored_file.sha256 == hashlib.sha256(FILM).hexdigest()
        assert path_of(stored_file).suffix == ".mp4"
        assert heard == sorted(set(heard))
        assert heard[-1] == 1.0
        assert scratch_files(store) == []
        assert server.asked[0].headers["accept-encoding"] == "identity"

    async def test_the_host_header_names_the_host_and_not_its_address(self, server, store, quick, answers, monkeypatch):
        monkeypatch.setattr(guard, "resolve_host", _always("127.0.0.1"))
        server.answers(answers.serves(FILM))
        await ingest(server.url(host="films.example"), store, limits=quick)
        assert server.asked[0].headers["host"] == f"films.example:{server.port}"

    async def test_the_next_address_is_tried_when_one_is_dead(self, server, store, quick, answers, monkeypatch):
        monkeypatch.setattr(guard, "resolve_host", _always("127.0.0.2", "127.0.0.1"))
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


async def _gather(*addresses):
    return [ip_address(address) for address in addresses]


def _always(*addresses):
    async def resolve(host, port):
        return await _gather(*addresses)

    return resolve
