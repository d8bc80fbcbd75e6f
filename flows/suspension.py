"""A run that only waits holds no process: it is suspended between two whole passes, and woken by Prefect's resume.

    async def one_pass() -> Pass:                # every stage; what is done already is taken from where it is kept
        ...
        return Pass(outcome, waits)              # waits: what it could not go on without; none, and it is over

    outcome = await run_passes(job.name, one_pass)

`polyreel.ledger.waits` holds what a run waits for, and `wake` asks for it to go on; `polyreel up` (and the housekeeping
flow) resumes whatever is due. A run without a deployment can't be suspended: its one pass is all there is.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx
from prefect.client.orchestration import get_client
from prefect.client.schemas import OrchestrationResult
from prefect.client.schemas.objects import FlowRun, State
from prefect.client.schemas.responses import SetStateStatus, StateAcceptDetails
from prefect.exceptions import Pause
from prefect.logging import get_logger
from prefect.states import Suspended

from flows.languages import NO_BALANCE
from polyreel.errors import PolyreelError
from polyreel.job import Job
from polyreel.ledger.entry import Wait
from polyreel.outcome import Outcome, Problem
from tasks.run.connections import books_of_run
from tasks.run.deployed import find_deployed_run, suspends

if TYPE_CHECKING:
    from prefect.input import Keyset

    from flows.review_form import Entered, Form
    from polyreel.ledger.ledger import Ledger

log = get_logger("polyreel.suspension")
# Two hundred languages may wait, each with a sentence; the UI shows the message on one line.
_LONGEST_MESSAGE = 2000
# Four minutes together: a server that is moved or updated is back by then.
_PAUSES_S = (1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 60.0, 60.0)
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
    run = find_deployed_run()
    if run is None:
        return (await one_pass()).outcome
    # The ledger is not opened (a second) for a run that never was suspended, and does not want to be.
    # Prefect does not count a resumed run as started anew, but keeps what it was suspended under.
    began_before = run.run_count > 1 or bool(run.empirical_policy.pause_keys)
    entered = await _take_answer(run) if began_before else None
    # Before anything is read: what changes while this pass is at work then counts as news, and wakes it again.
    waited = began_before and await _begin(run)
    while (done := await one_pass()).waits and await _is_woken(run, job, done, entered):
        waited = await _begin(run)
    if waited or done.waits:
        await _end(run)
    return _with_faults(done.outcome, entered)


async def _take_answer(run: FlowRun) -> Entered | None:
    """What was entered when the run was resumed counts before anything else is looked at.

    Before the run is noted as being at work, too: one that dies here is begun again for what was decided.
    """
    from polyreel.ledger.waits import find_waiting

    async with books_of_run() as books:
        waiting = await find_waiting(books.ledger, str(run.id))
        if waiting is None or not waiting.form:
            return None
        # Here, and not above: runs that never wait for a person need nothing of it.
        from flows.review_form import take_answer

        return await take_answer(run.id, waiting, books.ledger)


def _with_faults(outcome: Outcome, entered: Entered | None) -> Outcome:
    """A run that goes on says at its end what of an answer did not count: there is no form any more to say it."""
    notes = (
        [f"What was entered when the run was resumed did not count: {each}" for each in entered.faults]
        if entered
        else []
    )
    return outcome.model_copy(update={"notes": (*outcome.notes, *notes)}) if notes else outcome


async def _is_woken(run: FlowRun, job: str, done: Pass, entered: Entered | None) -> bool:
    """Suspend a run until something that it waits for changes, or somebody wakes it: raises `Pause`.

    True when it was woken while it was still at work: it has to look again first. False when the server does not
    suspend it (it is being cancelled): what it waits for stands in its outcome.
    """
    from polyreel.ledger.waits import ask_to_wait, find_waiting

    async with books_of_run() as books:
        before = await find_waiting(books.ledger, str(run.id))
        form = await _save_form(run, books.ledger, done.waits, entered)
        kept = form.model_dump() if form else None
        if not await ask_to_wait(books.ledger, str(run.id), job, done.waits, str(run.deployment_id), kept):
            return True
    is_news = (
        before is None or _list_reasons(before.waits) != _list_reasons(done.waits) or bool(entered and entered.faults)
    )
    # People are told of a state's name: the same reasons again would be the same letter again.
    name = HELD if done.needs_person and is_news else SUSPENDED
    answer = await set_suspended(run, done.waits, name, form.keyset if form else None)
    if answer.status is SetStateStatus.ACCEPT:
        raise Pause(state=answer.state)
    log.warning("The server did not suspend this run: %s", answer.details)
    return False


def _list_reasons(waits: Sequence[Wait]) -> list[tuple[str, str]]:
    return sorted((wait.key, wait.what) for wait in waits)


async def _save_form(run: FlowRun, ledger: Ledger, waits: Sequence[Wait], entered: Entered | None) -> Form | None:
    """The form to resume with, where a person decides; with what was wrong with the last answer."""
    if not any(wait.for_person for wait in waits):
        return None
    from flows.review_form import Entered, save_form

    return await save_form(run.id, ledger, waits, entered or Entered())


async def set_suspended(
    run: FlowRun, waits: Sequence[Wait], name: str, keyset: Keyset | None = None
) -> OrchestrationResult[None]:
    """Tell the server that a run is suspended, for as long as it takes. ``keyset``: of the form to resume it with.

    What the run waits for is noted by now, so a server that is away for a while is waited for: the run would fail, and
    be forgotten. Raises `httpx.HTTPError` where it stays away, or says that the call itself is wrong.
    """
    message = "Waits, without a process: " + "; ".join(wait.what for wait in waits)
    # A key of its own for each time: Prefect takes a repeated one for a suspension that was resumed before.
    key = uuid.uuid4().hex
    state: State[None] = Suspended(message=message[:_LONGEST_MESSAGE], pause_key=key)
    state.name = name
    # Prefect checks what a run is resumed with against the schema that this names, and its UI draws the form from it.
    state.state_details.run_input_keyset = {str(each): at for each, at in keyset.items()} if keyset else None
    for pause_s in _PAUSES_S:
        try:
            return await _propose(run, state, key)
        except httpx.HTTPError as error:
            if isinstance(error, httpx.HTTPStatusError) and error.response.status_code < 500:
                raise
            log.warning("The server could not be told that this run is suspended (%s); trying again.", error)
        await asyncio.sleep(pause_s)
    return await _propose(run, state, key)


async def _propose(run: FlowRun, state: State[None], key: str) -> OrchestrationResult[None]:
    async with get_client() as client:
        answer = await client.set_flow_run_state(run.id, state)
        if answer.status is SetStateStatus.ACCEPT:
            return answer
        # Where an answer is lost, Prefect's client asks again by itself, and the server refuses to suspend a run that
        # is suspended, or was woken since. The run's own record says that it took this suspension.
        if key in ((await client.read_flow_run(run.id)).empirical_policy.pause_keys or ()):
            return OrchestrationResult(state=state, status=SetStateStatus.ACCEPT, details=StateAcceptDetails())
        return answer


async def _begin(run: FlowRun) -> bool:
    from polyreel.ledger.waits import begin_pass

    async with books_of_run() as books:
        await begin_pass(books.ledger, str(run.id))
    return True


async def _end(run: FlowRun) -> None:
    from polyreel.ledger.waits import forget_run

    async with books_of_run() as books:
        await forget_run(books.ledger, str(run.id))
