"""Many jobs: a list or a catalogue, a bounded number at once, one summary, and another round for what failed."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any, Literal

from prefect import flow, runtime
from prefect.artifacts import acreate_table_artifact
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.objects import FlowRun, State
from prefect.deployments import arun_deployment
from prefect.states import Completed, Failed
from pydantic import Field, Strict, model_validator

from flows.runs import DEPLOYMENT, batch_tag, is_over, key_of, outcome_of_run, parameters_of, read_kept_artifact
from polyreel.errors import InvalidJob
from polyreel.errors.wording import spell_count
from polyreel.intake.catalogue import load_catalogue, require_distinct_names
from polyreel.intake.folders import allow_as_caller, is_vouched, require_path
from polyreel.intake.jobfile import load_job
from polyreel.job import Asked, Job, Place
from polyreel.machine import home
from polyreel.machine.files import read_whole, write_atomically
from tasks.run.artifacts import keep_on_server
from tasks.run.connections import client_of

# Jobs take minutes; 64 of them asked for twice a second would be half of the server's work.
_POLL_S = 2.0
# Our own file, of ten thousand jobs in full: bounded only so that a wrong path is no endless read.
_MOST_SUMMARY_BYTES = 1 << 30


class Batch(Asked):
    """Which jobs, and how many at once."""

    catalogue: Place | None = Field(
        default=None,
        title="Catalogue",
        description="A CSV or YAML file with many jobs.",
        examples=["/srv/reels/catalogue.csv"],
    )
    jobs: Annotated[tuple[Place, ...], Strict(False)] = Field(
        default=(), title="Job files", description="Paths of job files, instead of a catalogue or besides."
    )
    each_of: Place | None = Field(
        default=None,
        title="Each video of",
        description="A library's folder: the one job file is run for each video in it, with its own credentials.",
        examples=["nomad:3fa85f64-5717-4562-b3fc-2c963f66afa6"],
    )
    at_once: int = Field(default=2, ge=1, le=64, title="At once", description="How many jobs run at the same time.")
    only: Literal["all", "failed"] = Field(
        default="all",
        title="Which",
        description="failed: only those that were not delivered whole in the last batch of this catalogue or list.",
    )
    after_crash: Literal["stop", "resume"] = Field(
        default="stop",
        title="After a crash",
        description="resume: when the batch's own run dies, `polyreel up` goes on with it and finds the runs it made.",
    )

    @model_validator(mode="after")
    def _names_jobs(self) -> Batch:
        if self.catalogue is None and not self.jobs:
            raise ValueError("name a catalogue or job files")
        if self.each_of and (self.catalogue or len(self.jobs) != 1):
            raise ValueError("for each video of a folder there is one job file, the pattern of all")
        return self

    @property
    def title(self) -> str:
        """What its run is called by."""
        return self.each_of or self.catalogue or f"of {spell_count(len(self.jobs), 'job file')}"

    @property
    def summary(self) -> Path:
        """Where the summary goes: beside the catalogue; for a list, below ``POLYREEL_HOME``."""
        if self.catalogue:
            path = Path(self.catalogue).expanduser().absolute()
            return path.with_name(f"{path.name}.summary.json")
        named = "\n".join(filter(None, (*self.jobs, self.each_of)))
        # By the list itself, so that the second round of the same list finds the first one's summary.
        digest = hashlib.sha256(named.encode()).hexdigest()[:16]
        return home.home() / "batches" / f"{digest}.json"


@flow(name="localise-batch", flow_run_name="batch {batch.title}", retries=0)
async def localise_batch(batch: Batch) -> Any:
    """Run every job as a run of its own, a few at once; say at the end what came of each."""
    vouched = is_vouched(batch_key(batch))
    if not vouched:
        _require_allowed(batch)
    jobs = await _list_jobs(batch, str if vouched else require_path)
    for job in jobs if vouched else ():
        allow_as_caller(key_of(job))
    places = asyncio.Semaphore(batch.at_once)

    async with get_client() as client:

        async def one(job: Job) -> dict[str, Any]:
            async with places:
                run = await _follow(client, await _begin(client, job), _is_at_rest)
            # One that sleeps has no process: another job takes its place meanwhile.
            run = await _follow(client, run, lambda each: _needs_nothing_more(client, each))
            return {"run": str(run.id), **await outcome_of_run(client, run, job.name)}

        outcomes = await asyncio.gather(*(one(job) for job in jobs))
    summary = _merge_counts(batch, {job.name: outcome for job, outcome in zip(jobs, outcomes, strict=True)})
    _write(batch.summary, summary)
    await _show(summary)
    return make_batch_state(summary, batch)


def batch_key(batch: Batch) -> str:
    """What a batch is known by: the same for the same list."""
    return f"batch-{hashlib.sha256(batch.model_dump_json().encode()).hexdigest()[:24]}"


def _require_allowed(batch: Batch) -> None:
    for place in (*batch.jobs, *([batch.catalogue, str(batch.summary)] if batch.catalogue else [])):
        require_path(place)


def load_jobs(batch: Batch, require: Callable[[str], object] = str) -> list[Job]:
    """Every job that a batch names; job files that a catalogue names are shown to ``require``. Raises `InvalidJob`."""
    found = load_catalogue(Path(batch.catalogue).expanduser(), require) if batch.catalogue else []
    return require_distinct_names(found + [load_job(Path(path).expanduser()) for path in batch.jobs], "batch")


async def _list_jobs(batch: Batch, require: Callable[[str], object]) -> list[Job]:
    jobs = load_jobs(batch, require)
    if batch.each_of:
        jobs = await jobs_of_folder(jobs[0], batch.each_of)
    if batch.only == "all":
        return jobs
    done = {name for name, outcome in _read_last_summary(batch).items() if outcome["status"] == "completed"}
    return [job for job in jobs if job.name not in done]


async def jobs_of_folder(pattern: Job, address: str) -> list[Job]:
    """The pattern's job for every video in a library's folder. Raises `InvalidJob` and `VendorError`."""
    from polyreel.intake.library import folder_of, list_videos, make_jobs

    vendor, folder = folder_of(address)
    async with client_of(vendor, pattern.source.credentials) as client:
        if client is None:
            raise InvalidJob(
                f"a folder at {vendor} needs an account, and the job names no credentials",
                code="missing_credentials",
                where="source.credentials",
                remedy=f"Save them: `polyreel credentials save {vendor} NAME --set ...`, and name them in the job.",
            )
        videos = await list_videos(vendor, client, folder)
    return require_distinct_names(make_jobs(pattern, vendor, videos), address)


async def _begin(client: PrefectClient, job: Job) -> FlowRun:
    # Once per batch run: a batch that is itself run again after a crash finds the runs it made.
    key = f"{runtime.flow_run.id}-{key_of(job)}"
    return await arun_deployment(
        DEPLOYMENT,
        client=client,
        parameters=parameters_of(job),
        flow_run_name=job.name,
        idempotency_key=key,
        tags=[batch_tag(str(runtime.flow_run.id))],
        # As a subflow it is cancelled with its batch, and shown below it; a run that sleeps can't be one.
        as_subflow=not may_sleep(job),
        timeout=0,  # not waited for in there: it takes a run that crashed and goes on for one that is over
    )


def may_sleep(job: Job) -> bool:
    """Whether a job's run may leave its process while it waits. Prefect suspends no run that is part of another one."""
    return job.wait == "suspend" or bool(job.review)


