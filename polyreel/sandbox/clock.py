"""The sandbox's clock: real time, plus what a rehearsal has skipped (to see links and tokens expire)."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from polyreel.sandbox.state import State


class Clock:
    """Seconds since the epoch, as the sandbox sees them. Skipped time survives a restart."""

    def __init__(self, state: State) -> None:
        self._state = state
        # Kept with the state: a link that a skipped hour has closed must not open again after a restart.
        self._skipped = float(state.fact("clock", lambda: "0"))

    def now(self) -> float:
        """The moment it is in the sandbox."""
        return time.time() + self._skipped

    def stamp(self) -> str:
        """The moment as ISO 8601 in UTC, to the microsecond."""
        return datetime.fromtimestamp(self.now(), UTC).isoformat().replace("+00:00", "Z")

    def skip(self, seconds: float) -> float:
        """Let time pass at once; returns the seconds skipped in all."""
        self._skipped += seconds
        self._state.set_fact("clock", str(self._skipped))
        return self._skipped
