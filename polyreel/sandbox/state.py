"""What the sandbox remembers, in one SQLite file: documents, charges, idempotency keys, jobs, callbacks, secrets.

Every method is one short transaction, so a sandbox that is killed comes back with whole records.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Json = dict[str, Any]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS docs (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, vendor TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL,
    parent TEXT NOT NULL, body TEXT NOT NULL, UNIQUE (vendor, kind, id));
CREATE INDEX IF NOT EXISTS docs_by_parent ON docs (vendor, kind, parent);
CREATE TABLE IF NOT EXISTS charges (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, vendor TEXT NOT NULL, subject TEXT NOT NULL, minutes REAL NOT NULL,
    what TEXT NOT NULL, at REAL NOT NULL, UNIQUE (vendor, subject));
CREATE TABLE IF NOT EXISTS answers (
    vendor TEXT NOT NULL, key TEXT NOT NULL, fingerprint TEXT NOT NULL, body TEXT, PRIMARY KEY (vendor, key));
CREATE TABLE IF NOT EXISTS jobs (
    id TEXT PRIMARY KEY, vendor TEXT NOT NULL, step TEXT NOT NULL, subject TEXT NOT NULL, payload TEXT NOT NULL,
    due REAL NOT NULL, state TEXT NOT NULL, note TEXT NOT NULL, created REAL NOT NULL);
CREATE TABLE IF NOT EXISTS callbacks (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, vendor TEXT NOT NULL, url TEXT NOT NULL, event TEXT NOT NULL,
    body TEXT NOT NULL, outcome TEXT NOT NULL, at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class Lag:
    """How far one request's reading lags behind: what is younger than so many seconds is not in lists, or not there."""

    in_lists: float = 0.0
    of_one: float = 0.0


LAG: ContextVar[Lag] = ContextVar("polyreel_sandbox_lag")
"""Set by the weather (`polyreel.sandbox.storm`) around one request."""
_NONE = Lag()
# Who has just logged in is known: a vendor's accounts are not kept where its lists are.
_NEVER_LATE = frozenset({"token"})


class Gone(Exception):
    """A document that was there has been deleted."""


class State:
    """The one place where the sandbox's state changes."""

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        # A transaction's own statements take the lock once more.
        self._lock = threading.RLock()
        # One connection for all threads, behind the lock; transactions begin and end by hand.
        self._db = sqlite3.connect(file, check_same_thread=False, isolation_level=None)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode=WAL")
        # Whole after a kill, which is rehearsed; the last moments
        # before a power cut are not worth an fsync per request.
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(_SCHEMA)
        # In memory: what was there before this process is shown.
        self.made_at: dict[tuple[str, str, str], float] = {}

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Several statements, all or none."""
        with self._lock:
            # The write lock at once: a transaction that reads first could be refused when it writes.
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                # Whatever it was, an interruption too: an open transaction would lock out everybody else.
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def rows(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        """What a query finds."""
        with self._lock:
            return self._db.execute(sql, values).fetchall()

    def run(self, sql: str, *values: Any) -> int:
        """One statement; how many rows it touched."""
        with self._lock:
            return self._db.execute(sql, values).rowcount

    def fact(self, name: str, make: Callable[[], str]) -> str:
        """A value made once and kept for good: keys, secrets, identifiers of accounts."""
        with self.transaction() as db:
            found = db.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
            if found is not None:
                return str(found["value"])
            value = make()
            db.execute("INSERT INTO facts VALUES (?, ?)", (name, value))
            return value

    def set_fact(self, name: str, value: str) -> None:
        """Replace a kept value."""
        self.run("INSERT INTO facts VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", name, value)


class Documents:
    """One vendor's documents: JSON by kind and id, in the order they came, each perhaps under a parent."""

    def __init__(self, state: State, vendor: str) -> None:
        self.state = state
        self.vendor = vendor

    def add(self, kind: str, body: Json, *, key: str | None = None, parent: str = "") -> Json:
        """Keep a new document; its ``id`` is made unless the body has one."""
        made = {"id": key or body.get("id") or str(uuid.uuid4()), **body}
        self.state.run(
            "INSERT INTO docs (vendor, kind, id, parent, body) VALUES (?, ?, ?, ?, ?)",
            *(self.vendor, kind, made["id"], parent, json.dumps(made)),
        )
        self.state.made_at[self.vendor, kind, made["id"]] = time.monotonic()
        return made

    def _is_shown(self, kind: str, key: str, lag: float) -> bool:
        made_at = self.state.made_at.get((self.vendor, kind, key), 0.0)
        return not lag or kind in _NEVER_LATE or time.monotonic() - made_at >= lag

    def get(self, kind: str, key: str) -> Json | None:
        """A document, or None."""
        found = self.state.rows(
            "SELECT body FROM docs WHERE vendor = ? AND kind = ? AND id = ?", self.vendor, kind, key
        )
        is_shown = self._is_shown(kind, key, LAG.get(_NONE).of_one)
        return json.loads(found[0]["body"]) if found and is_shown else None

    def need(self, kind: str, key: str) -> Json:
        """A document that must be there, or `Gone`."""
        found = self.get(kind, key)
        if found is None:
            raise Gone(f"{self.vendor} {kind} {key} is gone")
        return found

    def change(self, kind: str, key: str, **changes: Any) -> Json:
        """Write some fields of a document anew."""
        with self.state.transaction():
            body = {**self.need(kind, key), **changes}
            self._write_body(kind, key, body)
            return body

    def move_on(self, kind: str, key: str, allowed: tuple[str, ...], status: str, **changes: Any) -> Json | None:
        """Change a document's status if it is in one of the allowed ones; None if it is not."""
        with self.state.transaction():
            body = self.need(kind, key)
            if body["status"] not in allowed:
                return None
            body |= {"status": status, **changes}
            self._write_body(kind, key, body)
            return body

    def all(self, kind: str, parent: str | None = None) -> list[Json]:
        """Documents of a kind, oldest first; of one parent only, if given."""
        found = self.state.rows(
            "SELECT id, body FROM docs WHERE vendor = ? AND kind = ? AND (? IS NULL OR parent = ?) ORDER BY seq",
            *(self.vendor, kind, parent, parent),
        )
        lag = LAG.get(_NONE).in_lists
        return [json.loads(row["body"]) for row in found if self._is_shown(kind, row["id"], lag)]

    def remove(self, kind: str, key: str) -> bool:
        """Remove a document; whether it was there."""
        return self.state.run("DELETE FROM docs WHERE vendor = ? AND kind = ? AND id = ?", self.vendor, kind, key) > 0

    def reparent(self, kind: str, key: str, parent: str) -> None:
        """Put a document under another parent."""
        self.state.run(
            "UPDATE docs SET parent = ? WHERE vendor = ? AND kind = ? AND id = ?", parent, self.vendor, kind, key
        )

    def _write_body(self, kind: str, key: str, body: Json) -> None:
        self.state.run(
            "UPDATE docs SET body = ? WHERE vendor = ? AND kind = ? AND id = ?",
            json.dumps(body),
            self.vendor,
            kind,
            key,
        )
