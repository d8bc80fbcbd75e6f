"""Logging in to the asset manager, staying in, and addresses that lead nowhere else."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from polyreel.errors import InvalidJob
from polyreel.vendors import errors
from polyreel.vendors.nomad.client import NomadClient


@pytest.mark.parametrize("refusal", [401, 403])
async def test_an_expired_token_is_refreshed_once(client: NomadClient, manager: Any, refusal: int) -> None:
    """Whether the vendor says 401 or 403; many calls at once need one refresh."""
    manager.refusal = refusal
    manager.plain["/admin/asset/a"] = manager.answer(200, {"id": "a"})
    await client.get_asset("a")
    manager.tokens.append("second")
    manager.good = {"second"}
    await asyncio.gather(*(client.get_asset("a") for _ in range(5)))
    assert manager.log.count("POST /api/account/login") == 1
    assert manager.log.count("POST /api/account/refresh-token") == 1


async def test_what_is_refused_after_the_refresh_is_refused(client: NomadClient, manager: Any) -> None:
    """One refresh, then the vendor's answer."""
    manager.refusal, manager.good = 403, set()
    manager.tokens.append("second")
    with pytest.raises(errors.Forbidden):
        await client.get_asset("a")
    assert manager.log.count("GET /api/admin/asset/a") == 2


async def test_an_expired_refresh_token_leads_to_a_new_login(client: NomadClient, manager: Any) -> None:
    """404 for the refresh, and the password still works."""
    manager.plain["/admin/asset/a"] = manager.answer(200, {"id": "a"})
    await client.login()
    manager.good = {"third"}
    manager.tokens[:] = ["third"]
    assert (await client.get_asset("a")).id == "a"
    assert manager.log.count("POST /api/account/login") == 2


async def test_a_wrong_password_is_unauthorized(manager: Any) -> None:
    """404 at the vendor."""
    async with NomadClient.with_login(manager.url, "ana", "wrong-password") as client:
        with pytest.raises(errors.Unauthorized):
            await client.login()


async def test_an_api_key_is_not_renewed_and_has_no_session(manager: Any) -> None:
    """There is nothing to log in or out of."""
    async with NomadClient.with_api_key(manager.url, "the-key") as client:
        with pytest.raises(errors.Unauthorized):
            await client.get_asset("a")
        with pytest.raises(InvalidJob, match="API key"):
            await client.logout()
    assert manager.log == ["GET /api/admin/asset/a"]


def test_empty_credentials_are_found_at_once() -> None:
    """Before any call."""
    with pytest.raises(InvalidJob):
        NomadClient.with_login("http://127.0.0.1:9", "", "x")
    with pytest.raises(InvalidJob):
        NomadClient.with_api_key("http://127.0.0.1:9", " ")


async def test_an_id_can_not_lead_elsewhere(client: NomadClient, manager: Any) -> None:
    """It is quoted, and an empty one is refused."""
    with pytest.raises(errors.NotFound):
        await client.get_asset("../queue?x=1#y")
    assert manager.log[-1] == "GET /api/admin/asset/..%2Fqueue%3Fx%3D1%23y"
    for nothing in ("", " ", ".."):
        with pytest.raises(InvalidJob):
            await client.get_asset(nothing)
