"""Housekeeping: what crashes left behind, what is not to be kept any longer, and runs that should go on."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.artifacts import acreate_table_artifact
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import State
from prefect.states import Completed
from pydantic import Field

from flows.waking import drop_dead_waits, wake_due
from polyreel.job import Asked
from polyreel.upkeep import Chore, Rules, make_run_chore, summarise
from tasks.housekeeping import list_chores, look_at_accounts, tidy
from tasks.run.artifacts import keep_on_server
from tasks.run.connections import books_of_run, clients_open
from tasks.run.overview import draw_jobs


class Housekeeping(Asked):
    """What one round does."""

    forget_after: int | None = Field(
        default=None,
        ge=1,
        le=3650,
        title="Forget after",
        description="Days after which the vendor's copy of a collected dub is deleted; left out, it is kept.",
    )
    abandoned_after: int = Field(
        default=7,
        ge=1,
        le=365,
        title="Abandoned after",
        description="Days after which an upload of ours that nobody went on with is cancelled.",
    )


@flow(name="housekeeping", flow_run_name="housekeeping")
async def keep_house(housekeeping: Housekeeping) -> Any:
    """One round: look how everything stands that is under way, wake runs, clear up, and say what was done."""
    chores = await do_round(housekeeping)
    await show(chores)
    await draw_jobs()
    return state_of(chores)


async def do_round(asked: Housekeeping) -> tuple[Chore, ...]:
    """What a round does, without drawing it."""
    async with clients_open():
        await look_at_accounts()
        async with books_of_run() as books, get_client() as client:
            woken = [make_run_chore(run) for run in await wake_due(client, books.ledger)]
            await drop_dead_waits(client, books.ledger)
        return (*woken, *await tidy(_rules_of(asked)))


async def plan_round(asked: Housekeeping) -> tuple[Chore, ...]:
    """What a round would do by what is known now; nothing is done, and no vendor asked how things stand there."""
    async with clients_open():
        return await list_chores(_rules_of(asked))


def _rules_of(asked: Housekeeping) -> Rules:
    return Rules(forget_after_days=asked.forget_after, abandoned_after_days=asked.abandoned_after)


async def show(chores: tuple[Chore, ...]) -> None:
    """The round as a table in the UI, and as JSON for programs."""
    rows = [{**each.model_dump(), "done": "yes" if each.done else "no"} for each in chores]
    await acreate_table_artifact(rows, key="housekeeping", description="What was cleared up, and what needs somebody.")
    await keep_on_server("housekeeping", as_dict(chores), "What `polyreel housekeeping --json` prints.")


def as_dict(chores: tuple[Chore, ...]) -> dict[str, Any]:
    """The round in plain JSON."""
    return {"sentence": summarise(chores), "chores": [each.model_dump(mode="json") for each in chores]}


def state_of(chores: tuple[Chore, ...]) -> State[Any]:
    """Completed in any case: what needs a person is told, and is no failure of the round."""
    return Completed(message=summarise(chores))
