"""Webhooks that polyreel sends, as the Standard Webhooks specification has them: signed, and repeated.

The receiver checks ``webhook-signature`` (HMAC-SHA256 over ``ID.TIMESTAMP.BODY``), refuses old ``webhook-timestamp``,
and drops an id that it has seen: the same event keeps its id however often it is sent.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from polyreel.errors import FetchError, InvalidJob
from polyreel.net.guard import GuardedTransport
from polyreel.net.patience import retry_after
from polyreel.redaction import strip_address

PREFIX = "whsec_"
# As the Standard Webhooks specification says of a secret's bytes.
_LEAST, _MOST = 24, 64
_WAITS_S = (2.0, 8.0, 30.0)
# A `Retry-After` that is longer would use up `_TOTAL_S` with a single wait.
_LONGEST_WAIT_S = 60.0
_TIMEOUT_S = 15.0
# Four attempts and the waits between them take 100 s; a receiver that asks for longer waits is not followed for ever.
_TOTAL_S = 150.0
_AGAIN = frozenset({408, 425, 429, *range(500, 600)})


def parse_secret(secret: str) -> bytes:
    """The key in ``whsec_BASE64``: 24 to 64 random bytes. Raises `InvalidJob`, which never shows it."""
    try:
        key = base64.b64decode(secret.strip().removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.strip().startswith(PREFIX) or not _LEAST <= len(key) <= _MOST:
        remedy = (
            "Make one: python -c 'import base64, os; print(\"whsec_\" + base64.b64encode(os.urandom(32)).decode())'"
        )
        raise InvalidJob(f"A webhook's secret is {PREFIX} and {_LEAST} to {_MOST} bytes in base64.", remedy=remedy)
    return key


def sign_body(keys: Sequence[bytes], message_id: str, timestamp: int, body: bytes) -> str:
    """The value of ``webhook-signature``: a signature per key, so that a secret can be changed without a gap."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    made = (base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode() for key in keys)
    return " ".join(f"v1,{each}" for each in made)


def name_message(body: bytes) -> str:
    """An event's id: the same event has the same, also when another process sends it again."""
    return f"msg_{hashlib.sha256(body).hexdigest()[:32]}"


class WebhookSender:
    """Sends events to one address. ``waits_s``: how long after each attempt that may be repeated."""

    def __init__(
        self,
        url: str,
        secrets: Sequence[str],
        *,
        waits_s: Sequence[float] = _WAITS_S,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.url = url
        self._keys = [parse_secret(each) for each in secrets]
        self._waits_s = waits_s
        self._transport = transport

    def __repr__(self) -> str:
        return f"WebhookSender({strip_address(self.url)!r})"

    async def send_event(self, event: Mapping[str, Any]) -> int:
        """Send an event (``type``, ``timestamp``, ``data``); how many attempts it took.

        Raises `ForbiddenAddress` for an address that is not public, `FetchError` (``webhook_failed``) where the
        receiver refuses it, or does not take it in the end.
        """
        body = json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
        try:
            async with asyncio.timeout(_TOTAL_S):
                return await self._repeat_send(body)
        except TimeoutError:
            raise self._explain_failure("it took too long") from None

    async def _repeat_send(self, body: bytes) -> int:
        said = ""
        for attempt, wait in enumerate((*self._waits_s, None), start=1):
            said, asked = await self._try_once(body)
            if not said:
                return attempt
            if wait is not None:
                await asyncio.sleep(min(_LONGEST_WAIT_S, max(wait, asked)))
        raise self._explain_failure(said)

    async def _try_once(self, body: bytes) -> tuple[str, float]:
        """Why it has to be sent again, and when at the earliest; nothing where it arrived."""
        # Each attempt has its own time, and so its own signature: an old one is refused as a replay.
        timestamp, message_id = int(time.time()), name_message(body)
        headers = {
            "content-type": "application/json",
            "webhook-id": message_id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": sign_body(self._keys, message_id, timestamp, body),
        }
        try:
            async with (
                self._open_client() as client,
                client.stream("POST", self.url, content=body, headers=headers) as answer,
            ):
                # The answer's body is never read: it is a stranger's, and may have no end.
                status, asked = answer.status_code, retry_after(answer.headers.get("retry-after"))
        except httpx.TransportError as error:
            # It may have arrived all the same: sent again, it has the same id, by which a receiver knows it.
            return type(error).__name__, 0.0
        if 200 <= status < 300:
            return "", 0.0
        if status not in _AGAIN:
            raise self._explain_failure(f"it answered {status}")
        return f"it answered {status}", asked or 0.0

    def _open_client(self) -> httpx.AsyncClient:
        # A redirect would carry the event to where nobody asked for it.
        return httpx.AsyncClient(
            transport=self._transport or GuardedTransport(), timeout=_TIMEOUT_S, follow_redirects=False, trust_env=False
        )

    def _explain_failure(self, why: str) -> FetchError:
        return FetchError(
            f"the webhook was not taken: {why}",
            code="webhook_failed",
            where=strip_address(self.url),
            remedy="Look at its receiver; the event stands in the run's own state all the same.",
        )
