"""An object store on loopback: moto's S3, served by real sockets, with a word in what it answers."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import boto3
import pytest
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

KEY, SECRET = "POLYREELTESTKEY", "hush-hush-this-is-the-secret"
Answer = tuple[str, str]


class _Silent(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, *args: Any) -> None:
        """Say nothing."""


@dataclass(frozen=True)
class Asked:
    """One request, as it came."""

    method: str
    path: str
    headers: dict[str, str]
    query: str = ""


@dataclass
class S3:
    """The server, what it was asked, and how it misbehaves. ``answer`` may give a status and an error code instead."""

    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    answer: Callable[[Asked], Answer | None] = lambda asked: None
    delay: Callable[[Asked], float] = lambda asked: 0.0

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        headers = {name[5:].lower(): str(value) for name, value in environ.items() if name.startswith("HTTP_")}
        path = environ["PATH_INFO"].encode("latin-1").decode()
        asked = Asked(environ["REQUEST_METHOD"], path, headers, environ.get("QUERY_STRING", ""))
        self.asked.append(asked)
        time.sleep(self.delay(asked))
        refusal = self.answer(asked) or _stranger(asked)
        if refusal is None:
            return self._moto(environ, start_response)
        environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        body = f"<Error><Code>{refusal[1]}</Code><Message>{SECRET[:4]} no</Message></Error>".encode()
        body = b"" if asked.method == "HEAD" else body
        start_response(refusal[0], [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))])
        return [body]

    def __post_init__(self) -> None:
        self._moto = DomainDispatcherApplication(create_backend_app)

    def reset(self) -> None:
        """Behave again, and forget what was asked."""
        self.answer, self.delay = (lambda asked: None), (lambda asked: 0.0)
        self.asked.clear()

    def methods(self, part: str = "") -> list[str]:
        """What was asked of keys that hold ``part``: ``GET``, ``PUT``, ..."""
        return [asked.method for asked in self.asked if part in asked.path]


def _stranger(asked: Asked) -> Answer | None:
    # In a signed address, the query has what is a header elsewhere.
    signed = asked.headers.get("authorization") or unquote(asked.query)
    scope = re.split("[,&]", signed.partition("Credential=")[2])[0].split("/")
    if scope[0] != KEY:
        return "403 Forbidden", "InvalidAccessKeyId"
    return None if scope[2] == "us-east-1" else ("400 Bad Request", "AuthorizationHeaderMalformed")


@pytest.fixture(scope="session")
def _server() -> Iterator[S3]:
    s3 = S3()
    server = make_server("127.0.0.1", 0, s3, threaded=True, request_handler=_Silent)
    s3.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield s3
    server.shutdown()
    server.server_close()


_buckets = iter(range(1, 10_000))


@dataclass
class TestBucket:
    """A bucket of one test, as somebody else's program sees it."""

    __test__ = False
    name: str
    client: Any
    s3: S3

    def url(self, key: str = "") -> str:
        return f"s3://{self.name}/{key}" if key else f"s3://{self.name}"

    def put(self, key: str, content: bytes | Path) -> str:
        body = content.read_bytes() if isinstance(content, Path) else content
        self.client.put_object(Bucket=self.name, Key=key, Body=body)
        return self.url(key)

    def get(self, key: str) -> bytes:
        found: bytes = self.client.get_object(Bucket=self.name, Key=key)["Body"].read()
        return found

    def keys(self, prefix: str = "") -> list[str]:
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.name, Prefix=prefix)
        return [each["Key"] for page in pages for each in page.get("Contents", [])]


@pytest.fixture
def s3(_server: S3, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3]:
    """The object store, which the environment knows the way to."""
    environment = {
        "AWS_ENDPOINT_URL": _server.url,
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_REGION": "us-east-1",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    _server.reset()
    yield _server
    _server.reset()


@pytest.fixture(scope="session")
def _client(_server: S3) -> Iterator[Any]:
    client = boto3.client(
        "s3", endpoint_url=_server.url, aws_access_key_id=KEY, aws_secret_access_key=SECRET, region_name="us-east-1"
    )
    yield client
    client.close()


@pytest.fixture
def bucket(s3: S3, _client: Any) -> TestBucket:
    """A bucket of this test's own."""
    made = TestBucket(f"films-{next(_buckets)}", _client, s3)
    _client.create_bucket(Bucket=made.name)
    s3.asked.clear()
    return made


@pytest.fixture
def secret() -> str:
    """What nobody may ever see."""
    return SECRET
