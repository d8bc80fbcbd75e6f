"""Whether a run can end its process and be started again: a run of a deployment can, one of `polyreel run` can't."""

from __future__ import annotations

from prefect.client.schemas.objects import FlowRun
from prefect.context import FlowRunContext

from polyreel.errors import HeldForPerson
from polyreel.job import Job
from polyreel.ledger.entry import Wait


def find_deployed_run() -> FlowRun | None:
    """The run that this is in, where it is one of a deployment: its server can start it again."""
    context = FlowRunContext.get()
    run = context.flow_run if context else None
    # Prefect suspends no run that is part of another one.
    can = run is not None and run.deployment_id is not None and run.parent_task_run_id is None
    return run if can else None


def is_by_hand() -> bool:
    """Whether this run was begun by a program of somebody's, such as `polyreel run`; False also outside of a run."""
    context = FlowRunContext.get()
    run = context.flow_run if context else None
    return run is not None and run.deployment_id is None


def name_rerun(run: str) -> str:
    """The command that runs a job once more in the way that this run of it was begun; ``run`` is the run's id."""
    return "polyreel run JOB.yaml" if is_by_hand() else f"polyreel submit --again {run}"


def suspends(job: Job) -> bool:
    """Whether this run leaves its process while all that is left of the job is to wait."""
    return job.wait == "suspend" and find_deployed_run() is not None


def waiting_note(job: Job) -> tuple[str, ...]:
    """What a person should be told of a job that asks to be suspended where that can't be."""
    if job.wait != "suspend" or find_deployed_run() is not None:
        return ()
    return ("This run held its process while it waited: runs that were handed in are suspended (`polyreel submit`).",)


def sleeps_for_people() -> bool:
    """Whether this run leaves its process while a person has to decide, and goes on by itself afterwards."""
    return find_deployed_run() is not None


def wait_for(locale: str, error: HeldForPerson) -> Wait | None:
    """What may tell that a held language can go on; None where nothing does."""
    what = f"{locale}: {error.message}{f' ({error.place})' if error.place else ''}"
    decides = bool(error.place)
    if not error.key:
        return None
    return Wait(key=error.key, seen=error.seen, what=what, for_person=decides, until=error.until)
