"""Runs that need somebody are told through a notification block, with the reason and the command that goes on."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from polyreel.intake.jobfile import load_job

KEY = b"0123456789abcdef0123456789abcdef"
SECRET = f"whsec_{base64.b64encode(KEY).decode()}"


def _is_signed(headers: Any, body: bytes) -> bool:
    """As the specification has it."""
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    own = base64.b64encode(hmac.new(KEY, signed, hashlib.sha256).digest()).decode()
    return f"v1,{own}" in headers["webhook-signature"].split(" ")


@pytest.fixture
def letterbox() -> Iterator[tuple[str, list[Any]]]:
    """A webhook on loopback: its address, and what it has received; of signed ones, those whose signature is right."""
    received: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path != "/signed" or _is_signed(self.headers, body):
                received.append(json.loads(body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/", received
        server.shutdown()
        thread.join()


async def _install(api: str, address: str) -> None:
    from prefect.blocks.notifications import CustomWebhookNotificationBlock
    from prefect.client.orchestration import get_client
    from prefect.settings import PREFECT_API_URL, temporary_settings

    from blocks.credentials import save_credentials
    from deployments.runner.automations import install_automations, notification_block

    with temporary_settings({PREFECT_API_URL: api}):
        block = CustomWebhookNotificationBlock(
            name="tests", url=address, json_data={"subject": "{{subject}}", "body": "{{body}}"}
        )
        await block.save("tests", overwrite=True)
        await save_credentials("webhook", "tests", {"url": f"{address}signed", "signing_secret": SECRET})
        async with get_client() as client:
            told = [await notification_block(place) for place in ("custom-webhook/tests", "polyreel-webhook/tests")]
            await install_automations(client, told)


def _absolute(job: Path) -> dict[str, Any]:
    return load_job(job).model_dump(mode="json")


def _failed(work: Any) -> dict[str, Any]:
    job = work("es-ES", name="told-failed")
    return _absolute(job) | {"source": {"media": str(job.parent / "nowhere.mp4"), "locale": "en-US"}}


def _partial(work: Any) -> dict[str, Any]:
    job = work("fr-FR", "de-DE", name="told-partial", trim={"end": 4})
    (job.parent / "narrated.de-DE.srt").write_text("this is no subtitle file\n" * 20)
    return _absolute(job)


def _held(work: Any) -> dict[str, Any]:
    job = work("es-ES", name="told-held", trim={"end": 8}, quality={"on_fail": "hold"})
    script = job.parent / "narrated.es-ES.srt"
    script.write_text(script.read_text("utf-8").replace("00:00:04,560", "00:00:06,000"), "utf-8")
    return _absolute(job)


@pytest.mark.parametrize("place", ["slack-webhook/nobody", "no-such-type/ops", "ops"])
def test_a_block_that_can_not_be_told_is_named(prefect_server: str, place: str) -> None:
    """`polyreel up --tell` hears from its served deployments which one, and what to do."""
    order = json.dumps({"wishes": {}, "tell": [place]})
    env = {**os.environ, "PREFECT_API_URL": prefect_server}
    command = [sys.executable, "-m", "deployments.runner.served", order]
    with subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as served:
        assert served.stdout is not None
        said = json.loads(served.stdout.readline())
        assert served.wait(60) == 2  # before its standard input is closed, which would end it
    assert said["message"].startswith(f"--tell {place}: ")
    assert "Blocks" in said["remedy"]


def test_runs_that_need_somebody_are_told_with_the_reason_and_the_command(
    up: Any, work: Any, letterbox: tuple[str, list[Any]]
) -> None:
    """A failed, a partly delivered and a held run: each message says which, why, and how to go on."""
    address, received = letterbox
    asyncio.run(_install(up.api, address))
    deployment = up.call("GET", "/deployments/name/localise/localise")["id"]
    wanted = {
        "Failed": (_failed(work), "/nowhere.mp4: no such file"),
        "Partial": (_partial(work), "1 of 2 delivered; de-DE: "),
        "Held": (_held(work), "es-ES: did not pass: subtitles"),
    }
    path = f"/deployments/{deployment}/create_flow_run"
    runs = {word: up.call("POST", path, parameters={"job": job})["id"] for word, (job, _) in wanted.items()}
    deadline = time.monotonic() + 120
    while (
        len(told := {word: each for each in received for word, run in runs.items() if run in each.get("body", "")}) < 3
    ):
        assert time.monotonic() < deadline, received
        time.sleep(0.2)
    for word, (job, reason) in wanted.items():
        assert told[word]["subject"] == f"polyreel: {job['name']} is {word}"
        assert reason in told[word]["body"]
        ways = {"Held": ("/review/told-held", "/es-ES", "Decide:", "The run goes on by itself.")}
        usual = (f"polyreel submit --again {runs[word]}", "polyreel submit FILE")
        assert [way for way in ways.get(word, usual) if way not in told[word]["body"]] == []
    events: dict[str, Any] = {}
    while len(events) < 3:
        assert time.monotonic() < deadline, received
        time.sleep(0.2)
        ours = [each for each in received if each.get("data", {}).get("run") in runs.values()]
        events = {each["data"]["state"]: each for each in ours}
    for word, (job, reason) in wanted.items():
        assert events[word]["type"] == f"polyreel.run.{word.lower()}"
        assert events[word]["data"]["job"] == job["name"]
        assert reason in events[word]["data"]["message"]
        again = "polyreel review told-held" if word == "Held" else f"polyreel submit --again {runs[word]}"
        assert events[word]["data"]["go_on"] == again
        assert runs[word] in events[word]["data"]["look"]
    _require_listed(up.ui, {job["name"]: word.lower() for word, (job, _) in wanted.items()})


def _require_listed(ui: str, states: dict[str, str]) -> None:
    """The same server says how the jobs stand, whose turn it is, and serves the report of what was not delivered."""
    listed = {row["job"]: row for row in httpx.get(f"{ui}/jobs.json?who=you", trust_env=False).json()["jobs"]}
    assert {name: listed[name]["state"] for name in states} == states
    assert 'polyreel_jobs{state="held"}' in httpx.get(f"{ui}/metrics", trust_env=False).text
    assert "told-held" in httpx.get(f"{ui}/jobs?job=told", trust_env=False).text
    report = httpx.get(f"{ui}/jobs/told-held/report.html", trust_env=False)
    assert "did not pass: subtitles" in report.text
