"""What the parts of this client share: the page's name, both route families, and answers that may be empty."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeVar

from pydantic import BaseModel

from polyreel.vendors import resource
from polyreel.vendors.calls import ErrorBody, Reply, read_error_body
from polyreel.vendors.errors import Malformed
from polyreel.vendors.models import fold_word
from polyreel.vendors.nomad.wire import find_rows
from polyreel.vendors.transport import Transport

PAGE = "nomad-media.md"
WIRE = "WIRE.md"
CLIENTS = "the published clients"
Routes = Literal["admin", "core"]
Model = TypeVar("Model", bound=BaseModel)
fill_path = resource.fill_path


class Resource(resource.Resource):
    """A part of the asset manager's API.

    Some operations have two addresses on the page, below ``/admin/asset`` and below ``/asset``; ``routes`` says which
    of them this account may use.
    """

    def __init__(self, transport: Transport, *, routes: Routes = "admin") -> None:
        super().__init__(transport)
        self.routes = routes

    def _pick_route(self, template: str, **ids: str) -> str:
        """An address that exists below both route families, in the account's own."""
        prefix = "/admin" if self.routes == "admin" else ""
        return prefix + fill_path(template, **ids)

    async def _ask_for(self, shape: type[Model], operation: str, method: str, at: str, **rest: Any) -> Model:
        """An answer that may be a bare list, or empty: then the model's defaults say so."""
        return await self._send(lambda reply: fit_reply(shape, reply), operation, method, at, **rest)

    async def _ask_for_changed(
        self, shape: type[Model], known: Mapping[str, Any], operation: str, method: str, at: str, **rest: Any
    ) -> Model:
        """What is there after a change. In an answer without a body: ``known``, as that is what was sent."""

        def read_changed(reply: Reply) -> Model:
            return fit_reply(shape, reply) if reply.body.strip() else reply.fit_to(known, shape)

        return await self._send(read_changed, operation, method, at, **rest)

    async def _fetch_rows(
        self, shape: type[Model], operation: str, method: str, at: str, **rest: Any
    ) -> tuple[Model, ...]:
        """A list, bare or under a key of its own."""
        return await self._send(lambda reply: fit_rows(shape, reply), operation, method, at, **rest)


def read_error(status: int, body: Any) -> ErrorBody:
    """ProblemDetails (``{type, title, status, detail}``) with its keys in any case."""
    if not isinstance(body, Mapping):
        return ErrorBody()
    said = read_error_body(status, {fold_word(str(key)): value for key, value in body.items()})
    return ErrorBody(said.message, "" if said.code == "about:blank" else said.code)


def fit_reply(shape: type[Model], reply: Reply) -> Model:
    """The reply as a model; an empty one as the model's defaults."""
    value = reply.json() if reply.body.strip() else {}
    return reply.fit_to({"items": value} if isinstance(value, list) else value or {}, shape)


def fit_rows(shape: type[Model], reply: Reply) -> tuple[Model, ...]:
    """The reply as a list of models; `Malformed` where there is no list."""
    found = find_rows(reply.json()) if reply.body.strip() else []
    if found is None:
        raise Malformed("Expected a list.", facts=reply.facts)
    return tuple(reply.fit_to(row, shape) for row in found)
