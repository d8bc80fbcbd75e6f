"""What Prefect is told before it is imported."""

from __future__ import annotations

import os
import ssl
from pathlib import Path

import pytest

from deployments.process import environment

CERTIFICATES = "PREFECT_API_SSL_CERT_FILE"


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("PREFECT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(os, "environ", dict(os.environ))  # what is set here ends here


@pytest.mark.parametrize("address", ["", "http://127.0.0.1:4200/api", "http://localhost:4200/api"])
def test_a_server_on_this_machine_costs_one_certificate(address: str, polyreel_home: Path) -> None:
    """Prefect's clients get a file that a context can be made from, with one authority in it and not all."""
    os.environ["PREFECT_API_URL"] = address
    environment.prepare_environment()
    trusted = ssl.create_default_context(cafile=os.environ[CERTIFICATES])
    assert len(trusted.get_ca_certs()) <= 1
    assert Path(os.environ[CERTIFICATES]).read_text().count("BEGIN CERTIFICATE") == 1
    assert Path(os.environ[CERTIFICATES]).is_relative_to(polyreel_home)


@pytest.mark.parametrize("address", ["https://prefect.example/api", "http://prefect.example/api", "https://127.0.0.1"])
def test_any_other_server_is_trusted_as_ever(address: str) -> None:
    """Where TLS may come in, whom to trust is not ours to narrow."""
    os.environ["PREFECT_API_URL"] = address
    environment.prepare_environment()
    assert CERTIFICATES not in os.environ


def test_names_of_things_on_somebody_elses_server_stay_where_that_server_is_meant() -> None:
    """A server of ours has no such block: a run that is told of it fails."""
    os.environ["PREFECT_RESULTS_DEFAULT_STORAGE_BLOCK"] = "s3-bucket/theirs"
    os.environ["PREFECT_API_URL"] = "https://prefect.example/api"
    environment.prepare_environment()
    assert os.environ["PREFECT_RESULTS_DEFAULT_STORAGE_BLOCK"] == "s3-bucket/theirs"
    del os.environ["PREFECT_API_URL"]
    environment.prepare_environment()
    assert "PREFECT_RESULTS_DEFAULT_STORAGE_BLOCK" not in os.environ


def test_what_the_user_trusts_stays() -> None:
    """A setting of the user's own is never replaced."""
    os.environ[CERTIFICATES] = "/mine.pem"
    environment.prepare_environment()
    assert os.environ[CERTIFICATES] == "/mine.pem"
