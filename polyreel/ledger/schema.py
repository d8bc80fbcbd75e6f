"""The ledger's tables, and how older ones become these.

A change of the schema is one more function in `MIGRATIONS`; the number of those that were run stands in the database.
A ledger is never emptied by an update: its receipts are read for ever.
"""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa

from polyreel.errors import LedgerError

metadata = sa.MetaData()
_version = sa.Table("ledger_version", metadata, sa.Column("version", sa.Integer, primary_key=True))

entries = sa.Table(
    "ledger",
    metadata,
    sa.Column("key", sa.String, primary_key=True),
    sa.Column("state", sa.String, nullable=False),
    *(
        sa.Column(name, sa.String, nullable=False)
        for name in ("kind", "what", "job", "provider", "account", "credentials", "locale", "run_id")
    ),
    sa.Column("quoted_minutes", sa.Double),
    sa.Column("charged_minutes", sa.Double),
    sa.Column("charged_by", sa.String, nullable=False),
    sa.Column("vendor_id", sa.String, nullable=False),
    sa.Column("details", sa.JSON, nullable=False),
    sa.Column("receipt", sa.JSON, nullable=False),
    sa.Column("note", sa.String, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("holder", sa.String, nullable=False),
    *(
        sa.Column(name, sa.Double, nullable=False)
        for name in (
            "lease_until", "intended_at", "attempted_at", "submitted_at", "ready_at", "collected_at", "due_at",
            "updated_at",
        )
    ),
    sa.Index("ledger_by_account", "account", "state"),
    sa.Index("ledger_by_job", "job"),
    sa.Index("ledger_by_vendor_id", "vendor_id"),
    sa.Index("ledger_by_update", "updated_at"),
)  # fmt: skip

watchers = sa.Table(
    "ledger_watchers",
    metadata,
    sa.Column("account", sa.String, primary_key=True),
    sa.Column("holder", sa.String, nullable=False),
    sa.Column("lease_until", sa.Double, nullable=False),
    sa.Column("poked_at", sa.Double, nullable=False),
)


claims = sa.Table(
    "ledger_claims",
    metadata,
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("holder", sa.String, nullable=False),
    sa.Column("lease_until", sa.Double, nullable=False),
    sa.Column("what", sa.String, nullable=False),
)


def _create_tables(connection: sa.Connection) -> None:
    metadata.create_all(connection, tables=[entries, watchers])


def _create_claims(connection: sa.Connection) -> None:
    metadata.create_all(connection, tables=[claims])


MIGRATIONS: tuple[Callable[[sa.Connection], None], ...] = (_create_tables, _create_claims)


def migrate_tables(connection: sa.Connection) -> None:
    """Bring the tables up to date, inside the caller's transaction. Raises `LedgerError` for those of a newer polyreel.

    The caller sees to it that nobody else migrates meanwhile.
    """
    _version.create(connection, checkfirst=True)
    done = connection.scalar(sa.select(sa.func.max(_version.c.version))) or 0
    if done > len(MIGRATIONS):
        raise LedgerError("the ledger was made by a newer polyreel", code="ledger_newer", remedy="Update polyreel.")
    for number, step in enumerate(MIGRATIONS[done:], start=done + 1):
        step(connection)
        connection.execute(sa.insert(_version).values(version=number))
