"""Everything of Prefect that is not public and that polyreel takes over: one function each, and nowhere else.

Each says what it takes, why, since which version of Prefect it is there, and what would make it unneeded. For each
there is a canary in ``tests/unit/deployments/test_prefect_insides.py``: moving to another Prefect is changing the pin,
running the canaries, mending what they name here, and running everything. Nothing of Prefect is imported before it is
needed.
"""

from __future__ import annotations

import os
import runpy
import sys
from asyncio.subprocess import Process
from collections.abc import Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from deployments.process.postponed import postpone

if TYPE_CHECKING:
    from prefect.blocks.core import Block
    from prefect.client.orchestration import PrefectClient
    from prefect.client.schemas.objects import FlowRun
    from prefect.deployments.runner import RunnerDeployment
    from prefect.runner import Runner
    from prefect.runner._process_manager import ProcessHandle

# -- the runner (seen in 3.8.8)


def start_runs_with(runner: Runner, starter_of: Callable[[FlowRun], Any]) -> None:
    """Let ``starter_of`` say how a run's process is started.

    A process that has its imports behind it starts a run seconds sooner. Unneeded when a runner takes a starter.
    """
    poller: Any = runner._scheduled_run_poller
    poller._resolve_starter = starter_of


def limit_goodbyes(runner: Runner, seconds: float) -> None:
    """Give a run that is cancelled at most so long before it is killed.

    Prefect waits 30 s, and has no setting for it. Unneeded when there is one.
    """
    manager: Any = runner._process_manager
    kill: Callable[..., Coroutine[Any, Any, None]] = manager.kill

    async def kill_sooner(run: UUID, grace_seconds: float = 30, *, force: bool = False) -> None:
        await kill(run, min(grace_seconds, seconds), force=force)

    manager.kill = kill_sooner


def is_in_hand(runner: Runner, run: UUID) -> bool:
    """Whether a runner has a run: until its process is gone and its end is told to the server.

    A run whose end is being told is not dead. Unneeded when the runner says it.
    """
    return run in runner._scheduled_run_poller._submitting_flow_run_ids


async def poll_for_runs(runner: Runner) -> None:
    """Look for runs and start them, until cancelled: `Runner.start` without the process's own signals and server.

    Unneeded when a runner can be run as a part of another program.
    """
    await runner._scheduled_run_poller.run()


def client_of(runner: Runner) -> PrefectClient:
    """The client that a runner uses, open while the runner is. Unneeded when a runner shows it."""
    return runner._client


def runs_with_a_process(runner: Runner) -> list[UUID]:
    """The runs whose processes are at work. Unneeded when the runner says it."""
    return list(runner._process_manager.flow_run_ids())


def processes_of(runner: Runner) -> Sequence[ProcessHandle]:
    """The processes of all runs. Unneeded when the runner shows them."""
    manager = runner._process_manager
    return [handle for run in manager.flow_run_ids() if (handle := manager.get(run))]


def cancel_soon(runner: Runner, run: UUID) -> None:
    """Cancel a run as if the server had just asked for it.

    Prefect only listens, and does not hear what is said before a run has its process. Unneeded when it looks back.
    """
    runner._runs_task_group.start_soon(runner._cancel_run, run)


def deployment_name(runner: Runner, flow_run: FlowRun) -> str:
    """The name under which a run's deployment was registered. Unneeded when the runner says it."""
    if not flow_run.deployment_id:
        return ""
    return str(runner._deployment_registry.get_deployment_name(flow_run.deployment_id) or "")


def environment_of_run(runner: Runner, run: UUID, deployment: str) -> dict[str, str]:
    """What a run's process finds in its environment: how it is told to end, and whose run it is.

    Prefect sets these in processes that it starts itself. Unneeded when a runner takes a starter.
    """
    port, token = runner._control_channel.register(run)
    return {
        "PREFECT__CONTROL_PORT": str(port),
        "PREFECT__CONTROL_TOKEN": token,
        "PREFECT__DEPLOYMENT_NAME": deployment,
        "PREFECT__ENABLE_CANCELLATION_AND_CRASHED_HOOKS": "false",
    }


def as_handle(process: Process) -> ProcessHandle:
    """A process of ours as the runner wants one: it has a number and a return code, all that is asked of it."""
    from prefect.runner._process_manager import ProcessHandle

    handled: Any = process
    return ProcessHandle(handled)


# -- one run in a process of its own (seen in 3.8.8)


def run_in_environment() -> str:
    """The run that a worker's process is to become; empty where none is named."""
    return os.environ.get("PREFECT__FLOW_RUN_ID", "")


def become_run(run: str = "", entrypoint: str = "") -> None:
    """Become a flow run, the environment's where none is named, as `prefect.engine` does in a process of its own.

    Settings must stand before Prefect is imported, and a process that waits has imported it. Unneeded when `prefect
    flow-run execute` can do it in a process that is there already.
    """
    if run:
        os.environ["PREFECT__FLOW_RUN_ID"] = run
        os.environ["PREFECT__FLOW_ENTRYPOINT"] = entrypoint
        sys.argv = ["prefect.engine", run]
        sys.modules.pop("prefect.engine", None)  # runpy runs it anew, and warns when it is there already
    runpy.run_module("prefect.engine", run_name="__main__", alter_sys=True)


# -- deployments and blocks (seen in 3.8.8)


def redraw_form(made: RunnerDeployment, draw: Callable[[Any], Any]) -> None:
    """Put another JSON Schema behind a deployment's form.

    The UI draws nested models as boxes for JSON. Unneeded when it draws them as forms.
    """
    made._parameter_openapi_schema = draw(made._parameter_openapi_schema)


def id_of_block(block: Block) -> UUID | None:
    """A saved block's id, which automations name it by. Unneeded when blocks have a public one."""
    return block._block_document_id


# -- the server (seen in 3.8.8)


def use_database(configuration: Any) -> None:
    """Give the server that is made next another way to its database: see `deployments.server.one_writer`.

    Prefect begins SQLite's transactions without the write lock. Unneeded when it begins with it.
    """
    from prefect.server.database.dependencies import MODELS_DEPENDENCIES

    MODELS_DEPENDENCIES["database_config"] = configuration


def make_server_app(*, ephemeral: bool = False) -> Any:
    """The server's application, to be served on a socket of ours; ``ephemeral``: for a program of one run, without UI.

    ``create_app`` is what ``prefect server start`` serves. Unneeded when there is a documented factory.
    """
    from prefect.server.api.server import create_app

    return create_app(ephemeral=ephemeral, final=True)


# -- importing Prefect (seen in 3.8.8)


def leave_out_unneeded() -> None:
    """Import Prefect, when it is imported, without what a run of ours does not use, until somebody asks for it.

    Prefect registers its blocks that send messages whenever it is imported, and brings JSON Schema's checker, a maker
    of names and (in the midst of a run) a drawer of graphs along: a tenth of what its import takes. Not for servers,
    which offer those blocks. Unneeded when Prefect imports them when they are asked for.
    """
    postpone("prefect.blocks.notifications", "prefect.blocks.webhook", "jsonschema", "coolname", "graphviz")
