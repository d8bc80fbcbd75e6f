"""How long a watcher waits before it asks again: as long as the work suggests, shorter when it is nearly due."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from polyreel.ledger.entry import Entry

_HOUR, _DAY = 3600.0, 86400.0


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds between two looks at an account. Pure: it only decides.

    ``least`` is the fastest, also after a hint; ``first`` a fresh row's; ``most`` that of a row that is hours old or
    due in hours; ``slowest`` that of what waits for a person, for days or weeks, and of a vendor that does not answer.
    """

    least: float = 1.0
    first: float = 5.0
    most: float = 60.0
    slowest: float = 600.0

    def select_due(
        self, entries: Sequence[Entry], looked_at: Mapping[str, float], now: float, luck: float
    ) -> list[Entry]:  # fmt: skip
        """The rows to look at now: none while none is due; else those, and with them what will be due soon.

        ``looked_at`` is when each row was last looked at, by key; ``luck`` (0 to 1) keeps watchers out of step.
        """
        seen_at = {entry.key: looked_at.get(entry.key, entry.submitted_at) for entry in entries}
        waited = {
            # What was seen later than now was seen before the clock was set back: nobody knows how long ago.
            entry.key: (now - seen_at[entry.key]) / self.interval(entry, now) if seen_at[entry.key] <= now else 1.1
            for entry in entries
        }
        # Between 0.9 and 1.1 of the interval: watchers that began together, as after a restart, don't stay in step.
        enough = 0.9 + luck / 5
        if max(waited.values(), default=0.0) < enough:
            return []
        # One list answers for all: what would be due soon comes along, and saves a call of its own.
        return [entry for entry in entries if waited[entry.key] >= enough / 2]

    def back_off(self, failures: int, luck: float) -> float:
        """Seconds until a vendor that failed so often in a row is asked again, whether it calls back or not."""
        return float(min(self.slowest, self.first * 2.0 ** min(failures, 30)) * (0.75 + luck / 2))

    def interval(self, entry: Entry, now: float) -> float:
        """Seconds between two looks at one row."""
        age = max(0.0, now - (entry.submitted_at or entry.intended_at))
        if entry.receipt.get("waits_for_person"):
            return self.slowest if age > _HOUR else self.most
        if (left := entry.due_at + self.least - now) > 0:  # vendors tell whole seconds, cut off
            # A look just before it is due would be in vain, and the next one late.
            return self.most if left <= self.first else min(self.most, max(self.first, (entry.due_at - now) / 2))
        if entry.due_at:
            overdue = now - entry.due_at  # just due, it is looked at often; long overdue, seldom
            return min(self.most, max(self.first / 2, overdue / 10))
        if age > _DAY:
            return self.slowest
        return min(self.most, max(self.first, age / 10))
