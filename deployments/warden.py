"""Looks after runs whose process died: marks them at once, and starts again those whose job says so."""

from __future__ import annotations

import asyncio
import logging
from typing import Any
from uuid import UUID

import httpx
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterId, FlowRunFilter
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.client.schemas.sorting import FlowRunSort
from prefect.exceptions import ObjectNotFound
from prefect.states import AwaitingRetry, Cancelled, Crashed

from deployments import liveness

ROUND_S = 5.0
MOST_STARTS = 4
"""A job that takes its machine down each time must not do so for ever."""
_AT_WORK = (StateType.PENDING, StateType.RUNNING)

log = logging.getLogger("prefect.polyreel.warden")


async def watch(client: PrefectClient, deployment_ids: list[UUID]) -> None:
    """A round every few seconds, until cancelled. A server that is away for a while is waited for."""
    while True:
        try:
            await mark_dead(client)
            await resume_crashed(client, deployment_ids)
        except httpx.HTTPError as error:
            log.warning("The server does not answer (%s); looking again in %g s.", type(error).__name__, ROUND_S)
        await asyncio.sleep(ROUND_S)


async def drop_missed(client: PrefectClient, deployment_ids: list[UUID]) -> None:
    """Rounds that a schedule set while nobody served: one round now does what all of them would have done."""
    missed = await client.read_flow_runs(
        flow_run_filter=FlowRunFilter.model_validate({"state": {"type": {"any_": ["SCHEDULED"]}}}),
        deployment_filter=DeploymentFilter(id=DeploymentFilterId(any_=deployment_ids)),
        sort=FlowRunSort.EXPECTED_START_TIME_ASC,
        limit=200,
    )
    for run in missed:
        if run.auto_scheduled:
            await client.delete_flow_run(run.id)


async def mark_dead(client: PrefectClient) -> None:
    """Runs that still count as running though their process is gone: crashed, or cancelled if that was asked for."""
    for name in liveness.dead_runs():
        run = await _read(client, name)
        if run and run.state and run.state.type in _AT_WORK:
            await client.set_flow_run_state(run.id, _crashed(run), force=True)
        if run and run.state and run.state.type is StateType.CANCELLING:
            await client.set_flow_run_state(run.id, Cancelled(message="Its process ended."), force=True)
        liveness.forget(name)


async def resume_crashed(client: PrefectClient, deployment_ids: list[UUID]) -> None:
    """Crashed runs whose job says ``after_crash: resume`` go on, a few times at most."""
    crashed = await client.read_flow_runs(
        flow_run_filter=FlowRunFilter.model_validate({"state": {"type": {"any_": ["CRASHED"]}}}),
        deployment_filter=DeploymentFilter(id=DeploymentFilterId(any_=deployment_ids)),
        sort=FlowRunSort.START_TIME_DESC,
        limit=50,
    )
    for run in crashed:
        if _wants_to_go_on(run.parameters) and run.run_count < MOST_STARTS:
            log.info("Going on with %s, which crashed.", run.name)
            await client.set_flow_run_state(run.id, AwaitingRetry(message="Going on after a crash."), force=True)


def _wants_to_go_on(parameters: dict[str, Any]) -> bool:
    asked = parameters.get("job") or parameters.get("batch")
    return isinstance(asked, dict) and asked.get("after_crash") == "resume"


def _crashed(run: FlowRun) -> Any:
    return Crashed(
        message=f"Its process was killed. What was finished is kept; go on with: polyreel submit --again {run.id}"
    )


async def _read(client: PrefectClient, name: str) -> FlowRun | None:
    try:
        return await client.read_flow_run(UUID(name))
    except (ObjectNotFound, ValueError):
        return None
