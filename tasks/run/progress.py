"""Who does what right now: one board per run, which tasks write and the command line and reports read."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import Literal

from polyreel.outcome import Outcome

StepState = Literal["running", "done", "cached", "failed"]


@dataclass(frozen=True, slots=True)
class Step:
    """One stage of the job (``locale`` empty) or of a language."""

    stage: str
    locale: str = ""
    state: StepState = "running"
    fraction: float = 0.0
    seconds: float = 0.0
    began: float = 0.0
    """Seconds after the run's first step."""
    waits: str = ""
    """What it waits for, where that is another run; empty while it is at work."""


@dataclass
class Board:
    """Every step of one run. Safe to write from any thread; listeners are told of each change."""

    steps: dict[tuple[str, str], Step] = field(default_factory=dict)
    listeners: list[Callable[[Step], None]] = field(default_factory=list)
    warn: Callable[[str], None] | None = None
    """Shows a person at once what should not wait for the outcome's notes; None: nobody watches."""
    outcome: Outcome | None = None
    """What came of the run, as soon as it is known: before the server is told."""
    bought: set[str] = field(default_factory=set)
    """The submission keys that this run stands on, whether it bought them or found them bought."""
    seen_paid: dict[str, set[tuple[str, float]]] = field(default_factory=dict)
    """The purchases of a language that this run knows of: keys, and when each was begun (`tasks.paid.buy_alone`)."""
    _begun: dict[tuple[str, str], float] = field(default_factory=dict)
    _first: float | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, stage: str, locale: str = "") -> None:
        """A step starts."""
        # Monotonic: a clock that is set right meanwhile would give negative seconds.
        now = self._begun[stage, locale] = time.monotonic()
        self._put(Step(stage, locale, began=self._since_first(now)))

    def advance(self, stage: str, locale: str, fraction: float) -> None:
        """How much of a step is done, 0 to 1."""
        step = self.steps.get((stage, locale)) or Step(stage, locale)
        # A progress that comes late, from a thread, must not open a step that is over.
        if step.state == "running":
            # It never falls: threads report out of order, and a bar that goes back looks broken.
            self._put(replace(step, fraction=min(1.0, max(step.fraction, fraction))))

    def wait(self, stage: str, locale: str, text: str) -> None:
        """What a step waits for; empty when it goes on."""
        step = self.steps.get((stage, locale))
        if step is not None and step.state == "running" and step.waits != text:
            self._put(replace(step, waits=text))

    def end(self, stage: str, locale: str, state: StepState) -> None:
        """A step is over."""
        now = time.monotonic()
        begun = self._begun.get((stage, locale), now)
        done = 0.0 if state == "failed" else 1.0
        self._put(Step(stage, locale, state, done, round(now - begun, 3), self._since_first(begun)))

    def stages(self, locale: str = "") -> dict[str, str]:
        """State by stage, for the whole job or for one language."""
        return {step.stage: step.state for step in self.steps.values() if step.locale == locale}

    def _since_first(self, at: float) -> float:
        if self._first is None:
            self._first = at
        return round(max(0.0, at - self._first), 3)

    def _put(self, step: Step) -> None:
        with self._lock:
            self.steps[step.stage, step.locale] = step
        # Outside the lock, as a listener may ask the board.
        for listener in tuple(self.listeners):
            listener(step)


_board: ContextVar[Board | None] = ContextVar("polyreel_board", default=None)


def board() -> Board:
    """This run's board; a new one where none was set up (a run started by a worker)."""
    found = _board.get()
    if found is None:
        found = Board()
        _board.set(found)
    return found


def use(new: Board) -> None:
    """Make a board this run's, so that its owner hears of every step."""
    _board.set(new)


def reporter(stage: str, locale: str = "") -> Callable[[float], None]:
    """A callback for the share that is done of a step of this run. It may be called from any thread."""
    # Looked up now: the callback is called from threads, which have no context variables of this run's.
    mine = board()
    return lambda fraction: mine.advance(stage, locale, fraction)
