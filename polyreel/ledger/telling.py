"""What somebody who watches a run is told while the run waits for another one: set by whoever shows runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_hearer: ContextVar[Callable[[str], None] | None] = ContextVar("polyreel_waiting_hearer", default=None)


def tell_waiting(text: str) -> None:
    """Say what is waited for; empty once it is over. Nothing happens where nobody listens."""
    if hear := _hearer.get():
        hear(text)


@contextmanager
def hear_waiting(hear: Callable[[str], None]) -> Iterator[None]:
    """Have ``hear`` called with what is said inside the block, from any thread that the block's work is done in."""
    token = _hearer.set(hear)
    try:
        yield
    finally:
        _hearer.reset(token)
