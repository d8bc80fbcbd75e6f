"""The deployments of `prefect.yaml` for work pools, and the pools: ``NAME`` is for processes, ``NAME-KIND`` for KIND.

Not left to `prefect deploy`: it makes no pools, draws the form from the bare schema, and in the pinned version it stops
after the first deployment (its question for workers is refused by servers other than `polyreel up`).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.actions import DeploymentScheduleCreate, WorkPoolCreate
from prefect.client.schemas.objects import ConcurrencyLimitConfig
from prefect.client.schemas.schedules import IntervalSchedule
from prefect.deployments.runner import RunnerDeployment
from prefect.exceptions import ObjectNotFound
from prefect.types.entrypoint import EntrypointType
from prefect.utilities.importtools import import_object

from deployments.process.prefect_insides import redraw_form
from deployments.runner.definitions import as_form
from polyreel.errors import InvalidJob
from polyreel.machine.files import read_whole

PROCESS = "process"
_IN_WHEEL = Path(__file__).with_name("prefect.yaml")
OWN_FILE = _IN_WHEEL if _IN_WHEEL.exists() else Path(__file__).parents[2] / "prefect.yaml"
"""The project's own file: beside this module in the wheel, at the root in a checkout."""
# YAML can name an alias a thousand times over: what is read is bounded before it is parsed.
_MOST_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Entry:
    """One deployment of the file."""

    given: dict[str, Any]

    @property
    def name(self) -> str:
        """Its own name; `localise-docker` belongs to the flow `localise` all the same."""
        return str(self.given["name"])

    @property
    def pool(self) -> str:
        """The pool that it belongs to."""
        return str(self.given["work_pool"]["name"])

    @property
    def kind(self) -> str:
        """What the pool's workers start for a run."""
        # By the pool's name (`reels-docker`), as the file is Prefect's own and has no field for it.
        return self.pool.partition("-")[2] or PROCESS


def read_entries(file: Path) -> list[Entry]:
    """Every deployment of a file. Raises `InvalidJob`."""
    try:
        return [Entry(each) for each in yaml.safe_load(read_whole(file, _MOST_BYTES).decode("utf-8"))["deployments"]]
    except (OSError, ValueError, yaml.YAMLError, KeyError, TypeError) as error:
        raise InvalidJob(
            f"has no deployments ({type(error).__name__})",
            where=str(file),
            remedy="Name a file like polyreel's own prefect.yaml with --file, or leave --file out.",
        ) from None


def choose_entries(found: list[Entry], names: tuple[str, ...]) -> list[Entry]:
    """The ones that are named; all that need nothing but this machine where none is. Raises `InvalidJob`."""
    if strangers := set(names) - {each.name for each in found}:
        raise InvalidJob(
            f"no deployment {', '.join(sorted(strangers))}",
            where="--file",
            remedy=f"There are {', '.join(each.name for each in found)}.",
        )
    return [each for each in found if each.name in names or (not names and each.kind == PROCESS)]


async def register_deployment(client: PrefectClient, entry: Entry) -> None:
    """Put a deployment on the server, with its pool where that is not there yet. Doing it again renews it."""
    await _require_pool(client, entry)
    made = _make_deployment(entry)
    # The pool first: a deployment for one that is missing is refused.
    await made.aapply(work_pool_name=entry.pool)


async def _require_pool(client: PrefectClient, entry: Entry) -> None:
    try:
        await client.read_work_pool(entry.pool)
    except ObjectNotFound:
        template = Path(__file__).with_name(f"{entry.kind}.json")
        wanted = WorkPoolCreate(name=entry.pool, type=entry.kind)
        # Prefect's own template of a process pool is right as it is; containers need our image and volumes.
        if template.exists():
            wanted.base_job_template = json.loads(template.read_text("utf-8"))
        await client.create_work_pool(wanted)


def _make_deployment(entry: Entry) -> RunnerDeployment:
    given, pool = entry.given, entry.given["work_pool"]
    made = RunnerDeployment.from_flow(
        import_object(given["entrypoint"]),
        name=entry.name,
        description=given["description"],
        tags=given["tags"],
        version=given["version"],
        parameters=given["parameters"],
        concurrency_limit=ConcurrencyLimitConfig.model_validate(given["concurrency_limit"]),
        enforce_parameter_schema=given["enforce_parameter_schema"],
        work_pool_name=entry.pool,
        work_queue_name=pool.get("work_queue_name"),
        job_variables=pool.get("job_variables", {}),
        entrypoint_type=EntrypointType.MODULE_PATH,
    )
    # From the flow and not from the file: the form must be that of the code which will run.
    redraw_form(made, as_form)
    made.schedules = [_make_schedule(each) for each in given.get("schedules", ())]
    return made


def _make_schedule(given: dict[str, Any]) -> DeploymentScheduleCreate:
    every = IntervalSchedule(interval=timedelta(seconds=given["interval"]))
    return DeploymentScheduleCreate(schedule=every, active=given["active"])
