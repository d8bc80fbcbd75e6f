"""Runs whose process is gone, on a real server: who marks them, and when."""

from __future__ import annotations

import asyncio
import fcntl
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from prefect import flow
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import State
from prefect.states import AwaitingRetry, Cancelling, Completed, Crashed, Running

from deployments.commands.remote import run_again, wait_for_end
from deployments.process.signs_of_life import SILENT_S
from deployments.runner.warden import mark_dead
from flows.runs import MOST_STARTS, is_over
from polyreel.errors import InvalidJob
from polyreel.report import records
from polyreel.report.records import begin_record


@pytest.fixture
async def client(prefect_server: str) -> AsyncIterator[PrefectClient]:
    async with PrefectClient(prefect_server) as client:
        yield client


@pytest.fixture
def marks(polyreel_home: Path) -> Path:
    """Where runs keep their marks."""
    folder = polyreel_home / "up" / "runs"
    folder.mkdir(parents=True)
    return folder


@flow
def nothing() -> None:
    """What the runs here are runs of; it is never called."""


async def at_work(client: PrefectClient, marks: Path) -> UUID:
    """A run that the server believes to be running, and whose process left its mark behind."""
    run = await client.create_flow_run(nothing)
    await client.set_flow_run_state(run.id, Running(), force=True)
    (marks / f"{run.id}.lock").touch()
    return run.id


async def state_of(client: PrefectClient, run: UUID) -> State:
    state = (await client.read_flow_run(run)).state
    assert state is not None
    return state


def nobody(_: UUID) -> bool:
    return False


async def test_a_run_that_nobody_minds_is_marked_and_forgotten(client: PrefectClient, marks: Path) -> None:
    """It says how to go on; what is over already is left as it is; one that was to be cancelled is cancelled."""
    dead, over, unwanted = [await at_work(client, marks) for _ in range(3)]
    await client.set_flow_run_state(over, Completed(message="3 of 3 delivered"), force=True)
    await client.set_flow_run_state(unwanted, Cancelling(), force=True)
    await mark_dead(client, nobody)
    state = await state_of(client, dead)
    assert state.is_crashed()
    assert f"polyreel submit --again {dead}" in str(state.message)
    assert (await state_of(client, over)).message == "3 of 3 delivered"
    assert (await state_of(client, unwanted)).is_cancelled()
    assert not [*marks.iterdir()]


async def test_what_the_runner_has_in_hand_is_marked_by_the_runner_alone(client: PrefectClient, marks: Path) -> None:
    """The runner sees its process end: a second mark could hit the attempt that goes on. Then it is nobody's."""
    run = await at_work(client, marks)
    await mark_dead(client, {run}.__contains__)
    assert (await state_of(client, run)).is_running()
    await client.set_flow_run_state(run, Crashed(message="the runner saw it"), force=True)
    await client.set_flow_run_state(run, AwaitingRetry(), force=True)
    await mark_dead(client, nobody)
    assert (await state_of(client, run)).is_scheduled()


async def test_who_waits_for_a_run_waits_for_its_next_attempt(client: PrefectClient) -> None:
    """It crashed, and its job says that it goes on: it is over when that ends, or when nobody takes it up."""
    deployment = await client.create_deployment(await client.create_flow(nothing), f"nothing-{uuid4()}")
    asked = {"job": {"name": "nothing", "after_crash": "resume"}}
    run = (await client.create_flow_run_from_deployment(deployment, parameters=asked)).id
    await client.set_flow_run_state(run, Crashed(), force=True)
    waiting = asyncio.create_task(wait_for_end(client, run))
    await asyncio.wait({waiting}, timeout=1)
    assert not waiting.done()
    crashed = await client.read_flow_run(run)
    assert crashed.state is not None
    long_ago = crashed.state.model_copy(update={"timestamp": datetime(2020, 1, 1, tzinfo=UTC)})
    assert is_over(crashed.model_copy(update={"state": long_ago}))
    assert is_over(crashed.model_copy(update={"run_count": MOST_STARTS}))
    await client.set_flow_run_state(run, Completed(message="1 of 1 delivered"), force=True)
    assert (await waiting).state == await state_of(client, run)


async def test_a_run_whose_process_lives_is_left_alone(client: PrefectClient, marks: Path) -> None:
    """Its process holds the mark; and a mark of a run that no server knows is swept away."""
    run, unknown = await at_work(client, marks), marks / f"{uuid4()}.lock"
    unknown.touch()
    with (marks / f"{run}.lock").open() as mark:
        fcntl.flock(mark, fcntl.LOCK_EX)
        await mark_dead(client, nobody)
    assert (await state_of(client, run)).is_running()
    assert [path.stem for path in marks.iterdir()] == [str(run)]


BEGIN = "import sys; from polyreel.report.records import begin_record; begin_record('reel', (), sys.argv[1])"


async def make_recorded_run(client: PrefectClient, *, by: str, **asked: str) -> UUID:
    """A run that the server believes to be running, with a record of its process: ours, a dead one, or none."""
    deployment = await client.create_deployment(await client.create_flow(nothing), f"nothing-{uuid4()}")
    job = {"job": {"name": "reel", **asked}}
    run = (await client.create_flow_run_from_deployment(deployment, parameters=job)).id
    await client.set_flow_run_state(run, Running(), force=True)
    if by == "us":
        begin_record("reel", (), str(run))
    if by == "the dead":
        await asyncio.to_thread(subprocess.run, [sys.executable, "-c", BEGIN, str(run)], check=True)
    return run


async def test_a_killed_run_is_begun_again_at_once(client: PrefectClient, polyreel_home: Path) -> None:
    """The server counts it as running until it has been silent for long; on its machine its end is known at once."""
    run = await make_recorded_run(client, by="the dead")
    again = await run_again(client, run)
    assert again.id != run
    assert again.parameters == {"job": {"name": "reel"}}
    assert (await state_of(client, run)).is_crashed()
    assert (await run_again(client, run)).id == again.id, "however often somebody asks"


@pytest.mark.parametrize(
    ("by", "told"), [("us", "polyreel cancel"), ("nobody here", f"in {SILENT_S} s; then ask again")]
)
async def test_a_run_that_may_live_is_not_begun_again_and_it_is_said_what_to_expect(
    client: PrefectClient, polyreel_home: Path, by: str, told: str
) -> None:
    run = await make_recorded_run(client, by=by)
    with pytest.raises(InvalidJob, match="is Running still") as refused:
        await run_again(client, run)
    assert told in refused.value.remedy
    assert (await state_of(client, run)).is_running()


async def test_a_dead_run_that_goes_on_by_itself_is_not_begun_beside_that(
    client: PrefectClient, polyreel_home: Path
) -> None:
    run = await make_recorded_run(client, by="the dead", after_crash="resume")
    with pytest.raises(InvalidJob, match="goes on by itself"):
        await run_again(client, run)
    assert (await state_of(client, run)).is_running()


async def test_a_run_that_another_machine_has_taken_up_is_left_to_it(
    client: PrefectClient, polyreel_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was killed here, and begun once more there: our record is of the process that is gone."""
    run = await make_recorded_run(client, by="the dead")
    monkeypatch.setattr(records, "_CLOCKS_APART_S", 0.0)
    await client.set_flow_run_state(run, Running(), force=True)
    with pytest.raises(InvalidJob, match="is Running still") as refused:
        await run_again(client, run)
    assert "then ask again" in refused.value.remedy
    assert (await state_of(client, run)).is_running()
