"""One run at a time under a name, over every kind of ledger: who waits, who is not waited for, and who is stopped."""

from __future__ import annotations

import asyncio
import threading
import time
from dataclasses import dataclass, field
from typing import Any

import pytest

from polyreel.errors import LedgerError
from polyreel.ledger.claims import do_alone
from polyreel.ledger.holder import new_holder
from polyreel.ledger.ledger import Ledger
from polyreel.ledger.once import Timing
from polyreel.ledger.rows import Claim, ClaimEdit, Rows
from polyreel.ledger.telling import hear_waiting
from polyreel.ledger.testing import MemoryRows
from tests.holders import make_dead_holder

LEASE = Timing(lease=1.0)


@dataclass
class Room:
    """Where two must not be at once."""

    inside: int = 0
    most: int = 0
    left: list[str] = field(default_factory=list)
    begun: list[str] = field(default_factory=list)

    async def be_in(self, who: str, seconds: float = 0.3) -> str:
        self.begun.append(who)
        self.inside += 1
        self.most = max(self.most, self.inside)
        try:
            await asyncio.sleep(seconds)
        finally:
            self.inside -= 1
        self.left.append(who)
        return who


def claim_of(rows: Rows, name: str) -> Claim | None:
    return rows.change_claim(name, lambda there, _now: there)


def give_to(rows: Rows, name: str, holder: str, seconds: float) -> None:
    rows.change_claim(name, lambda _there, now: Claim(name, holder, now + seconds, "somebody's job"))


async def test_one_at_a_time_under_one_name_and_side_by_side_under_others(rows: Rows) -> None:
    room, told = Room(), list[str]()
    names = ("a", "b", "c", "d")
    with hear_waiting(told.append):
        await asyncio.gather(*(do_alone(rows, "room", lambda who=who: room.be_in(who), timing=LEASE) for who in names))
    assert (room.most, sorted(room.left)) == (1, list(names))
    assert not [text for text in told if text], "another language of the same run is no other run"
    assert claim_of(rows, "room") is None
    await asyncio.gather(*(do_alone(rows, who, lambda who=who: room.be_in(who), timing=LEASE) for who in names))
    assert room.most > 1


async def test_work_that_takes_longer_than_the_lease_keeps_its_claim(rows: Rows) -> None:
    room = Room()
    first = asyncio.ensure_future(do_alone(rows, "room", lambda: room.be_in("first", 3.0), timing=LEASE))
    await asyncio.sleep(0.3)
    await asyncio.gather(first, do_alone(rows, "room", lambda: room.be_in("second"), timing=LEASE))
    assert (room.most, room.left) == (1, ["first", "second"])


