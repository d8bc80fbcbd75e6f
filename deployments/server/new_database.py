"""A new server's database: a copy of one that was migrated at set-up, `python -m deployments.server.new_database`.

Prefect makes its tables by some two hundred migrations, which take 17 s of a processor in every new home. They give the
same empty database each time, so they are run once for each version of Prefect, into the environment that holds it.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from importlib.metadata import version
from pathlib import Path

from deployments.server.own_environment import own_environment
from polyreel.machine.files import make_folder, replace_durably

_MIGRATE = (
    "import asyncio; from prefect.server.database.dependencies import provide_database_interface as of"
    "; asyncio.run(of().create_db())"
)


def find_migrated() -> Path:
    """Where the migrated database of this environment lies, if set-up made one."""
    return Path(sys.prefix) / "share" / "polyreel" / f"prefect-{version('prefect')}.db"


def put_new_database(folder: Path, migrated: Path) -> bool:
    """Put a copy of a migrated database into a server's folder that has none yet; whether it was done.

    Where there is nothing to copy, the server runs its migrations as it always did.
    """
    final = folder / "prefect.db"
    if final.exists() or not migrated.is_file():
        return False
    make_folder(folder)
    with tempfile.TemporaryDirectory(dir=folder) as own:
        part = Path(own) / "prefect.db"
        shutil.copyfile(migrated, part)
        try:
            os.link(part, final)  # and not a rename: another server's database must not be written over
        except FileExistsError:
            return False
    return True


def migrate_database(final: Path) -> None:
    """Run the migrations into a new file, in a process of its own. Blocks for some 17 s."""
    make_folder(final.parent)
    with tempfile.TemporaryDirectory(dir=final.parent) as folder:
        env = own_environment(Path(folder), "PREFECT_API_URL")
        subprocess.run([sys.executable, "-P", "-c", _MIGRATE], env=env, cwd=folder, check=True)
        whole, part = Path(folder) / "prefect.db", Path(folder) / "copy.db"
        with closing(sqlite3.connect(whole)) as made, closing(sqlite3.connect(part)) as copy:
            made.backup(copy)  # what is still in its log, too
        replace_durably(part, final)


if __name__ == "__main__":
    if not find_migrated().is_file():
        migrate_database(find_migrated())
