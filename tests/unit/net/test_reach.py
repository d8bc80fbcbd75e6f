"""A machine that can't be reached is said so soon: by vendors' clients and by downloads alike."""

from __future__ import annotations

import errno
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from polyreel.errors import FetchError
from polyreel.net.reach import explain_no_way
from polyreel.sources.ingest import ingest
from polyreel.sources.port import FetchLimits
from polyreel.store.local import LocalStore
from polyreel.vendors import sockets
from polyreel.vendors.calls import Call
from polyreel.vendors.errors import NoWay, Unreachable
from polyreel.vendors.retry import waiting_off
from polyreel.vendors.transport import Transport

NO_ROUTE = OSError(errno.EHOSTUNREACH, "No route to host")
NO_NETWORK = OSError(errno.ENETUNREACH, "Network is unreachable")
REFUSED = ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")
UNKNOWN = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
FOR_A_MOMENT = socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
WAYS = [
    (REFUSED, "nobody listens there"),
    (NO_ROUTE, "no way leads to that host"),
    (NO_NETWORK, "no network of this machine leads there"),
    (UNKNOWN, "the host's name is unknown"),
]


def _wrap(cause: BaseException) -> httpx.ConnectError:
    """As the libraries between hand it on."""
    try:
        try:
            raise cause
        except Exception as inner:
            raise OSError("All connection attempts failed") from inner
    except OSError as error:
        outer = httpx.ConnectError("All connection attempts failed")
        outer.__context__ = error
        return outer


@pytest.mark.parametrize(("cause", "reason"), WAYS)
def test_the_reason_is_found_among_the_causes(cause: Exception, reason: str) -> None:
    """However deep it lies; of several addresses, if each is out of reach."""
    assert explain_no_way(_wrap(cause)) == reason
    assert explain_no_way(_wrap(ExceptionGroup("several", [cause, REFUSED]))) == reason


@pytest.mark.parametrize("cause", [FOR_A_MOMENT, TimeoutError(), ConnectionResetError(errno.ECONNRESET, "reset")])
def test_what_a_moment_may_mend_is_none(cause: Exception) -> None:
    """A resolver that is away, a lost line; nor where one of several addresses fell silent."""
    assert explain_no_way(_wrap(cause)) == ""
    assert explain_no_way(_wrap(ExceptionGroup("several", [REFUSED, cause]))) == ""


@pytest.mark.parametrize(("cause", "reason"), WAYS)
async def test_a_vendor_out_of_reach_is_tried_three_times(
    monkeypatch: pytest.MonkeyPatch, cause: Exception, reason: str
) -> None:
    """And the error says why."""
    tried = []

    async def connect(host: str, _port: int) -> socket.socket:
        tried.append(host)
        raise cause

    monkeypatch.setattr(sockets, "_open_socket", connect)
    with waiting_off():
        async with Transport("panjaya", "http://panjaya.test") as transport:
            with pytest.raises(NoWay, match=f"No connection to http://panjaya.test/thing: {reason}."):
                await transport.fetch_reply(Call("get", "GET", "/thing"))
    assert len(tried) == 3


async def test_a_resolver_that_is_away_is_asked_as_often_as_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """A moment may mend it."""
    tried = []

    async def connect(host: str, _port: int) -> socket.socket:
        tried.append(host)
        raise FOR_A_MOMENT

    monkeypatch.setattr(sockets, "_open_socket", connect)
    with waiting_off():
        async with Transport("panjaya", "http://panjaya.test") as transport:
            with pytest.raises(Unreachable):
                await transport.fetch_reply(Call("get", "GET", "/thing"))
    assert len(tried) == 5


@pytest.mark.parametrize(("cause", "reason"), [WAYS[1], WAYS[2]])
async def test_a_source_out_of_reach_is_not_tried_as_often_as_a_cut_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, cause: Exception, reason: str
) -> None:
    """As a port where nobody listens."""
    monkeypatch.setenv("POLYREEL_ALLOW_NETWORKS", "127.0.0.0/8")

    async def refuse(*_: Any) -> httpx.Response:
        raise _wrap(cause)

    monkeypatch.setattr(httpx.AsyncHTTPTransport, "handle_async_request", refuse)
    quick = replace(FetchLimits(), attempts=50, refusals=2, backoff_seconds=0.001)
    with pytest.raises(FetchError, match=rf"{reason} \(2 attempts\)") as caught:
        await ingest("http://127.0.0.1:9/film.mp4", LocalStore(tmp_path), limits=quick)
    assert "network" in caught.value.remedy
