"""What a suspended run waits for stands in the ledger: no wake is lost, none comes too early, and none never."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from itertools import pairwise

import pytest

from polyreel.ledger import steps
from polyreel.ledger.entry import Receipt, State, Subject, Wait, describe_entry_standing
from polyreel.ledger.ledger import Ledger
from polyreel.ledger.testing import MemoryRows
from polyreel.ledger.waits import ask_to_wait, begin_pass, claim_restart, forget_run, list_due, list_waiting, wake_run

DAY = 86400.0
RUN = "4b0e6a52-0000-4000-8000-000000000001"
DUB = Wait(key="dub", seen="submitted", what="es-ES: Panjaya is at work on it")
BALANCE = Wait(what="the balance is too small", retries=True)


class Clock(MemoryRows):
    """Rows whose time is the test's."""

    time = 1_000_000.0

    def now(self) -> float:
        return self.time


@pytest.fixture
async def ledger() -> AsyncIterator[Ledger]:
    async with Ledger(Clock()) as ledger:
        ledger.rows.change("dub", steps.record_receipt("dub", Subject(kind="dub", provider="panjaya"), Receipt(id="v")))
        yield ledger


def skip(ledger: Ledger, seconds: float) -> None:
    assert isinstance(ledger.rows, Clock)
    ledger.rows.time += seconds


async def due(ledger: Ledger) -> list[str]:
    return [run.run_id for run in await list_due(ledger)]


async def test_a_run_is_due_when_its_row_stands_otherwise_than_it_saw(ledger: Ledger) -> None:
    assert await ask_to_wait(ledger, "r", "reel", [DUB])
    assert await due(ledger) == []
    await ledger.advance("dub", State.SUBMITTED, due_at=5.0)  # the vendor's estimate moved: nothing to collect
    assert await due(ledger) == []
    await ledger.advance("dub", State.SUBMITTED, details={"waits_for_person": True})
    assert await due(ledger) == ["r"]
    await ledger.advance("dub", State.READY)
    assert await due(ledger) == ["r"]


@pytest.mark.parametrize("state", [State.READY, State.FAILED, State.FORGOTTEN])
async def test_whatever_comes_of_a_dub_wakes(ledger: Ledger, state: State) -> None:
    await ask_to_wait(ledger, "r", "reel", [DUB])
    await ledger.advance("dub", state)
    assert await due(ledger) == ["r"]


async def test_a_row_that_a_person_settles_away_wakes(ledger: Ledger) -> None:
    ledger.rows.change("dub", steps.remove_row())
    assert await due(ledger) == []
    await ask_to_wait(ledger, "r", "reel", [DUB])
    assert await due(ledger) == ["r"]


async def test_a_row_that_is_not_there_yet_can_be_waited_for(ledger: Ledger) -> None:
    await ask_to_wait(ledger, "r", "reel", [Wait(key="review-es-ES", what="somebody has to read it")])
    assert await due(ledger) == []
    ledger.rows.change("review-es-ES", steps.record_receipt("review-es-ES", Subject(kind="review"), Receipt(id="ana")))
    assert await due(ledger) == ["r"]


async def test_a_wake_before_the_run_sleeps_is_not_lost(ledger: Ledger) -> None:
    """The change comes between the run's last look and its suspension: it looks again instead of sleeping."""
    await wake_run(ledger, "r")
    assert not await ask_to_wait(ledger, "r", "reel", [DUB])
    await begin_pass(ledger, "r")
    assert await due(ledger) == []
    assert await ask_to_wait(ledger, "r", "reel", [DUB])
    await wake_run(ledger, "r")
    await wake_run(ledger, "r")
    assert await due(ledger) == ["r"]
    assert await due(ledger) == ["r"]  # until the run itself has begun: whoever asked may have died


async def test_a_run_at_work_is_not_due(ledger: Ledger) -> None:
    await ask_to_wait(ledger, "r", "reel", [DUB])
    await ledger.advance("dub", State.READY)
    await begin_pass(ledger, "r")
    assert await due(ledger) == []


async def test_a_run_that_is_over_waits_for_nothing(ledger: Ledger) -> None:
    await ask_to_wait(ledger, "r", "reel", [DUB])
    assert [(run.run_id, run.job, run.waits[0].what) for run in await list_waiting(ledger)] == [
        ("r", "reel", "es-ES: Panjaya is at work on it")
    ]
    await forget_run(ledger, "r")
    assert await list_waiting(ledger) == []
    assert await due(ledger) == []


