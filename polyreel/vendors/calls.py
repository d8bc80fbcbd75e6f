"""A call, whole before the first attempt, and the vendor's reply to it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, TypeVar, cast

import httpx
from pydantic import TypeAdapter, ValidationError

from polyreel.vendors.bodies import Body
from polyreel.vendors.errors import CallError, Facts, Garbled, Malformed

T = TypeVar("T")
REPEATABLE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})


@dataclass(frozen=True, slots=True)
class Call:
    """One request.

    `path` is below the vendor's base URL, or a whole address (a `next` link, a signed address). `repeatable` None
    means: as HTTP has it for the method (RFC 9110, 9.2.2), or because there is an idempotency key.
    """

    operation: str
    method: str
    path: str
    params: Mapping[str, Any] | None = None
    body: Body | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    idempotency_key: str = ""
    repeatable: bool | None = None
    anonymous: bool = False
    total: float | None = None

    @property
    def may_repeat(self) -> bool:
        """Whether the vendor does the work once, however often this is sent."""
        if self.repeatable is not None:
            return self.repeatable
        return bool(self.idempotency_key) or self.method in REPEATABLE_METHODS


@dataclass(frozen=True, slots=True)
class Reply:
    """A vendor's whole answer, status below 400."""

    status: int
    headers: httpx.Headers
    body: bytes
    facts: Facts

    @property
    def text(self) -> str:
        """The body as UTF-8."""
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """The body as JSON; `Garbled` when it is not."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):  # nested so deeply that reading it would need a stack without end
            said = self.headers.get("content-type", "no type")
            garbled = Garbled(f"Expected JSON, got {len(self.body)} bytes of {said}.", facts=self.facts)
            garbled.is_page = self.body.lstrip()[:1] == b"<"
            raise garbled from None

    def read_as(self, shape: type[T]) -> T:
        """The body as a model (or a list of them); `Malformed` when it does not fit."""
        return self.fit_to(self.json(), shape)

    def fit_to(self, value: Any, shape: type[T]) -> T:
        """A value taken out of the body, as a model (or a list of them); `Malformed` when it does not fit."""
        try:
            fitting: T = _make_adapter(cast("Any", shape)).validate_python(value)
        except ValidationError as error:
            # Without its cause: pydantic's own error quotes the values, and they may be tokens or signed addresses.
            raise Malformed(f"The answer does not fit: {_list_misfits(error)}.", facts=self.facts) from None
        return fitting


@dataclass(frozen=True, slots=True)
class ErrorBody:
    """What a vendor says about a refusal, in its own words.

    ``code`` is the vendor's; ``kind`` is the error to raise where the vendor's code says more than the HTTP status.
    """

    message: str = ""
    code: str = ""
    kind: type[CallError] | None = None


ErrorReader = Callable[[int, Any], ErrorBody]


def read_error_body(status: int, body: Any) -> ErrorBody:
    """Read the error shapes that vendors commonly use; ``body`` is parsed JSON, or None. Raises nothing.

    RFC 9457 (``title``, ``detail``), ``{"message", "code"}``, and OpenAI's ``{"error": {"message", "code"}}``.
    """
    if not isinstance(body, dict):
        return ErrorBody()
    while isinstance(inner := body.get("error"), dict):  # as OpenAI and those who copy it nest it
        body = inner
    message = body.get("message") or body.get("detail") or body.get("title") or body.get("error_message") or ""
    code = body.get("error") or body.get("code") or body.get("type") or ""
    if not message and isinstance(inner, str) and " " in inner:  # a sentence, where others have a code
        message, code = inner, ""
    return ErrorBody(
        message if isinstance(message, str) else json.dumps(message), code if isinstance(code, str) else ""
    )


def error_inside(body: Any) -> int | None:
    """Whether an answer is an error although its status is a success: the status that it names itself, else 0."""
    if not isinstance(body, dict) or not body.get("error"):
        return None
    inner = body["error"]
    code = inner.get("code", inner.get("status")) if isinstance(inner, dict) else body.get("code")
    return code if isinstance(code, int) and 400 <= code < 600 else 0


# An adapter is built by walking the whole model, and a poll reads the same model for hours.
@cache
def _make_adapter(shape: Any) -> TypeAdapter[Any]:
    return TypeAdapter(shape)


def with_status(facts: Facts, response: httpx.Response) -> Facts:
    """The facts, once an answer has begun."""
    named = ("x-request-id", "x-amzn-requestid", "x-amz-request-id", "x-correlation-id", "cf-ray", "traceparent")
    request_id = next((response.headers[name] for name in named if name in response.headers), "")
    # The header is the other side's to fill: a support desk needs no more of it, and a log wants no megabyte.
    return replace(facts, status=response.status_code, request_id=request_id[:100])


def _list_misfits(error: ValidationError) -> str:
    # The places and reasons only: the values may hold what a log must not.
    problems = error.errors(include_url=False, include_input=False, include_context=False)
    return "; ".join(f"{'.'.join(map(str, problem['loc'])) or 'answer'}: {problem['msg']}" for problem in problems[:5])
