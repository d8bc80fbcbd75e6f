"""A stage's seconds count from when it has a place."""

from __future__ import annotations

import asyncio

import pytest

from polyreel.engine.cores import Places
from polyreel.machine import heap
from tasks.run import slots
from tasks.run.progress import Board
from tasks.run.slots import at_work


async def test_a_stage_that_waits_for_a_place_has_not_begun(
    empty_board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slots, "PLACES", Places(1))
    entered = asyncio.Event()

    async def second() -> None:
        async with at_work("dub", "fr-FR"):
            entered.set()

    async with at_work("dub", "es-ES"):
        waiting = asyncio.create_task(second())
        for _ in range(20):
            await asyncio.sleep(0)
        assert not entered.is_set()
        assert set(empty_board.steps) == {("dub", "es-ES")}
    await waiting
    assert set(empty_board.steps) == {("dub", "es-ES"), ("dub", "fr-FR")}


@pytest.mark.parametrize("fails", [False, True])
async def test_memory_goes_back_when_a_stage_has_ended(monkeypatch: pytest.MonkeyPatch, fails: bool) -> None:
    told: list[str] = []
    monkeypatch.setattr(heap, "give_back", lambda: told.append("given back"))
    try:
        async with at_work("mux"):
            assert not told
            if fails:
                raise RuntimeError
    except RuntimeError:
        assert fails
    assert told == ["given back"]
