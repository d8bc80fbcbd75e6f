"""What callbacks are checked with."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, HttpUrl, SecretStr, field_validator

from blocks.base import PolyreelCredentials
from polyreel.vendors.callbacks import CallbackVerifier
from polyreel.vendors.panjaya.callbacks import PUBLIC_KEY, load_key


class CallbackSecret(PolyreelCredentials):
    """What callbacks from vendors are checked with, before anything in them is believed.

    Named by `polyreel up --callbacks URL --callbacks-secret NAME`. `get_client` raises nothing: the key was read
    when the block was made.

        secret = await CallbackSecret.aload("hooks")
        verifier = secret.get_client()
    """

    vendor: ClassVar[str] = "callbacks"
    _block_type_name = "Callback secret"
    _block_type_slug = "polyreel-callback-secret"
    _documentation_url = HttpUrl("https://docs.panjaya.ai/apis/callbacks")

    panjaya_public_key: str = Field(
        default=PUBLIC_KEY,
        title="Panjaya's public key",
        description="The P-256 key (PEM) that Panjaya's signatures are checked with; the default is the published one.",
    )
    tpstreams_token: SecretStr = Field(
        default=SecretStr(""),
        title="TPStreams' webhook secret",
        description="The secret that the webhook was registered with; left empty, no TPStreams callback is believed.",
    )

    @field_validator("panjaya_public_key")
    @classmethod
    def _is_a_key(cls, value: str) -> str:
        # A pasted key often arrives with its line ends written out.
        pem = value.replace("\\n", "\n")
        load_key(pem)
        return pem

    def get_client(self) -> CallbackVerifier:
        """What checks callbacks."""
        return CallbackVerifier(self.panjaya_public_key, self.tpstreams_token.get_secret_value())

    async def check(self) -> tuple[str, ...]:
        """No call: says whose callbacks can be checked."""
        vendors = ["panjaya", *(["tpstreams"] if self.tpstreams_token.get_secret_value() else [])]
        return (f"may check callbacks of {' and '.join(vendors)}",)
