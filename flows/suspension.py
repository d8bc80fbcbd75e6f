"""A run that only waits holds no process: it is suspended between two whole passes, and woken by Prefect's resume.

    async def one_pass() -> Pass:                # every stage; what is done already is taken from where it is kept
        ...
        return Pass(outcome, waits)              # waits: what it could not go on without; none, and it is over

    outcome = await run_passes(job.name, one_pass)

`polyreel.ledger.waits` holds what a run waits for, and `wake` asks for it to go on; `polyreel up` (and the housekeeping
flow) resumes whatever is due. A run without a deployment can't be suspended: its one pass is all there is.
"""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from prefect.client.orchestration import get_client
from prefect.client.schemas import OrchestrationResult
from prefect.client.schemas.objects import FlowRun, State
from prefect.client.schemas.responses import SetStateStatus
from prefect.exceptions import Pause
from prefect.logging import get_logger
from prefect.states import Suspended

from flows.languages import NO_BALANCE
from polyreel.errors import PolyreelError
from polyreel.job import Job
from polyreel.ledger.entry import Wait
from polyreel.outcome import Outcome, Problem
from tasks.run.connections import books_of_run
from tasks.run.deployed import deployed_run, suspends

log = get_logger("polyreel.suspension")
_LONGEST_MESSAGE = 2000
SUSPENDED, HELD = "Suspended", "Held"
"""What the state is called. Somebody is told of runs that are `Held` (`up --tell`): once, and not after each look."""


@dataclass(frozen=True, slots=True)
class Pass:
    """What came of one pass: the outcome as it is now, and what has to change before another one is worth while."""

    outcome: Outcome
    waits: tuple[Wait, ...] = ()
    has_ended: bool = True
    """Whether what is finished went out; False where the run stopped half-way, to wait for the rest."""
    needs_person: bool = True
    """Whether somebody has to do something before it can go on."""


def waits_for_balance(job: Job, error: PolyreelError) -> Pass:
    """A job that the account can't pay for: a run that may be suspended tries again. Raises any other error."""
    if error.code != NO_BALANCE or not suspends(job):
        raise error
    problem = Problem.of(error)
    wait = Wait(what=problem.message, retries=True)
    return Pass(Outcome(job=job.name, status="held", error=problem), (wait,), has_ended=False)


async def run_passes(job: str, one_pass: Callable[[], Awaitable[Pass]]) -> Outcome:
    """Pass after pass, suspended in between, until one waits for nothing. Its outcome; here, that of the first one.

    Raises `prefect.exceptions.Pause` where the run is suspended: the process ends, and a later one begins anew.
    """
    run = deployed_run()
    if run is None:
        return (await one_pass()).outcome
    # The ledger is not opened (a second) for a run that never was suspended, and does not want to be.
    # Prefect does not count a resumed run as started anew, but keeps what it was suspended under.
    began_before = run.run_count > 1 or bool(run.empirical_policy.pause_keys)
    waited = began_before and await _begin(run)
    while (done := await one_pass()).waits and await _is_woken(run, job, done):
        waited = await _begin(run)
    if waited or done.waits:
        await _end(run)
    return done.outcome


async def _is_woken(run: FlowRun, job: str, done: Pass) -> bool:
    """Suspend a run until something that it waits for changes, or somebody wakes it: raises `Pause`.

    True when it was woken while it was still at work: it has to look again first. False when the server does not
    suspend it (it is being cancelled): what it waits for stands in its outcome.
    """
    from polyreel.ledger.waits import ask_to_wait, find_waiting

    async with books_of_run() as books:
        before = await find_waiting(books.ledger, str(run.id))
        if not await ask_to_wait(books.ledger, str(run.id), job, done.waits, str(run.deployment_id)):
            return True
    is_news = before is None or _reasons(before.waits) != _reasons(done.waits)
    answer = await set_suspended(run, done.waits, HELD if done.needs_person and is_news else SUSPENDED)
    if answer.status is SetStateStatus.ACCEPT:
        raise Pause(state=answer.state)
    log.warning("The server did not suspend this run: %s", answer.details)
    return False


def _reasons(waits: Sequence[Wait]) -> list[tuple[str, str]]:
    return sorted((wait.key, wait.what) for wait in waits)


async def set_suspended(run: FlowRun, waits: Sequence[Wait], name: str) -> OrchestrationResult[None]:
    """Tell the server that a run is suspended, for as long as it takes."""
    message = "Waits, without a process: " + "; ".join(wait.what for wait in waits)
    # A key of its own for each time: Prefect takes a repeated one for a suspension that was resumed before.
    state: State[None] = Suspended(message=message[:_LONGEST_MESSAGE], pause_key=uuid.uuid4().hex)
    state.name = name
    async with get_client() as client:
        return await client.set_flow_run_state(run.id, state)


async def _begin(run: FlowRun) -> bool:
    from polyreel.ledger.waits import begin_pass

    async with books_of_run() as books:
        await begin_pass(books.ledger, str(run.id))
    return True


async def _end(run: FlowRun) -> None:
    from polyreel.ledger.waits import forget

    async with books_of_run() as books:
        await forget(books.ledger, str(run.id))
