"""Which client method calls which documented endpoint. docs/vendors.md is written from this, and checked against it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

Price = Literal["free", "charged", "dub"]
"""Whether the vendor takes money for a call, each time, or sells a dub by it, which jobs alone may buy."""
F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One documented call, the section of the vendor's page that documents it, and the method that makes it.

    `page` is the file in the vendors' documents (`panjaya.md`), or `WIRE.md` for what only the wire is known to have.
    """

    method: str
    path: str
    page: str
    section: str
    client: str
    price: Price = "free"

    @property
    def vendor(self) -> str:
        """The package that holds the client."""
        return self.client.split(".")[2]


_known: list[Endpoint] = []


def endpoint(method: str, path: str, *, page: str, section: str, price: Price = "free") -> Callable[[F], F]:
    """Say which endpoint a client's method calls, and whether that costs. A method that calls two says so twice."""

    def note_endpoint(function: F) -> F:
        client = f"{function.__module__}.{function.__qualname__}"
        _known.append(Endpoint(method, path, page, section, client, price))
        return function

    return note_endpoint


def list_endpoints() -> list[Endpoint]:
    """Every endpoint of the clients imported so far, in the order in which they were written."""
    return list(_known)
