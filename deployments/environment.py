"""Settings for Prefect that must stand before it is imported: everything below ``POLYREEL_HOME``, nothing sent out."""

from __future__ import annotations

import os
from pathlib import Path

from deployments import address
from polyreel import home

RESULTS_OPTION = "PREFECT_LOCAL_STORAGE_PATH"
_END_OF_CERTIFICATE = "-----END CERTIFICATE-----\n"


def prepare(log_level: str = "CRITICAL") -> None:
    """Fill in what the user has not set. ``log_level`` is for Prefect's own words on the terminal."""
    folder = home.home()
    wanted = {
        "PREFECT_HOME": str(folder / "prefect"),
        RESULTS_OPTION: str(home.results_dir()),
        "PREFECT_RESULTS_DEFAULT_SERIALIZER": "json",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "PREFECT_CLI_PROMPT": "false",
        "PREFECT_LOGGING_LEVEL": log_level,
        "PREFECT_LOGGING_INTERNAL_LEVEL": log_level,
        # A run on its own server has nobody to read its log there; the terminal has it.
        "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
    }
    for name, value in wanted.items():
        os.environ.setdefault(name, value)
    (folder / "prefect").mkdir(parents=True, exist_ok=True)
    home.results_dir().mkdir(parents=True, exist_ok=True)
    if (server_address() or "http://127.0.0.1:").startswith(("http://127.0.0.1:", "http://localhost:")):
        os.environ.setdefault("PREFECT_API_SSL_CERT_FILE", str(_one_certificate(folder / "prefect" / "plain-http.pem")))


def _one_certificate(place: Path) -> Path:
    """A single certificate, for a server on this machine, which speaks plain HTTP and needs none.

    Prefect reads whatever it is told to trust, 140 certificates by default, with each client that it makes: 25 ms,
    about ten times a run.
    """
    if not place.exists():
        import certifi

        from polyreel.files import write_atomically

        first, end, _ = certifi.contents().partition(_END_OF_CERTIFICATE)
        write_atomically(place, (first + end).encode())
    return place


def server_address() -> str | None:
    """The Prefect server to use: the one that the user named, else the `polyreel up` that is running, if any."""
    return os.environ.get("PREFECT_API_URL") or address.running()
