"""Other people's pages can't use a server that asks for no password; our own pages and programs can."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

import httpx
import pytest

from deployments.server.own_pages import SETTING, find_refusal, make_origins_setting

OURS = ("http://127.0.0.1:4200", "http://localhost:4200")


@pytest.mark.parametrize("host", ["127.0.0.1:4200", "localhost:4200", "localhost", "[::1]:4200"])
@pytest.mark.parametrize("origin", [None, *OURS])
def test_programs_and_our_own_pages_are_welcome(host: str, origin: str | None) -> None:
    """A program sends no origin; the UI may be open under either name."""
    assert find_refusal(host, origin, OURS) is None


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("127.0.0.1:4200", "https://elsewhere.example"),
        ("127.0.0.1:4200", "http://127.0.0.1:3000"),
        ("127.0.0.1:4200", "null"),
        ("rebound.example:4200", None),
        ("localhost.rebound.example", None),
        ("someone@localhost:4200", None),
        ("localhost:port", None),
        ("", None),
    ],
)
def test_others_are_not(host: str, origin: str | None) -> None:
    """Another site, another server of this machine, a sandboxed page, a name that was made to point here."""
    assert find_refusal(host, origin, OURS)


def test_the_user_says_whose_pages_may_call_too() -> None:
    """By Prefect's own setting."""
    assert find_refusal("localhost:4200", "https://reels.example", ("https://reels.example",)) is None
    assert find_refusal("localhost:4200", "https://reels.example", ("*",)) is None


def test_pages_that_the_user_names_come_beside_our_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """The UI would be a stranger on its own server otherwise."""
    monkeypatch.setenv(SETTING, "https://reels.example, https://dubs.example")
    assert make_origins_setting(4200)[SETTING].split(",") == [
        "http://127.0.0.1:4200",
        "http://localhost:4200",
        "http://[::1]:4200",
        "https://reels.example",
        "https://dubs.example",
    ]


@pytest.mark.parametrize("named", [{"Origin": "https://elsewhere.example"}, {"Host": "rebound.example"}])
def test_a_runs_own_server_answers_no_strangers(prefect_server: str, named: dict[str, str]) -> None:
    """Neither a call nor the question before it; and what it does answer is not shared with other origins."""
    for method in ("POST", "OPTIONS"):
        asked = {**named, "Access-Control-Request-Method": "POST"}
        refused = httpx.request(method, f"{prefect_server}/flow_runs/filter", headers=asked, trust_env=False)
        assert refused.status_code == 403
        assert "access-control-allow-origin" not in refused.headers
    assert httpx.post(f"{prefect_server}/flow_runs/filter", trust_env=False).status_code == 200


def test_a_strangers_web_socket_is_refused(prefect_server: str) -> None:
    """Web sockets are not held by a browser's rules for other origins: the server has to look."""
    place = urlsplit(prefect_server)
    assert place.hostname
    assert place.port
    asked = [
        f"GET {place.path}/events/out HTTP/1.1",
        f"Host: {place.netloc}",
        "Origin: https://elsewhere.example",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: cG9seXJlZWxwb2x5cmVlbA==",
    ]
    with socket.create_connection((place.hostname, place.port), timeout=20) as line:
        line.sendall("\r\n".join([*asked, "", ""]).encode())
        assert line.recv(100).startswith(b"HTTP/1.1 403")
