"""What is repeated, how often and after how long."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from pydantic import BaseModel

from polyreel.net.patience import retry_after
from polyreel.vendors import errors, retry
from polyreel.vendors.bodies import json_body
from polyreel.vendors.calls import Call
from polyreel.vendors.errors import CallError, Facts
from polyreel.vendors.retry import RetryPolicy, Wait
from polyreel.vendors.transport import Transport

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
Answers = Callable[..., bytes]


class Thing(BaseModel):
    id: int


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("0", 0.0),
        ("7", 7.0),
        (" 1.5 ", 1.5),
        ("-3", None),
        ("soon", None),
        ("²", None),
        ("1e9", None),
        ("999999999", 999999999.0),
        ("9" * 400, 1e9),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 1e9),
        ("Mon, 01 Jan 99999999999999999999 00:00:00 GMT", None),
        ("Mon, 01 Jan 2026 00:00:00 +99999999999999999999", None),
        (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90.0),
        (format_datetime(NOW - timedelta(days=1), usegmt=True), 0.0),
        ("Sun, 22 Nov 2026 12:00:30 -0000", 30.0),
        ("Sunday, 99-Nov-26 12:00:30 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str | None, seconds: float | None) -> None:
    """RFC 9110, 10.2.3; anything else counts as not said."""
    assert retry_after(header, lambda: NOW) == seconds


def _failure(kind: type[CallError], *, repeatable: bool = True, after: float | None = None) -> CallError:
    return kind("no", facts=Facts(repeatable=repeatable, retry_after=after))


@pytest.mark.parametrize(
    ("failure", "attempt", "left", "decision"),
    [
        (_failure(errors.ServerError), 1, 100, Wait(0.5)),
        (_failure(errors.ServerError), 3, 100, Wait(2.0)),
        (_failure(errors.ServerError), 5, 100, None),
        (_failure(errors.ServerError), 3, 1.9, None),
        (_failure(errors.ServerError, repeatable=False), 1, 100, None),
        (_failure(errors.RateLimited, repeatable=False), 1, 100, Wait(0.5)),
        (_failure(errors.RateLimited, repeatable=False), 14, 100, Wait(20)),
        (_failure(errors.RateLimited), 15, 100, None),
        (_failure(errors.Unanswered, repeatable=False), 1, 100, None),
        (_failure(errors.Unreachable, repeatable=False), 1, 100, Wait(0.5)),
        (_failure(errors.RateLimited, after=7), 1, 100, Wait(7)),
        (_failure(errors.RateLimited, after=0), 1, 100, Wait(0)),
        (_failure(errors.RateLimited, after=9999), 1, 100, Wait(60)),
        (_failure(errors.RateLimited, after=9999), 1, 59, None),
        (_failure(errors.NotFound), 1, 100, None),
        (_failure(errors.Malformed), 1, 100, None),
        (_failure(errors.Garbled), 1, 100, Wait(0.5)),
    ],
)
def test_the_policy_decides(failure: CallError, attempt: int, left: float, decision: Wait | None) -> None:
    """Repeat only what is passing and harmless, within the attempts and the time that are left."""
    assert RetryPolicy().decide(failure, attempt, left, draw=lambda: 1.0) == decision


def test_backoff_is_capped_and_jittered_down_to_nothing() -> None:
    """Full jitter: anywhere between nothing and the capped ceiling."""
    policy = RetryPolicy(attempts=50)
    failure = _failure(errors.ServerError)
    assert policy.decide(failure, 40, 1e9, draw=lambda: 1.0) == Wait(policy.cap)
    assert policy.decide(failure, 40, 1e9, draw=lambda: 0.0) == Wait(0)


async def test_a_get_is_repeated_until_it_is_answered(peer: Any, transport: Transport, make_answer: Answers) -> None:
    """429, 503, a lost connection and half an answer, then the answer."""
    peer.will(
        make_answer(429, {}, retry_after="3"),
        make_answer(503, b"busy"),
        b"",
        make_answer(200, b"{"),
        make_answer(200, {"id": 4}),
    )
    assert (await transport.ask(Call("get", "GET", "/thing"), Thing)).id == 4
    assert len(peer.seen) == 5


async def test_a_post_under_a_key_is_repeated_with_the_same_key_and_body(
    peer: Any, transport: Transport, make_answer: Answers
) -> None:
    """The key is fixed before the first attempt."""
    peer.will(b"", make_answer(500, {}), make_answer(200, {"id": 1}))
    call = Call("make", "POST", "/thing", body=json_body({"a": 1}), idempotency_key="k-1")
    await transport.ask(call, Thing)
    assert {seen.headers["idempotency-key"] for seen in peer.seen} == {"k-1"}
    assert {seen.body for seen in peer.seen} == {b'{"a":1}'}
    assert len(peer.seen) == 3


async def test_too_many_calls_are_no_failed_attempt(peer: Any, transport: Transport, make_answer: Answers) -> None:
    """Seven refusals among four failures: with five attempts for everything together, the call would be lost."""
    busy, down = make_answer(429, {}, retry_after="0"), make_answer(503, b"")
    peer.will(busy, down, busy, busy, down, busy, down, busy, busy, down, busy, make_answer(200, {"id": 7}))
    assert (await transport.ask(Call("get", "GET", "/thing"), Thing)).id == 7


async def test_a_post_that_is_turned_away_as_too_many_is_sent_again(
    peer: Any, transport: Transport, make_answer: Answers
) -> None:
    """Nothing was done; after a lost answer that is not so, and the next attempt is not made."""
    call = Call("make", "POST", "/thing", body=json_body({"a": 1}))
    peer.will(*[make_answer(429, {}, retry_after="1")] * 3, make_answer(200, {"id": 1}))
    assert (await transport.ask(call, Thing)).id == 1
    assert {seen.body for seen in peer.seen} == {b'{"a":1}'}
    peer.will(make_answer(429, {}), b"", make_answer(200, {"id": 2}))
    with pytest.raises(errors.Unanswered) as raised:
        await transport.ask(call, Thing)
    assert (len(peer.seen), raised.value.made_nothing) == (6, False)


async def test_a_vendor_that_never_has_time_is_given_up(peer: Any, transport: Transport, make_answer: Answers) -> None:
    """Bounded, in its own word, and with nothing made."""
    peer.will(*[make_answer(429, {})] * 40)
    with pytest.raises(errors.RateLimited) as raised:
        await transport.ask(Call("make", "POST", "/thing", body=json_body({})), Thing)
    assert (len(peer.seen), raised.value.facts.attempts, raised.value.made_nothing) == (15, 15, True)


@pytest.mark.parametrize("status", [500, 503])
async def test_a_post_without_a_key_is_sent_once(
    peer: Any, transport: Transport, make_answer: Answers, status: int
) -> None:
    """Whatever the answer, and however harmless it looks."""
    peer.will(make_answer(status, {}, retry_after="0"), make_answer(200, {"id": 1}))
    with pytest.raises(CallError):
        await transport.ask(Call("make", "POST", "/thing", body=json_body({})), Thing)
    assert len(peer.seen) == 1


async def test_a_refused_token_is_renewed_once(peer: Any, make_answer: Answers) -> None:
    """After a 401 new headers get one more attempt; a second 401 is the end."""

    class Renewing:
        count = 0

        async def make_headers(self) -> Mapping[str, str]:
            return {"Authorization": f"Token t{self.count}"}

        async def renew(self, refusal: CallError) -> bool:
            self.count += 1
            return True

        def list_secrets(self) -> list[str]:
            return []

    async with Transport("acme", peer.url, auth=Renewing()) as transport:
        peer.will(make_answer(401, {}), make_answer(200, {"id": 1}))
        await transport.ask(Call("make", "POST", "/thing"), Thing)
        assert [seen.headers["authorization"] for seen in peer.seen] == ["Token t0", "Token t1"]
        peer.will(make_answer(401, {}))
        with pytest.raises(errors.Unauthorized):
            await transport.ask(Call("make", "POST", "/thing"), Thing)
        assert len(peer.seen) == 4


async def test_waiting_can_be_switched_off_and_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """One switch for tests: inside an hour is nothing, afterwards waits are waits again."""
    monkeypatch.setattr(retry._Waiting, "on", True)
    with retry.waiting_off():
        await retry.pause(3600)
        assert not retry.waits()
    assert retry.waits()