async def _follow(client: PrefectClient, run: FlowRun, has_come: Callable[[FlowRun], Awaitable[bool]]) -> FlowRun:
    while not await has_come(run):
        await asyncio.sleep(_POLL_S)
        run = await client.read_flow_run(run.id)
    return run


async def _is_at_rest(run: FlowRun) -> bool:
    return is_over(run) or _is_asleep(run)


async def _needs_nothing_more(client: PrefectClient, run: FlowRun) -> bool:
    """Whether a batch has nothing more to wait for: a run that is over, or one that sleeps until a person acts.

    That one has delivered what it could, and its outcome says so; it goes on by itself. One that sleeps while a vendor
    is at work has left no outcome.
    """
    return is_over(run) or (_is_asleep(run) and await read_kept_artifact(client, run.id) is not None)


def _is_asleep(run: FlowRun) -> bool:
    return run.state is not None and run.state.is_paused()


# -- the summary


def _read_last_summary(batch: Batch) -> dict[str, Any]:
    try:
        found = json.loads(read_whole(batch.summary, _MOST_SUMMARY_BYTES))
        return dict(found["jobs"])
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        # Without a summary that can be read everything counts as not delivered: jobs that are done cost seconds.
        return {}


def _merge_counts(batch: Batch, new: dict[str, Any]) -> dict[str, Any]:
    # A second round runs only what failed: those that were delivered before are still part of the batch.
    jobs = {**(_read_last_summary(batch) if batch.only == "failed" else {}), **new}
    counted = Counter(outcome["status"] for outcome in jobs.values())
    return {"counts": dict(counted), "jobs": jobs}


def _write(path: Path, summary: dict[str, Any]) -> None:
    # Under a name that nobody can foresee: where the part's is a link, what it leads to would be written.
    write_atomically(path, json.dumps(summary, indent=2, ensure_ascii=False).encode())


async def _show(summary: dict[str, Any]) -> None:
    rows = [
        {
            "job": name,
            "state": outcome["status"],
            "delivered": sum(each["status"] == "delivered" for each in outcome["languages"].values()),
            "languages": len(outcome["languages"]),
            "why": _describe_reason(outcome),
            "report": outcome["report"] or "",
        }
        for name, outcome in summary["jobs"].items()
    ]
    await acreate_table_artifact(rows, key="batch", description="What came of each job of the batch.")
    await keep_on_server("batch", summary, "What `polyreel batch --json` prints.")


def _describe_reason(outcome: dict[str, Any]) -> str:
    problems = [
        f"{locale}: {each['error']['message']}" for locale, each in outcome["languages"].items() if each["error"]
    ]
    return "; ".join(problems) or (outcome["error"] or {}).get("message", "")


def make_batch_state(summary: dict[str, Any], batch: Batch) -> State[Any]:
    """What Prefect, and the batch's caller, are told of all jobs together."""
    counts, jobs = summary["counts"], summary["jobs"]
    # A folder that is looked at each night is empty on some: no error, and nothing that may pass for a delivery.
    if not jobs:
        where = f"no video lies right in {batch.each_of}" if batch.each_of else "no job is named"
        return Completed(message=f"Nothing to do: {where}.")
    message = f"{counts.get('completed', 0)} of {spell_count(len(jobs), 'job')} delivered whole"
    message += "".join(f", {number} {state}" for state, number in sorted(counts.items()) if state != "completed")
    if counts.get("completed") == len(jobs):
        return Completed(message=message)
    if counts.get("failed") == len(jobs):
        return Failed(message=message)
    return Completed(name="Partial", message=message)
