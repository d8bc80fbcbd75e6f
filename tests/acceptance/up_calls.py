"""Calls to a running `polyreel up`, as a program would make them."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

SHORT = {"trim": {"end": 5}}  # two whole cues


def absolute(job: Path, **changes: Any) -> dict[str, Any]:
    """A job file's content with absolute paths, as a program would send it."""
    from polyreel.intake.jobfile import load_job

    return {**load_job(job).model_dump(mode="json"), **changes}


def create(up: Any, job: dict[str, Any], **more: Any) -> httpx.Response:
    deployment = up.call("GET", "/deployments/name/localise/localise")["id"]
    body = {"parameters": {"job": job}, **more}
    return httpx.post(f"{up.api}/deployments/{deployment}/create_flow_run", json=body, timeout=60, trust_env=False)


def wait_for(what: Callable[[], Any], within: float = 90) -> Any:
    deadline = time.monotonic() + within
    while not (found := what()):
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.2)
    return found
