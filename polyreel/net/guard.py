"""Whom polyreel talks to: public addresses, and what ``POLYREEL_ALLOW_NETWORKS`` lists. Nobody else.

A name is resolved once per request, every address that it has is judged, and the connection goes to the judged address
itself: a name that changes its mind between the question and the call (DNS rebinding) gains nothing. A redirect is a
new request, and is judged like the first.
"""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from functools import cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

import httpx

from polyreel.errors import FetchError, ForbiddenAddress, InvalidJob

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# Global unicast is all there is to reach by IPv6 (RFC 4291); inside it, what leads elsewhere or nowhere.
_GLOBAL_6 = ip_network("2000::/3")
_REFUSED = tuple(
    ip_network(network)
    for network in (
        "0.0.0.0/8",  # this network
        "100.64.0.0/10",  # carrier-grade NAT (RFC 6598)
        "192.0.0.0/24",  # IETF protocol assignments
        "192.88.99.0/24",  # 6to4 relays
        "198.18.0.0/15",  # benchmarks
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
        "2001::/23",  # IETF protocol assignments: Teredo, ORCHID, ...
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: an IPv4 address in disguise
        "3fff::/20",  # documentation (RFC 9637)
    )
)


def read_allowed_networks() -> tuple[Network, ...]:
    """What ``POLYREEL_ALLOW_NETWORKS`` lists: networks in CIDR form with commas between."""
    listed = os.environ.get("POLYREEL_ALLOW_NETWORKS", "").split(",")
    try:
        return tuple(ip_network(entry.strip()) for entry in listed if entry.strip())
    except ValueError as error:
        remedy = "List networks in CIDR form with commas between, such as 10.0.0.0/8,fd00::/8."
        raise InvalidJob(str(error), where="POLYREEL_ALLOW_NETWORKS", remedy=remedy) from error


def is_public(address: Address) -> bool:
    """Whether an address is anybody's on the internet, and no way around to an address that isn't.

    IPv4-mapped (``::ffff:0:0/96``) and NAT64 (``64:ff9b::/96``) addresses lie outside ``2000::/3``, and so are refused.
    """
    if any(address in network for network in _REFUSED):
        return False
    if address.version == 6 and address not in _GLOBAL_6:
        return False
    return address.is_global and not address.is_multicast


def judge_host(host: str, addresses: list[Address]) -> None:
    """Refuse a host when any one of its addresses is neither public nor listed."""
    allowed = read_allowed_networks()
    for address in addresses:
        if not is_public(address) and not any(address in network for network in allowed):
            raise ForbiddenAddress(
                f"the address {address} is not a public one",
                where=host,
                remedy="If this network is yours and meant, list it in POLYREEL_ALLOW_NETWORKS.",
            )


async def resolve_host(host: str, port: int) -> list[Address]:
    """Every address of a host, in the system's order of preference."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        remedy = "Check the spelling of the host's name, and this machine's network."
        raise FetchError("the host's name could not be resolved", where=host, remedy=remedy) from error
    return list(dict.fromkeys(ip_address(str(entry[4][0]).partition("%")[0]) for entry in found))


def tls_context() -> ssl.SSLContext:
    """Certificates as httpx brings them, and the system's own (``SSL_CERT_FILE`` included)."""
    return _load_certificates(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))


@cache
def _load_certificates(_file: str | None, _folder: str | None) -> ssl.SSLContext:
    # Reading all of them takes 26 ms of a processor: once per process, and anew where the environment names others.
    context = httpx.create_ssl_context(trust_env=False)
    context.load_default_certs()
    return context


class GuardedTransport(httpx.AsyncBaseTransport):
    """Sends a request to a judged address of its host, under the host's own name (``Host``, SNI, certificate)."""

    def __init__(self) -> None:
        # No connection is kept: one that was opened (and whose certificate was checked) for one name could otherwise
        # serve another name at the same address.
        limits = httpx.Limits(max_keepalive_connections=0)
        self._inner = httpx.AsyncHTTPTransport(verify=tls_context(), trust_env=False, limits=limits)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Resolve, judge, connect; the next address when one can't be connected to."""
        host = request.url.raw_host.decode("ascii")
        addresses = await resolve_host(host, request.url.port or 443)
        judge_host(host, addresses)
        refused: httpx.TransportError = httpx.ConnectError("the host's name has no address", request=request)
        for address in addresses:
            try:
                return await self._inner.handle_async_request(_pin_address(request, host, address))
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                refused = error
        raise refused

    async def aclose(self) -> None:
        """Close what is open."""
        await self._inner.aclose()


def _pin_address(request: httpx.Request, host: str, address: Address) -> httpx.Request:
    extensions = {**request.extensions, "sni_hostname": host}
    url = request.url.copy_with(host=str(address))
    return httpx.Request(request.method, url, headers=request.headers, stream=request.stream, extensions=extensions)
