"""Rows in a database: a SQLite file, or PostgreSQL for several machines. Every change is one short transaction.

SQLite: a write-ahead log, flushed to the disk at every commit (``synchronous=FULL``), and `BEGIN IMMEDIATE`, so that
two processes never edit from the same reading. PostgreSQL: the row is locked while it is edited.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError, OperationalError, SQLAlchemyError

from polyreel.errors import LedgerError
from polyreel.ledger.entry import Entry
from polyreel.ledger.rows import Change, Claim, ClaimEdit, Condition, Edit, Filter, is_running
from polyreel.ledger.schema import claims, entries, migrate_tables, watchers
from polyreel.machine.files import sync_folder
from polyreel.machine.locks import open_locked

T = TypeVar("T")
_BUSY_SECONDS = 60.0
_TRIES = 5
_MIGRATION_LOCK = 0x706F6C79  # any number that nothing else in the database locks


class SqlRows:
    """`Rows` in a database. Safe for many threads and many processes; opened, and migrated, at its first use."""

    def __init__(self, url: sa.URL) -> None:
        self._url = url
        self._is_file = url.get_backend_name() == "sqlite"
        self._opened: tuple[int, sa.Engine] | None = None
        self._opening = threading.Lock()

    @property
    def where(self) -> str:
        """The address, without its password."""
        return str(self._url.database) if self._is_file else self._url.render_as_string(hide_password=True)

    # -- rows

    def change(self, key: str, edit: Edit) -> Change:
        """Edit one row, or make or remove it; durable when this returns. Raises `LedgerError`."""
        return self.change_all({key: edit})[key]

    def change_all(self, edits: Mapping[str, Edit], *, only_if: Condition | None = None) -> dict[str, Change]:
        """Edit several rows in one transaction. Raises `LedgerError`."""
        return self._run_in_transaction(lambda connection: self._change_all(connection, edits, only_if))

    def _change_all(
        self, connection: sa.Connection, edits: Mapping[str, Edit], only_if: Condition | None
    ) -> dict[str, Change]:
        # Locked in one order, so that two who edit the same rows can't wait for each other.
        asked = sa.select(entries).where(entries.c.key.in_(edits)).order_by(entries.c.key).with_for_update()
        there = {row.key: _make_entry(row) for row in connection.execute(asked)}
        if only_if and not only_if(there):
            return {key: Change(there.get(key), there.get(key)) for key in edits}
        now = self._read_clock(connection)
        changes = {key: _apply_edit(there.get(key), edit, now) for key, edit in sorted(edits.items())}
        made = [_dump_entry(it.after) for it in changes.values() if it.before is None and it.after is not None]
        gone = [key for key, it in changes.items() if it.before is not None and it.after is None]
        news = [
            _dump_entry(it.after) for it in changes.values() if it.before and it.after and it.after is not it.before
        ]  # fmt: skip
        if made:
            connection.execute(sa.insert(entries), made)
        if gone:
            connection.execute(sa.delete(entries).where(entries.c.key.in_(gone)))
        if news:
            update = sa.update(entries).where(entries.c.key == sa.bindparam("of_key"))
            connection.execute(update, [{**row, "of_key": row["key"]} for row in news])
        return changes

    def get(self, key: str) -> Entry | None:
        """One row."""
        asked = sa.select(entries).where(entries.c.key == key)
        found = self._run_in_transaction(lambda it: it.execute(asked).one_or_none(), reading=True)
        return None if found is None else _make_entry(found)

    def select(self, wanted: Filter) -> list[Entry]:
        """The rows that match, oldest intent first."""
        asked = sa.select(entries).where(*_make_conditions(wanted)).order_by(entries.c.intended_at, entries.c.key)
        asked = asked.limit(wanted.limit)
        return [_make_entry(row) for row in self._run_in_transaction(lambda it: it.execute(asked).all(), reading=True)]

    # -- claims

    def change_claim(self, name: str, edit: ClaimEdit) -> Claim | None:
        """Take, keep or give back a claim; as it is afterwards. Raises `LedgerError`."""
        own = claims.c.name == name

        def write_row(connection: sa.Connection) -> Claim | None:
            found = connection.execute(sa.select(claims).where(own).with_for_update()).one_or_none()
            before = None if found is None else Claim(**found._asdict())
            after = edit(before, self._read_clock(connection))
            if after is None and before is not None:
                connection.execute(sa.delete(claims).where(own))
            elif after is not None and before is None:
                connection.execute(sa.insert(claims).values(after._asdict()))
            elif after is not None and after != before:
                connection.execute(sa.update(claims).where(own).values(after._asdict()))
            return after

        return self._run_in_transaction(write_row)

    def list_claims(self) -> list[Claim]:
        """Every claim, by name. Raises `LedgerError`."""
        asked = sa.select(claims).order_by(claims.c.name)
        found = self._run_in_transaction(lambda it: it.execute(asked).all(), reading=True)
        return [Claim(**row._asdict()) for row in found]

    # -- watchers

    def lead(self, account: str, holder: str, seconds: float) -> bool:
        """Whether this holder is the one that watches an account, for so many seconds more."""

        def take(connection: sa.Connection) -> bool:
            there = self._read_watcher(connection, account)
            now = self._read_clock(connection)
            if there is not None and there.holder != holder and is_running(there.lease_until, now, seconds):
                return False
            self._write_watcher(connection, account, there, holder=holder, lease_until=now + seconds)
            return True

        return self._run_in_transaction(take)

    def poke(self, account: str) -> None:
        """Note that there may be news at an account."""

        def write_row(connection: sa.Connection) -> None:
            there = self._read_watcher(connection, account)
            self._write_watcher(connection, account, there, poked_at=self._read_clock(connection))

        self._run_in_transaction(write_row)

    def find_pokes(self, accounts: frozenset[str]) -> dict[str, float]:
        """When each account was last poked."""
        asked = sa.select(watchers.c.account, watchers.c.poked_at).where(
            watchers.c.account.in_(accounts), watchers.c.poked_at > 0
        )
        found = self._run_in_transaction(lambda it: it.execute(asked).all(), reading=True)
        return {row.account: row.poked_at for row in found}

    def _read_watcher(self, connection: sa.Connection, account: str) -> sa.Row[Any] | None:
        asked = sa.select(watchers).where(watchers.c.account == account).with_for_update()
        return connection.execute(asked).one_or_none()

    def _write_watcher(
        self, connection: sa.Connection, account: str, there: sa.Row[Any] | None, **news: Any
    ) -> None:  # fmt: skip
        if there is None:
            nobody = {"account": account, "holder": "", "lease_until": 0.0, "poked_at": 0.0}
            connection.execute(sa.insert(watchers).values({**nobody, **news}))
        else:
            connection.execute(sa.update(watchers).where(watchers.c.account == account).values(news))

    # -- the database

    def now(self) -> float:
        """The time by the clock of the database's machine."""
        return self._run_in_transaction(self._read_clock, reading=True)

    def close(self) -> None:
        """Close every connection."""
        # Connections of a parent's are not ours to close: closing says goodbye to the server in the parent's name.
        if self._opened is not None and self._opened[0] == os.getpid():
            self._opened[1].dispose()
        self._opened = None

    def _read_clock(self, connection: sa.Connection) -> float:
        if self._is_file:
            return time.time()
        # Machines that share a ledger need not agree on the time; the server's clock is everybody's.
        return float(connection.scalar(sa.text("SELECT extract(epoch FROM clock_timestamp())::float8")) or 0.0)

    def _run_in_transaction(self, work: Callable[[sa.Connection], T], *, reading: bool = False) -> T:
        """Work in one transaction; again when another process was in the way, or a pooled connection had died."""
        for attempt in range(1, _TRIES + 1):
            try:
                with self._open_engine().execution_options(reading=reading).begin() as connection:
                    return work(connection)
            except (IntegrityError, OperationalError) as error:
                # Two processes that insert the same key: the second finds the row when it looks again.
                if attempt == _TRIES:
                    raise self._explain_failure(error) from error
                time.sleep(0.05 * attempt)
            except SQLAlchemyError as error:
                raise self._explain_failure(error) from error
        raise AssertionError("unreachable")

    def _explain_failure(self, error: SQLAlchemyError) -> LedgerError:
        said = str(getattr(error, "orig", None) or error).strip().splitlines()
        asked = "Is there room on the disk, and may polyreel write there?" if self._is_file else "Is the server up?"
        remedy = f"{asked} Nothing is bought without the ledger."
        return LedgerError(f"the ledger does not answer: {(said or [''])[0]}", where=self.where, remedy=remedy)

    def _open_engine(self) -> sa.Engine:
        with self._opening:
            # A forked child must not speak on its parent's connections.
            if self._opened is None or self._opened[0] != os.getpid():
                engine = self._open_file() if self._is_file else self._open_server()
                self._opened = os.getpid(), engine
            return self._opened[1]

    def _open_file(self) -> sa.Engine:
        file = Path(str(self._url.database))
        engine = sa.create_engine(self._url, connect_args={"timeout": _BUSY_SECONDS, "check_same_thread": False})
        sa.event.listen(engine, "connect", _set_up_file)
        sa.event.listen(engine, "begin", _begin_at_once)
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            # One process at a time: turning the write-ahead log on, and making tables, fail beside another.
            with _lock_file(file.with_name(file.name + ".lock")), engine.begin() as connection:
                migrate_tables(connection)
            sync_folder(file.parent)
        except OSError as error:
            text = f"the ledger can't be kept here: {error.strerror}"
            raise LedgerError(text, where=self.where, remedy="Set POLYREEL_HOME to a folder of your own.") from None
        return engine

    def _open_server(self) -> sa.Engine:
        engine = sa.create_engine(self._url, pool_pre_ping=True, pool_recycle=600, connect_args={"connect_timeout": 10})
        sa.event.listen(engine, "connect", _set_up_server)
        with engine.begin() as connection:
            # Many machines start at once, and two that create one table fail both; the lock ends with the
            # transaction.
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_MIGRATION_LOCK)))
            migrate_tables(connection)
        return engine


