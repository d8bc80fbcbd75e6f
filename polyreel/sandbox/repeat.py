"""Idempotency keys: the same key with the same body gives the same answer, once done; with another body, a refusal."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from polyreel.sandbox.box import box_of
from polyreel.sandbox.state import State
from polyreel.sandbox.wire import Refusal, spell_canonically

Endpoint = Callable[[Request], Awaitable[Response]]
# Dubformer's page names no limit. 255 is what others allow (Stripe), so a client that fits here fits there.
_LONGEST_KEY = 255


def answer_once(vendor: str, endpoint: Endpoint) -> Endpoint:
    """Let an endpoint honour ``Idempotency-Key``."""

    async def answer_request(request: Request) -> Response:
        key = request.headers.get("idempotency-key")
        if key is None:
            return await endpoint(request)
        if not 0 < len(key) <= _LONGEST_KEY:
            raise Refusal(400, "Idempotency-Key must have 1 to 255 characters", code="validation")
        return await _answer_under_key(key, vendor, endpoint, request)

    return answer_request


async def _answer_under_key(key: str, vendor: str, endpoint: Endpoint, request: Request) -> Response:
    state = box_of(request).state
    # In canonical form: the same fields in another spacing are the same request.
    asked = f"{request.method} {request.url.path}\n{spell_canonically(await request.body())}"
    fingerprint = hashlib.sha256(asked.encode()).hexdigest()
    # Claimed before the work is done, so that a second request that comes meanwhile does nothing.
    known = _claim_key(state, vendor, key, fingerprint)
    if known is not None:
        return known
    try:
        answer = await endpoint(request)
    except BaseException:
        # Nobody got an answer, whatever happened: the key is free again.
        state.run("DELETE FROM answers WHERE vendor = ? AND key = ?", vendor, key)
        raise
    body = bytes(answer.body).decode()
    state.run("UPDATE answers SET body = ? WHERE vendor = ? AND key = ?", body, vendor, key)
    return answer


def _claim_key(state: State, vendor: str, key: str, fingerprint: str) -> Response | None:
    """The earlier answer; None if this request is the first and has now claimed the key."""
    with state.transaction() as db:
        row = db.execute("SELECT * FROM answers WHERE vendor = ? AND key = ?", (vendor, key)).fetchone()
        if row is None:
            db.execute("INSERT INTO answers VALUES (?, ?, ?, NULL)", (vendor, key, fingerprint))
            return None
    if row["fingerprint"] != fingerprint:
        raise Refusal(422, "This Idempotency-Key was used with another request", code="IdempotencyError")
    # The first request may still be fetching the film: a second one must neither wait for it nor do it again.
    if row["body"] is None:
        raise Refusal(409, "A request with this Idempotency-Key is under way", code="IdempotencyError")
    return JSONResponse(json.loads(row["body"]))


def forget_unfinished(state: State) -> None:
    """Free the keys of requests that a stopped sandbox never answered."""
    state.run("DELETE FROM answers WHERE body IS NULL")
