"""Credentials for a Nomad-style asset manager."""

from __future__ import annotations

import contextlib
from typing import ClassVar, Literal

from pydantic import Field, HttpUrl, SecretStr, model_validator

from blocks.base import VendorCredentials, clean_address
from polyreel.vendors.errors import Forbidden, NotFound
from polyreel.vendors.nomad.client import NomadClient, NomadOptions

_NOBODY = "00000000-0000-4000-8000-000000000000"


class NomadCredentials(VendorCredentials):
    """An account at a Nomad-style asset manager: by API key, or by user name and password.

    Example:
        ```python
        from blocks.nomad import NomadCredentials

        credentials = NomadCredentials.load("BLOCK_NAME")  # `await ... .aload(...)` in a coroutine
        async with credentials.get_client() as client:
            detail = await client.get_detail(ASSET_ID)
        ```
    """

    vendor: ClassVar[str] = "nomad"
    ways_in = (("api_key",), ("username", "password"))
    _block_type_name = "Nomad credentials"
    _block_type_slug = "polyreel-nomad"
    _documentation_url = HttpUrl("https://docs.nomad.media/docs/asset-management")

    base_url: HttpUrl = Field(
        title="Base URL",
        description="Where the installation is; to rehearse, such as http://127.0.0.1:8600/nomad.",
    )
    api_key: SecretStr | None = Field(
        default=None, title="API key", description="A key; without it, user name and password log in."
    )
    username: str | None = Field(default=None, title="User name", description="Who logs in when there is no API key.")
    password: SecretStr | None = Field(default=None, title="Password", description="The user's password.")
    prefix: Literal["", "/api"] = Field(
        default="/api", title="Path prefix", description="What stands before every path of this installation."
    )
    routes: Literal["admin", "core"] = Field(
        default="admin",
        title="Routes",
        description="Where an operation has two addresses: admin needs an administrator's account, core does not.",
    )
    calls_per_second: float = Field(
        default=50.0,
        gt=0,
        le=1000,
        title="Calls per second",
        description="How many calls are made per second at most. An upload confirms each of its parts with a call.",
    )

    @model_validator(mode="after")
    def _one_way_in(self) -> NomadCredentials:
        if self.api_key is None and not (self.username and self.password):
            raise ValueError("give an API key, or user name and password")
        return self

    def identify_account(self) -> str:
        """Its key, or its user's name."""
        # Never the password: it may be changed, and the account stays what it was.
        return self.api_key.get_secret_value() if self.api_key else self.username or ""

    def get_client(self) -> NomadClient:
        """A client for this account."""
        base = clean_address(self.base_url)
        options: NomadOptions = {"limits": self.limits, "prefix": self.prefix, "routes": self.routes}
        if self.api_key is not None:
            return NomadClient.with_api_key(base, self.api_key.get_secret_value(), **options)
        password = self.password.get_secret_value() if self.password else ""
        return NomadClient.with_login(base, self.username or "", password, **options)

    async def check(self) -> tuple[str, ...]:
        """Asks for an asset that nobody has: being told so means being let in.

        Unless whoever answers there has nothing at all: then the download queue is not found either (`NotFound`).
        """
        async with self.get_client() as client:
            try:
                await client.get_asset(_NOBODY)
            except NotFound:
                # Being refused it is an answer of the asset manager's, too.
                with contextlib.suppress(Forbidden):
                    await client.check_queue()
        return ("may read assets",)
