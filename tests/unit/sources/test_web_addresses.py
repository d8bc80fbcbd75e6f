"""Whom sources are fetched from: redirects and addresses, each judged."""

from dataclasses import replace
from ipaddress import ip_address

import pytest

from polyreel.errors import FetchError, ForbiddenAddress, InvalidJob
from polyreel.net import guard
from polyreel.sources import web
from polyreel.sources.ingest import ingest
from polyreel.store.local import path_of

FILM = bytes(range(256)) * 1200


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

    @pytest.mark.parametrize(
        "location",
        ["data:text/html,hi", "data:;base64,QUJD", "javascript:alert(1)", "mailto:a@b.example", "http://[::1"],
    )
    async def test_a_redirect_to_what_has_no_host_is_refused_by_name(self, server, store, quick, answers, location):
        """The HTTP library reads each Location by itself and stumbles over these."""
        server.answers(answers.says("302 Found", Location=location))
        with pytest.raises(FetchError, match="redirects to something") as caught:
            await ingest(server.url(), store, limits=quick)
        assert caught.value.code == "redirect_refused"
        assert len(server.asked) == 1

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

    @pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "127.1", "localhost.", "[::1]"])
    def test_this_machine_is_refused_before_anything_is_asked_however_it_is_written(self, host, monkeypatch):
        monkeypatch.delenv("POLYREEL_ALLOW_NETWORKS", raising=False)
        with pytest.raises(ForbiddenAddress):
            web.check_address(f"http://{host}/film.mp4")

    def test_names_that_look_like_numbers_are_names(self):
        web.check_address("https://dead.beef/film.mp4")
        web.check_address("https://cafe/film.mp4")

    async def test_a_name_that_changes_its_mind_gains_nothing(self, server, store, quick, answers, monkeypatch):
        """Each request asks once, connects to what it was told, and judges that: the second answer is judged anew."""
        turns = iter([["127.0.0.1"], ["10.0.0.1"]])

        async def rebinding(host, port):
            return [ip_address(address) for address in next(turns)]

        monkeypatch.setattr(guard, "resolve_host", rebinding)
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
