"""Webhooks out: what a receiver checks, what is sent again, and where none goes."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import httpx
import pytest

from polyreel.errors import FetchError, ForbiddenAddress, InvalidJob
from polyreel.net.webhooks import WebhookSender, parse_secret, sign_body

KEY = bytes(range(32))
SECRET = f"whsec_{base64.b64encode(KEY).decode()}"
EVENT = {"type": "polyreel.run.held", "timestamp": "2026-11-28T21:00:00+00:00", "data": {"job": "Tür & Tor"}}


class Receiver:
    """Answers in turn, and checks each signature as the specification says."""

    def __init__(self, *answers: int | Exception, headers: dict[str, str] | None = None) -> None:
        self.answers, self.headers, self.seen = list(answers), headers or {}, list[httpx.Request]()

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        body = await request.aread()
        sent = request.headers
        signed = f"{sent['webhook-id']}.{sent['webhook-timestamp']}.".encode() + body
        own = base64.b64encode(hmac.new(KEY, signed, hashlib.sha256).digest()).decode()
        assert f"v1,{own}" in sent["webhook-signature"].split(" ")
        self.seen.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer, headers=self.headers)

    def sender(self, *secrets: str) -> WebhookSender:
        return WebhookSender(
            "https://films.example/hook?token=s3cr3t",
            secrets or (SECRET,),
            waits_s=(0, 0),
            transport=httpx.MockTransport(self),
        )


async def test_an_event_arrives_once_signed_and_whole() -> None:
    receiver = Receiver(204)
    assert await receiver.sender().send_event(EVENT) == 1
    assert json.loads(receiver.seen[0].content) == EVENT


def test_a_signature_is_the_specifications_own() -> None:
    """The example of the specification's reference libraries."""
    key = parse_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    signed = sign_body([key], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


async def test_while_a_secret_is_changed_both_sign() -> None:
    receiver = Receiver(200)
    other = f"whsec_{base64.b64encode(b'x' * 24).decode()}"
    await receiver.sender(other, SECRET).send_event(EVENT)
    assert len(receiver.seen[0].headers["webhook-signature"].split(" ")) == 2


@pytest.mark.parametrize("trouble", [500, 429, 408, httpx.ConnectError("refused"), httpx.ReadTimeout("slow")])
async def test_what_may_pass_is_tried_again_under_the_same_id(trouble: int | Exception) -> None:
    receiver = Receiver(trouble, 200, headers={"retry-after": "0"})
    assert await receiver.sender().send_event(EVENT) == 2
    assert len({request.headers["webhook-id"] for request in receiver.seen}) == 1


@pytest.mark.parametrize("status", [400, 401, 404, 410, 301])
async def test_a_refusal_is_said_at_once_without_the_address_secrets(status: int) -> None:
    receiver = Receiver(status)
    with pytest.raises(FetchError, match=f"answered {status}") as failed:
        await receiver.sender().send_event(EVENT)
    assert "s3cr3t" not in str(failed.value)
    assert len(receiver.seen) == 1


async def test_attempts_come_to_an_end() -> None:
    receiver = Receiver(500, 500, 500)
    with pytest.raises(FetchError, match="answered 500"):
        await receiver.sender().send_event(EVENT)


async def test_none_goes_into_a_private_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("POLYREEL_ALLOW_NETWORKS", raising=False)
    for address in ("http://127.0.0.1:9/", "http://169.254.169.254/latest", "http://[::1]:9/", "http://10.0.0.7/"):
        with pytest.raises(ForbiddenAddress):
            await WebhookSender(address, [SECRET], waits_s=()).send_event(EVENT)


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_c2hvcnQ=", "hush", "whsec_not base64!", SECRET[6:]])
def test_a_secret_that_is_none_is_refused_and_not_shown(secret: str) -> None:
    with pytest.raises(InvalidJob) as refused:
        parse_secret(secret)
    assert len(secret) < 8 or secret[6:] not in str(refused.value)


def test_the_sender_shows_no_secret() -> None:
    shown: Any = repr(Receiver().sender())
    assert "s3cr3t" not in shown
    assert SECRET not in shown
