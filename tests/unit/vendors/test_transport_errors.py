"""Whatever goes wrong on the wire becomes one typed error, which says what, where, and whether it may be repeated."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import BaseModel

from polyreel.errors import VendorError
from polyreel.vendors import errors
from polyreel.vendors.calls import Call, read_error_body
from polyreel.vendors.transport import Timeouts, Transport

GET = Call("get thing", "GET", "/thing")
POST = Call("make thing", "POST", "/thing")
Answers = Callable[..., bytes]


class Thing(BaseModel):
    id: int


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, errors.Invalid),
        (401, errors.Unauthorized),
        (402, errors.PaymentRequired),
        (403, errors.Forbidden),
        (404, errors.NotFound),
        (409, errors.Conflict),
        (410, errors.NotFound),
        (413, errors.TooLarge),
        (415, errors.Invalid),
        (422, errors.Invalid),
        (429, errors.RateLimited),
        (500, errors.ServerError),
        (503, errors.ServerError),
    ],
)
async def test_each_status_has_its_class(
    peer: Any, transport: Transport, make_answer: Answers, status: int, kind: type[errors.CallError]
) -> None:
    """A refusal carries status, request id, the vendor's own code and words, and pickles whole."""
    peer.will(make_answer(status, {"error": "Odd", "message": "no such luck"}, x_request_id="r-1"))
    with pytest.raises(kind) as caught:
        await transport.ask(POST, Thing)
    error = pickle.loads(pickle.dumps(caught.value))
    assert type(error) is kind
    assert (error.status, error.request_id, error.vendor_code, error.vendor) == (status, "r-1", "Odd", "acme")
    assert "no such luck" in str(error)
    assert "r-1" in str(error)
    assert error.where == "acme make thing"
    assert error.remedy


async def test_nobody_listening_is_unreachable_and_never_sent(transport: Transport, peer: Any) -> None:
    """A refused connection is told apart from a lost answer: it is always safe to repeat."""
    server = await asyncio.start_server(lambda r, w: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    async with Transport("acme", f"http://127.0.0.1:{port}") as lost:
        with pytest.raises(errors.Unreachable, match="nobody listens there") as caught:
            await lost.ask(POST, Thing)
    assert caught.value.safe_to_repeat
    assert caught.value.facts.attempts == 3


async def test_a_closed_connection_is_unanswered_and_a_plain_post_is_not_sent_again(
    peer: Any, transport: Transport
) -> None:
    """After a POST without a key the work may have been done: one attempt, and the error says so."""
    peer.will(b"")
    with pytest.raises(errors.Unanswered) as caught:
        await transport.ask(POST, Thing)
    assert len(peer.seen) == 1
    assert not caught.value.safe_to_repeat
    assert caught.value.maybe_done


async def test_a_truncated_body_is_unanswered(peer: Any, transport: Transport) -> None:
    """Fewer bytes than announced is no answer."""
    peer.will(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"id": 1')
    with pytest.raises(errors.Unanswered):
        await transport.ask(POST, Thing)


async def test_silence_ends_at_the_total_deadline(peer: Any) -> None:
    """A server that drips keeps no call open beyond its total time."""

    async def drip(_seen: Any, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while True:
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.02)

    peer.will(drip)
    async with Transport("acme", peer.url, timeouts=Timeouts(total=0.3)) as dripped:
        with pytest.raises(errors.Unanswered, match="No whole answer"):
            await dripped.ask(GET, Thing)


async def test_silence_ends_at_the_read_timeout(peer: Any) -> None:
    """A server that says nothing is given up on."""

    async def hang(_seen: Any, _writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(5)

    peer.will(hang)
    async with Transport("acme", peer.url, timeouts=Timeouts(read=0.2)) as hung:
        with pytest.raises(errors.Unanswered):
            await hung.ask(POST, Thing)


@pytest.mark.parametrize("body", [b"<html>Bad gateway</html>", b'{"id": 1', b"", b"\xff\xfe", b"[" * 100_000])
async def test_what_is_not_json_is_garbled(peer: Any, transport: Transport, make_answer: Answers, body: bytes) -> None:
    """HTML, half a document or nothing where JSON belongs: typed, with the request's id."""
    peer.will(make_answer(200, body, x_request_id="r-2"))
    with pytest.raises(errors.Garbled) as caught:
        await transport.ask(POST, Thing)
    assert caught.value.request_id == "r-2"


@pytest.mark.parametrize("body", [{"id": "seven"}, {"other": 1}, [1], None])
async def test_json_of_the_wrong_shape_is_malformed_and_not_asked_again(
    peer: Any, transport: Transport, make_answer: Answers, body: Any
) -> None:
    """Wrong types stay wrong, so even a GET is sent once; the error names the field, not its value."""
    peer.will(make_answer(200, body))
    with pytest.raises(errors.Malformed) as caught:
        await transport.ask(GET, Thing)
    assert len(peer.seen) == 1
    assert "seven" not in str(caught.value)


async def test_an_endless_answer_is_cut_off(
    peer: Any, transport: Transport, make_answer: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer has a largest size."""
    monkeypatch.setattr("polyreel.vendors.transport.LARGEST_ANSWER", 1000)
    peer.will(make_answer(200, b"x" * 2000))
    with pytest.raises(errors.Malformed, match="larger than"):
        await transport.ask(POST, Thing)


def test_a_refusal_that_is_nested_without_end_is_read() -> None:
    """As deep as JSON is read at all: no stack runs out over it."""
    body: dict[str, Any] = {"message": "no such luck"}
    for _ in range(5_000):
        body = {"error": body}
    assert read_error_body(500, body).message == "no such luck"


def test_every_kind_of_error_is_drawn_in_the_tree() -> None:
    """The docstring's tree and the classes can't drift apart."""
    drawn = errors.__doc__ or ""
    for kind in _below(VendorError):
        if kind.__module__ == errors.__name__ and kind is not errors.Garbled:
            assert kind.__name__ in drawn


def _below(kind: type) -> list[type]:
    return [each for below in kind.__subclasses__() for each in (below, *_below(below))]
