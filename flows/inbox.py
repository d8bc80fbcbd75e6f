"""The inbox: job files left in a folder or a prefix become runs, each once, and come back with their outcome."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from prefect import flow
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.objects import State
from prefect.states import Completed
from pydantic import Field

from flows.runs import create_run, deployment_id, is_over, outcome_of_run
from polyreel.errors import InvalidJob
from polyreel.intake.folders import require_path
from polyreel.intake.inbox.choice import open_inbox
from polyreel.intake.inbox.port import Claim
from polyreel.job import Asked, Place
from polyreel.objects.address import is_object
from polyreel.outcome import Outcome, Problem
from tasks.run.overview import draw_jobs


class Inbox(Asked):
    """Where job files are left."""

    folder: Place = Field(
        title="Folder or prefix",
        description="Job files (.yaml, .json) left here are run once each, then moved to done/ with their outcome.",
        examples=["/srv/reels/inbox", "s3://reels/inbox"],
    )


@flow(name="localise-inbox", flow_run_name="inbox {inbox.folder}", retries=0)
async def localise_inbox(inbox: Inbox) -> Any:
    """Take what has been left in the inbox, start a run for each, and put aside what is done. One short round."""
    if not is_object(inbox.folder):
        require_path(inbox.folder)
    place = open_inbox(inbox.folder)
    async with get_client() as client:
        # Claims are a server's: another scheduler that looks at the same place has other ones.
        owner = (await deployment_id(client)).hex[:8]
        async with place.hold_alone(owner):
            taken = await place.claim_files(owner)
            closed = [await _advance(client, each) for each in await place.list_claims(owner)]
    # Most rounds find nothing: the list of jobs is as it was.
    if taken or any(closed):
        await draw_jobs()
    return _make_state(taken, sum(closed), len(closed) - sum(closed))


async def _advance(client: PrefectClient, claim: Claim) -> bool:
    """Bring one claim as far as it goes now: started, or put aside when it is over. True when it was put aside."""
    try:
        job = await claim.read_job()
    except InvalidJob as error:
        problem = Problem.of(error)
        await claim.put_aside(
            Outcome(job=Path(claim.name).stem, status="failed", error=problem).model_dump(mode="json")
        )
        return True
    # Before the claim is noted: a process that dies in between makes the same run again, by the claim's key.
    run = await create_run(client, job, claim.key)
    await claim.remember_run(str(run.id))
    if not is_over(run):
        return False
    await claim.put_aside({"run": str(run.id), **await outcome_of_run(client, run, job.name)})
    return True


def _make_state(taken: int, closed: int, open_: int) -> State[Any]:
    return Completed(message=f"{taken} taken, {closed} done, {open_} under way")
