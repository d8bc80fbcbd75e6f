"""One open client per saved credentials and run, closed with the run."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, Self

import pytest

from blocks import credentials
from tasks.run import connections
from tasks.run.connections import client_of, clients_open


class Client:
    """Notes when it is opened and closed."""

    def __init__(self, log: list[str], name: str) -> None:
        self.log, self.name = log, name

    async def __aenter__(self) -> Self:
        self.log.append(f"open {self.name}")
        return self

    async def __aexit__(self, *_: object) -> None:
        self.log.append(f"close {self.name}")


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What became of the clients of whatever credentials are asked for."""
    written: list[str] = []

    async def load(vendor: str, name: str) -> Any:
        return SimpleNamespace(get_client=lambda: Client(written, f"{vendor}/{name}"))

    monkeypatch.setattr(connections, "load_saved", load)
    return written


async def test_a_run_opens_an_account_once_and_closes_it_at_its_end(log: list[str]) -> None:
    """Twenty languages at one vendor share one client, and so its rate limit."""
    async with clients_open():
        async with client_of("panjaya", "studio") as first, client_of("panjaya", "studio") as second:
            assert first is second
        async with client_of("panjaya", "other") as third:
            assert third is not first
        assert log == ["open panjaya/studio", "open panjaya/other"]
    assert sorted(log[2:]) == ["close panjaya/other", "close panjaya/studio"]


async def test_outside_a_run_a_client_is_the_block_s_own(log: list[str]) -> None:
    async with client_of("panjaya", "studio"):
        pass
    assert log == ["open panjaya/studio", "close panjaya/studio"]


async def test_where_nothing_is_named_there_is_no_client(log: list[str]) -> None:
    async with client_of("panjaya", None) as none:
        assert none is None
    async with client_of(None, "studio") as none:
        assert none is None
    assert log == []


async def test_a_run_asks_for_saved_credentials_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Checks, keys and clients stand on the same ones, whatever is saved meanwhile; the next run asks anew."""
    asked: list[str] = []

    async def load(vendor: str, name: str) -> Any:
        asked.append(f"{vendor}/{name}")
        return SimpleNamespace(account=str(len(asked)))

    monkeypatch.setattr(credentials, "load_credentials", load)
    async with clients_open():
        assert await connections.load_saved("panjaya", "studio") is await connections.load_saved("panjaya", "studio")
        assert await connections.account_of("panjaya", "studio") == "1"
        assert await connections.account_of("panjaya", "other") == "2"
    assert await connections.account_of("panjaya", "studio") == "3"
    assert asked == ["panjaya/studio", "panjaya/other", "panjaya/studio"]
