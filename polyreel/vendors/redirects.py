"""What may follow a redirect. We follow redirects ourselves: HTTP libraries carry custom key headers to strangers."""

from __future__ import annotations

from dataclasses import dataclass, replace

import httpx

from polyreel.redaction import redact_addresses
from polyreel.vendors.errors import Facts, Malformed


@dataclass(frozen=True, slots=True)
class Hop:
    """One request on the way: where, how, and whether it carries the call's body."""

    url: httpx.URL
    method: str
    with_body: bool


def origin_of(url: httpx.URL) -> tuple[str, str, int]:
    """Scheme, host and port: what has to be equal for an address to see the credentials."""
    return url.scheme, url.host.lower(), url.port or {"https": 443, "http": 80}.get(url.scheme, 0)


_PERMISSIONS = frozenset(
    {"x-amz-signature", "x-goog-signature", "signature", "sig", "awsaccesskeyid", "googleaccessid", "key-pair-id"}
)


def is_signed(url: httpx.URL) -> bool:
    """Whether the address brings its own permission (S3, CloudFront, Google, Azure): storages refuse a second one."""
    return any(name.lower() in _PERMISSIONS for name in url.params)


def next_hop(hop: Hop, response: httpx.Response, facts: Facts) -> Hop:
    """Where a redirect leads; `Malformed` where we don't follow."""
    target = hop.url.join(response.headers["location"])
    facts = replace(facts, status=response.status_code)
    # From https to http, whoever listens on the way would read the keys.
    downgraded = hop.url.scheme == "https" and target.scheme != "https"
    if target.scheme not in ("http", "https") or downgraded:
        raise Malformed(f"The vendor redirects to {redact_addresses(str(target))}, which is not safe.", facts=facts)
    # 307 and 308 keep method and body (RFC 9110, 15.4), but only the vendor itself may have the body.
    kept = response.status_code in (307, 308) and origin_of(hop.url) == origin_of(target)
    if hop.method in ("GET", "HEAD") or kept:
        return replace(hop, url=target)
    if response.status_code == 303:
        return Hop(target, "GET", with_body=False)
    # A body meant for the vendor does not follow to a stranger, and 301 or 302 would lose it.
    raise Malformed(f"The vendor redirects a {hop.method} to {redact_addresses(str(target))}.", facts=facts)
