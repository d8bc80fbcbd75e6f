"""A new home begins with a copy of a migrated database, and nobody's own is written over."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from deployments.server.new_database import put_new_database


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
