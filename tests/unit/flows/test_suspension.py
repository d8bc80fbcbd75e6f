"""Between two passes a run sleeps, unless somebody was there meanwhile; whoever is due is woken, each in its way."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from prefect.client.schemas.objects import State
from prefect.client.schemas.responses import SetStateStatus
from prefect.exceptions import ObjectNotFound, Pause
from prefect.states import Cancelled, Completed, Crashed, Running, Suspended

from flows import suspension
from flows.suspension import Pass, run_passes
from flows.waking import drop_dead_waits, wake_due
from polyreel.errors import InvalidJob, PolyreelError
from polyreel.job import Job
from polyreel.ledger import steps
from polyreel.ledger.entry import Receipt, Subject, Wait
from polyreel.ledger.entry import State as RowState
from polyreel.ledger.ledger import Ledger
from polyreel.ledger.testing import MemoryRows
from polyreel.ledger.waits import ask_to_wait, list_waiting, wake_run
from polyreel.outcome import Outcome

DUB = Wait(key="dub", seen="submitted", what="es-ES: panjaya is at work on it")
DONE = Outcome(job="reel", status="completed")


class Server:
    """As much of a server as suspending and waking ask of it."""

    def __init__(self) -> None:
        self.runs: dict[UUID, State[Any]] = {}
        self.takes = SetStateStatus.ACCEPT
        self.said: list[str] = []

    async def suspend(self, run: Any, waits: Any, name: str, keyset: Any) -> Any:
        self.said.append(name)
        return SimpleNamespace(status=self.takes, state=Suspended(), details="it is being cancelled")

    async def read_flow_run(self, run_id: UUID) -> Any:
        if run_id not in self.runs:
            raise ObjectNotFound(http_exc=Exception("404"))
        return SimpleNamespace(state=self.runs[run_id])

    async def read_deployment(self, _deployment: str) -> Any:
        raise ObjectNotFound(http_exc=Exception("404"))

    async def resume_flow_run(self, run_id: UUID) -> Any:
        return await self.set_flow_run_state(run_id, Running())

    async def set_flow_run_state(self, run_id: UUID, state: State[Any], force: bool = False) -> Any:
        self.runs[run_id] = state
        return SimpleNamespace(status=SetStateStatus.ACCEPT)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    made = Server()
    monkeypatch.setattr(suspension, "set_suspended", made.suspend)
    return made


@pytest.fixture
async def ledger(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Ledger]:
    async with Ledger(MemoryRows()) as made:
        made.rows.change("dub", steps.record_receipt("dub", Subject(kind="dub"), Receipt(id="v")))

        @asynccontextmanager
        async def books() -> AsyncIterator[Any]:
            yield SimpleNamespace(ledger=made)

        monkeypatch.setattr(suspension, "books_of_run", books)
        yield made


def be_run(monkeypatch: pytest.MonkeyPatch, *, resumed: bool = False) -> str:
    """Be a run of a deployment; its id."""
    policy = SimpleNamespace(pause_keys={"a"} if resumed else set())
    run = SimpleNamespace(id=uuid4(), deployment_id=uuid4(), run_count=1, empirical_policy=policy)
    monkeypatch.setattr(suspension, "find_deployed_run", lambda: run)
    return str(run.id)


class Passes:
    """Passes that wait for something, and one that doesn't."""

    def __init__(self, *waits: tuple[Wait, ...], **more: Any) -> None:
        self.left = list(waits)
        self.made = 0
        self.more = more

    async def __call__(self) -> Pass:
        self.made += 1
        return Pass(DONE, self.left.pop(0) if self.left else (), **self.more)


async def test_a_run_of_no_deployment_has_one_pass(ledger: Ledger, server: Server) -> None:
    passes = Passes((DUB,))
    assert await run_passes("reel", passes) == DONE
    assert (passes.made, server.said, await list_waiting(ledger)) == (1, [], [])


