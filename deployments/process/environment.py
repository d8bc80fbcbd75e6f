"""Settings for Prefect that must stand before it is imported: everything below ``POLYREEL_HOME``, nothing sent out."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from deployments.process import address
from polyreel.machine import home
from polyreel.machine.files import explain_errors, write_atomically
from polyreel.net.proxies import keep_loopback_direct

RESULTS_OPTION = "PREFECT_LOCAL_STORAGE_PATH"
_END_OF_CERTIFICATE = "-----END CERTIFICATE-----\n"


# What names things on somebody's own Prefect server: a server of ours has none of them, and a run would fail there.
_ON_THEIR_SERVER = (
    "PREFECT_RESULTS_DEFAULT_STORAGE_BLOCK",
    "PREFECT_DEFAULT_RESULT_STORAGE_BLOCK",
    "PREFECT_TASKS_SCHEDULING_DEFAULT_STORAGE_BLOCK",
    "PREFECT_TASK_SCHEDULING_DEFAULT_STORAGE_BLOCK",
    "PREFECT_DEPLOYMENTS_DEFAULT_WORK_POOL_NAME",
    "PREFECT_DEFAULT_WORK_POOL_NAME",
    "PREFECT_API_KEY",
    "PREFECT_CLIENT_CUSTOM_HEADERS",
)


def prepare_environment(log_level: str = "CRITICAL") -> None:
    """Fill in what the user has not set. ``log_level`` is for Prefect's own words on the terminal."""
    keep_loopback_direct()
    # On a server of our own, what these name (blocks, pools, accounts) does not exist.
    if "PREFECT_API_URL" not in os.environ:
        for name in _ON_THEIR_SERVER:
            os.environ.pop(name, None)
    folder = home.home()
    wanted = {
        "PREFECT_HOME": str(folder / "prefect"),
        RESULTS_OPTION: str(home.results_dir()),
        # Pickles run code when they are read, and die with the class that they name.
        "PREFECT_RESULTS_DEFAULT_SERIALIZER": "json",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        # A question to nobody would hang a run that has no terminal.
        "PREFECT_CLI_PROMPT": "false",
        "PREFECT_LOGGING_LEVEL": log_level,
        "PREFECT_LOGGING_INTERNAL_LEVEL": log_level,
        # A run on its own server has nobody to read its log there; the terminal has it.
        "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
    }
    for name, value in wanted.items():
        os.environ.setdefault(name, value)
    for needed in (folder / "prefect", home.results_dir()):
        with explain_errors("make a folder", needed):
            needed.mkdir(parents=True, exist_ok=True)
    # Any other server may speak TLS, and needs all that the user trusts.
    if (server_address() or "http://127.0.0.1:").startswith(("http://127.0.0.1:", "http://localhost:")):
        os.environ.setdefault("PREFECT_API_SSL_CERT_FILE", str(_one_certificate(folder / "prefect" / "plain-http.pem")))


def _one_certificate(place: Path) -> Path:
    """A single certificate, for a server on this machine, which speaks plain HTTP and needs none.

    Prefect reads whatever it is told to trust, 140 certificates by default, with each client that it makes: 25 ms,
    about ten times a run.
    """
    if not place.exists():
        import certifi

        # Python's ssl refuses a file without any certificate.
        first, end, _ = certifi.contents().partition(_END_OF_CERTIFICATE)
        write_atomically(place, (first + end).encode())
    return place


@contextmanager
def environment_with(wanted: Mapping[str, str | None]) -> Iterator[None]:
    """Variables that stand while the block lasts, and are afterwards as they were; None takes one away."""
    # Only these: what else changes meanwhile is somebody's own.
    before = {name: os.environ.get(name) for name in wanted}
    _set_variables(wanted)
    try:
        yield
    finally:
        _set_variables(before)


def _set_variables(wanted: Mapping[str, str | None]) -> None:
    for name, value in wanted.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def server_address() -> str | None:
    """The Prefect server to use: the one that the user named, else the `polyreel up` that is running, if any."""
    return os.environ.get("PREFECT_API_URL") or address.find_running_api()
