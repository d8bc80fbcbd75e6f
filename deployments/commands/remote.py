"""What `polyreel submit`, `status`, `cancel` and `logs` say to a server: every call that they need, and no more."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any
from uuid import UUID

import httpx
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.filters import FlowFilter, FlowRunFilter, LogFilter, LogFilterFlowRunId
from prefect.client.schemas.objects import FlowRun, State
from prefect.client.schemas.sorting import FlowRunSort, LogSort, TaskRunSort
from prefect.exceptions import ObjectNotFound, PrefectHTTPStatusError
from prefect.states import Cancelling, Crashed

from deployments.process.signs_of_life import SILENT_S
from deployments.server.own_environment import TASKS_TOLD_WITHIN_S
from flows.runs import create_run, deployment_id, goes_on, is_over, key_of, outcome_of_run, read_kept_artifact
from polyreel.errors import InvalidJob, PolyreelError
from polyreel.job import Job
from polyreel.ledger.holder import is_alive, is_dead
from polyreel.report.records import find_process_of_run

# A person waits at the terminal; a server of ours answers in a few milliseconds.
_POLL_S = 0.5
# The server's own limit of one answer (PREFECT_API_DEFAULT_LIMIT).
_PAGE = 200
SHORTEST_ID = 4
"""Letters of a run's id: fewer would fit a run that was not meant, sooner or later."""
_MOST_TOLD = 5
_HEX = re.compile("[0-9a-f]{1,32}")
STRANGER = (401, 403)
"""How a server answers whom it does not know."""


@asynccontextmanager
async def open_server() -> AsyncIterator[PrefectClient]:
    """A client; what goes wrong between it and the server is said in one line."""
    try:
        async with get_client() as client:
            yield client
    except PrefectHTTPStatusError as error:
        raise explain_refusal(error.response) from None
    except httpx.TransportError as error:
        raise PolyreelError(
            f"the server does not answer ({type(error).__name__})",
            code="server_unreachable",
            remedy="What was handed in there goes on without us; ask again when it is back.",
        ) from None


def explain_refusal(answer: httpx.Response) -> PolyreelError:
    """What a server that did not do as it was asked means, and what to do about it."""
    reason = _read_reason(answer)
    if answer.status_code in STRANGER:
        return PolyreelError(
            "the server wants to know who you are",
            code="unauthorized",
            where=str(answer.url.copy_with(query=None)),
            remedy="Set PREFECT_API_AUTH_STRING (user:password), or PREFECT_API_KEY, as the server expects it.",
        )
    if answer.status_code in (400, 409, 422):
        # What the server refuses by its schema stays refused: exit code 2, as `polyreel run` has it.
        return InvalidJob(
            reason, code="refused", where="the server", remedy="Correct the job; `polyreel plan` tells more."
        )
    return PolyreelError(
        f"the server answered {answer.status_code}: {reason}",
        code="server_failed",
        remedy="Look at the server's log: that of `polyreel up` lies below POLYREEL_HOME, in up/server.log.",
    )


def _read_reason(answer: httpx.Response) -> str:
    try:
        said = answer.json()
    except ValueError:
        # A proxy in between answers in HTML.
        return answer.text[:200]
    if not isinstance(said, dict):
        return str(said)
    words = said.get("detail") or said.get("exception_message") or said
    return str(f"{words} {_list_refused_fields(said)}" if "exception_detail" in said else words).strip()[:500]


def _list_refused_fields(said: dict[str, Any]) -> str:
    """Which fields of a request were refused, and why."""
    wrong = said["exception_detail"] if isinstance(said["exception_detail"], list) else []
    return "; ".join(f"{'.'.join(str(part) for part in each['loc'])}: {each['msg']}" for each in wrong)


async def submit_job(client: PrefectClient, job: Job, key: str | None = None) -> FlowRun:
    """Hand a job in. The same job again is the first run, unless another ``key`` is given."""
    return await create_run(client, job, key or key_of(job))


