"""Credentials for Panjaya Dubbing Studio."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, HttpUrl, SecretStr

from blocks.base import VendorCredentials, clean_address
from polyreel.vendors.panjaya.client import BASE_URL, PanjayaClient


class PanjayaCredentials(VendorCredentials):
    """A Panjaya Dubbing Studio account: dubs videos with the speakers' own voices, lips included.

    Example:
        ```python
        from blocks.panjaya import PanjayaCredentials

        credentials = PanjayaCredentials.load("BLOCK_NAME")  # `await ... .aload(...)` in a coroutine
        async with credentials.get_client() as client:
            asset = await client.get_asset(ASSET_ID)
        ```
    """

    vendor: ClassVar[str] = "panjaya"
    _block_type_name = "Panjaya credentials"
    _block_type_slug = "polyreel-panjaya"
    _documentation_url = HttpUrl("https://docs.panjaya.ai/apis")

    api_key: SecretStr = Field(
        title="API key", description="The key from the studio's settings, with or without `panjaya-` in front."
    )
    base_url: HttpUrl = Field(
        default=HttpUrl(BASE_URL),
        title="Base URL",
        description="Where the API is; another address to rehearse against, such as http://127.0.0.1:8600/panjaya.",
    )

    def identify_account(self) -> str:
        """Its key, however it was pasted."""
        return self.api_key.get_secret_value().strip().removeprefix("panjaya-")

    def get_client(self) -> PanjayaClient:
        """A client for this account."""
        return PanjayaClient(self.api_key.get_secret_value(), base_url=clean_address(self.base_url), limits=self.limits)

    async def check(self) -> tuple[str, ...]:
        """Reads the first page of assets."""
        async with self.get_client() as client:
            async for asset in client.get_assets():
                return ("may list and create assets", f"its latest listed asset is {asset.asset_id}")
        return ("may list and create assets", "it has no asset yet")
