"""Wake suspended runs whose wait is over: those of the server that is asked, whoever asks."""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.objects import State
from prefect.client.schemas.responses import SetStateStatus
from prefect.exceptions import ObjectNotFound
from prefect.states import AwaitingRetry

from polyreel.errors import StoreError
from polyreel.ledger.ledger import Ledger
from polyreel.ledger.waits import WaitingRun, claim_restart, forget_run, list_due, list_waiting, wake_run
from polyreel.machine.home import read_shared_store
from polyreel.redaction import redact
from polyreel.review.log import ReviewLog
from polyreel.review.waits import follow_store
from polyreel.store.choice import open_store

log = logging.getLogger("prefect.polyreel.waking")
_SHARED_EVERY_S = 60.0
"""Each look at a shared store is a request for every review that is waited for."""
# Only a run that crashed between its resume and its start is found by this: seldom, and in no hurry.
_FORMS_EVERY_S = 30.0
_GOES_ON_WITHIN = timedelta(minutes=10)
"""A run that crashed may go on by itself; later than this, it does not."""


async def wake_due(client: PrefectClient, ledger: Ledger) -> list[WaitingRun]:
    """Resume every run of this server that should go on now; those that were. Safe to repeat, and to do twice at once.

    A run that is still at work stays noted: it is resumed once it is suspended. One that is over is forgotten, but one
    that died on its way to sleep goes on.
    """
    await _look_at_reviews(ledger)
    await _forms_seen.follow(client, ledger)
    woken = [run for run in await list_due(ledger) if await _try_to_resume(client, ledger, run)]
    for run in woken:
        log.info("%s goes on: %s", run.job, "; ".join(wait.what for wait in run.waits))
    return woken


async def _look_at_reviews(ledger: Ledger) -> None:
    """What was decided without the ledger being told: by who died in between, or on a machine with a ledger of its own.

    A store that is away holds up no run that waits for something else.
    """
    try:
        await _reviews_seen.follow(ledger)
    except StoreError as error:
        log.warning("Decisions could not be looked for: %s", error)


class _ReviewsSeen:
    """Looks at reviews in a store: at this machine's own whenever it is asked, at a shared one once in a while."""

    def __init__(self) -> None:
        self._looked_at = float("-inf")

    async def follow(self, ledger: Ledger) -> None:
        if read_shared_store() and time.monotonic() - self._looked_at < _SHARED_EVERY_S:
            return
        self._looked_at = time.monotonic()
        await follow_store(ledger, ReviewLog(open_store()))


_reviews_seen = _ReviewsSeen()


class _FormsSeen:
    """Looks, once in a while, for runs that died with an answer in their form that nobody has carried out.

    The server resumes a run before anything but its own tables knows what was decided.
    """

    def __init__(self) -> None:
        self._looked_at = float("-inf")

    async def follow(self, client: PrefectClient, ledger: Ledger) -> None:
        if time.monotonic() - self._looked_at < _FORMS_EVERY_S:
            return
        self._looked_at = time.monotonic()
        asleep = {run.run_id: run for run in await list_waiting(ledger) if run.asleep and run.form}
        if not asleep:
            return
        from flows.review_form import is_answered

        wanted = {"id": {"any_": list(asleep)}, "state": {"type": {"any_": ["CRASHED"]}}}
        for dead in await client.read_flow_runs(flow_run_filter=FlowRunFilter.model_validate(wanted)):
            if await is_answered(dead.id, asleep[str(dead.id)]):
                await wake_run(ledger, str(dead.id))


_forms_seen = _FormsSeen()


async def _try_to_resume(client: PrefectClient, ledger: Ledger, run: WaitingRun) -> bool:
    # What the server refuses for one run, it would refuse in every round: those behind it must not wait for that.
    try:
        return await _resume(client, ledger, run)
    except ValueError:
        log.warning("%s waits under a name that is no run's (%s): its wait is forgotten.", run.job, run.run_id)
        await forget_run(ledger, run.run_id)
        return False
    except (httpx.HTTPStatusError, ObjectNotFound) as error:
        log.warning("%s (run %s) could not be woken: %s", run.job, run.run_id, redact(str(error)))
        return False


async def _resume(client: PrefectClient, ledger: Ledger, run: WaitingRun) -> bool:
    try:
        state = (await client.read_flow_run(UUID(run.run_id))).state
    except ObjectNotFound:
        if await _is_deployment(client, run.deployment):  # else it is another server's, which shares the ledger
            await forget_run(ledger, run.run_id)
        return False
    if state is not None and state.is_paused():
        answer = await client.resume_flow_run(UUID(run.run_id))
        return answer.status is SetStateStatus.ACCEPT
    if state is not None and state.is_crashed():
        # Its process died on its way to sleep, when all that it could do was done and noted: so it slept all the same.
        # One that dies again and again on its way back is left to a person.
        claimed = await claim_restart(ledger, run.run_id)
        if claimed == "never":
            log.error(
                "%s (run %s) dies whenever it is woken: look at its log, then `polyreel submit --again %s`.",
                run.job, run.run_id, run.run_id,
            )  # fmt: skip
            await forget_run(ledger, run.run_id)
        if claimed != "mine":
            return False
        again: State[None] = AwaitingRetry(message="Goes on: what it waited for has changed.")
        return (await client.set_flow_run_state(UUID(run.run_id), again, force=True)).status is SetStateStatus.ACCEPT
    if state is not None and state.is_final():
        await forget_run(ledger, run.run_id)
    return False


async def _is_deployment(client: PrefectClient, deployment: str) -> bool:
    try:
        return bool(deployment) and bool(await client.read_deployment(deployment))
    except ObjectNotFound:
        return False


async def drop_dead_waits(client: PrefectClient, ledger: Ledger) -> None:
    """Forget what runs wait for that are over: cancelled while they slept, or crashed while they were at work."""
    for run in await list_waiting(ledger):
        try:
            state = (await client.read_flow_run(UUID(run.run_id))).state
        except (ObjectNotFound, ValueError):
            continue  # another server's, or a deleted one: `wake_due` knows which
        sleeps = state is not None and state.is_crashed() and (run.asleep or run.woken)
        over = state is not None and state.is_final() and datetime.now(UTC) - state.timestamp > _GOES_ON_WITHIN
        if over and not sleeps:
            await forget_run(ledger, run.run_id)
