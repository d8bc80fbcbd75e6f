"""What a run's process imports before it begins, and what the server is told of its job."""

from __future__ import annotations

import subprocess
import sys

from prefect import Flow
from pydantic import SecretStr

from flows.localise import localise
from polyreel.job import Job

_FEW_RUNS_NEED = (
    "fastapi",
    "docx",
    "sqlalchemy",
    "polyreel.engine.voice.kokoro.japanese",
    "polyreel.engine.voice.kokoro.mandarin",
)


def test_a_run_imports_nothing_that_only_some_runs_need() -> None:
    """A job that is done already pays for each of them with every repetition."""
    code = f"import sys, flows.localise; print([m for m in {_FEW_RUNS_NEED} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_server_is_told_of_a_job_what_prefect_would_tell_it() -> None:
    source = {"media": "reel.mp4", "locale": "en-US"}
    job = Job.model_validate({"name": "reel", "source": source, "targets": ["es-ES", "pt-BR"]})
    prefects = Flow.serialize_parameters(localise, {"job": job})
    assert localise.serialize_parameters({"job": job}) == prefects
    assert prefects["job"]["targets"][1]["locale"] == "pt-BR"
    assert localise.serialize_parameters({"job": SecretStr("hidden")}) == {"job": "**********"}
