"""Keys go to the vendor's own origin and nowhere else; signed addresses are seen by nobody."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from polyreel.errors import InvalidJob
from polyreel.redaction import excerpt, redact, redact_addresses
from polyreel.vendors import errors
from polyreel.vendors.auth import KeyAuth
from polyreel.vendors.bodies import Bytes, json_body
from polyreel.vendors.calls import Call
from polyreel.vendors.downloads import download
from polyreel.vendors.transport import Transport

SECRETS = ("s3cret-key", "X-Amz-Signature", "deadbeef")
Answers = Callable[..., bytes]


class Thing(BaseModel):
    id: int


async def test_the_key_goes_to_the_vendor(peer: Any, transport: Transport, make_answer: Answers) -> None:
    """To its own origin, below its base path, and its own absolute links."""
    peer.will(make_answer(200, {"id": 1}))
    await transport.ask(Call("get", "GET", "/thing"), Thing)
    await transport.ask(Call("get", "GET", f"{peer.url}/api/thing?page=2"), Thing)
    assert [seen.headers["x-key"] for seen in peer.seen] == ["s3cret-key"] * 2
    assert [seen.target for seen in peer.seen] == ["/api/thing", "/api/thing?page=2"]


async def test_no_key_follows_a_redirect_to_a_stranger(
    peer: Any, stranger: Any, transport: Transport, make_answer: Answers
) -> None:
    """Custom headers would; ours don't."""
    peer.will(make_answer(302, b"", location=f"{stranger.url}/elsewhere"))
    stranger.will(make_answer(200, {"id": 1}))
    await transport.ask(Call("get", "GET", "/thing", idempotency_key="idem"), Thing)
    assert "x-key" not in stranger.seen[0].headers
    assert "idempotency-key" not in stranger.seen[0].headers


async def test_no_key_goes_to_a_signed_address(stranger: Any, transport: Transport, make_answer: Answers) -> None:
    """A part's PUT carries its length and nothing of ours."""
    stranger.will(make_answer(200, b""))
    await transport.fetch_reply(Call("send part", "PUT", f"{stranger.url}/part?sig=1", body=Bytes(b"12345", "")))
    seen = stranger.seen[0]
    assert "x-key" not in seen.headers
    assert "content-type" not in seen.headers
    assert (seen.headers["content-length"], seen.body) == ("5", b"12345")


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_body_does_not_follow_to_a_stranger(
    peer: Any, stranger: Any, transport: Transport, make_answer: Answers, status: int
) -> None:
    """A POST that is sent elsewhere is an error, not a leak."""
    peer.will(make_answer(status, b"", location=f"{stranger.url}/elsewhere"))
    with pytest.raises(errors.Malformed, match="redirects a POST"):
        await transport.ask(Call("make", "POST", "/thing", body=json_body({})), Thing)
    assert stranger.seen == []


async def test_a_missing_slash_is_followed_with_body_and_key(
    peer: Any, transport: Transport, make_answer: Answers
) -> None:
    """307 within the vendor's own origin keeps method, body and key."""
    peer.will(make_answer(307, b"", location="/api/thing/"), make_answer(200, {"id": 1}))
    await transport.ask(Call("make", "POST", "/thing", body=json_body({"a": 1})), Thing)
    assert [(seen.method, seen.target, seen.body) for seen in peer.seen] == [
        ("POST", "/api/thing", b'{"a":1}'),
        ("POST", "/api/thing/", b'{"a":1}'),
    ]
    assert peer.seen[1].headers["x-key"] == "s3cret-key"


async def test_a_circle_of_redirects_ends(peer: Any, transport: Transport, make_answer: Answers) -> None:
    """Six hops are enough."""
    peer.will(make_answer(302, b"", location="/api/thing"))
    with pytest.raises(errors.Malformed, match="circle"):
        await transport.ask(Call("get", "GET", "/thing"), Thing)
    assert len(peer.seen) == 6


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://example.com/x", "gopher://x"])
async def test_only_web_addresses_are_followed(
    peer: Any, transport: Transport, make_answer: Answers, target: str
) -> None:
    """A redirect can't reach files or other protocols."""
    peer.will(make_answer(302, b"", location=target))
    with pytest.raises(errors.Malformed):
        await transport.ask(Call("get", "GET", "/thing"), Thing)


