"""Ledger rows in words, for the terminal and for the page: keys that can be read, and what each vendor was paid."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from polyreel.ledger.entry import Entry


def shorten_key(key: str) -> str:
    """The part of a key that tells it from others: what stands behind ``buy-v1-``, without its tail."""
    own = key.partition("~")[0]
    return own.rpartition("-")[2] or own


def find_tail(key: str) -> str:
    """What stands behind the key of the purchase that a row is a change of: ``script``."""
    return key.partition("~")[2]


def format_minutes(entry: Entry) -> str:
    """What a row costs, as far as anybody knows; empty for what costs nothing by its kind."""
    return "" if entry.charged_minutes is None and entry.quoted_minutes is None else f"{entry.minutes:g}"


def sum_by_vendor(entries: Sequence[Entry]) -> list[str]:
    """A line per vendor, as ``panjaya: 3 min charged, 2 min as quoted (it does not tell), 1 min not known yet``."""
    spent: dict[str, dict[str, float]] = {}
    for entry in entries:
        charged, quoted, unknown = "min charged", "min as quoted (it does not tell)", "min not known yet"
        word = unknown if entry.is_open else charged if entry.charged_by == "vendor" else quoted
        sums = spent.setdefault(entry.provider or "elsewhere", {charged: 0.0, quoted: 0.0, unknown: 0.0})
        sums[word] += entry.minutes
    told = {name: [f"{minutes:g} {word}" for word, minutes in sums.items() if minutes] for name, sums in spent.items()}
    return [f"{name}: {', '.join(parts)}" for name, parts in told.items() if parts]
