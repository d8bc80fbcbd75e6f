"""A run has itself suspended by a real server whose answers are lost, or that is away for a moment: it sleeps once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.responses import SetStateStatus
from prefect.states import Cancelling, Pending, Running

from flows import suspension
from polyreel.ledger.entry import Wait

WAITS = (Wait(key="dub", what="es-ES: panjaya is at work on it"),)


@pytest.fixture
async def client(prefect_server: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A client of the session's server, which the flow's own code uses too."""
    monkeypatch.setattr(suspension, "get_client", lambda: PrefectClient(prefect_server))
    monkeypatch.setattr(suspension, "_PAUSES_S", (0.0, 0.0, 0.0))
    async with PrefectClient(prefect_server) as opened:
        yield opened


@pytest.fixture
async def run(client: PrefectClient) -> Any:
    """A run of a deployment that is at work."""
    flow = await client.create_flow_from_name(f"sleeps-{uuid4().hex[:8]}")
    deployment = await client.create_deployment(flow, name="sleeps")
    made = await client.create_flow_run_from_deployment(deployment)
    for state in (Pending(), Running()):
        assert (await client.set_flow_run_state(made.id, state)).status is SetStateStatus.ACCEPT
    return await client.read_flow_run(made.id)


def lose(monkeypatch: pytest.MonkeyPatch, *steps: Callable[[Callable[[], Awaitable[Any]]], Awaitable[Any]]) -> None:
    """Have the next calls that suspend a run go as these steps say; those after them go well."""
    left, real = list(steps), PrefectClient.set_flow_run_state

    async def tell(self: PrefectClient, *given: Any, **named: Any) -> Any:
        def call() -> Awaitable[Any]:
            return real(self, *given, **named)

        return await (left.pop(0)(call) if left else call())

    monkeypatch.setattr(PrefectClient, "set_flow_run_state", tell)


async def test_a_suspension_whose_answer_is_lost_counts(
    client: PrefectClient, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked again, the server refuses to suspend what is suspended: the run was ended as failed, and forgotten."""

    async def lost(call: Callable[[], Awaitable[Any]]) -> Any:
        await call()
        raise httpx.ReadTimeout("the server is busy")

    lose(monkeypatch, lost)
    answer = await suspension.set_suspended(run, WAITS, "Suspended")
    assert answer.status is SetStateStatus.ACCEPT
    assert (await client.read_flow_run(run.id)).state.is_paused()


async def test_a_run_that_was_woken_before_it_knew_that_it_slept_leaves_it_to_its_next_process(
    client: PrefectClient, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def woken(call: Callable[[], Awaitable[Any]]) -> Any:
        await call()
        assert (await client.resume_flow_run(run.id)).status is SetStateStatus.ACCEPT
        return await call()  # as Prefect's client does by itself where the first answer was lost

    lose(monkeypatch, woken)
    answer = await suspension.set_suspended(run, WAITS, "Suspended")
    assert answer.status is SetStateStatus.ACCEPT
    assert (await client.read_flow_run(run.id)).state.is_scheduled()


async def test_a_server_that_is_away_for_a_moment_is_waited_for(
    client: PrefectClient, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(_call: Callable[[], Awaitable[Any]]) -> Any:
        raise httpx.ConnectError("it is started again")

    async def broken(_call: Callable[[], Awaitable[Any]]) -> Any:
        request = httpx.Request("POST", "http://127.0.0.1/api")
        raise httpx.HTTPStatusError("500", request=request, response=httpx.Response(500, request=request))

    lose(monkeypatch, away, broken, away)
    answer = await suspension.set_suspended(run, WAITS, "Suspended")
    assert answer.status is SetStateStatus.ACCEPT
    assert (await client.read_flow_run(run.id)).state.is_paused()


async def test_a_run_that_is_being_cancelled_is_not_suspended(client: PrefectClient, run: Any) -> None:
    await client.set_flow_run_state(run.id, Cancelling())
    answer = await suspension.set_suspended(run, WAITS, "Suspended")
    assert answer.status is not SetStateStatus.ACCEPT


async def test_a_server_that_stays_away_is_said(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(_call: Callable[[], Awaitable[Any]]) -> Any:
        raise httpx.ConnectError("it is gone")

    lose(monkeypatch, *[away] * 4)
    with pytest.raises(httpx.ConnectError):
        await suspension.set_suspended(run, WAITS, "Suspended")
