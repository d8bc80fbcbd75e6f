"""What the parts of this client share: the organisation in every path, and how the vendor says no."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

from polyreel.vendors import resource
from polyreel.vendors.calls import ErrorBody
from polyreel.vendors.pages import Turn, all_rows, name_row, read_page
from polyreel.vendors.resource import Model
from polyreel.vendors.transport import Transport

PAGE = "tpstreams.md"
WIRE = "WIRE.md"


class Resource(resource.Resource):
    """A part of TPStreams' API. Every path ends in a slash: a POST without it is a 404."""

    def __init__(self, transport: Transport, organization_id: str) -> None:
        super().__init__(transport)
        self.organization_id = organization_id

    def _make_path(self, template: str, **ids: str) -> str:
        return resource.fill_path("/api/v1/{organization}/" + template, organization=self.organization_id, **ids)

    async def _list_all(
        self, shape: type[Model], operation: str, at: str, params: Mapping[str, Any] | None = None
    ) -> AsyncIterator[Model]:
        """Every row of a list, following ``next``."""

        async def fetch_page(turn: Turn) -> Any:
            if isinstance(turn, str):
                link = self.transport.follow_link(at, turn)
                return await self._send(read_page, operation, "GET", link)
            return await self._send(read_page, operation, "GET", at, params={**(params or {}), **turn})

        async for row in all_rows(fetch_page, lambda row: name_row(row, "id", "uuid")):
            yield self._fit_row(shape, row, operation)


def read_error(status: int, body: Any) -> ErrorBody:
    """``{"detail"}``, field errors ``{"field": ["..."]}``, a bulk item's ``item_index``, or plain text."""
    if not isinstance(body, Mapping):
        # Seen for an organisation that isn't, and for a path without its slash.
        return (
            ErrorBody("Nothing is known at this address: check the organisation's id.")
            if status == 404
            else ErrorBody()
        )
    said = str(body.get("detail") or _list_fields(body))
    index = body.get("item_index")
    return ErrorBody(said) if index is None else ErrorBody(f"Item {index}: {said}", f"item {index}")


def _list_fields(body: Mapping[str, Any]) -> str:
    named = {name: value for name, value in body.items() if name not in ("item_index", "detail")}
    return "; ".join(f"{name}: {_join_words(value)}" for name, value in named.items())


def _join_words(value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)
