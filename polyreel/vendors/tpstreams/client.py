"""The whole client of TPStreams. Method names are the page's words, `@endpoint` names the section."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Unpack

from polyreel.vendors.endpoints import endpoint
from polyreel.vendors.tpstreams.edits import Subtitles, Trims
from polyreel.vendors.tpstreams.models import RegisterWebhook, Token, Webhook
from polyreel.vendors.tpstreams.resource import WIRE, Resource, read_error
from polyreel.vendors.tpstreams.session import LOGIN, LOGOUT, Account, TokenAuth
from polyreel.vendors.tpstreams.tokens import Tokens
from polyreel.vendors.tpstreams.videos import Assets, Ingest
from polyreel.vendors.transport import ClientOptions, Transport

BASE_URL = "https://app.tpstreams.com"


class Session(Resource):
    """Tokens, and who is told when something happens."""

    def __init__(self, transport: Transport, organization_id: str, auth: TokenAuth) -> None:
        super().__init__(transport, organization_id)
        self.auth = auth

    @endpoint("POST", LOGIN, page=WIRE, section="TPStreams")
    async def login(self) -> Token:
        """Make a new token now, and use it from here on. Calls log in by themselves where no token is kept."""
        return await self.auth.log_in()

    @endpoint("POST", LOGOUT, page=WIRE, section="TPStreams")
    async def logout(self) -> None:
        """End the token in use, so that it is none of the organisation's 20 any more."""
        await self._require_success("logout", "POST", LOGOUT)
        await self.auth.use_token("")

    @endpoint("POST", "/api/v1/<organization_id>/webhooks/", page=WIRE, section="TPStreams")
    async def create_webhook(self, request: RegisterWebhook) -> Webhook:
        """Have every change of a video sent to an address, with this secret (see `webhooks.verified`)."""
        return await self._ask(Webhook, "create webhook", "POST", self._make_path("webhooks/"), json=request.as_wire())

    @endpoint("GET", "/api/v1/<organization_id>/webhooks/", page=WIRE, section="TPStreams")
    async def list_webhooks(self) -> AsyncIterator[Webhook]:
        """Every registered webhook: look here before registering another."""
        async for webhook in self._list_all(Webhook, "list webhooks", self._make_path("webhooks/")):
            yield webhook

    @endpoint("DELETE", "/api/v1/<organization_id>/webhooks/<id>/", page=WIRE, section="TPStreams")
    async def delete_webhook(self, webhook_id: str) -> None:
        """No more deliveries there."""
        await self._require_success(
            "delete webhook", "DELETE", self._make_path("webhooks/{webhook_id}/", webhook_id=webhook_id)
        )


class TPStreamsClient(Session, Ingest, Assets, Subtitles, Trims):
    """One organisation at TPStreams. An async context manager.

    ``account`` names user, password and organisation; with ``token`` nobody logs in. ``tokens`` keeps the login's token
    from run to run (`FileTokens`), as an organisation has at most 20; without it each client logs in once. Ids are the
    vendor's short texts, sizes bytes, times seconds. Methods raise `polyreel.vendors.errors.VendorError`.

        async with TPStreamsClient(Account(user, password, "abc123"), tokens=FileTokens(folder)) as client:
            asset_id = await client.upload_file(Path("reel.mp4"), VideoOptions(title="reel"))
            asset = await client.wait_until_completed(asset_id)
    """

    def __init__(
        self,
        account: Account,
        *,
        token: str = "",
        tokens: Tokens | None = None,
        base_url: str = BASE_URL,
        **options: Unpack[ClientOptions],
    ) -> None:
        auth = TokenAuth(account, token, tokens)
        transport = Transport("tpstreams", base_url, auth=auth, read_error=read_error, **options)
        auth.transport = transport
        super().__init__(transport, account.organization_id, auth)
