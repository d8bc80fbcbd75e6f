"""A new home begins with a migrated database, and nobody's own is written over."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

from deployments.server.new_database import put_new_database


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


def test_a_database_that_is_there_stays_and_of_several_that_come_at_once_one_counts(tmp_path: Path) -> None:
    migrated, folder = tmp_path / "migrated.db", tmp_path / "prefect"
    migrated.write_bytes(b"migrated")
    with ThreadPoolExecutor(8) as threads:
        put = list(threads.map(lambda _: put_new_database(folder, migrated), range(8)))
    assert put.count(True) == 1
    (folder / "prefect.db").write_bytes(b"somebody's own")
    assert not put_new_database(folder, migrated)
    assert (folder / "prefect.db").read_bytes() == b"somebody's own"


def test_where_set_up_made_none_the_server_makes_its_own(tmp_path: Path) -> None:
    assert not put_new_database(tmp_path / "prefect", tmp_path / "nowhere.db")
    assert not (tmp_path / "prefect").exists()
