"""Runs of the served deployment ``localise``: made once per key, and what came of them."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import FlowRun, State
from prefect.exceptions import ObjectNotFound
from pydantic import ValidationError

from polyreel.errors import PolyreelError
from polyreel.job import Job
from polyreel.outcome import Outcome, Problem
from tasks.run.artifacts import KEPT_KEYS

DEPLOYMENT = "localise/localise"
MOST_STARTS = 4
"""A job that takes its machine down each time must not do so for ever."""
_TAKEN_UP_WITHIN = timedelta(seconds=60)
"""A run that crashed goes on after a few seconds, where `polyreel up` looks after it; later than this, nobody does."""


def parameters_of(job: Job) -> dict[str, Any]:
    """A job as the flow's parameters, in plain JSON.

    What is left out is left out: the deployment's form, which the server checks them with, knows no null for a menu.
    """
    return {"job": job.model_dump(mode="json", exclude_none=True)}


def key_of(job: Job) -> str:
    """The same for the same job, whoever hands it in: a repeated submission is the first run."""
    # Sorted and without spaces, so that YAML, JSON and the form's order of fields make one key.
    canonical = json.dumps(job.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
    return f"{job.name}-{hashlib.sha256(canonical.encode()).hexdigest()[:24]}"


async def deployment_id(client: PrefectClient, name: str = DEPLOYMENT) -> UUID:
    """The deployment on this server. Raises `PolyreelError` when nothing serves it there."""
    try:
        return (await client.read_deployment_by_name(name)).id
    except ObjectNotFound:
        raise PolyreelError(
            f"there is no deployment {name}",
            code="not_deployed",
            where=str(client.api_url),
            remedy="Start `polyreel up` there, or register them with `polyreel deploy`.",
        ) from None


async def create_run(client: PrefectClient, job: Job, key: str) -> FlowRun:
    """A run of this job; the run that there is already when the key was used before."""
    return await client.create_flow_run_from_deployment(
        await deployment_id(client), parameters=parameters_of(job), name=job.name, idempotency_key=key
    )


def batch_tag(batch_run: str) -> str:
    """What the runs of a batch carry: a run that may be suspended can't be part of another one."""
    return f"batch-{batch_run}"


def goes_on(run: FlowRun) -> bool:
    """Whether a crashed run is one that is started again: its job or batch says so, and it was not too often."""
    asked = run.parameters.get("job") or run.parameters.get("batch")
    return isinstance(asked, dict) and asked.get("after_crash") == "resume" and run.run_count < MOST_STARTS


def is_over(run: FlowRun) -> bool:
    """Whether nothing more comes of a run. One that has just crashed and goes on is not over."""
    if run.state is None or not run.state.is_final():
        return False
    just_crashed = run.state.is_crashed() and datetime.now(UTC) - run.state.timestamp < _TAKEN_UP_WITHIN
    return not (just_crashed and run.deployment_id and goes_on(run))


async def outcome_of_run(client: PrefectClient, run: FlowRun, job: str) -> dict[str, Any]:
    """The outcome of a run that is over, as `polyreel run --json` prints it; of one that died, its state's reason.

    The server keeps a copy, so that it can be read wherever the run was and wherever we are.
    """
    assert run.state is not None  # noqa: S101 - it is over
    # The artifact first: results lie on the run's own machine, and need not be readable from here.
    found = _as_outcome(await read_kept_artifact(client, run.id)) or await _read_result(run.state)
    if isinstance(found, Outcome):
        return found.model_dump(mode="json")
    if isinstance(found, PolyreelError):
        return Outcome.of_failure(job, found).model_dump(mode="json")
    return Outcome(job=job, status="failed", error=_problem_of(run)).model_dump(mode="json")


async def read_kept_artifact(client: PrefectClient, run_id: UUID) -> Any:
    """What a run left on the server for programs to read; None where it left nothing."""
    # By hand: the client's own way of asking sends nulls, which the pinned server refuses.
    wanted = {"artifacts": {"key": {"like_": KEPT_KEYS}, "flow_run_id": {"any_": [str(run_id)]}}, "limit": 1}
    wanted["sort"] = "CREATED_DESC"  # a run that was suspended may have left one for each pass
    found = (await client.request("POST", "/artifacts/filter", json=wanted)).json()
    return json.loads(found[0]["data"]) if found else None


def _as_outcome(kept: Any) -> Outcome | None:
    try:
        return Outcome.model_validate(kept) if kept else None
    except ValidationError:
        return None  # another version's; the run's own result may be readable


async def _read_result(state: State[Any]) -> Any:
    try:
        found = await state.aresult(raise_on_failure=False)
        return Outcome.model_validate(found) if isinstance(found, dict | Outcome) else found
    except Exception:  # noqa: BLE001 - the result may be on another machine; the state tells enough then
        return None


def _problem_of(run: FlowRun) -> Problem:
    state = run.state
    words = f"{state.name}: {state.message}" if state else "it has no state"
    return Problem(
        code="run_died", message=words, remedy=f"Go on from what was finished: polyreel submit --again {run.id}"
    )