def _apply_edit(before: Entry | None, edit: Edit, now: float) -> Change:
    after = edit(before, now)
    return Change(before, before if after == before else after)


def _make_entry(row: sa.Row[Any]) -> Entry:
    return Entry.model_validate(row._asdict())


def _dump_entry(entry: Entry) -> dict[str, Any]:
    return entry.model_dump(mode="json")


def _make_conditions(wanted: Filter) -> list[sa.ColumnElement[bool]]:
    asked = ("job", "provider", "account", "vendor_id", "kind", "run_id")
    same = [entries.c[name] == getattr(wanted, name) for name in asked if getattr(wanted, name)]
    states = [entries.c.state.in_(sorted(wanted.states))] if wanted.states else []
    since = [entries.c.updated_at >= wanted.updated_since] if wanted.updated_since else []
    return [*same, *states, *since]


def _set_up_file(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # transactions are begun by `_begin_at_once`, not by Python's driver
    for pragma in (f"busy_timeout={int(_BUSY_SECONDS * 1000)}", "journal_mode=WAL", "synchronous=FULL"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_at_once(connection: sa.Connection) -> None:
    # Readers of a write-ahead log never wait for the writer; they must not queue up behind it either.
    connection.exec_driver_sql("BEGIN" if connection.get_execution_options().get("reading") else "BEGIN IMMEDIATE")


def _set_up_server(connection: Any, _record: object) -> None:
    # A receipt that a crash of the server may undo is none, whatever the server's own default is.
    connection.execute("SET synchronous_commit TO on")
    connection.commit()


@contextmanager
def _lock_file(path: Path) -> Iterator[None]:
    while (handle := open_locked(path)) is None:
        time.sleep(0.02)
    try:
        yield
    finally:
        os.close(handle)
