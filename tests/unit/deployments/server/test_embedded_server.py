"""The server of a run's own: what it leaves out of a new database, and leaves to the server that people look at."""

from __future__ import annotations

import signal
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from deployments.server.embedded_server import EmbeddedServer

pytestmark = pytest.mark.slow  # starts a server


def test_no_catalogue_of_blocks_is_written_for_nobody(new_database: Callable[[Path], Path], tmp_path: Path) -> None:
    """Nor noted as written: `polyreel up` finds the same database, and shows a catalogue."""
    folder = new_database(tmp_path / "prefect")
    with EmbeddedServer(folder) as server:
        server.wait_until_ready()
    with closing(sqlite3.connect(folder / "prefect.db")) as database:
        assert database.execute("select count(*) from block_type").fetchone() == (0,)
    assert not (folder / "memo_store.toml").exists()


def test_a_server_that_nobody_waits_for_ends_in_the_midst_of_its_start(
    new_database: Callable[[Path], Path], tmp_path: Path
) -> None:
    """A run that fails at its source meanwhile is over: by a signal, as its imports hold up all its threads."""
    with EmbeddedServer(new_database(tmp_path / "prefect")) as server:
        child = server._child
    assert child.returncode == -signal.SIGTERM
