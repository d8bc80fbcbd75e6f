"""Away from the vendor's own origin: signed links and redirects lead to addresses that the vendor chose.

A vendor on the internet, or whoever speaks in its name, must not lead us into a private network: there the guard of
`polyreel.net` judges every address and connects to the judged one. A vendor that is itself in a private network (an
installation of one's own, a rehearsal on this machine) may name its neighbours.
"""

from __future__ import annotations

from collections.abc import Callable

import httpx

from polyreel.net import guard


class Strangers:
    """Who is talked to besides the vendor at `home`. Belongs to one event loop."""

    def __init__(self, home: httpx.URL, client: Callable[[httpx.AsyncBaseTransport], httpx.AsyncClient]) -> None:
        self._home = home
        self._make = client
        self._client: httpx.AsyncClient | None = None
        self._neighbours: bool | None = None

    async def find_client(self) -> httpx.AsyncClient | None:
        """The guarded client, or None where the vendor may name any address. Raises `FetchError` without a resolver."""
        if self._neighbours is None:
            # Once per client: whether the vendor is a neighbour doesn't
            # change while we talk, and every signed link would ask anew.
            addresses = await guard.resolve_host(self._home.host, self._home.port or 443)
            self._neighbours = not any(guard.is_public(address) for address in addresses)
        if not self._neighbours and self._client is None:
            self._client = self._make(guard.GuardedTransport())
        return self._client

    async def aclose(self) -> None:
        """Close what is open."""
        if self._client is not None:
            await self._client.aclose()
