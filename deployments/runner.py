"""Serves deployments: polls for their runs, and hands each to a process that waits, warm, for one."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Coroutine
from typing import Any
from uuid import UUID

import anyio
import httpx
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.objects import FlowRun
from prefect.runner import Runner
from prefect.runner._process_manager import ProcessHandle

POLL_S = 0.5
_LOOK_FOR_CANCELLED_S = 1.0
_SIGTERM_GRACE_S = 3.0
"""What a run has for its goodbye. Its tools are bound to it by the kernel: they are gone when it is."""


class WarmRunner(Runner):
    """Prefect's runner, with a process that has its imports behind it always at hand.

    Prefect has no public place for this: the way a process is started is put in the runner's poller, as Prefect itself
    does. The version is pinned, and the tests of every way in go through here.
    """

    def __init__(self, entrypoints: dict[str, str], limit: int) -> None:
        """``entrypoints``: deployment name -> where its flow is (``package.module.function``)."""
        super().__init__(name="polyreel", query_seconds=POLL_S, limit=limit, pause_on_shutdown=False)
        self._entrypoints = entrypoints
        self._spare: asyncio.Task[Process] | None = None

    async def __aenter__(self) -> WarmRunner:
        """Take over how runs are started."""
        await super().__aenter__()
        self._scheduled_run_poller._resolve_starter = self._starter_of
        self._process_manager.kill = self._soon(self._process_manager.kill)  # type: ignore[method-assign] # no setting for it
        return self

    async def __aexit__(self, *exc_info: Any) -> None:
        """End every run, and the process that waits."""
        await self._end_runs()
        await super().__aexit__(*exc_info)
        if self._spare:
            await _dismiss(self._spare)

    @property
    def client(self) -> PrefectClient:
        """The client that the runner uses, open while the runner is."""
        return self._client

    def minds(self, run: UUID) -> bool:
        """Whether this runner has the run in hand: until its process is gone and its end is told to the server."""
        return run in self._scheduled_run_poller._submitting_flow_run_ids

    async def poll(self) -> None:
        """Look for runs and start them, until cancelled."""
        self._spare = asyncio.create_task(_warm_process())
        async with asyncio.TaskGroup() as group:
            group.create_task(self._end_cancelled())
            group.create_task(self._scheduled_run_poller.run())

    async def _end_cancelled(self) -> None:
        """Ask for cancelled runs: Prefect only listens, and does not hear what is said before a run has its process."""
        while True:
            await asyncio.sleep(_LOOK_FOR_CANCELLED_S)
            under_way = {"any_": [str(run) for run in self._process_manager.flow_run_ids()]}
            if not under_way["any_"]:
                continue
            wanted = {"id": under_way, "state": {"type": {"any_": ["CANCELLING"]}}}
            with contextlib.suppress(httpx.HTTPError):  # a server that is on its way back is asked again
                for run in await self._client.read_flow_runs(flow_run_filter=FlowRunFilter.model_validate(wanted)):
                    self._runs_task_group.start_soon(self._cancel_run, run.id)

    async def take(self) -> Process:
        """The process that waits; the next one begins to warm up."""
        taken = self._spare or asyncio.create_task(_warm_process())
        self._spare = asyncio.create_task(_warm_process(after_s=2.0))
        return await taken

    @staticmethod
    def _soon(kill: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., Coroutine[Any, Any, None]]:
        """Prefect's way of ending a process, with our patience instead of its 30 s."""

        async def killed(run: UUID, grace_seconds: float = 30, *, force: bool = False) -> None:
            await kill(run, min(grace_seconds, _SIGTERM_GRACE_S), force=force)

        return killed

    def _starter_of(self, flow_run: FlowRun) -> _WarmStart:
        name = self._deployment_registry.get_deployment_name(flow_run.deployment_id) if flow_run.deployment_id else ""
        return _WarmStart(self, str(name), self._entrypoints[str(name)])

    async def _end_runs(self) -> None:
        """Ask every run to end (which ends what it started), then make sure."""
        handles = [h for run in self._process_manager.flow_run_ids() if (h := self._process_manager.get(run))]
        for handle in handles:
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
        self, flow_run: FlowRun, task_status: anyio.abc.TaskStatus[ProcessHandle] = anyio.TASK_STATUS_IGNORED
    ) -> None:
        port, token = self._runner._control_channel.register(flow_run.id)
        process = await self._runner.take()
        env = {
            "PREFECT__CONTROL_PORT": str(port),
            "PREFECT__CONTROL_TOKEN": token,
            "PREFECT__DEPLOYMENT_NAME": self._deployment,
            "PREFECT__ENABLE_CANCELLATION_AND_CRASHED_HOOKS": "false",
        }
        order = {"run": str(flow_run.id), "entrypoint": self._entrypoint, "env": env}
        task_status.started(ProcessHandle(process))  # type: ignore[arg-type] # it has pid and returncode, all that is asked
        _write(process, order)
        await process.wait()


def _write(process: Process, order: dict[str, Any]) -> None:
    assert process.stdin is not None  # noqa: S101 - it was started with a pipe
    process.stdin.write(json.dumps(order).encode() + b"\n")


async def _warm_process(after_s: float = 0.0) -> Process:
    # A little later: the run that has just begun needs the processor more.
    await asyncio.sleep(after_s)
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "deployments.warm", stdin=PIPE, env=dict(os.environ), start_new_session=True
    )


async def _dismiss(spare: asyncio.Task[Process]) -> None:
    spare.cancel()
    try:
        process = await spare
    except asyncio.CancelledError:
        return
    if process.returncode is None:
        process.kill()
        await process.wait()
