"""Signed addresses for S3-compatible stores: AWS Signature Version 4 in the query, the payload unsigned.

Source: AWS, "Authenticating Requests: Using Query Parameters (AWS Signature Version 4)". A signed address needs no
header of ours, so the store's keys stay here.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit


@dataclass(frozen=True, slots=True)
class Keys:
    """An access key and its secret, for one region."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    region: str = "us-east-1"
    session_token: str | None = field(default=None, repr=False)


def signed_url(
    method: str,
    url: str,
    keys: Keys,
    *,
    params: Mapping[str, str] | None = None,
    seconds: int = 900,
    now: datetime | None = None,
) -> str:
    """The address with a signature that lets anybody do `method` there for so many seconds. `url` has no query."""
    moment = (now or datetime.now(UTC)).strftime("%Y%m%dT%H%M%SZ")
    scope = f"{moment[:8]}/{keys.region}/s3/aws4_request"
    parts = urlsplit(url)
    query = _query(
        {
            **(params or {}),
            "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
            "X-Amz-Credential": f"{keys.access_key_id}/{scope}",
            "X-Amz-Date": moment,
            "X-Amz-Expires": str(seconds),
            "X-Amz-SignedHeaders": "host",
            **({"X-Amz-Security-Token": keys.session_token} if keys.session_token else {}),
        }
    )
    request = "\n".join((method, parts.path or "/", query, f"host:{parts.netloc}", "", "host", "UNSIGNED-PAYLOAD"))
    to_sign = "\n".join(("AWS4-HMAC-SHA256", moment, scope, hashlib.sha256(request.encode()).hexdigest()))
    signature = hmac.new(_signing_key(keys, moment[:8]), to_sign.encode(), hashlib.sha256).hexdigest()
    return f"{url}?{query}&X-Amz-Signature={signature}"


def _query(params: Mapping[str, str]) -> str:
    return "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in sorted(params.items()))


def _signing_key(keys: Keys, day: str) -> bytes:
    key = f"AWS4{keys.secret_access_key}".encode()
    for part in (day, keys.region, "s3", "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key