async def run_again(client: PrefectClient, run_id: UUID) -> FlowRun:
    """Another run with the parameters of an earlier one; whatever that one finished is not done again."""
    old = await read_run(client, run_id)
    if "job" not in old.parameters and "batch" not in old.parameters:
        raise InvalidJob("is no run of a job or a batch", where=str(run_id), remedy="`polyreel status` lists those.")
    # Two runs of one job would wait for each other's claims; the first one does it all.
    if old.state and not old.state.is_final():
        await _end_if_dead(client, old, old.state)
    # One new run for each run that is over, however often somebody asks.
    # A run of `polyreel run` has no deployment; its job goes on in the one that does the same.
    return await client.create_flow_run_from_deployment(
        old.deployment_id or await deployment_id(client),
        parameters=old.parameters,
        name=_base_name(old),
        idempotency_key=f"again-{old.id}",
    )


async def _end_if_dead(client: PrefectClient, run: FlowRun, state: State[Any]) -> None:
    """Mark a run as crashed whose process is known to have ended. Raises `InvalidJob` of any other, and says why."""
    holder = await asyncio.to_thread(find_process_of_run, str(run.id), state.timestamp.timestamp())
    if not is_dead(holder) or not state.is_running():
        raise _refuse_running(run, state, is_here=is_alive(holder))
    if goes_on(run):
        raise InvalidJob(
            "has lost its process, and goes on by itself, as its job says (`after_crash: resume`)",
            code="goes_on",
            where=str(run.id),
            remedy=f"Wait up to {SILENT_S} s; `polyreel status {run.id}` follows it.",
        )
    # Asked anew: whoever minds the run may have marked it meanwhile, or begun it once more.
    now = await read_run(client, run.id)
    if now.state is None or now.state.id != state.id:
        raise _refuse_running(run, now.state or state, is_here=False)
    # Forced: Prefect lets no outsider end a run that counts as running.
    died = f"Its process was killed. What was finished is kept; go on with: polyreel submit --again {run.id}"
    await client.set_flow_run_state(run.id, Crashed(message=died), force=True)


def _refuse_running(run: FlowRun, state: State[Any], *, is_here: bool) -> InvalidJob:
    follows = f"`polyreel status {run.id}` follows it"
    if is_here or not state.is_running():
        remedy = f"{follows}; `polyreel cancel {run.id}` ends it."
    else:
        remedy = f"{follows}. If its process or machine is gone, the server says so in {SILENT_S} s; then ask again."
    return InvalidJob(f"is {state.name} still", code="still_running", where=str(run.id), remedy=remedy)


def _base_name(run: FlowRun) -> str:
    job = run.parameters.get("job")
    return str(job["name"]) if isinstance(job, dict) and "name" in job else run.name


async def read_run(client: PrefectClient, run_id: UUID) -> FlowRun:
    """One run. Raises `InvalidJob` when the server has none of this id."""
    try:
        return await client.read_flow_run(run_id)
    except ObjectNotFound:
        raise InvalidJob(
            "there is no such run on this server",
            code="no_such_run",
            where=str(run_id),
            remedy="`polyreel status` lists.",
        ) from None


async def find_run(client: PrefectClient, given: str) -> UUID:
    """The run that a person means: its id, or a beginning of it that no other run has.

    Raises `InvalidJob` where none begins so, or several, which are named.
    """
    with suppress(ValueError):
        return UUID(given)
    wanted = given.lower().replace("-", "")
    found: list[FlowRun] = []
    while len(wanted) >= SHORTEST_ID and _HEX.fullmatch(wanted):
        page = await list_recent(client, _PAGE, offset=len(found))
        found += page
        if len(page) < _PAGE:
            break
    begun = {run.id: run for run in found if run.id.hex.startswith(wanted)}
    if len(begun) == 1:
        return next(iter(begun))
    if not begun:
        raise InvalidJob(
            "there is no such run on this server", code="no_such_run", where=given,
            remedy=f"`polyreel status` lists. A beginning of an id has {SHORTEST_ID} letters at least.",
        )  # fmt: skip
    shown = ", ".join(f"{run.id} ({_base_name(run)})" for run in list(begun.values())[:_MOST_TOLD])
    more = f" and {len(begun) - _MOST_TOLD} more" if len(begun) > _MOST_TOLD else ""
    raise InvalidJob(
        f"{len(begun)} runs begin so: {shown}{more}", code="ambiguous_run", where=given, remedy="Give more of the id."
    )


