"""Looks after runs whose process died: marks them at once, and starts again those whose job says so."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any
from uuid import UUID

import httpx
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterId, FlowFilter, FlowRunFilter
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.client.schemas.sorting import FlowRunSort
from prefect.exceptions import ObjectNotFound
from prefect.states import AwaitingRetry, Cancelled, Cancelling, Crashed

from deployments.runner import liveness
from flows.runs import batch_tag, goes_on

ROUND_S = 5.0
_AT_WORK = (StateType.PENDING, StateType.RUNNING)

log = logging.getLogger("prefect.polyreel.warden")

Minds = Callable[[UUID], bool]
"""Whether a run is in the hands of the runner here, which then says itself how its process ended."""


async def watch_runs(client: PrefectClient, deployment_ids: list[UUID], minded: Minds) -> None:
    """A round every few seconds, until cancelled. A server that is away for a while is waited for."""
    while True:
        try:
            # In this order: what is dead is marked first, so that the same round can start it again.
            await mark_dead(client, minded)
            await resume_crashed(client, deployment_ids)
            await cancel_orphans(client)
        except httpx.HTTPError as error:
            log.warning("The server does not answer (%s); looking again in %g s.", type(error).__name__, ROUND_S)
        await asyncio.sleep(ROUND_S)


async def drop_missed(client: PrefectClient, deployment_ids: list[UUID]) -> None:
    """Rounds that a schedule set while nobody served: one round now does what all of them would have done."""
    missed = await _read_runs(client, "SCHEDULED", deployment_ids, FlowRunSort.EXPECTED_START_TIME_ASC, 200)
    for run in missed:
        if run.auto_scheduled:
            await client.delete_flow_run(run.id)


async def mark_dead(client: PrefectClient, minded: Minds) -> None:
    """Runs that count as running though their process is gone and nobody minds them: crashed, or cancelled if asked."""
    for run_id in liveness.dead_runs():
        if minded(run_id):
            continue
        # A mark outlives its run: the server may have been given a new database since.
        run = await _read_run(client, run_id)
        if run and run.state and run.state.type in _AT_WORK:
            await client.set_flow_run_state(run.id, _make_crashed_state(run), force=True)
        if run and run.state and run.state.type is StateType.CANCELLING:
            await client.set_flow_run_state(run.id, Cancelled(message="Its process ended."), force=True)
        liveness.forget_run(run_id)


async def resume_crashed(client: PrefectClient, deployment_ids: list[UUID]) -> None:
    """Crashed runs whose job says ``after_crash: resume`` go on, a few times at most."""
    crashed = await _read_runs(client, "CRASHED", deployment_ids, FlowRunSort.START_TIME_DESC, 50)
    for run in crashed:
        if goes_on(run):
            log.info("Going on with %s, which crashed.", run.name)
            # Forced: for Prefect a crashed run is over, and its rules let nothing follow that.
            await client.set_flow_run_state(run.id, AwaitingRetry(message="Going on after a crash."), force=True)


async def cancel_orphans(client: PrefectClient) -> None:
    """The jobs of a batch that was cancelled are cancelled too: nobody waits for them any more."""
    batches = await client.read_flow_runs(
        flow_filter=FlowFilter.model_validate({"name": {"any_": ["localise-batch"]}}),
        flow_run_filter=FlowRunFilter.model_validate({"state": {"type": {"any_": ["CANCELLING", "CANCELLED"]}}}),
        sort=FlowRunSort.START_TIME_DESC,
        limit=20,
    )
    if not batches:
        return
    theirs = {"any_": [batch_tag(str(batch.id)) for batch in batches]}
    at_work = {"type": {"any_": ["SCHEDULED", "PENDING", "RUNNING", "PAUSED"]}}
    wanted = FlowRunFilter.model_validate({"tags": theirs, "state": at_work})
    for job in await client.read_flow_runs(flow_run_filter=wanted):
        await client.set_flow_run_state(job.id, Cancelling(message="Its batch was cancelled."))


def _make_crashed_state(run: FlowRun) -> Any:
    return Crashed(
        message=f"Its process was killed. What was finished is kept; go on with: polyreel submit --again {run.id}"
    )


async def _read_runs(
    client: PrefectClient, state: str, deployment_ids: list[UUID], sort: FlowRunSort, limit: int
) -> list[FlowRun]:
    """Runs of our own deployments that are in a state; the server may hold those of others."""
    return await client.read_flow_runs(
        flow_run_filter=FlowRunFilter.model_validate({"state": {"type": {"any_": [state]}}}),
        deployment_filter=DeploymentFilter(id=DeploymentFilterId(any_=deployment_ids)),
        sort=sort,
        limit=limit,
    )


async def _read_run(client: PrefectClient, run_id: UUID) -> FlowRun | None:
    try:
        return await client.read_flow_run(run_id)
    except ObjectNotFound:
        return None