async def test_signed_addresses_are_in_no_log_and_no_error(
    peer: Any, stranger: Any, transport: Transport, make_answer: Answers, caplog: pytest.LogCaptureFixture
) -> None:
    """httpx logs whole addresses at INFO; and vendors echo what they were sent."""
    signed = f"{stranger.url}/file?X-Amz-Signature=deadbeef"
    body = {"message": f"denied: {signed} for s3cret-key", "token": "deadbeef-token"}
    stranger.will(make_answer(403, body))
    peer.will(make_answer(302, b"", location=signed))
    with caplog.at_level(logging.DEBUG), pytest.raises(errors.Forbidden) as caught:
        await transport.ask(Call("get", "GET", "/thing"), Thing)
    shown = caplog.text + str(caught.value) + repr(caught.value) + repr(caught.value.facts)
    for secret in SECRETS:
        assert secret not in shown
    assert "/file?..." in caplog.text


async def test_a_lost_connection_to_a_signed_address_does_not_tell_it(stranger: Any, transport: Transport) -> None:
    """Also the errors of the HTTP library are redacted."""
    stranger.will(b"")
    with pytest.raises(errors.Unanswered) as caught:
        await transport.fetch_reply(Call("send", "POST", f"{stranger.url}/part?X-Amz-Signature=deadbeef"))
    assert "deadbeef" not in repr(caught.value) + str(caught.value.facts) + str(caught.value.__cause__)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://user:pass@host/p?sig=1#x", "https://host/p?..."),
        ("https://host/p", "https://host/p"),
        ("see http://h:80/a?b=c, ok", "see http://h:80/a?... ok"),
    ],
)
def test_addresses_are_shown_without_user_and_query(text: str, shown: str) -> None:
    """What is left still says which file on which host."""
    assert redact_addresses(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer abcdefgh",
        '{"password": "abcdefgh"}',
        '{"refreshToken":"abcdefgh"}',
        "{'token': 'abcdefgh'}",
        "api_key=abcdefgh&x=1",
        '{"AWSAccessKeyId-signature": "abcdefgh"}',
        "Token abcdefgh",
    ],
)
def test_credentials_in_text_are_hidden(text: str) -> None:
    """Whatever an answer echoes."""
    assert "abcdefgh" not in redact(text)


def test_an_excerpt_is_short_and_knows_our_own_key() -> None:
    """At most 500 characters, cut after redacting."""
    body = b"x" * 495 + b"hunter2-hunter2" + b"y" * 9000
    assert "hunter" not in excerpt(body, ["hunter2-hunter2"])
    assert len(excerpt(body)) == 501


@pytest.mark.parametrize("key", ["", "  ", "a\nb", "schlüssel"])
def test_a_key_that_is_none_is_refused_before_any_call(key: str) -> None:
    """And never surfaces in an error of the HTTP library."""
    with pytest.raises(InvalidJob) as caught:
        KeyAuth("X-Key", key)
    assert key.strip() == "" or key not in str(caught.value)


@pytest.mark.parametrize("query", ["X-Amz-Signature=1", "Expires=1&Signature=1", "sig=1", "Key-Pair-Id=1&Policy=1"])
async def test_no_key_goes_to_a_signed_address_at_the_vendor_s_own_origin(
    peer: Any, transport: Transport, make_answer: Answers, query: str
) -> None:
    """Storages refuse a second permission: neither directly, nor where the vendor's API redirects to one."""
    peer.will(make_answer(200, {"id": 1}))
    await transport.fetch_reply(Call("get", "GET", f"{peer.url}/storage/film.mp4?{query}"))
    peer.will(make_answer(302, b"", location=f"/storage/film.mp4?{query}"), make_answer(200, b"film"))
    await transport.fetch_reply(Call("get", "GET", "/film"))
    assert ["x-key" in seen.headers for seen in peer.seen] == [False, True, False]


async def test_a_download_never_carries_a_key(
    peer: Any, transport: Transport, make_answer: Answers, tmp_path: Path
) -> None:
    """Also where the address, at the vendor's own origin, doesn't look like a signed one."""
    peer.will(make_answer(200, b"film"))
    got = await download(transport, f"{peer.url}/handed/out/film.mp4", tmp_path / "film.mp4")
    assert (got.bytes, "x-key" in peer.seen[0].headers) == (4, False)
