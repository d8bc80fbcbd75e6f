"""Fetching media by address: from loopback only. A rehearsal reaches nothing outside this machine."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, urljoin, urlsplit

import httpx

from polyreel.net.guard import tls_context

_DEADLINE = 600.0
_HOPS = 5
_TIMEOUT = httpx.Timeout(30.0)


class NotLoopback(Exception):
    """An address that the sandbox does not talk to."""


class NotFetched(Exception):
    """Nothing usable came from the address."""


class TooLarge(Exception):
    """More came than the account may send."""


@dataclass(frozen=True, slots=True)
class Target:
    """A checked address: ``url`` names the IP that was judged, ``host`` what goes into the Host header."""

    url: str
    host: str


async def pin_loopback(url: str) -> Target:
    """Judge an address by what it resolves to, and pin that."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise NotLoopback("only http addresses can be fetched")
    addresses = await _resolve_addresses(parts)
    # All of them: a name may resolve to an inner and an outer address.
    if not all(address.is_loopback for address in addresses):
        raise NotLoopback("the sandbox talks to loopback addresses only")
    address = addresses[0]
    shown = f"[{address}]" if address.version == 6 else str(address)
    place = f"{shown}:{parts.port}" if parts.port else shown
    # The judged address itself is called: asked a second time, a name could lead elsewhere.
    pinned = parts._replace(netloc=place, fragment="").geturl()
    return Target(pinned, parts.netloc.rpartition("@")[2])


async def _resolve_addresses(parts: SplitResult) -> list[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(parts.hostname, parts.port or 80, type=socket.SOCK_STREAM)
    except (OSError, ValueError) as error:
        raise NotLoopback("the address does not resolve") from error
    return sorted({ipaddress.ip_address(entry[4][0]) for entry in found}, key=lambda address: address.version)


async def fetch_file(url: str, into: Path, *, most_bytes: int) -> Path:
    """Write what an address gives into a file. Raises `NotLoopback`, `NotFetched` or `TooLarge`."""
    try:
        async with asyncio.timeout(_DEADLINE):
            return await _follow_redirects(url, into, most_bytes)
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, ValueError) as error:
        raise NotFetched(f"the media could not be fetched ({type(error).__name__})") from error


async def _follow_redirects(url: str, into: Path, most_bytes: int) -> Path:
    # A proxy from the environment would take the call off this machine.
    async with httpx.AsyncClient(timeout=_TIMEOUT, trust_env=False, verify=tls_context()) as client:
        for _ in range(_HOPS):
            # Judged at each hop, as a redirect may lead anywhere.
            target = await pin_loopback(url)
            # Uncompressed, so that the limit holds for what is written.
            headers = {"host": target.host, "accept-encoding": "identity"}
            async with client.stream("GET", target.url, headers=headers) as answer:
                if answer.is_redirect:
                    url = urljoin(url, answer.headers.get("location", ""))
                    continue
                if not answer.is_success:
                    raise NotFetched(f"the media could not be fetched (status {answer.status_code})")
                return await _save_body(answer, into, most_bytes)
    raise NotFetched("the media could not be fetched (too many redirects)")


async def _save_body(answer: httpx.Response, into: Path, most_bytes: int) -> Path:
    size = 0
    with into.open("wb") as file:
        async for piece in answer.aiter_raw(1 << 18):
            size += len(piece)
            if size > most_bytes:
                raise TooLarge
            file.write(piece)
    return into
