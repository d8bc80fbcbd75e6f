"""Rate and concurrency limits."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from polyreel.vendors import limits
from polyreel.vendors.limits import Gate, Limits


async def test_no_more_calls_are_under_way_than_allowed() -> None:
    """The eleventh waits until one of the ten is done."""
    gate = Gate(Limits(per_second=1e9, burst=10**6, at_once=3))
    under_way, most = 0, 0

    async def call() -> None:
        nonlocal under_way, most
        async with gate.open_passage():
            under_way += 1
            most = max(most, under_way)
            await asyncio.sleep(0.001)
            under_way -= 1

    await asyncio.gather(*(call() for _ in range(20)))
    assert most == 3


async def test_beyond_the_burst_calls_are_spaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """A burst goes at once, then each waits its turn: a quarter second apart at four per second."""
    waited: list[float] = []

    async def pause(seconds: float) -> None:
        waited.append(round(seconds, 3))

    clock: Any = type("Clock", (), {"monotonic": staticmethod(lambda: 0.0)})
    monkeypatch.setattr(limits, "time", clock)
    monkeypatch.setattr(limits, "pause", pause)
    monkeypatch.setattr(limits, "waits", lambda: True)
    gate = Gate(Limits(per_second=4, burst=2, at_once=9))
    for _ in range(5):
        async with gate.open_passage():
            pass
    assert waited == [0.25, 0.5, 0.75]
