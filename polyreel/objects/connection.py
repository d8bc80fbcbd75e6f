"""How an object store is reached: by the environment's ``AWS_*`` variables, or by a saved block's keys.

The client is `obstore` (Rust's object_store): streamed, multipart, conditional. It is imported when a bucket is opened
and not before, because most runs never open one.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from polyreel.errors import InvalidJob, PolyreelError

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig, S3Store

_REQUEST = timedelta(minutes=10)
_ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")
_WAYS_IN = (
    "AWS_ACCESS_KEY_ID",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_SKIP_SIGNATURE",
)


@dataclass(frozen=True, slots=True)
class ObjectKeys:
    """An access key and its secret, for one endpoint and one bucket."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    bucket: str
    endpoint_url: str
    region: str = "us-east-1"
    session_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a store is waited for. Seconds and counts."""

    connect_seconds: float = 10.0
    stall_seconds: float = 120.0
    attempts: int = 5
    backoff_seconds: float = 0.3
    longest_wait_seconds: float = 10.0
    retry_seconds: float = 60.0


@dataclass(frozen=True, slots=True)
class Connection:
    """A way to object stores. Without ``keys``, the one that the environment describes."""

    keys: ObjectKeys | None = None
    patience: Patience = Patience()

    @property
    def endpoint(self) -> str:
        """Where the store is; empty for AWS itself."""
        if self.keys:
            return self.keys.endpoint_url
        return next((os.environ[name] for name in _ENDPOINTS if os.environ.get(name)), "")

    def open_client(self, bucket: str, error: type[PolyreelError]) -> S3Store:
        """A client for one bucket, from a pool that the process shares. Raises ``error`` where there is no way in."""
        if self.keys and self.keys.bucket != bucket:
            raise error(
                f"the credentials that the job names are for the bucket {self.keys.bucket}",
                code="access_denied",
                where=f"s3://{bucket}",
                remedy="Save credentials for this bucket, and name them.",
            )
        _require_safe(self.endpoint)
        if self.keys is None:
            _require_a_way_in(bucket, error)
        return _open_store(self, bucket, _of_environment() if self.keys is None else ())


def _require_safe(endpoint: str) -> None:
    if endpoint.startswith("http://") and not _may_be_plain(endpoint):
        raise InvalidJob(
            "the object store's address is not encrypted",
            where=endpoint,
            remedy="Use https://, or set AWS_ALLOW_HTTP=true if nobody else is on that network.",
        )


def _may_be_plain(endpoint: str) -> bool:
    if os.environ.get("AWS_ALLOW_HTTP", "").lower() in {"1", "true"}:
        return True
    host = urlsplit(endpoint).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _require_a_way_in(bucket: str, error: type[PolyreelError]) -> None:
    # Without any of these the library asks the machine's own metadata service, which only a cloud's machine has.
    named = any(os.environ.get(name) for name in _WAYS_IN)
    if not named and os.environ.get("AWS_EC2_METADATA_DISABLED", "").lower() == "true":
        raise error(**no_credentials(), where=f"s3://{bucket}")


def no_credentials() -> dict[str, str]:
    """What to say where nothing lets us in."""
    return {
        "message": "there are no credentials for the object store",
        "code": "no_credentials",
        "remedy": "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (files below ~/.aws are not read), "
        "or name saved credentials in the job's source.credentials.",
    }


def _of_environment() -> tuple[tuple[str, str], ...]:
    return tuple(sorted((name, value) for name, value in os.environ.items() if name.startswith(("AWS_", "SSL_CERT_"))))


@lru_cache(maxsize=16)
def _open_store(connection: Connection, bucket: str, _environment: tuple[tuple[str, str], ...]) -> S3Store:
    from obstore.store import S3Store

    keys = connection.keys
    common: dict[str, Any] = {
        "client_options": _client_options(connection.patience, connection.endpoint),
        "retry_config": _retry_config(connection.patience),
    }
    if keys is None:
        return S3Store(bucket, **common)
    # The environment's own settings must not leak into a block's: a session token would go to another store.
    return S3Store(
        bucket,
        **common,
        region=keys.region,
        endpoint=keys.endpoint_url,
        aws_endpoint_url_s3=keys.endpoint_url,
        virtual_hosted_style_request=False,
        skip_signature=False,
        credential_provider=_Provider(keys),
    )


class _Provider:
    def __init__(self, keys: ObjectKeys) -> None:
        self._keys = keys

    def __call__(self) -> Any:
        return {
            "access_key_id": self._keys.access_key_id,
            "secret_access_key": self._keys.secret_access_key,
            "token": self._keys.session_token,
            "expires_at": None,
        }


def _client_options(patience: Patience, endpoint: str) -> ClientConfig:
    options: ClientConfig = {
        "allow_http": endpoint.startswith("http://"),
        "connect_timeout": timedelta(seconds=patience.connect_seconds),
        "read_timeout": timedelta(seconds=patience.stall_seconds),
        "timeout": _REQUEST,
        "user_agent": "polyreel",
    }
    authority = os.environ.get("AWS_CA_BUNDLE") or os.environ.get("SSL_CERT_FILE")
    if authority and Path(authority).is_file():
        options["root_certificate"] = Path(authority).read_bytes()
    return options


def _retry_config(patience: Patience) -> RetryConfig:
    return {
        "max_retries": patience.attempts - 1,
        "retry_timeout": timedelta(seconds=patience.retry_seconds),
        "backoff": {
            "init_backoff": timedelta(seconds=patience.backoff_seconds),
            "max_backoff": timedelta(seconds=patience.longest_wait_seconds),
            "base": 2,
        },
    }
