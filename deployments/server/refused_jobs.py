"""Says what is wrong with a job that the server refuses, in the words of `polyreel plan`.

The server knows a job by its JSON schema alone: a wrong value in one of several kinds of something (a delivery, a
provider) is told as "... is not valid under any of the given schemas", with the whole of it and no field's name.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

from starlette.responses import JSONResponse

from deployments.server.delivered import App, Scope
from deployments.server.repeatable import bytes_of, read_whole, replay_messages

_REFUSED = 409


def explain_refusals(app: App) -> App:
    """The same application; what it refuses to run as no job is told by its wrong fields."""

    async def watch_answer(scope: Scope, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["method"] != "POST" or not scope["path"].endswith("/create_flow_run"):
            return await app(scope, receive, send)
        heard = await read_whole(receive)
        faults: str | None = None

        async def send_unless_explained(message: Any) -> None:
            nonlocal faults
            if message["type"] == "http.response.start" and message["status"] == _REFUSED:
                faults = await asyncio.to_thread(_find_faults, bytes_of(heard))
            if faults is None:
                await send(message)

        await app(scope, replay_messages(heard, receive), send_unless_explained)
        if faults is not None:
            await JSONResponse({"detail": faults}, _REFUSED)(scope, receive, send)

    return watch_answer


def _find_faults(body: bytes) -> str | None:
    """What is wrong with the job that a request's body asks for; None where it has none, or a good one."""
    # Here: a server that refuses nothing needs no jobs, which are many models.
    from polyreel.errors import InvalidJob
    from polyreel.intake.jobfile import validate_job

    try:
        job = json.loads(body)["parameters"]["job"]
    except (ValueError, RecursionError, LookupError, TypeError):
        return None
    try:
        validate_job(job, "job")
    except InvalidJob as error:
        return str(error)
    return None
