"""Balances in minutes, and what was charged: each subject once, however often its job runs again."""

from __future__ import annotations

import time
from dataclasses import dataclass

from polyreel.sandbox.state import State

OPENING_MINUTES = 10_000.0


class BalanceTooSmall(Exception):
    """The account has fewer minutes than the work costs."""


@dataclass(frozen=True, slots=True)
class Charge:
    """One line of the account."""

    vendor: str
    subject: str
    minutes: float
    what: str
    at: float


class Purse:
    """The sandbox accounts' minutes."""

    def __init__(self, state: State) -> None:
        self._state = state

    def opening(self, vendor: str) -> float:
        """Minutes the account was given."""
        return float(self._state.fact(f"minutes:{vendor}", lambda: str(OPENING_MINUTES)))

    def set_opening(self, vendor: str, balance: float) -> None:
        """Give an account exactly this balance from now on."""
        self._state.set_fact(f"minutes:{vendor}", str(balance + self._sum_spent(vendor)))

    def balance(self, vendor: str) -> float | int:
        """Minutes left; a whole number where it is one."""
        left = round(self.opening(vendor) - self._sum_spent(vendor), 3)
        return int(left) if left.is_integer() else left

    def charge(self, vendor: str, subject: str, minutes: float, what: str) -> None:
        """Take minutes for a subject, once; `BalanceTooSmall` takes nothing."""
        opening = self.opening(vendor)
        # In one transaction, or two jobs could spend the same minutes.
        with self._state.transaction() as db:
            known = db.execute("SELECT 1 FROM charges WHERE vendor = ? AND subject = ?", (vendor, subject)).fetchone()
            if known is not None:
                return
            if opening - self._sum_spent(vendor) < minutes:
                raise BalanceTooSmall(f"{minutes:g} minutes are needed")
            db.execute(
                "INSERT INTO charges (vendor, subject, minutes, what, at) VALUES (?, ?, ?, ?, ?)",
                (vendor, subject, minutes, what, time.time()),
            )

    def charges(self, vendor: str | None = None) -> list[Charge]:
        """Everything charged, newest first."""
        rows = self._state.rows("SELECT * FROM charges WHERE ? IS NULL OR vendor = ? ORDER BY seq DESC", vendor, vendor)
        return [Charge(row["vendor"], row["subject"], row["minutes"], row["what"], row["at"]) for row in rows]

    def _sum_spent(self, vendor: str) -> float:
        row = self._state.rows("SELECT COALESCE(SUM(minutes), 0) AS spent FROM charges WHERE vendor = ?", vendor)[0]
        return float(row["spent"])