async def test_work_ends_before_another_run_s_begins_where_the_ledger_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that is cut without a word: no error comes, and no sign of life goes out for minutes."""

    class Hanging(MemoryRows):
        """Answers what takes the claim, and then nothing more."""

        asked = 0

        def change_claim(self, name: str, edit: ClaimEdit) -> Claim | None:
            self.asked += 1
            if self.asked > 1:
                assert back.wait(30)
            return shared.change_claim(name, edit)

    room, shared, back = Room(), MemoryRows(), threading.Event()
    holders = iter(["another machine:1:1:x"])
    monkeypatch.setattr("polyreel.ledger.claims.new_holder", lambda: next(holders, None) or new_holder())
    first = asyncio.ensure_future(do_alone(Hanging(), "room", lambda: room.be_in("first", 4.0), timing=LEASE))
    await asyncio.sleep(0.3)
    try:
        await do_alone(shared, "room", lambda: room.be_in("second", 1.0), timing=LEASE)
    finally:
        back.set()
    assert (room.most, room.left) == (1, ["second"])
    await asyncio.wait_for(first, 30)
    assert room.left == ["second", "first"]


async def test_who_waits_says_for_whom_and_that_it_is_over(rows: Rows) -> None:
    told: list[str] = []
    give_to(rows, "room", "elsewhere:1:1:a", 0.8)
    with hear_waiting(told.append):
        await do_alone(rows, "room", lambda: Room().be_in("x", 0), timing=LEASE)
    assert told == ["waits for another run that is at work there: somebody's job", ""]


async def test_a_dead_process_is_not_waited_for_but_another_machine_s_is_for_a_lease_of_silence(rows: Rows) -> None:
    give_to(rows, "room", make_dead_holder(), 600)
    begun = time.monotonic()
    await do_alone(rows, "room", lambda: Room().be_in("heir", 0), timing=LEASE)
    assert time.monotonic() - begun < 2
    give_to(rows, "room", "elsewhere:1:1:a", 600)
    begun = time.monotonic()
    await do_alone(rows, "room", lambda: Room().be_in("heir", 0), timing=LEASE)
    assert 1.0 < time.monotonic() - begun < 10


async def test_a_living_process_without_a_sign_of_life_keeps_its_claim(rows: Rows) -> None:
    give_to(rows, "room", new_holder(), -1)
    waiting = asyncio.ensure_future(do_alone(rows, "room", lambda: Room().be_in("x"), timing=LEASE))
    await asyncio.sleep(1)
    assert not waiting.done()
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)


async def test_who_is_cancelled_while_it_waits_or_works_leaves_no_claim(rows: Rows) -> None:
    give_to(rows, "room", "elsewhere:1:1:a", 600)
    waiting = asyncio.ensure_future(do_alone(rows, "room", lambda: Room().be_in("x"), timing=LEASE))
    await asyncio.sleep(0.5)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    there = claim_of(rows, "room")
    assert there is not None
    assert there.holder == "elsewhere:1:1:a"
    at_work = asyncio.ensure_future(do_alone(rows, "other", lambda: Room().be_in("x", 60), timing=LEASE))
    await asyncio.sleep(0.5)
    at_work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await at_work
    assert claim_of(rows, "other") is None


async def test_who_is_cancelled_while_the_claim_is_taken_leaves_none() -> None:
    class Slow(MemoryRows):
        def change_claim(self, name: str, edit: ClaimEdit) -> Claim | None:
            time.sleep(0.2)
            return super().change_claim(name, edit)

    rows = Slow()
    taking = asyncio.ensure_future(do_alone(rows, "room", lambda: Room().be_in("x"), timing=LEASE))
    await asyncio.sleep(0.05)
    taking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await taking
    assert claim_of(rows, "room") is None


async def test_a_failure_of_the_work_is_raised_and_leaves_no_claim(rows: Rows) -> None:
    async def fail() -> None:
        raise TimeoutError("the work's own")

    with pytest.raises(TimeoutError, match="the work's own"):
        await do_alone(rows, "room", fail, timing=LEASE)
    assert claim_of(rows, "room") is None


async def test_who_lost_its_claim_stops_and_begins_again_after_the_other(rows: Rows) -> None:
    """A machine that slept for longer than its lease: another one has taken over."""
    room = Room()
    work = asyncio.ensure_future(do_alone(rows, "room", lambda: room.be_in("slept", 1.5), timing=LEASE))
    await asyncio.sleep(0.1)
    give_to(rows, "room", "elsewhere:1:1:a", 1.0)
    assert await asyncio.wait_for(work, 20) == "slept"
    assert (room.begun, room.left) == (["slept", "slept"], ["slept"])


async def test_a_ledger_that_stays_away_for_longer_than_the_lease_stops_the_work() -> None:
    """Others may reach it, and take the claim for abandoned."""

    class Away(MemoryRows):
        away = False

        def change_claim(self, name: str, edit: ClaimEdit) -> Claim | None:
            if self.away:
                raise LedgerError("the ledger does not answer")
            return super().change_claim(name, edit)

    rows, room = Away(), Room()
    work: asyncio.Future[Any] = asyncio.ensure_future(do_alone(rows, "room", lambda: room.be_in("x", 30), timing=LEASE))
    await asyncio.sleep(0.1)
    rows.away = True
    with pytest.raises(LedgerError):
        await asyncio.wait_for(work, 10)
    assert (room.begun, room.left, room.inside) == (["x"], [], 0)


async def test_what_dead_runs_left_claimed_is_swept_and_nothing_else(rows: Rows) -> None:
    """A dead holder's, and one elsewhere whose lease has run out; who lives, or may live, keeps it."""
    ledger, begun = Ledger(rows, timing=LEASE), asyncio.Event()
    give_to(rows, "dead", make_dead_holder(), 60)
    give_to(rows, "elsewhere, long silent", "another:1:1:a", -1)
    give_to(rows, "elsewhere", "another:1:1:b", 60)

    async def work() -> None:
        begun.set()
        await asyncio.sleep(30)

    working = asyncio.create_task(ledger.alone("ours", work, what="a job"))
    await begun.wait()
    assert [each.name for each in await ledger.list_claims()] == ["elsewhere", "ours"]
    assert [each.name for each in await ledger.sweep_claims()] == ["dead", "elsewhere, long silent"]
    assert [each.name for each in rows.list_claims()] == ["elsewhere", "ours"]
    assert await ledger.sweep_claims() == []
    working.cancel()
    await asyncio.wait({working})
    assert [each.name for each in rows.list_claims()] == ["elsewhere"]
