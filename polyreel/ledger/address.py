"""Where the ledger is: a SQLite file in ``POLYREEL_HOME``, or what ``POLYREEL_LEDGER_URL`` says."""

from __future__ import annotations

import os
from functools import cache

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError

from polyreel.errors import InvalidJob
from polyreel.ledger.sql import SqlRows
from polyreel.machine.home import home

_DRIVERS = {"postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg", "sqlite": "sqlite"}
_REMEDY = "Use postgresql://USER:PASSWORD@HOST/DATABASE, or unset it to keep the ledger in POLYREEL_HOME."


def ledger_url() -> sa.URL:
    """The database's address. Raises `InvalidJob`, which never shows a password."""
    asked = os.environ.get("POLYREEL_LEDGER_URL", "").strip()
    if not asked:
        return sa.URL.create("sqlite", database=str(home() / "ledger.db"))
    try:
        url = sa.make_url(asked)
    except (ArgumentError, ValueError):
        raise InvalidJob("this is not the address of a database", where="POLYREEL_LEDGER_URL", remedy=_REMEDY) from None
    driver = _DRIVERS.get(url.get_backend_name())
    if driver is None or not url.database or url.database == ":memory:":
        what = f"no ledger can be kept at {url.get_backend_name()}:// addresses" if driver is None else "no database"
        raise InvalidJob(what, where="POLYREEL_LEDGER_URL", remedy=_REMEDY)
    return url.set(drivername=driver)


def ledger_rows() -> SqlRows:
    """The rows of this process's ledger: one set of connections for each address."""
    return _open_rows(ledger_url())


@cache
def _open_rows(url: sa.URL) -> SqlRows:
    return SqlRows(url)
