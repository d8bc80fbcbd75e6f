"""A vendor on the internet can't lead us into a private network; one that is at home there may."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from polyreel.net import guard
from polyreel.vendors import errors
from polyreel.vendors.calls import Call
from polyreel.vendors.downloads import download
from polyreel.vendors.transport import Transport

Answers = Callable[..., bytes]


@pytest.fixture
def public(peer: Any, monkeypatch: pytest.MonkeyPatch) -> Transport:
    """A vendor whose name is that of a public address; it answers on this machine all the same."""
    monkeypatch.delenv("POLYREEL_ALLOW_NETWORKS", raising=False)
    asked = guard.resolve_host

    async def resolve(host: str, port: int) -> list[guard.Address]:
        return [ip_address("8.8.8.8")] if host == "localhost" else await asked(host, port)

    monkeypatch.setattr(guard, "resolve_host", resolve)
    return Transport("acme", peer.url.replace("127.0.0.1", "localhost"))


async def test_a_signed_link_into_a_private_network_is_not_opened(
    public: Transport, stranger: Any, tmp_path: Path
) -> None:
    """Nor is the link's query told."""
    async with public as transport:
        with pytest.raises(errors.Malformed) as caught:
            await download(transport, f"{stranger.url}/film?sig=s3cret", tmp_path / "film")
    assert caught.value.code == "forbidden_address"
    assert "POLYREEL_ALLOW_NETWORKS" in caught.value.remedy
    assert "s3cret" not in str(caught.value)
    assert stranger.seen == []


async def test_a_redirect_into_a_private_network_is_not_followed(
    public: Transport, peer: Any, stranger: Any, make_answer: Answers
) -> None:
    """It is the vendor's own answer that leads there."""
    peer.will(make_answer(302, b"", location=f"{stranger.url}/inside"))
    async with public as transport:
        with pytest.raises(errors.Malformed, match="private network"):
            await transport.fetch_reply(Call("get", "GET", "/film"))
    assert (len(peer.seen), stranger.seen) == (1, [])


async def test_a_listed_network_may_be_named(
    public: Transport, stranger: Any, make_answer: Answers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as that of a company's own storage; the connection goes through the guard."""
    monkeypatch.setenv("POLYREEL_ALLOW_NETWORKS", "127.0.0.0/8")
    stranger.will(make_answer(200, b"a film"))
    async with public as transport:
        done = await download(transport, f"{stranger.url}/film?sig=1", tmp_path / "film")
    assert (done.bytes, stranger.seen[0].target) == (6, "/film?sig=1")


async def test_a_vendor_at_home_in_a_private_network_may_name_its_neighbours(
    transport: Transport, stranger: Any, make_answer: Answers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rehearsal's links lead to this machine, and need no list."""
    monkeypatch.delenv("POLYREEL_ALLOW_NETWORKS", raising=False)
    stranger.will(make_answer(200, b"a film"))
    assert (await download(transport, f"{stranger.url}/film", tmp_path / "film")).bytes == 6


async def test_a_link_to_a_name_that_nobody_has_is_no_connection(
    public: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As any other address where nobody answers."""
    fallback: Callable[[str, int], Awaitable[list[guard.Address]]] = guard.resolve_host

    async def resolve(host: str, port: int) -> list[guard.Address]:
        if host == "nobody.example":
            raise guard.FetchError("the host's name could not be resolved", where=host)
        return await fallback(host, port)

    monkeypatch.setattr(guard, "resolve_host", resolve)
    async with public as transport:
        with pytest.raises(errors.Unreachable, match="could not be resolved"):
            await transport.fetch_reply(Call("get", "GET", "http://nobody.example/film"))
