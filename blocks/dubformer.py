"""Credentials for Dubformer."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, HttpUrl, SecretStr

from blocks.base import VendorCredentials, clean_address
from polyreel.errors.wording import spell_count
from polyreel.vendors.dubformer.client import BASE_URL, DubformerClient


class DubformerCredentials(VendorCredentials):
    """A Dubformer account (Platform API): dubbing and voiceover by the minute.

    Example:
        ```python
        from blocks.dubformer import DubformerCredentials

        credentials = DubformerCredentials.load("BLOCK_NAME")  # `await ... .aload(...)` in a coroutine
        async with credentials.get_client() as client:
            minutes = await client.get_balance()
        ```
    """

    vendor: ClassVar[str] = "dubformer"
    _block_type_name = "Dubformer credentials"
    _block_type_slug = "polyreel-dubformer"
    _documentation_url = HttpUrl("https://app.dubformer.ai/api")

    api_key: SecretStr = Field(title="API key", description="The key made on Dubformer's API page.")
    base_url: HttpUrl = Field(
        default=HttpUrl(BASE_URL),
        title="Base URL",
        description="Where the API is; another address to rehearse against, such as http://127.0.0.1:8600/dubformer.",
    )

    def identify_account(self) -> str:
        """Its key."""
        return self.api_key.get_secret_value()

    def get_client(self) -> DubformerClient:
        """A client for this account."""
        return DubformerClient(
            self.api_key.get_secret_value(), base_url=clean_address(self.base_url), limits=self.limits
        )

    async def check(self) -> tuple[str, ...]:
        """Reads the balance."""
        async with self.get_client() as client:
            balance = await client.get_balance()
        return (f"may dub {spell_count(balance, 'more minute')}",)