async def test_weeks_of_waiting_end_in_nothing_but_a_look_a_day(ledger: Ledger) -> None:
    """ReadyToEdit for six weeks: the run sleeps, looks once a day, and still wakes when somebody is done there."""
    await ledger.advance("dub", State.SUBMITTED, details={"waits_for_person": True})
    held = DUB.model_copy(update={"seen": describe_entry_standing(await ledger.get("dub"))})
    began = ledger.rows.now()
    for _day in range(42):
        await begin_pass(ledger, "r")
        assert await ask_to_wait(ledger, "r", "reel", [held])
        skip(ledger, DAY - 60)
        assert await due(ledger) == []
        skip(ledger, 61)
        assert await due(ledger) == ["r"]
    await begin_pass(ledger, "r")
    await ask_to_wait(ledger, "r", "reel", [held])
    assert [run.since for run in await list_waiting(ledger)] == [began]
    await ledger.advance("dub", State.READY)
    assert await due(ledger) == ["r"]


@pytest.mark.slow
async def test_an_empty_balance_is_tried_again_for_weeks_ever_less_often(ledger: Ledger) -> None:
    tries, began = [], ledger.rows.now()
    await ask_to_wait(ledger, "r", "reel", [BALANCE])
    while ledger.rows.now() - began < 21 * DAY:
        while not await due(ledger):
            skip(ledger, 30)
        tries.append(ledger.rows.now())
        await begin_pass(ledger, "r")
        await ask_to_wait(ledger, "r", "reel", [BALANCE])
    pauses = [after - before for before, after in pairwise(tries)]
    assert tries[0] - began == 60
    assert pauses == sorted(pauses)
    assert set(pauses[-100:]) == {3600.0}


async def test_a_run_that_dies_on_its_way_back_is_begun_again_a_few_times_later_and_later(ledger: Ledger) -> None:
    await ask_to_wait(ledger, RUN, "reel", [DUB])
    begun = []
    for second in range(3600):
        if await claim_restart(ledger, RUN) == "mine":
            begun.append(second)
        skip(ledger, 1)
    assert begun == [0, 30, 90, 210, 450]
    assert await claim_restart(ledger, RUN) == "never"
    await ask_to_wait(ledger, RUN, "reel", [DUB])  # it got to work, and sleeps again
    assert await claim_restart(ledger, RUN) == "mine"


async def test_of_two_who_wake_at_once_one_begins_the_run_again(ledger: Ledger) -> None:
    await ask_to_wait(ledger, RUN, "reel", [DUB])
    claims = await asyncio.gather(*(claim_restart(ledger, RUN) for _ in range(8)))
    assert sorted(claims) == ["mine", *["not now"] * 7]


@pytest.mark.parametrize("broken", [{"waits": [{"nonsense": 1}]}, {"waits": 7}, {"since": "long ago"}])
async def test_what_can_t_be_read_leaves_no_other_run_asleep(ledger: Ledger, broken: dict[str, object]) -> None:
    await ask_to_wait(ledger, RUN, "reel", [DUB])
    await ask_to_wait(ledger, "other", "other", [DUB])
    spoil = {"receipt": {"waits": [], **broken}}
    ledger.rows.change("wait-other", lambda row, _now: row and row.model_copy(update=spoil))
    await ledger.advance("dub", State.READY)
    assert [run.run_id for run in await list_due(ledger)] == [RUN]


async def test_a_wait_that_is_over_at_a_time_is_looked_at_then(ledger: Ledger) -> None:
    """Not before, and not only a day later; a clock that is behind does not make the run go round and round."""
    assert isinstance(ledger.rows, Clock)
    until = ledger.rows.time + 5400
    assert await ask_to_wait(ledger, "r", "reel", [DUB.model_copy(update={"until": until})])
    skip(ledger, 5399)
    assert await due(ledger) == []
    skip(ledger, 1)
    assert await due(ledger) == ["r"]
    assert await ask_to_wait(ledger, "r", "reel", [DUB.model_copy(update={"until": until})])
    assert await due(ledger) == []
    skip(ledger, 1)
    assert await due(ledger) == ["r"]


async def test_a_clock_that_is_set_back_keeps_nobody_asleep_for_years(ledger: Ledger) -> None:
    """It was wrong when the run fell asleep: nothing tells when a balance is filled, so it looks by itself."""
    skip(ledger, 10 * 365 * DAY)
    await ask_to_wait(ledger, "r", "reel", [BALANCE])
    assert await claim_restart(ledger, "r") == "mine"
    assert await due(ledger) == []
    skip(ledger, -10 * 365 * DAY)
    assert await due(ledger) == ["r"]
    assert await claim_restart(ledger, "r") == "mine"
