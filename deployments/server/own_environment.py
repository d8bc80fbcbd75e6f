"""The environment of a server of our own: nothing in it leads to somebody else's Prefect.

Prefect takes its database, broker and more from variables, from ``.env``, ``prefect.toml`` and ``pyproject.toml`` in
the current folder, and from the profile of ``PREFECT_HOME``. On a machine where somebody uses Prefect already, a run of
ours would migrate their database. A variable wins over the files, so the ones that matter are said.
"""

from __future__ import annotations

import os
from pathlib import Path

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


def own_environment(folder: Path, *without: str) -> dict[str, str]:
    """This process's environment, for a server whose database is in ``folder``; ``without`` these variables, too."""
    dropped = (*_ELSEWHERE, *without)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    database = f"sqlite+aiosqlite:///{folder / 'prefect.db'}"
    return {**kept, "PREFECT_HOME": str(folder), "PREFECT_SERVER_DATABASE_CONNECTION_URL": database}
