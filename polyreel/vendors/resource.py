"""What every client is made of: methods that name an operation, and paths whose ids are quoted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar
from urllib.parse import quote

from pydantic import BaseModel

from polyreel.errors import InvalidJob
from polyreel.net.closing import ClosesAfterBlock
from polyreel.vendors.bodies import Body, json_body
from polyreel.vendors.calls import Call, Reply
from polyreel.vendors.errors import Facts, Malformed, Unauthorized
from polyreel.vendors.transport import Transport

T = TypeVar("T")
Model = TypeVar("Model", bound=BaseModel)


def fill_path(template: str, **ids: str) -> str:
    """``/assets/{id}/`` with each id quoted, so that no id can lead anywhere else. `InvalidJob` for an empty one."""
    for name, value in ids.items():
        if not value.strip() or value in {".", ".."}:
            raise InvalidJob(f"{value!r} is not an id.", where=name, remedy="Give the id as the vendor shows it.")
    # No slash is left as it is: an id of `../users` would ask for something else under our key.
    return template.format(**{name: quote(value, safe="") for name, value in ids.items()})


class Resource(ClosesAfterBlock):
    """A part of a vendor's API. Several parts that share one transport make a client."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport

    async def aclose(self) -> None:
        """Close every connection."""
        await self.transport.aclose()

    async def _ask(self, shape: type[T], operation: str, method: str, at: str, **rest: Any) -> T:
        return await self.transport.ask(_make_call(operation, method, at, **rest), shape)

    async def _send(self, read: Callable[[Reply], T], operation: str, method: str, at: str, **rest: Any) -> T:
        return await self.transport.send(_make_call(operation, method, at, **rest), read)

    async def _fetch_reply(self, operation: str, method: str, at: str, **rest: Any) -> Reply:
        return await self.transport.fetch_reply(_make_call(operation, method, at, **rest))

    async def _fetch_at_handed_out(self, call: Call) -> Reply:
        """What an address that the vendor handed out answers: without the key, as storage refuses one beside its own.

        Where the API itself answers 401 there, the key goes along: that is a path of the API which was told as a whole
        address. No address but such a one (`Transport.is_open_to_key`) ever gets it.
        """
        try:
            return await self.transport.fetch_reply(replace(call, anonymous=True))
        except Unauthorized:
            if not self.transport.is_open_to_key(call):
                raise
        return await self.transport.fetch_reply(replace(call, anonymous=False))

    def _fit_row(self, shape: type[Model], row: Any, operation: str) -> Model:
        """One row of a list whose pages were put together; `Malformed` where it does not fit."""
        try:
            return shape.model_validate(row)
        except ValueError:
            # The row came with one of many answers, so that there is no single reply whose facts could be told.
            facts = Facts(self.transport.vendor, operation)
            raise Malformed("A row of the list does not fit.", facts=facts) from None

    async def _require_success(self, operation: str, method: str, at: str, **rest: Any) -> None:
        """Where only the status of the answer says anything."""
        await self._fetch_reply(operation, method, at, **rest)


def _make_call(
    operation: str,
    method: str,
    at: str,
    *,
    json: Any = None,
    body: Body | None = None,
    params: Mapping[str, Any] | None = None,
    **rest: Any,
) -> Call:
    return Call(operation, method, at, params=params, body=json_body(json) if json is not None else body, **rest)