async def test_a_run_that_waits_is_noted_and_then_suspended(
    ledger: Ledger, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = be_run(monkeypatch)
    with pytest.raises(Pause):
        await run_passes("reel", Passes((DUB,), needs_person=False))
    assert server.said == ["Suspended"]
    assert [(each.run_id, each.asleep) for each in await list_waiting(ledger)] == [(run, True)]


async def test_somebody_is_told_once_of_a_run_that_needs_a_person(
    ledger: Ledger, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = be_run(monkeypatch)
    for _ in range(2):
        with pytest.raises(Pause):
            await run_passes("reel", Passes((DUB,)))
    with pytest.raises(Pause):
        await run_passes("reel", Passes((DUB.model_copy(update={"what": "it waits in the studio"}),)))
    assert server.said == ["Held", "Suspended", "Held"]
    assert [each.run_id for each in await list_waiting(ledger)] == [run]


async def test_who_was_woken_while_at_work_looks_again_before_it_sleeps(
    ledger: Ledger, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = be_run(monkeypatch)
    await wake_run(ledger, run)
    passes = Passes((DUB,))
    assert await run_passes("reel", passes) == DONE
    assert (passes.made, server.said, await list_waiting(ledger)) == (2, [], [])


async def test_who_is_not_suspended_ends_with_what_it_has(
    ledger: Ledger, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server refuses, as the run is being cancelled: it does not go round for ever."""
    be_run(monkeypatch)
    server.takes = SetStateStatus.REJECT
    passes = Passes((DUB,), (DUB,), (DUB,))
    assert await run_passes("reel", passes) == DONE
    assert (passes.made, await list_waiting(ledger)) == (1, [])


async def test_a_resumed_run_that_comes_to_its_end_waits_for_nothing(
    ledger: Ledger, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = be_run(monkeypatch, resumed=True)
    await ask_to_wait(ledger, run, "reel", [DUB])
    assert await run_passes("reel", Passes()) == DONE
    assert await list_waiting(ledger) == []


async def test_an_empty_balance_is_waited_for_only_where_that_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    job = Job.model_validate({"name": "reel", "source": {"media": "a.mp4", "locale": "en-US"}, "targets": ["es-ES"]})
    empty = PolyreelError("3 minutes are needed, 1 is left", code="balance_too_small")
    with pytest.raises(PolyreelError, match="3 minutes"):
        suspension.waits_for_balance(job, empty)
    monkeypatch.setattr(suspension, "suspends", lambda _job: True)
    waits = suspension.waits_for_balance(job, empty).waits
    assert [(wait.what, wait.retries) for wait in waits] == [("3 minutes are needed, 1 is left", True)]
    with pytest.raises(InvalidJob):
        suspension.waits_for_balance(job, InvalidJob("another"))


@pytest.mark.parametrize(
    ("state", "woken", "kept"),
    [
        (Suspended(), True, True),
        (Crashed(message="killed on its way to sleep"), True, True),
        (Running(), False, True),  # it is about to sleep: later
        (Cancelled(), False, False),
        (Completed(), False, False),
    ],
)
async def test_whoever_is_due_goes_on_and_whoever_is_over_is_forgotten(
    ledger: Ledger, server: Server, state: State[Any], woken: bool, kept: bool
) -> None:
    run = uuid4()
    server.runs[run] = state
    await ask_to_wait(ledger, str(run), "reel", [DUB])
    client: Any = server
    assert await wake_due(client, ledger) == []  # nothing has changed
    await ledger.advance("dub", RowState.READY)
    assert [each.run_id for each in await wake_due(client, ledger)] == ([str(run)] if woken else [])
    assert bool(await list_waiting(ledger)) is kept


async def test_a_run_that_the_server_refuses_holds_up_no_other(
    ledger: Ledger, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused, other = uuid4(), uuid4()
    for run in (refused, other):
        server.runs[run] = Suspended()
        await ask_to_wait(ledger, str(run), "reel", [DUB])
    await ledger.advance("dub", RowState.READY)
    resume = server.resume_flow_run

    async def refuse(run_id: UUID) -> Any:
        if run_id == refused:
            httpx.Response(500, request=httpx.Request("POST", "http://server/resume")).raise_for_status()
        return await resume(run_id)

    monkeypatch.setattr(server, "resume_flow_run", refuse)
    client: Any = server
    assert [run.run_id for run in await wake_due(client, ledger)] == [str(other)]
    monkeypatch.setattr(server, "resume_flow_run", resume)
    assert str(refused) in [run.run_id for run in await wake_due(client, ledger)]


async def test_another_server_s_runs_are_left_alone(ledger: Ledger, server: Server) -> None:
    await ask_to_wait(ledger, str(uuid4()), "reel", [DUB], deployment=str(uuid4()))
    await ledger.advance("dub", RowState.READY)
    client: Any = server
    assert await wake_due(client, ledger) == []
    await drop_dead_waits(client, ledger)
    assert len(await list_waiting(ledger)) == 1


async def test_a_run_that_dies_whenever_it_is_woken_is_left_to_a_person(
    ledger: Ledger, server: Server, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    run, now = uuid4(), [1_000_000.0]
    monkeypatch.setattr(ledger.rows, "now", lambda: now[0])
    await ask_to_wait(ledger, str(run), "reel", [DUB])
    await ledger.advance("dub", RowState.READY)
    client: Any = server
    woken = 0
    for _ in range(200):
        server.runs[run] = Crashed(message="killed before it got to work")
        woken += len(await wake_due(client, ledger))
        now[0] += 10
    assert woken == 5
    assert await list_waiting(ledger) == []
    assert f"polyreel submit --again {run}" in caplog.text


async def test_a_wait_of_no_run_is_forgotten_and_the_others_are_woken(ledger: Ledger, server: Server) -> None:
    """One odd row must not end the process that serves every deployment."""
    run = uuid4()
    server.runs[run] = Suspended()
    await ask_to_wait(ledger, "no-uuid", "odd", [DUB])
    await ask_to_wait(ledger, str(run), "reel", [DUB])
    client: Any = server
    await drop_dead_waits(client, ledger)
    await ledger.advance("dub", RowState.READY)
    assert [each.run_id for each in await wake_due(client, ledger)] == [str(run)]
    assert [each.run_id for each in await list_waiting(ledger)] == [str(run)]
