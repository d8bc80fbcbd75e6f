"""Doubles for tests: a ledger that lives in this process's memory, and keeps every promise but durability."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping

from polyreel.ledger.entry import Entry
from polyreel.ledger.rows import Change, Claim, ClaimEdit, Condition, Edit, Filter, is_running


class MemoryRows:
    """`Rows` in a dictionary."""

    def __init__(self) -> None:
        self._rows: dict[str, Entry] = {}
        self._claims: dict[str, Claim] = {}
        self._leaders: dict[str, tuple[str, float]] = {}
        self._pokes: dict[str, float] = {}
        self._lock = threading.RLock()

    def change(self, key: str, edit: Edit) -> Change:
        """Edit one row, or make or remove it."""
        with self._lock:
            before = self._rows.get(key)
            after = edit(before, self.now())
            if after is None:
                self._rows.pop(key, None)
            else:
                self._rows[key] = after
            return Change(before, before if after == before else after)

    def change_all(self, edits: Mapping[str, Edit], *, only_if: Condition | None = None) -> dict[str, Change]:
        """Edit several rows at once."""
        with self._lock:
            there = {key: self._rows[key] for key in edits if key in self._rows}
            if only_if and not only_if(there):
                return {key: Change(there.get(key), there.get(key)) for key in edits}
            return {key: self.change(key, edit) for key, edit in edits.items()}

    def get(self, key: str) -> Entry | None:
        """One row."""
        return self._rows.get(key)

    def select(self, wanted: Filter) -> list[Entry]:
        """The rows that match, oldest intent first."""
        with self._lock:
            found = [entry for entry in self._rows.values() if wanted.matches(entry)]
        return sorted(found, key=lambda entry: (entry.intended_at, entry.key))[: wanted.limit]

    def change_claim(self, name: str, edit: ClaimEdit) -> Claim | None:
        """Take, keep or give back a claim."""
        with self._lock:
            after = edit(self._claims.pop(name, None), self.now())
            if after is not None:
                self._claims[name] = after
            return after

    def list_claims(self) -> list[Claim]:
        """Every claim, by name."""
        with self._lock:
            return sorted(self._claims.values())

    def lead(self, account: str, holder: str, seconds: float) -> bool:
        """Whether this holder is the one that watches an account, for so many seconds more."""
        with self._lock:
            leader, until = self._leaders.get(account, ("", 0.0))
            if leader != holder and is_running(until, self.now(), seconds):
                return False
            self._leaders[account] = holder, self.now() + seconds
            return True

    def poke(self, account: str) -> None:
        """Note that there may be news at an account."""
        self._pokes[account] = self.now()

    def find_pokes(self, accounts: frozenset[str]) -> dict[str, float]:
        """When each account was last poked."""
        return {account: self._pokes[account] for account in accounts if account in self._pokes}

    def now(self) -> float:
        """The time."""
        return time.time()

    def close(self) -> None:
        """Nothing is open."""
