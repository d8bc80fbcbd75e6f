"""The deployments that polyreel serves: their names, words, limits and schedules."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from typing import Any

from prefect.client.schemas.actions import DeploymentScheduleCreate
from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
from prefect.client.schemas.schedules import IntervalSchedule
from prefect.deployments.runner import RunnerDeployment
from prefect.flows import Flow
from prefect.types.entrypoint import EntrypointType
from prefect.utilities.callables import ParameterSchema

from deployments.process.prefect_insides import redraw_form
from deployments.runner.form import make_ui_form
from flows.batch import localise_batch
from flows.housekeeping import keep_house
from flows.inbox import localise_inbox
from flows.localise import localise
from flows.revise import revise

TAG = "polyreel"
ENTRYPOINTS = {
    "localise": "flows.localise.localise",
    "localise-inbox": "flows.inbox.localise_inbox",
    "localise-batch": "flows.batch.localise_batch",
    "revise": "flows.revise.revise",
    "housekeeping": "flows.housekeeping.keep_house",
}
# A batch only waits for its jobs: a long one must not hold up somebody's short one.
BATCHES_AT_ONCE = 2
# Two at a time could deliver versions of one language in either order.
REVISIONS_AT_ONCE = 1
# What it clears up can lie for days; who waits for a change is woken elsewhere, four times a second.
HOUSEKEEPING_EVERY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the person who starts `polyreel up` may choose."""

    jobs_at_once: int = 2
    inbox: str | None = None
    inbox_every_s: float = 60.0
    forget_after: int | None = None
    """Days after which vendors' copies are deleted."""

    @property
    def processes(self) -> int:
        """How many runs there can be at most: no kind of run ever waits for a place that another kind holds."""
        # One each for the inbox and for housekeeping, of which a single round runs at a time.
        return self.jobs_at_once + BATCHES_AT_ONCE + REVISIONS_AT_ONCE + 2


def make_deployments(wishes: Wishes) -> list[RunnerDeployment]:
    """All of them, each with its collision strategy."""
    return [
        _make_deployment(
            localise,
            "Dubs one reel into every language the job asks for, checks it, delivers it. "
            f"At most {wishes.jobs_at_once} at once; more wait for their turn.",
            ConcurrencyLimitConfig(limit=wishes.jobs_at_once, collision_strategy=ConcurrencyLimitStrategy.ENQUEUE),
        ),
        _make_deployment(
            localise_inbox,
            "Takes job files left in a folder, once each, and puts them aside with their outcome. "
            "One round at a time: a round that would overlap is left out.",
            ConcurrencyLimitConfig(limit=1, collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW),
            parameters={"inbox": {"folder": wishes.inbox}} if wishes.inbox else {},
            schedules=_inbox_schedule(wishes),
        ),
        _make_deployment(
            localise_batch,
            "Runs the jobs of a list or a CSV/YAML catalogue, a few at once, and says what came of each. "
            f"At most {BATCHES_AT_ONCE} batches at once; more wait for their turn.",
            ConcurrencyLimitConfig(limit=BATCHES_AT_ONCE, collision_strategy=ConcurrencyLimitStrategy.ENQUEUE),
        ),
        _make_deployment(
            revise,
            "Does changed lines of a delivered language again and delivers them in place; the version before is kept. "
            "One at a time; more wait for their turn.",
            ConcurrencyLimitConfig(limit=REVISIONS_AT_ONCE, collision_strategy=ConcurrencyLimitStrategy.ENQUEUE),
        ),
        _make_deployment(
            keep_house,
            "Clears up what crashes left, deletes vendors' copies after their time, wakes runs that should go on. "
            "One round at a time: a round that would overlap is left out.",
            ConcurrencyLimitConfig(limit=1, collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW),
            parameters={"housekeeping": {"forget_after": wishes.forget_after} if wishes.forget_after else {}},
            schedules=_housekeeping_schedule(),
        ),
    ]


def _make_deployment(
    flow: Flow[Any, Any],
    description: str,
    limit: ConcurrencyLimitConfig,
    parameters: dict[str, Any] | None = None,
    schedules: list[DeploymentScheduleCreate] | None = None,
) -> RunnerDeployment:
    made = RunnerDeployment.from_flow(
        flow,
        name=flow.name,
        description=description,
        tags=[TAG],
        version=version("polyreel"),
        parameters=parameters or {},
        concurrency_limit=limit,
        enforce_parameter_schema=True,
        entrypoint_type=EntrypointType.MODULE_PATH,
    )
    redraw_form(made, as_form)
    # Set even when empty: a schedule of an earlier start must not stay. Nor must a work pool.
    made.schedules = [*(schedules or [])]
    made.work_pool_name = None
    made.work_queue_name = None
    return made


class _Form(ParameterSchema):
    # Without it the server takes `jbo:`, and the run fails later, in its process.
    additionalProperties: bool = False  # noqa: N815 - JSON Schema's word


def as_form(schema: ParameterSchema) -> ParameterSchema:
    """Drawn plainly; and a misspelt parameter is refused when the run is asked for, not when it starts."""
    return _Form(**make_ui_form(schema.model_dump(exclude_unset=True)))


def _housekeeping_schedule() -> list[DeploymentScheduleCreate]:
    # The first round an hour from now: whoever starts all this has something else to do first.
    first = datetime.now(UTC) + HOUSEKEEPING_EVERY
    every = IntervalSchedule(interval=HOUSEKEEPING_EVERY, anchor_date=first)
    return [DeploymentScheduleCreate(schedule=every, active=True)]


def _inbox_schedule(wishes: Wishes) -> list[DeploymentScheduleCreate]:
    if wishes.inbox is None:
        return []
    every = IntervalSchedule(interval=timedelta(seconds=wishes.inbox_every_s))
    return [DeploymentScheduleCreate(schedule=every, active=True)]
