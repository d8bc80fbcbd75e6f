"""A vendor who gives out other keys: a proxy on loopback that puts the rehearsal's fixed ones in their place."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

_OWN = {"transfer-encoding", "content-length", "connection", "host", "content-encoding", "accept-encoding"}


@dataclass
class KeyChanger:
    """``keys``: what the vendor takes, and what the rehearsal takes for it. Whatever else is sent is refused (401)."""

    url: str
    keys: dict[str, str] = field(default_factory=dict)

    def change(self, authorization: str) -> str | None:
        """The header as the rehearsal takes it; None where nobody is let in."""
        scheme, _, key = authorization.partition(" ")
        # Panjaya's page writes `panjaya-` before every key.
        own = self.keys.get(key.strip().removeprefix("panjaya-"))
        return f"{scheme} {own}" if own else None


@contextmanager
def changed_keys(base: str) -> Iterator[KeyChanger]:
    """The proxy before a rehearsal at ``base``, for as long as the block lasts."""
    client = httpx.Client(base_url=base, trust_env=False, timeout=60)
    changer = KeyChanger("")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {name: value for name, value in self.headers.items() if name.lower() not in _OWN}
            if "authorization" in {name.lower() for name in headers}:
                changed = changer.change(self.headers["authorization"])
                if changed is None:
                    return self._answer(401, [("content-type", "application/json")], b'{"error": "no such key"}')
                headers = {name: value for name, value in headers.items() if name.lower() != "authorization"}
                headers["authorization"] = changed
            answer = client.request(self.command, self.path, headers=headers, content=body)
            kept = [(name, value) for name, value in answer.headers.items() if name.lower() not in _OWN]
            return self._answer(answer.status_code, kept, answer.content)

        def _answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
            self.send_response(status)
            for name, value in headers:
                self.send_header(name, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _pass_on  # noqa: N815 - as the base class calls it

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class calls it so
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    changer.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield changer
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
        client.close()
