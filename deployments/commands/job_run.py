"""A job run in this process, for the commands that do: on the server that there is, or on one of its own."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, NoReturn

import click

from deployments.library import add_named, check, names_saved
from deployments.process.ending import INTERRUPTED
from polyreel.errors.together import Faults
from tasks.run.early import begin_early

if TYPE_CHECKING:
    from deployments.server.embedded_server import EmbeddedServer
    from polyreel.job import Job
    from polyreel.outcome import Outcome
    from polyreel.plans import Plan
    from tasks.run.early import Early

EXIT_CODES = {"completed": 0, "failed": 1, "partial": 3, "held": 4}
# 128 and the signal's number, as shells have it for Ctrl-C.
INVALID = 2
# Less than the ten seconds after which `docker stop` sends SIGKILL.
_GOODBYE_S = 4.0
_ANSWER_S = 0.8
"""How long a source is alone on the processor: most answer within it, and one that has nothing needs no server."""


def exit_code(outcome: Outcome) -> int:
    """The program's exit code for an outcome."""
    return EXIT_CODES[outcome.status]


def run_job(
    job: Job, *, quiet: bool = False, verbose: bool = False, before: Callable[[], Awaitable[None]] | None = None
) -> Outcome:
    """Run a job on the user's server, or on one of this run's own. Raises the error of a job that could not begin.

    ``before`` is done as soon as there is a server, before the run begins.
    """
    from deployments.process import environment
    from deployments.server.embedded_server import server_for_this_run
    from polyreel.intake.folders import SETTING

    faults = Faults()
    plan = asyncio.run(_check_job(job, faults))
    if not names_saved(job):
        faults.require_none()  # what can't be run is said at once, before anything is started
    early = None if faults else begin_early(job)
    if early:
        early.wait_for_answer(_ANSWER_S)
    environment.prepare_environment("INFO" if verbose else "CRITICAL")
    os.environ.pop(SETTING, None)  # a run by hand is free
    with _exit_when_stopped(), server_for_this_run(environment.server_address()) as server:
        # Daemons: an import that hangs must not keep a refused job from ending.
        beside = [threading.Thread(target=_import_flow, name="imports", daemon=True)]
        if plan:
            beside.append(threading.Thread(target=_load_models, args=(plan,), name="models", daemon=True))
        for each in beside:
            each.start()  # importing takes as long as the server's start, and leaves a core idle: all at once
        if server:
            _wait_for(server, quiet, early)
        # Of the two only the imports: the models may go on loading while the run begins.
        beside[0].join()
        if early:
            # Asked once more: the answer may have come while the server started.
            early.require_no_refusal()
        if faults:
            asyncio.run(add_named(job, faults))
            faults.require_none()
        try:
            return asyncio.run(_begin_run(job, quiet, before))
        finally:
            # Prefect sends events from a thread: a program that ends
            # at once leaves the server with tasks that run for ever.
            _say_goodbye()


async def _check_job(job: Job, faults: Faults) -> Plan | None:
    from polyreel.store.choice import open_store

    await open_store().check_usable()
    if not job.source.credentials:  # Who opens its sources is on the server, and there is none yet: the run looks.
        with faults.gather():
            return await check(job)
    return None


def _import_flow() -> None:
    from deployments.process.prefect_insides import leave_out_unneeded

    leave_out_unneeded()
    import prefect.flow_engine

    import flows.localise  # noqa: F401 - imported early, on purpose

    # Prefect's handler throws SIGTERM into whatever happens to run; ours cancels the run, and it ends what it started.
    vars(prefect.flow_engine)["capture_sigterm"] = nullcontext


def _load_models(plan: Plan) -> None:
    from tasks.run.models import load_early

    load_early(plan)


def _wait_for(server: EmbeddedServer, quiet: bool, early: Early | None) -> None:
    if not quiet:
        click.echo("starting a Prefect server for this run ...", err=True)
    server.wait_until_ready(early.require_no_refusal if early else None)


def _say_goodbye() -> None:
    """Let the server hear how every task ended, before it (or we) are gone."""
    from prefect.events.worker import EventsWorker

    # Bounded, as a server that is gone never takes the rest.
    EventsWorker.drain_all(timeout=10)


async def _begin_run(job: Job, quiet: bool, before: Callable[[], Awaitable[None]] | None) -> Outcome:
    import httpx
    from prefect.exceptions import PrefectHTTPStatusError

    from deployments.commands.run_display import show_board
    from flows.localise import outcome_of
    from tasks.run.progress import Board, use

    if before:
        await before()
    board = Board()
    use(board)
    try:
        with show_board(board, job, quiet), _interruptible():
            return await outcome_of(job)
    except (httpx.HTTPError, PrefectHTTPStatusError) as error:
        # Prefect's client raises either, by whether an answer came at all.
        return _without_server(board.outcome, error)


def _without_server(outcome: Outcome | None, error: Exception) -> Outcome:
    """The server went away meanwhile: a run that has come to its end by itself has its outcome all the same."""
    from prefect.exceptions import PrefectHTTPStatusError

    from deployments.commands.remote import STRANGER, explain_refusal
    from polyreel.errors import PolyreelError
    from polyreel.machine.files import require_free_disk

    if isinstance(error, PrefectHTTPStatusError) and error.response.status_code in STRANGER:
        raise explain_refusal(error.response) from None
    if outcome is None:
        require_free_disk("go on")  # a server whose database finds no room answers 500 to everything
        raise PolyreelError(
            f"the Prefect server went away ({type(error).__name__})",
            code="server_unreachable",
            where=os.environ["PREFECT_API_URL"],
            remedy="What was finished is kept: run the job again when the server is back, or without PREFECT_API_URL.",
        ) from None
    click.echo("polyreel: the Prefect server went away; it does not know how this ended.", err=True)
    return outcome


class _Stopped(BaseException):
    """A person or the system ended the run."""


@contextmanager
def _exit_when_stopped() -> Iterator[None]:
    """End the program when a stopped run has ended all it started.

    At once, and not by way of the interpreter's own end: that waits for idle threads of Prefect's background loop,
    which after a cancelled run may wait for ever.
    """
    try:
        yield
    except _Stopped:
        _exit_stopped()


def _exit_stopped() -> NoReturn:
    click.echo("polyreel: stopped; what was finished is kept, the next run goes on from there.", err=True)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(INTERRUPTED)


def _leave_soon() -> None:
    """Whatever still computes then, in a thread that hears of no cancelling, ends with us; tools too, by the kernel."""
    timer = threading.Timer(_GOODBYE_S, _exit_stopped)
    timer.daemon = True
    timer.start()


class _interruptible:  # noqa: N801 - reads as a word at its call
    """SIGINT and SIGTERM cancel the run, which ends what it started; a second one ends the program at once."""

    def __enter__(self) -> None:
        self._task = asyncio.current_task()
        self._loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            self._loop.add_signal_handler(number, self._stop)

    def _stop(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._loop.remove_signal_handler(number)
        _leave_soon()
        if self._task:
            self._task.cancel()

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._loop.remove_signal_handler(number)
        if kind is asyncio.CancelledError:
            raise _Stopped
