"""Ledgers of every kind: in memory, in a SQLite file, and in a real PostgreSQL, started here from Debian's package."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from polyreel.ledger.rows import Rows
from polyreel.ledger.sql import SqlRows
from polyreel.ledger.testing import MemoryRows

POSTGRES = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
DATABASES = ("sqlite", "postgresql") if POSTGRES else ("sqlite",)  # one test says that the other is not here


def _as_nobody(folder: Path) -> list[str]:
    """PostgreSQL refuses to run as root."""
    if os.getuid() != 0:
        return []
    nobody = pwd.getpwnam("nobody")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    return ["setpriv", f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups"]


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The address of an empty PostgreSQL that listens on a socket of its own only."""
    if not POSTGRES:
        pytest.skip("needs PostgreSQL's programs: apt-get install postgresql")
    # Not below pytest's own folder, which nobody else may enter; and a socket's path must be short.
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    bin_, data, user = POSTGRES[-1], folder / "data", _as_nobody(folder)
    flags = ["--auth=trust", "--username=polyreel", "--encoding=UTF8", "--no-locale", "--no-sync"]
    subprocess.run([*user, bin_ / "initdb", *flags, "-D", data], cwd=folder, check=True, capture_output=True)
    settings = f"-c listen_addresses= -c unix_socket_directories={folder} -c max_connections=60 -c fsync=off"
    control = [*user, bin_ / "pg_ctl", "-D", data, "-w", "-t", "60"]
    with (folder / "log").open("wb") as log:
        subprocess.run([*control, "-o", settings, "start"], cwd=folder, check=True, stdout=log, stderr=log)
    try:
        yield f"postgresql://polyreel@/postgres?host={folder}"
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], cwd=folder, check=True, capture_output=True)
        shutil.rmtree(folder, ignore_errors=True)


NewAddress = Callable[[str], str]


@pytest.fixture
def new_address(request: pytest.FixtureRequest, tmp_path: Path) -> NewAddress:
    """The address of a ledger that nobody has used yet, of a kind: ``new_address("postgresql")``."""

    def make(kind: str) -> str:
        if kind == "sqlite":
            return f"sqlite:///{tmp_path / f'{uuid.uuid4().hex}.db'}"
        name = f"l{uuid.uuid4().hex}"
        server = sa.make_url(request.getfixturevalue("postgresql")).set(drivername="postgresql+psycopg")
        engine = sa.create_engine(server, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(sa.text(f"CREATE DATABASE {name}"))
        engine.dispose()
        return server.set(drivername="postgresql", database=name).render_as_string(hide_password=False)

    return make


@pytest.fixture(params=["memory", *DATABASES])
def rows(request: pytest.FixtureRequest, new_address: NewAddress, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rows]:
    """An empty ledger of each kind."""
    made: Rows
    if request.param == "memory":
        made = MemoryRows()
    else:
        from polyreel.ledger.address import ledger_url

        monkeypatch.setenv("POLYREEL_LEDGER_URL", new_address(request.param))
        made = SqlRows(ledger_url())
    yield made
    made.close()
