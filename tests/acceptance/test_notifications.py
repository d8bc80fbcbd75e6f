"""Runs that need somebody are told through a notification block, with the reason and the command that goes on."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest


@pytest.fixture
def letterbox() -> Iterator[tuple[str, list[Any]]]:
    """A webhook on loopback: its address, and what it has received."""
    received: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/", received
        server.shutdown()
        thread.join()


async def _install(api: str, address: str) -> None:
    from prefect.blocks.notifications import CustomWebhookNotificationBlock
    from prefect.client.orchestration import get_client
    from prefect.settings import PREFECT_API_URL, temporary_settings

    from deployments.automations import install

    with temporary_settings({PREFECT_API_URL: api}):
        block = CustomWebhookNotificationBlock(
            name="tests", url=address, json_data={"subject": "{{subject}}", "body": "{{body}}"}
        )
        await block.save("tests", overwrite=True)
        async with get_client() as client:
            await install(client, ("custom-webhook/tests",))


def test_a_failed_run_is_told_with_the_reason_and_the_command(
    up: Any, work: Any, letterbox: tuple[str, list[Any]]
) -> None:
    """The message names the job, says why, and gives the command that goes on."""
    address, received = letterbox
    asyncio.run(_install(up.api, address))
    from polyreel.jobfile import load_job

    job = load_job(work("es-ES", name="to-be-told")).model_dump(mode="json")
    deployment = up.call("GET", "/deployments/name/localise/localise")["id"]
    parameters = {"job": {**job, "source": {"media": "/nowhere.mp4", "locale": "en-US"}}}
    run = up.call("POST", f"/deployments/{deployment}/create_flow_run", parameters=parameters)["id"]
    up.until(run, "FAILED")
    deadline = time.monotonic() + 60
    while not any(run in message["body"] for message in received):
        assert time.monotonic() < deadline, received
        time.sleep(0.2)
    message = next(message for message in received if run in message["body"])
    assert "Failed" in message["subject"]
    assert "/nowhere.mp4: no such file" in message["body"]
    assert f"polyreel submit --again {run}" in message["body"]
