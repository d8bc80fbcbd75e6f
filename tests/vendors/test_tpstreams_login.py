"""TPStreams' tokens: one login, reused, ended, replaced. Written against WIRE.md alone."""

from __future__ import annotations

import pytest

from polyreel.vendors import errors
from polyreel.vendors.tpstreams.client import TPStreamsClient
from polyreel.vendors.tpstreams.session import Account
from polyreel.vendors.tpstreams.tokens import MemoryTokens


async def test_the_token_of_a_login_is_used_for_every_later_call(vendor_url: str) -> None:
    """One login, however many calls; a second client with the same tokens does not log in at all."""
    tokens, account = MemoryTokens(), Account("sandbox", "sandbox", "sandbox")
    async with TPStreamsClient(account, tokens=tokens, base_url=f"{vendor_url}/tpstreams") as first:
        token = (await first.login()).token
        assert token not in repr(first.auth.account)
        [_ async for _ in first.list_assets(limit=1)]
        async with TPStreamsClient(account, tokens=tokens, base_url=f"{vendor_url}/tpstreams") as second:
            [_ async for _ in second.list_assets(limit=1)]
            assert (await second.auth.make_headers())["Authorization"] == f"Token {token}"
        await first.logout()


async def test_after_a_logout_the_token_is_good_no_more(vendor_url: str) -> None:
    """204, and a client that holds only the dead token is refused: 401 `Invalid token.`"""
    account = Account("sandbox", "sandbox", "sandbox")
    async with TPStreamsClient(account, base_url=f"{vendor_url}/tpstreams") as client:
        token = (await client.login()).token
        await client.logout()
    async with TPStreamsClient(Account("", "", "sandbox"), token=token, base_url=f"{vendor_url}/tpstreams") as stale:
        with pytest.raises(errors.Unauthorized):
            await stale.get_asset("anything")


async def test_a_refused_token_is_replaced_by_one_login(vendor_url: str) -> None:
    """A kept token that has been ended elsewhere heals itself."""
    account = Account("sandbox", "sandbox", "sandbox")
    base = f"{vendor_url}/tpstreams"
    async with TPStreamsClient(account, token="0" * 40, base_url=base) as client:
        [_ async for _ in client.list_assets(limit=1)]
        assert (await client.auth.make_headers())["Authorization"] != f"Token {'0' * 40}"
        await client.logout()


async def test_a_wrong_password_is_unauthorized(vendor_url: str) -> None:
    """And the password stands in no error."""
    account = Account("sandbox", "not-the-password", "sandbox")
    async with TPStreamsClient(account, base_url=f"{vendor_url}/tpstreams") as client:
        with pytest.raises(errors.Unauthorized) as caught:
            await client.login()
    assert "not-the-password" not in str(caught.value) + caught.value.body


async def test_a_wrong_organisation_is_not_found_and_said_so(vendor_url: str, tpstreams: TPStreamsClient) -> None:
    """The vendor's plain text 404 becomes advice."""
    token = (await tpstreams.auth.make_headers())["Authorization"].split()[-1]
    async with TPStreamsClient(Account("", "", "nobody"), token=token, base_url=f"{vendor_url}/tpstreams") as client:
        with pytest.raises(errors.NotFound, match="organisation"):
            await client.get_asset("anything")
