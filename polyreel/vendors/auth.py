"""Who we are to a vendor. The transport adds these headers to calls to the vendor's own origin, and to no other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from polyreel.errors import InvalidJob
from polyreel.vendors.errors import CallError

JUST_NOW = 1.0
"""Seconds: calls that went out together are refused together, and one renewal serves them all."""


class Auth(Protocol):
    """Gives the headers of a call, and may get new ones when the vendor refuses them."""

    async def make_headers(self) -> Mapping[str, str]:
        """The headers that say who we are."""
        ...

    async def renew(self, refusal: CallError) -> bool:
        """After a 401 or 403: True when there are new headers worth one more attempt."""
        ...

    def list_secrets(self) -> Iterable[str]:
        """What must never be seen in a log or an error."""
        ...


def require_key(key: str) -> str:
    """A key, or token, as it is sent: without blanks around it. Raises `InvalidJob` for what can't be one.

    A stray newline would otherwise surface inside an error of the HTTP library, key and all.
    """
    key = key.strip()
    if not key or not key.isascii() or not key.isprintable():
        raise InvalidJob(
            "The key is empty or has characters that no key has.",
            where="credentials",
            remedy="Paste the key as the vendor shows it, and save it: `polyreel credentials save`.",
        )
    return key


class KeyAuth:
    """A fixed key in one header."""

    def __init__(self, header: str, key: str, scheme: str = "") -> None:
        self._key = key = require_key(key)
        self._headers = {header: f"{scheme} {key}".strip()}

    async def make_headers(self) -> Mapping[str, str]:
        """The one header."""
        return self._headers

    async def renew(self, refusal: CallError) -> bool:
        """A fixed key does not change."""
        return False

    def list_secrets(self) -> Iterable[str]:
        """The key."""
        return (self._key,)


class Anonymous:
    """No credentials at all."""

    async def make_headers(self) -> Mapping[str, str]:
        """None."""
        return {}

    async def renew(self, refusal: CallError) -> bool:
        """Nothing to renew."""
        return False

    def list_secrets(self) -> Iterable[str]:
        """None."""
        return ()
