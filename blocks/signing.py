"""A key that signs delivered files (C2PA)."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, HttpUrl, SecretStr, field_validator

from blocks.base import PolyreelCredentials
from polyreel.packaging.provenance.signer import SigningKey, load_key


class SigningCredentials(PolyreelCredentials):
    """A private key and its certificates, for the marks of origin in delivered files.

    Named by a job's ``provenance: {credentials: NAME}``; without one files are signed by a test key, and say so.

        key = (await SigningCredentials.aload("studio")).get_client()
        print(key.signer, key.algorithm)
    """

    vendor: ClassVar[str] = "signing"
    _block_type_name = "Signing key"
    _block_type_slug = "polyreel-signing-key"
    _documentation_url = HttpUrl("https://spec.c2pa.org/specifications/")

    certificates: str = Field(
        title="Certificates", description="The chain as PEM: the key's own certificate first, then who signed it."
    )
    private_key: SecretStr = Field(title="Private key", description="The key as PEM, not encrypted.")

    @field_validator("certificates")
    @classmethod
    def _with_line_ends(cls, value: str) -> str:
        # A pasted key often arrives with its line ends written out.
        return value.replace("\\n", "\n")

    def get_client(self) -> SigningKey:
        """The key, seen to fit its certificate. Raises `InvalidJob`."""
        # Here, and not when it is saved by the UI: a chain and its key are typed into two fields.
        return load_key(self.certificates.encode(), self.private_key.get_secret_value().replace("\\n", "\n").encode())

    async def check(self) -> tuple[str, ...]:
        """No call: says who signs."""
        key = self.get_client()
        return (f"signs as {key.signer}", f"with {key.algorithm}")
