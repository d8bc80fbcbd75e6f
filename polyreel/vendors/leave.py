"""Leave to send: what is done on somebody's behalf may have been taken over since, as when a process was stopped.

Whoever may be replaced (`polyreel.ledger.hold`) has itself asked right before a request that changes something goes
out. What only reads needs no leave.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_READS = frozenset({"GET", "HEAD", "OPTIONS"})
_asked: ContextVar[tuple[Callable[[], Awaitable[None]], ...]] = ContextVar("polyreel_asked_for_leave", default=())


@contextmanager
def ask_before_sending(require: Callable[[], Awaitable[None]]) -> Iterator[None]:
    """Have ``require`` asked before each such request inside the block: it raises what must keep it from being sent."""
    token = _asked.set((*_asked.get(), require))
    try:
        yield
    finally:
        _asked.reset(token)


async def require_leave(method: str) -> None:
    """See that a request may go out now. Raises what whoever is asked raises."""
    if method not in _READS:
        for require in _asked.get():
            await require()
