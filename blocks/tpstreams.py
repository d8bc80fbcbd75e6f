"""Credentials for TPStreams."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, HttpUrl, SecretStr, model_validator

from blocks.base import VendorCredentials, clean_address
from polyreel.machine import home
from polyreel.vendors.tpstreams.client import BASE_URL, TPStreamsClient
from polyreel.vendors.tpstreams.session import Account
from polyreel.vendors.tpstreams.tokens import FileTokens


class TPStreamsCredentials(VendorCredentials):
    """A TPStreams organisation: hosts, transcodes and plays videos. By token, or by user name and password.

    Example:
        ```python
        from blocks.tpstreams import TPStreamsCredentials

        credentials = TPStreamsCredentials.load("BLOCK_NAME")  # `await ... .aload(...)` in a coroutine
        async with credentials.get_client() as client:
            asset = await client.get_asset(ASSET_ID)
        ```
    """

    vendor: ClassVar[str] = "tpstreams"
    ways_in = (("token",), ("username", "password"))
    named_by_key = False
    _block_type_name = "TPStreams credentials"
    _block_type_slug = "polyreel-tpstreams"
    _documentation_url = HttpUrl("https://developer.tpstreams.com/docs/server-api/assets")

    organization_id: str = Field(
        min_length=1, title="Organisation", description="The organisation's id, as in its API addresses."
    )
    token: SecretStr | None = Field(
        default=None, title="Token", description="An API token; without it, user name and password log in."
    )
    username: str | None = Field(default=None, title="User name", description="Who logs in when there is no token.")
    password: SecretStr | None = Field(default=None, title="Password", description="The user's password.")
    base_url: HttpUrl = Field(
        default=HttpUrl(BASE_URL),
        title="Base URL",
        description="Where the API is; another address to rehearse against, such as http://127.0.0.1:8600/tpstreams.",
    )

    @model_validator(mode="after")
    def _one_way_in(self) -> TPStreamsCredentials:
        if self.token is None and not (self.username and self.password):
            raise ValueError("give a token, or user name and password")
        return self

    def identify_account(self) -> str:
        """Its organisation: whoever logs in, the library is the same."""
        return self.organization_id

    def get_client(self) -> TPStreamsClient:
        """A client for this organisation. Its login's token is kept from run to run: there are at most 20."""
        password = self.password.get_secret_value() if self.password else ""
        return TPStreamsClient(
            Account(self.username or "", password, self.organization_id.strip()),
            token=self.token.get_secret_value() if self.token else "",
            tokens=FileTokens(home.home() / "tokens"),
            base_url=clean_address(self.base_url),
            limits=self.limits,
        )

    async def check(self) -> tuple[str, ...]:
        """Reads the first page of assets."""
        async with self.get_client() as client:
            async for asset in client.list_assets():
                return ("may list and create assets", f"its first listed asset is {asset.id}")
        return ("may list and create assets", "it has no asset yet")
