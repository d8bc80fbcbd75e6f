"""What the server refuses to run as no job is told in the words of `polyreel plan`; all else is answered as it was."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from deployments.server.refused_jobs import explain_refusals

GOOD: dict[str, Any] = {
    "name": "reel",
    "source": {"media": "/reel.mp4", "locale": "en-US"},
    "targets": ["es-ES"],
    "delivery": [{"to": "folder", "path": "/out"}],
}


async def ask(body: Any, path: str = "/deployments/1/create_flow_run", status: int = 409) -> httpx.Response:
    """The answer of a server that says ``status`` and what it heard."""

    async def answer(request: Request) -> JSONResponse:
        return JSONResponse({"detail": f"heard {len(await request.body())} bytes"}, status)

    app = explain_refusals(Starlette(routes=[Route(path, answer, methods=["POST"])]))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://server") as client:
        return await client.post(path, json=body)


async def test_a_refused_job_is_told_by_its_wrong_fields() -> None:
    wrong = {**GOOD, "delivery": [{"to": "tpstreams", "credentials": "x", "folder": 5}], "staging": {"to": "s3"}}
    answer = await ask({"parameters": {"job": wrong}})
    assert answer.status_code == 409
    told = answer.json()["detail"]
    assert "delivery[0].tpstreams.folder: must be text" in told
    assert "staging.s3.path: is required" in told
    assert "polyreel schema" in told


@pytest.mark.parametrize(
    ("body", "path", "status"),
    [
        ({"parameters": {"job": GOOD, "jobs": 1}}, "/deployments/1/create_flow_run", 409),
        ({"parameters": {"batch": {}}}, "/deployments/1/create_flow_run", 409),
        ({"parameters": [1]}, "/deployments/1/create_flow_run", 409),
        ([1], "/deployments/1/create_flow_run", 409),
        ({"parameters": {"job": 5}}, "/deployments/1/create_flow_run", 201),
        ({"parameters": {"job": 5}}, "/deployments/", 409),
    ],
)
async def test_other_answers_stay_as_they_are(body: Any, path: str, status: int) -> None:
    answer = await ask(body, path, status)
    assert answer.status_code == status
    assert answer.json()["detail"].startswith("heard ")
