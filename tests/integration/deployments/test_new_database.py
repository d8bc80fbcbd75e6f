"""A new home begins with a database that Prefect's own migrations have made."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path


def tables(file: Path) -> set[str]:
    with closing(sqlite3.connect(file)) as database:
        return {name for (name,) in database.execute("select name from sqlite_master where type = 'table'")}


def test_a_new_folder_gets_the_tables_and_no_rows(new_database: Callable[[Path], Path], tmp_path: Path) -> None:
    made = new_database(tmp_path / "home" / "prefect") / "prefect.db"
    assert {"flow_run", "task_run", "alembic_version"} <= tables(made)
    with closing(sqlite3.connect(made)) as database:
        assert database.execute("select count(*) from flow_run").fetchone() == (0,)
        assert database.execute("select count(*) from alembic_version").fetchone() == (1,)
    assert [path.name for path in made.parent.iterdir()] == ["prefect.db"]
