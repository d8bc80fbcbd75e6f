"""An address that is not the vendor's API: a web site, another server. The address is at fault then, not the key."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from blocks.credentials import kind_of, refusals_explained
from polyreel.delivery.places import PLACES
from polyreel.errors import PolyreelError
from polyreel.ledger.entry import Entry
from polyreel.vendors.errors import CallError, Unauthorized, WrongAddress
from polyreel.vendors.nomad.client import NomadClient
from polyreel.vendors.retry import waiting_off
from polyreel.vendors.tpstreams.client import TPStreamsClient
from polyreel.vendors.tpstreams.session import Account

PAGE = b"<!doctype html><html><body>Welcome to our web site</body></html>"
ANSWERS = {
    "a page": (200, "text/html", PAGE),
    "a page for what is missing": (404, "text/html", PAGE),
    "another server's 405": (405, "application/json", b'{"detail": "Method Not Allowed"}'),
    "an empty 404": (404, "text/plain", b""),
}
VENDORS = {
    "panjaya": {"api_key": "k"},
    "dubformer": {"api_key": "k"},
    "videojungle": {"api_key": "k"},
    "tpstreams": {"username": "u", "password": "secret-word", "organization_id": "o"},
    "nomad": {"username": "u", "password": "secret-word"},
}


class Site:
    """A server that answers everything in one way."""

    def __init__(self, url: str) -> None:
        self.url, self.answer = url, ANSWERS["a page"]


@pytest.fixture
def site() -> Iterator[Site]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _say(self) -> None:
            self.rfile.read(int(self.headers.get("content-length") or 0))
            status, kind, body = made.answer
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = _say  # noqa: N815 - as the base class calls it

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class calls it so
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made = Site(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("vendor", VENDORS)
async def test_a_wrong_address_is_told_to_be_one(site: Site, vendor: str, answer: str) -> None:
    """By `credentials check`, and by the look before anything is bought: what, where, and what to do."""
    site.answer = ANSWERS[answer]
    block = kind_of(vendor)(base_url=site.url, **VENDORS[vendor])
    with waiting_off(), pytest.raises(PolyreelError) as raised, refusals_explained(block, "x", asked_for_nothing=True):
        await block.check()
    error = raised.value
    assert error.code == "wrong_address", error
    assert site.url in error.message
    assert "is not" in error.message
    assert "API" in error.message
    assert error.remedy.startswith("Save them with another `base_url`, that of the API: `polyreel credentials save ")
    assert f"--set base_url={site.url}" in error.remedy
    assert "secret-word" not in str(error)


@pytest.mark.parametrize("answer", ANSWERS)
async def test_a_login_there_says_nothing_of_the_password(site: Site, answer: str) -> None:
    """Of a run as well, whose first call is the login."""
    site.answer = ANSWERS[answer]
    with waiting_off():
        async with NomadClient.with_login(site.url, "u", "secret-word") as nomad:
            with pytest.raises(WrongAddress, match=r"is not an asset manager's API: it answered with "):
                await nomad.login()
        async with TPStreamsClient(Account("u", "secret-word", "o"), base_url=site.url) as tpstreams:
            with pytest.raises(WrongAddress, match=r"is not TPStreams' API: it answered with "):
                await tpstreams.login()


async def test_an_answer_of_the_api_itself_is_believed(site: Site) -> None:
    """Nomad says 404 of a wrong password, and TPStreams, in plain text, of an organisation that it does not have."""
    site.answer = (404, "application/problem+json", b'{"title": "Not Found", "status": 404}')
    async with NomadClient.with_login(site.url, "u", "secret-word") as nomad:
        with pytest.raises(Unauthorized, match="user name or the password"):
            await nomad.login()
    site.answer = (404, "text/plain", b"Organization not found")
    async with TPStreamsClient(Account("u", "secret-word", "o"), base_url=site.url) as tpstreams:
        with pytest.raises(Unauthorized, match="check the organisation's id"):
            await tpstreams.login()


WRONG_LOGINS = {
    "nomad": (404, "application/problem+json", b'{"title": "Not Found", "status": 404}'),
    "tpstreams": (404, "text/plain", b"Organization not found"),
}


@pytest.mark.parametrize("vendor", WRONG_LOGINS)
async def test_a_refused_login_is_never_told_to_be_a_wrong_address(site: Site, vendor: str) -> None:
    """By `credentials check` and the look before anything is bought: the password is wrong, not the `base_url`."""
    site.answer = WRONG_LOGINS[vendor]
    block = kind_of(vendor)(base_url=site.url, **VENDORS[vendor])
    with waiting_off(), pytest.raises(PolyreelError) as raised, refusals_explained(block, "x", asked_for_nothing=True):
        await block.check()
    assert raised.value.code == "vendor_unauthorized", raised.value
    assert raised.value.remedy.startswith(f"Save the right ones: `polyreel credentials save {vendor} x ")


NO_LOGINS = {**ANSWERS, "an organisation that is none": (404, "text/plain", b"Organization not found")}


@pytest.mark.parametrize("answer", NO_LOGINS)
async def test_where_nobody_can_log_in_nothing_is_taken_to_be_gone(site: Site, answer: str) -> None:
    """A film whose upload was begun would be forgotten, and uploaded anew."""
    site.answer = NO_LOGINS[answer]
    begun = Entry(key="k", kind="delivery", receipt={"upload": "u1"}, vendor_id="a1")
    with waiting_off():
        async with NomadClient.with_login(site.url, "u", "secret-word") as nomad:
            with pytest.raises(CallError):
                await cancel_upload("nomad", nomad, begun)
        async with TPStreamsClient(Account("u", "secret-word", "o"), base_url=site.url) as tpstreams:
            with pytest.raises(CallError):
                await cancel_upload("tpstreams", tpstreams, begun)


async def cancel_upload(place: str, client: Any, begun: Entry) -> bool:
    cancel = PLACES[place].cancel_upload
    assert cancel is not None
    return await cancel(client, begun)
