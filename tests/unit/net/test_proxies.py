"""Nothing calls this machine through a proxy, whatever the environment says."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.request import getproxies_environment, proxy_bypass_environment

import httpx
import pytest

from polyreel.net.proxies import LOOPBACK, keep_loopback_direct

NAMES = ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy")


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    bare = {name: value for name, value in os.environ.items() if not name.upper().endswith("_PROXY")}
    monkeypatch.setattr(os, "environ", bare)  # what is set here ends here


@pytest.fixture
def server() -> Iterator[str]:
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing."""

    found = HTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=found.serve_forever, args=(0.01,), daemon=True).start()
    yield f"127.0.0.1:{found.server_port}"
    found.shutdown()
    found.server_close()


def nobody() -> str:
    """An address that nothing answers at."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{unused.getsockname()[1]}"


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("scheme", ["http", "socks5", "socks5h"])
def test_a_client_that_believes_the_environment_reaches_this_machine(server: str, name: str, scheme: str) -> None:
    """Prefect's does: with a proxy that is not there, and with one of a kind that httpx can't speak to."""
    os.environ[name] = f"{scheme}://{nobody()}"
    keep_loopback_direct()
    for host in (server, server.replace("127.0.0.1", "localhost")):
        assert httpx.get(f"http://{host}/", timeout=10).status_code == 204


def test_what_the_user_named_stays_named() -> None:
    os.environ.update({"HTTPS_PROXY": "http://proxy.example:3128", "NO_PROXY": "example.org, 10.0.0.0/8"})
    keep_loopback_direct()
    keep_loopback_direct()
    assert os.environ["HTTPS_PROXY"] == "http://proxy.example:3128"
    assert os.environ["NO_PROXY"] == ",".join(["example.org", "10.0.0.0/8", *LOOPBACK])
    assert all(proxy_bypass_environment(name, getproxies_environment()) for name in ("localhost", "127.0.0.1"))


def test_without_proxies_nothing_is_set() -> None:
    keep_loopback_direct()
    assert "NO_PROXY" not in os.environ
