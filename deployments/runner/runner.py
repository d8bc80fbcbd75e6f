"""Serves deployments: polls for their runs, and hands each to a process that waits, warm, for one."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from asyncio.subprocess import PIPE, Process
from typing import Any
from uuid import UUID

import anyio
import httpx
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.objects import FlowRun, State
from prefect.runner import Runner
from prefect.states import Failed

from deployments.process import prefect_insides as insides
from deployments.process.interpreter import python_command
from deployments.runner.parameters import find_fault

POLL_S = 0.5
_LOOK_FOR_CANCELLED_S = 1.0
_SIGTERM_GRACE_S = 3.0
"""What a run has for its goodbye. Its tools are bound to it by the kernel: they are gone when it is."""


class WarmRunner(Runner):
    """Prefect's runner, with a process that has its imports behind it always at hand (see `prefect_insides`)."""

    def __init__(self, entrypoints: dict[str, str], limit: int) -> None:
        """``entrypoints``: deployment name -> where its flow is (``package.module.function``)."""
        super().__init__(name="polyreel", query_seconds=POLL_S, limit=limit, pause_on_shutdown=False)
        self._entrypoints = entrypoints
        self._spare: asyncio.Task[Process] | None = None

    async def __aenter__(self) -> WarmRunner:
        """Take over how runs are started."""
        await super().__aenter__()
        insides.start_runs_with(self, self._starter_of)
        insides.limit_goodbyes(self, _SIGTERM_GRACE_S)
        return self

    async def __aexit__(self, *exc_info: Any) -> None:
        """End every run, and the process that waits."""
        # Before Prefect's own goodbye, which would wait longer for each of them.
        await self._end_runs()
        await super().__aexit__(*exc_info)
        if self._spare:
            await _dismiss_spare(self._spare)

    @property
    def client(self) -> PrefectClient:
        """The client that the runner uses, open while the runner is."""
        return insides.client_of(self)

    def minds(self, run: UUID) -> bool:
        """Whether this runner has the run in hand: until its process is gone and its end is told to the server."""
        return insides.is_in_hand(self, run)

    async def poll(self) -> None:
        """Look for runs and start them, until cancelled."""
        self._spare = asyncio.create_task(_warm_process())
        async with asyncio.TaskGroup() as group:
            group.create_task(self._end_cancelled())
            group.create_task(insides.poll_for_runs(self))

    async def _end_cancelled(self) -> None:
        """Ask for cancelled runs: Prefect only listens, and does not hear what is said before a run has its process."""
        while True:
            await asyncio.sleep(_LOOK_FOR_CANCELLED_S)
            under_way = {"any_": [str(run) for run in insides.runs_with_a_process(self)]}
            if not under_way["any_"]:
                continue
            wanted = {"id": under_way, "state": {"type": {"any_": ["CANCELLING"]}}}
            with contextlib.suppress(httpx.HTTPError):  # a server that is on its way back is asked again
                for run in await self.client.read_flow_runs(flow_run_filter=FlowRunFilter.model_validate(wanted)):
                    insides.cancel_soon(self, run.id)

    async def take(self) -> Process:
        """The process that waits; the next one begins to warm up."""
        # Taken from the shelf before anything is awaited: two runs that start in one moment must not be given one
        # process.
        taken = self._spare or asyncio.create_task(_warm_process())
        self._spare = asyncio.create_task(_warm_process(after_s=2.0))
        return await taken

    def _starter_of(self, flow_run: FlowRun) -> _WarmStart:
        name = insides.deployment_name(self, flow_run)
        return _WarmStart(self, name, self._entrypoints[name])

    async def _end_runs(self) -> None:
        """Ask every run to end (which ends what it started), then make sure."""
        handles = insides.processes_of(self)
        for handle in handles:
            # All are asked before any is waited for: each has its three seconds at the same time as the others.
            handle.graceful_kill()
        with anyio.move_on_after(_SIGTERM_GRACE_S):
            while any(handle.is_alive() for handle in handles):  # noqa: ASYNC110 - Prefect keeps the processes to itself
                await asyncio.sleep(0.1)
        for handle in handles:
            if handle.is_alive():
                handle.hard_kill()


class _WarmStart:
    """One run's start: its order written to the process that waits."""

    def __init__(self, runner: WarmRunner, deployment: str, entrypoint: str) -> None:
        self._runner = runner
        self._deployment = deployment
        self._entrypoint = entrypoint

    async def start(
        self, flow_run: FlowRun, task_status: anyio.abc.TaskStatus[Any] = anyio.TASK_STATUS_IGNORED
    ) -> None:
        fault = find_fault(self._deployment, flow_run.parameters)
        if fault:
            refused: State[Any] = Failed(message=fault)
            # Forced: what is wrong with the parameters stays wrong, so no retry and no rule of the server has a say.
            await self._runner.client.set_flow_run_state(flow_run.id, refused, force=True)
        env = insides.environment_of_run(self._runner, flow_run.id, self._deployment)
        process = await self._runner.take()
        # Prefect wants a process for each run that it has taken, also for one that is over by now.
        order = {"run": str(flow_run.id), "entrypoint": self._entrypoint, "env": env, "refused": bool(fault)}
        task_status.started(insides.as_handle(process))
        _write_order(process, order)
        await process.wait()


def _write_order(process: Process, order: dict[str, Any]) -> None:
    assert process.stdin is not None  # noqa: S101 - it was started with a pipe
    process.stdin.write(json.dumps(order).encode() + b"\n")


async def _warm_process(after_s: float = 0.0) -> Process:
    # A little later: the run that has just begun needs the processor more.
    await asyncio.sleep(after_s)
    return await asyncio.create_subprocess_exec(
        *python_command("deployments.runner.warm"), stdin=PIPE, env=dict(os.environ), start_new_session=True
    )


async def _dismiss_spare(spare: asyncio.Task[Process]) -> None:
    # Cancelled, it may still be starting: then there is no process to end.
    spare.cancel()
    try:
        process = await spare
    except asyncio.CancelledError:
        return
    if process.returncode is None:
        process.kill()
        await process.wait()
