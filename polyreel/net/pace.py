"""How slow a transfer may be: who drips a byte a second keeps every timeout between reads, and a run for hours."""

from __future__ import annotations

import time

SLOWEST_BYTES, SLOW_SECONDS, SLOW_ATTEMPTS = 4096.0, 30.0, 3
"""The usual limit: fewer bytes a second than that, for so long, end an attempt; so many such attempts, a transfer."""


class TooSlow(Exception):
    """Too little came for too long; the message has the figures."""


class Pace:
    """Watches one answer's body: in each ``seconds`` at least ``least`` bytes a second have to come."""

    def __init__(self, least: float, seconds: float) -> None:
        self._least, self._seconds = least, seconds
        self._since, self._bytes = time.monotonic(), 0

    def count_bytes(self, size: int) -> None:
        """So many bytes came. Raises `TooSlow` where the last stretch brought too few."""
        self._bytes += size
        took = time.monotonic() - self._since
        if took < self._seconds:
            return
        if self._bytes < self._least * took:
            said = f"too slow: {self._bytes:,} bytes in {took:.0f} s, where {self._least:,.0f} a second are the least"
            raise TooSlow(said)
        self._since, self._bytes = time.monotonic(), 0
