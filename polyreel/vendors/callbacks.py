"""Checks callbacks of every vendor that sends them, with the secrets that were configured for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from polyreel.vendors.errors import ForgedCallback


@dataclass(frozen=True, slots=True)
class Callback:
    """A callback that was found genuine: whose, about which job, and what is said to have happened. A hint only."""

    vendor: str
    job_id: str
    event: str
    version_id: str | None = None
    locale: str | None = None


@dataclass(frozen=True, slots=True)
class CallbackVerifier:
    """Knows each vendor's key or token."""

    panjaya_public_key: str = ""
    tpstreams_token: str = field(default="", repr=False)

    def verify(self, vendor: str, body: bytes, headers: Mapping[str, str]) -> Callback:
        """The callback, once it is known to be the vendor's. Raises `ForgedCallback`, whatever is wrong with it."""
        if vendor == "panjaya":
            return self._verify_panjaya(body, headers)
        if vendor == "tpstreams":
            return self._verify_tpstreams(body, headers)
        raise ForgedCallback(f"No callbacks are expected from '{vendor[:40]}'.", where="callback")

    def _verify_panjaya(self, body: bytes, headers: Mapping[str, str]) -> Callback:
        from polyreel.vendors.panjaya.callbacks import PUBLIC_KEY, verify_callback

        said = verify_callback(body, headers, self.panjaya_public_key or PUBLIC_KEY)
        return Callback("panjaya", said.asset_id, said.event.value, said.version_id, said.locale)

    def _verify_tpstreams(self, body: bytes, headers: Mapping[str, str]) -> Callback:
        from polyreel.vendors.tpstreams.webhooks import verify_webhook

        asset = verify_webhook(body, headers, self.tpstreams_token)
        return Callback("tpstreams", asset.id, "changed")
