"""The port to where rows are kept. Everything that happens to a row is one `change`, atomic and durable.

The methods block (they wait for a disk or a server): on an event loop, call them in a thread.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from polyreel.ledger.entry import Entry, State

Edit = Callable[[Entry | None, float], Entry | None]
"""From the row as it is, and the time, to the row as it shall be; None is no row. Pure: it may be called again."""
Condition = Callable[[Mapping[str, Entry]], bool]
"""Of rows as they are, by key; those that are not there are left out. Pure, as an `Edit` is."""


class Change(NamedTuple):
    """A row before and after an edit."""

    before: Entry | None
    after: Entry | None


class Claim(NamedTuple):
    """Who works under a name, so that nobody else does (`polyreel.ledger.claims`). Removed when that is over."""

    name: str
    holder: str
    lease_until: float
    """Until when the holder is believed to live without a sign of life: seconds since 1970, by `Rows.now`."""
    what: str = ""
    """For people: whose work it is."""


ClaimEdit = Callable[[Claim | None, float], Claim | None]
"""From the claim as it is, and the time, to the claim as it shall be; None is no claim. Pure, as an `Edit` is."""


def is_running(lease_until: float, now: float, seconds: float) -> bool:
    """Whether a lease that is granted for so many seconds still runs."""
    # One that ends later than any that begins now is from before the clock was set back: nobody would ask until then.
    return now < lease_until <= now + seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which rows are wanted; what is left empty matches all."""

    job: str = ""
    provider: str = ""
    account: str = ""
    vendor_id: str = ""
    kind: str = ""
    run_id: str = ""
    states: frozenset[State] = frozenset()
    updated_since: float = 0.0
    limit: int | None = None

    def matches(self, entry: Entry) -> bool:
        """Whether the row is wanted."""
        asked = ("job", "provider", "account", "vendor_id", "kind", "run_id")
        same = all(getattr(self, name) in ("", getattr(entry, name)) for name in asked)
        return same and (not self.states or entry.state in self.states) and entry.updated_at >= self.updated_since


class Rows(Protocol):
    """Where the rows are: SQLite, PostgreSQL, or this process's memory.

    Its methods block, so an event loop calls them in a thread. Each raises `LedgerError` where the database does not
    answer: then nothing was changed, and nothing may be bought. Times are seconds since 1970 by `now`.
    """

    def change(self, key: str, edit: Edit) -> Change:
        """Edit one row, or make or remove it; durable when this returns. Nobody else edits it meanwhile.

        ``edit`` gets the row (None: there is none) and the time, and gives the row as it shall be (None: none). It may
        be called again in a new transaction, so it changes nothing else; what it raises leaves the row as it was.
        """
        ...

    def change_all(self, edits: Mapping[str, Edit], *, only_if: Condition | None = None) -> dict[str, Change]:
        """Edit several rows in one transaction: all of them, or none. Edits are as those of `change`.

        ``only_if`` gets these rows as they are, in that same transaction; where it says no, they stay so.
        """
        ...

    def get(self, key: str) -> Entry | None:
        """One row; None where there is none under this key."""
        ...

    def select(self, wanted: Filter) -> list[Entry]:
        """The rows that match, oldest intent first."""
        ...

    def change_claim(self, name: str, edit: ClaimEdit) -> Claim | None:
        """Take, keep or give back a claim; as it is afterwards. As durable and as alone as `change` is."""
        ...

    def list_claims(self) -> list[Claim]:
        """Every claim, those of holders that died too, by name."""
        ...

    def lead(self, account: str, holder: str, seconds: float) -> bool:
        """Whether this holder is the one that watches an account, for so many seconds more."""
        ...

    def poke(self, account: str) -> None:
        """Note that there may be news at an account."""
        ...

    def find_pokes(self, accounts: frozenset[str]) -> dict[str, float]:
        """When each account was last poked; accounts that never were are left out."""
        ...

    def now(self) -> float:
        """The time by the clock that all who share these rows go by: seconds since 1970."""
        ...

    def close(self) -> None:
        """Give back whatever is open."""
        ...
