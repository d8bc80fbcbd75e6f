"""What a run took: seconds of work per stage and per minute of film, and memory at the most."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from fractions import Fraction
from typing import TYPE_CHECKING

from polyreel.machine.memory import MemoryWatch
from polyreel.outcome import Cost, Reel
from tasks.run.progress import Board, board

if TYPE_CHECKING:
    from polyreel.report.details import StageSpan

_watch: ContextVar[MemoryWatch | None] = ContextVar("polyreel_memory_watch", default=None)


@contextmanager
def memory_watched() -> Iterator[None]:
    """Watch this process tree's memory for as long as a run lasts."""
    with MemoryWatch() as watch:
        token = _watch.set(watch)
        try:
            yield
        finally:
            _watch.reset(token)


def measure_cost(reel: Reel) -> Cost:
    """What this run took so far."""
    watch = _watch.get()
    return cost_of(board(), Fraction(reel.duration), watch.peak_bytes if watch else None)


def cost_of(done: Board, seconds: Fraction, peak_bytes: int | None) -> Cost:
    """A board's seconds by stage, all its languages together, and per minute of a film of so many seconds."""
    stages: dict[str, float] = {}
    for step in done.steps.values():
        stages[step.stage] = stages.get(step.stage, 0.0) + step.seconds
    minutes = float(seconds) / 60
    return Cost(
        stage_seconds={stage: round(taken, 2) for stage, taken in stages.items()},
        seconds_per_minute=round(sum(stages.values()) / minutes, 2) if minutes > 0 else 0.0,
        peak_memory_mb=None if peak_bytes is None else round(peak_bytes / 1e6),
    )


def list_spans(done: Board) -> tuple[StageSpan, ...]:
    """Which stage ran when, as far as a board knows; what is still running is not among them."""
    from polyreel.report.details import StageSpan

    return tuple(
        StageSpan(stage=each.stage, locale=each.locale, state=each.state, began=each.began, seconds=each.seconds)
        # A copy, as threads write to the board meanwhile.
        for each in tuple(done.steps.values())
        if each.state != "running"
    )
