"""What the server is told of a run's job."""

from __future__ import annotations

from prefect import Flow
from pydantic import SecretStr

from flows.localise import localise
from polyreel.job import Job


def test_the_server_is_told_of_a_job_what_prefect_would_tell_it() -> None:
    source = {"media": "reel.mp4", "locale": "en-US"}
    job = Job.model_validate({"name": "reel", "source": source, "targets": ["es-ES", "pt-BR"]})
    prefects = Flow.serialize_parameters(localise, {"job": job})
    assert localise.serialize_parameters({"job": job}) == prefects
    assert prefects["job"]["targets"][1]["locale"] == "pt-BR"
    assert localise.serialize_parameters({"job": SecretStr("hidden")}) == {"job": "**********"}
