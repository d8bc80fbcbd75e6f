"""The environment of a server of our own: nothing in it leads to somebody else's Prefect.

Prefect takes its database, broker and more from variables, from ``.env``, ``prefect.toml`` and ``pyproject.toml`` in
the current folder, and from the profile of ``PREFECT_HOME``. On a machine where somebody uses Prefect already, a run of
ours would migrate their database. A variable wins over the files, so the ones that matter are said; and a server is
started in its own folder, where nobody's files lie (a password for clients in such a file would lock us out).
"""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import quote

_ELSEWHERE = (
    "PREFECT_API_DATABASE_",
    "PREFECT_SERVER_DATABASE_",
    "PREFECT_SERVER_API_BASE_PATH",
    "PREFECT_SERVER_DOCKET_",
    "PREFECT_SERVER_EVENTS_MESSAGING_",
    "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE",
    "PREFECT_MESSAGING_",
    "PREFECT_PROFILE",
    "PREFECT_SERVER_EPHEMERAL_",
)

TASKS_TOLD_WITHIN_S = 1
"""How long after a task's event a server of our own shows it. Runs follow nothing that is told so."""
_TASKS_GATHERED = {
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "64",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": str(TASKS_TOLD_WITHIN_S),
}
"""Each event written by itself takes a server 10 ms of a processor, and a job of twenty languages tells 500."""


def own_environment(folder: Path, *without: str) -> dict[str, str]:
    """This process's environment, for a server whose database is in ``folder``; ``without`` these variables, too."""
    dropped = (*_ELSEWHERE, *without)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    found = {"PREFECT_HOME": str(folder), "PREFECT_SERVER_DATABASE_CONNECTION_URL": _address_of(folder / "prefect.db")}
    return {**_TASKS_GATHERED, **kept, **_absolute_paths(), **found}


def _address_of(database: Path) -> str:
    """The database's address. What follows a ``?`` in it would be read as options, and another file be made."""
    if "?" not in str(database):
        return f"sqlite+aiosqlite:///{database}"
    return f"sqlite+aiosqlite:///file:{quote(str(database))}?uri=true"


def _absolute_paths() -> dict[str, str]:
    """Our own places, which may be named from the current folder on, for a process that is started in another one."""
    named = {name: os.environ.get(name, "") for name in ("POLYREEL_HOME", "POLYREEL_STORE")}
    places = {name: str(Path(place).expanduser().absolute()) for name, place in named.items() if place}
    ledger = os.environ.get("POLYREEL_LEDGER_URL", "")
    if ledger.startswith("sqlite:///"):
        places["POLYREEL_LEDGER_URL"] = f"sqlite:///{Path(ledger.removeprefix('sqlite:///')).absolute()}"
    return {name: place for name, place in places.items() if "://" not in named.get(name, "")}