async def list_recent(client: PrefectClient, limit: int, offset: int = 0) -> list[FlowRun]:
    """The latest runs of jobs, the newest first."""
    flows = FlowFilter.model_validate({"name": {"any_": ["localise", "localise-batch", "revise"]}})
    return await client.read_flow_runs(
        flow_filter=flows, sort=FlowRunSort.EXPECTED_START_TIME_DESC, limit=limit, offset=offset
    )


async def wait_for_end(client: PrefectClient, run_id: UUID) -> FlowRun:
    """The run, once it is over, or sleeps until a person has decided."""
    while True:
        run = await read_run(client, run_id)
        # A suspended run may sleep for weeks: whoever waits at a terminal is told that it is held.
        if is_over(run) or await read_held_outcome(client, run):
            return run
        await asyncio.sleep(_POLL_S)


async def read_held_outcome(client: PrefectClient, run: FlowRun) -> dict[str, Any] | None:
    """The outcome so far of a run that is suspended until a person has decided; None of any other."""
    if run.state is None or not run.state.is_paused():
        return None
    kept = await read_kept_artifact(client, run.id)
    return kept if isinstance(kept, dict) and kept.get("status") == "held" else None


async def cancel_run(client: PrefectClient, run_id: UUID) -> FlowRun:
    """Ask for a run's end; over already, it stays as it is."""
    run = await read_run(client, run_id)
    if run.state is None or not run.state.is_final():
        # Cancelling and not Cancelled: whoever runs it must hear of it first, and end what it has started.
        await client.set_flow_run_state(run_id, Cancelling(message="polyreel cancel"))
    return await read_run(client, run_id)


async def log_lines(client: PrefectClient, run_id: UUID, follow: bool) -> AsyncIterator[str]:
    """A run's log, oldest first; with ``follow``, until the run is over."""
    await read_run(client, run_id)
    # By offset and not by time: two lines of the same millisecond would be lost or come twice.
    wanted = LogFilter(flow_run_id=LogFilterFlowRunId(any_=[run_id]))
    seen = 0
    while True:
        # Asked before the lines are read: what the run said until its end is among them.
        over = not follow or is_over(await read_run(client, run_id))
        tasks = await _task_names(client, run_id)
        while page := await client.read_logs(wanted, limit=_PAGE, offset=seen, sort=LogSort.TIMESTAMP_ASC):
            seen += len(page)
            if any(line.task_run_id and line.task_run_id not in tasks for line in page):
                await asyncio.sleep(TASKS_TOLD_WITHIN_S)
                tasks = await _task_names(client, run_id)
            for line in page:
                task = tasks.get(line.task_run_id)
                yield f"{line.timestamp:%H:%M:%S} {f'{task}: ' if task else ''}{line.message}"
        if over:
            return
        await asyncio.sleep(_POLL_S)


async def _task_names(client: PrefectClient, run_id: UUID) -> dict[UUID | None, str]:
    runs = FlowRunFilter.model_validate({"id": {"any_": [str(run_id)]}})
    names: dict[UUID | None, str] = {}
    while page := await client.read_task_runs(
        flow_run_filter=runs, sort=TaskRunSort.EXPECTED_START_TIME_ASC, limit=_PAGE, offset=len(names)
    ):
        names |= {task.id: task.name for task in page}
    return names


async def describe_run(client: PrefectClient, run: FlowRun) -> dict[str, Any]:
    """A run in plain JSON; when it is over, or waits for a person, with its outcome."""
    state = run.state
    found: dict[str, Any] = {
        "run": str(run.id),
        "job": _base_name(run),
        "state": state.name if state else None,
        "message": state.message if state else None,
    }
    if is_over(run) and "job" in run.parameters:
        found["outcome"] = await outcome_of_run(client, run, _base_name(run))
    elif is_over(run) and "batch" in run.parameters:
        # As `polyreel batch` has it, also of a batch that is run again: a failed one must not end as one that is done.
        found["counts"] = (await read_kept_artifact(client, run.id) or {"counts": {"failed": 1}})["counts"]
    elif held := await read_held_outcome(client, run):
        found["outcome"] = held
    return found


__all__ = [
    "cancel_run",
    "deployment_id",
    "describe_run",
    "list_recent",
    "log_lines",
    "open_server",
    "read_kept_artifact",
    "read_run",
    "run_again",
    "submit_job",
    "wait_for_end",
]
