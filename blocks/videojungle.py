"""Credentials for Video Jungle."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, HttpUrl, SecretStr

from blocks.base import VendorCredentials, clean_address
from polyreel.errors.wording import spell_count
from polyreel.vendors.videojungle.client import BASE_URL, VideoJungleClient
from polyreel.vendors.videojungle.models import WHOLE_LIST


class VideoJungleCredentials(VendorCredentials):
    """A Video Jungle account: projects, scripts and generated assets.

    Example:
        ```python
        from blocks.videojungle import VideoJungleCredentials

        credentials = VideoJungleCredentials.load("BLOCK_NAME")  # `await ... .aload(...)` in a coroutine
        async with credentials.get_client() as client:
            projects = await client.list_projects()
        ```
    """

    vendor: ClassVar[str] = "videojungle"
    _block_type_name = "Video Jungle credentials"
    _block_type_slug = "polyreel-videojungle"
    _documentation_url = HttpUrl("https://www.video-jungle.com/docs")

    api_key: SecretStr = Field(title="API key", description="The key from the account's settings.")
    base_url: HttpUrl = Field(
        default=HttpUrl(BASE_URL),
        title="Base URL",
        description="Where the API is; another address to rehearse against, such as http://127.0.0.1:8600/videojungle.",
    )

    def identify_account(self) -> str:
        """Its key."""
        return self.api_key.get_secret_value()

    def get_client(self) -> VideoJungleClient:
        """A client for this account."""
        return VideoJungleClient(
            self.api_key.get_secret_value(), base_url=clean_address(self.base_url), limits=self.limits
        )

    async def check(self) -> tuple[str, ...]:
        """Reads the list of projects."""
        async with self.get_client() as client:
            projects = await client.list_projects(limit=WHOLE_LIST)
        return (f"may use {spell_count(len(projects), 'project')}",)
