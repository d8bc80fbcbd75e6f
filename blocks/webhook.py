"""Where polyreel's own webhooks go."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, ClassVar

from prefect.blocks.abstract import NotificationBlock, NotificationError
from pydantic import ConfigDict, Field, HttpUrl, SecretStr, field_validator

from blocks.base import PolyreelCredentials
from polyreel.errors import PolyreelError
from polyreel.net.webhooks import WebhookSender, parse_secret

# A bound so that any receiver takes it; nothing depends on its exact value.
_LONGEST_TEXT = 8000


class WebhookEndpoint(PolyreelCredentials, NotificationBlock):
    """An address that is told of runs by signed webhooks: `polyreel up --tell polyreel-webhook/NAME`.

    Also a notification block of Prefect's, for automations of one's own. Each event is signed as Standard Webhooks has
    it (headers ``webhook-id``, ``webhook-timestamp``, ``webhook-signature``).

        hook = await WebhookEndpoint.aload("ops")
        await hook.notify("The render farm is full.", subject="farm")
    """

    # A refused secret must not be in the refusal.
    model_config = ConfigDict(hide_input_in_errors=True)

    vendor: ClassVar[str] = "webhook"
    _block_type_name = "Signed webhook"
    _block_type_slug = "polyreel-webhook"
    _documentation_url = HttpUrl("https://www.standardwebhooks.com")

    url: HttpUrl = Field(title="Address", description="Where events are sent by POST.")
    signing_secret: SecretStr = Field(
        title="Signing secret", description="whsec_ and 24 to 64 random bytes in base64; the receiver has it too."
    )
    previous_signing_secret: SecretStr | None = Field(
        default=None,
        title="Previous signing secret",
        description="While a secret is changed: events are signed with both.",
    )

    @field_validator("signing_secret", "previous_signing_secret")
    @classmethod
    def _is_a_secret(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            try:
                parse_secret(value.get_secret_value())
            except PolyreelError as error:
                raise ValueError(str(error)) from None
        return value

    def get_client(self) -> WebhookSender:
        """Who sends to it."""
        # Both at once: a receiver may change to the new one at any time without losing an event.
        secrets = [each.get_secret_value() for each in (self.signing_secret, self.previous_signing_secret) if each]
        return WebhookSender(str(self.url), secrets)

    async def check(self) -> tuple[str, ...]:
        """Send an event that says nothing (``polyreel.ping``). Raises `PolyreelError` where nobody takes it."""
        await self.get_client().send_event(_make_event("polyreel.ping", {}))
        return ("took a signed event",)

    async def notify(self, body: str, subject: str | None = None) -> None:
        """Send an event: ``body`` as it is where it is one in JSON, else as text in ``data``."""
        try:
            await self.get_client().send_event(
                _parse_event(body) or _make_event("polyreel.notification", _make_text(body, subject))
            )
        except PolyreelError as error:
            # A notification that can't be sent must not fail what it tells of, unless Prefect asks for that.
            self.logger.warning("%s", error)
            if self._raise_on_failure:
                raise NotificationError(log=str(error)) from None


def _make_event(kind: str, data: dict[str, Any]) -> dict[str, Any]:
    return {"type": kind, "timestamp": datetime.now(UTC).isoformat(), "data": data}


def _make_text(body: str, subject: str | None) -> dict[str, Any]:
    return {"subject": subject or "", "text": body[:_LONGEST_TEXT]}


def _parse_event(body: str) -> dict[str, Any] | None:
    try:
        found = json.loads(body)
    except ValueError:
        return None
    # The three fields that Standard Webhooks asks of an event.
    return found if isinstance(found, dict) and {"type", "timestamp", "data"} <= found.keys() else None
