"""Reading requests strictly and refusing them. How a refusal looks is each vendor's own."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

Model = TypeVar("Model", bound="Wire")


class Wire(BaseModel):
    """A request body as documented: every field typed strictly, none unknown."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Refusal(Exception):
    """The vendor says no. ``code`` is the vendor's own word for it, where it has one."""

    def __init__(
        self, status: int, message: str, *, code: str = "", field: str = "", headers: Mapping[str, str] | None = None
    ) -> None:
        self.field = field
        self.status = status
        self.message = message
        self.code = code
        self.headers = dict(headers or {})
        super().__init__(message)


def media_type(request: Request) -> str:
    """The content type without its parameters."""
    return _read_media_type(request.headers)


def _read_media_type(headers: Headers) -> str:
    return headers.get("content-type", "").partition(";")[0].strip().lower()


@dataclass
class WholeBody:
    """ASGI layer: JSON is there as a whole before its endpoint begins.

    What an endpoint has read would else be of before while it waits for a slow body: a language that was added to an
    asset, which became ready meanwhile, was never begun.
    """

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or _read_media_type(Headers(scope=scope)) != "application/json":
            await self.app(scope, receive, send)
            return
        came = deque([await receive()])
        while came[-1].get("more_body"):
            came.append(await receive())

        async def give_again() -> Message:
            return came.popleft() if came else await receive()

        await self.app(scope, give_again, send)


async def raw_json(request: Request) -> bytes:
    """The body, if the request says that it is JSON."""
    body = await request.body()
    if media_type(request) != "application/json":
        raise Refusal(415, "Content-Type must be application/json")
    return body


def parse_body(model: type[Model], body: bytes | str, *, status: int = 400) -> Model:
    """A body as its model, or a refusal that names the first field that is wrong."""
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        raise Refusal(status, first_fault(error), code="validation", field=first_field(error)) from error


async def json_body(request: Request, model: type[Model], *, status: int = 400) -> Model:
    """The JSON body of a request as its model."""
    return parse_body(model, await raw_json(request), status=status)


def first_field(error: ValidationError) -> str:
    """The name of the first field that is wrong; empty if it is the body itself."""
    place = error.errors(include_url=False)[0]["loc"]
    return str(place[0]) if place else ""


def first_fault(error: ValidationError) -> str:
    """The first thing wrong, in the short words that web services use."""
    fault = error.errors(include_url=False)[0]
    field = ".".join(str(part) for part in fault["loc"])
    if fault["type"] == "missing":
        return f"{field} is required"
    if fault["type"] == "extra_forbidden":
        return f"{field} is not a known field"
    if fault["type"] == "json_invalid":
        return "the body is not valid JSON"
    if fault["type"] == "value_error":
        return str(fault["ctx"]["error"])
    return f"{field}: {fault['msg']}" if field else str(fault["msg"])


def spell_canonically(body: bytes) -> str:
    """A JSON body in one spelling, to tell whether two requests ask for the same."""
    try:
        return json.dumps(json.loads(body), sort_keys=True)
    except ValueError:
        return body.decode("utf-8", "replace")


def whole_number(value: str | None, default: int, *, least: int = 0, most: int = 1000) -> int:
    """A count from a query, kept within its bounds; anything else is refused."""
    if value is None:
        return default
    if not value.isdecimal():
        raise Refusal(400, f"not a number: {value[:20]}", code="validation")
    return max(least, min(most, int(value)))


def form_fields(known: set[str], given: Any) -> None:
    """Refuse form fields that the page doesn't know."""
    unknown = sorted(set(given) - known)
    if unknown:
        raise Refusal(400, f"{unknown[0]} is not a known field", code="validation")
