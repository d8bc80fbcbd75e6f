"""polyreel as a library: what `polyreel.run` and `polyreel.plan` reach by the package's entry points.

The program that calls may have a flow of its own under way, or have imported Prefect with settings of its own. Then
those stand: a job is a subflow there, on that server. Else it gets what `polyreel run` gets.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from deployments.process import environment
from deployments.server.embedded_server import server_for_this_run
from polyreel.errors.together import Faults
from polyreel.job import Job
from polyreel.outcome import Outcome

if TYPE_CHECKING:
    from polyreel.plans import Plan


async def run_job(job: Job) -> Outcome:
    """Run a job in this process. Raises the error of a job that could not begin; anything later is in the outcome."""
    faults = await find_faults(job)
    # Without saved credentials nothing more can be found out: no server has to be started for that.
    if faults and not names_saved(job):
        faults.require_none()
    async with _find_or_start_server():
        if faults:
            await add_named(job, faults)
            faults.require_none()
        from flows.localise import outcome_of

        return await outcome_of(job)


async def look_at_job(job: Job, *, offline: bool = False) -> dict[str, Any]:
    """What `polyreel plan --json` prints of a job. Raises `InvalidJob`, with all that is wrong.

    What it names at vendors is looked at too, by calls that cost and change nothing, unless ``offline``.
    """
    faults = await find_faults(job)
    if not names_saved(job):
        faults.require_none()
        return await _preview_job(job, offline=offline)
    async with _find_or_start_server():
        notes = await add_named(job, faults, offline=offline)
        faults.require_none()
        found = await _preview_job(job, offline=offline)
        return {**found, "notes": [*found["notes"], *notes]}


async def find_faults(job: Job) -> Faults:
    """What can be told of a job without a server: nothing where only saved credentials know the way to its files."""
    faults = Faults()
    # Only a server knows them, and to ask it for a plan's sake costs seconds.
    if not job.source.credentials:
        with faults.gather():
            await check(job)
    return faults


async def check(job: Job) -> Plan:
    """Read and check a job's own files, as far as that goes without saved credentials. Raises `InvalidJob`."""
    from polyreel.planning.prepare import prepare
    from polyreel.store.choice import open_store

    store = open_store()
    await store.check_usable()
    return await prepare(job, store)


async def add_named(job: Job, faults: Faults, *, offline: bool = False) -> tuple[str, ...]:
    """Add what is wrong with what a job names: on the server (credentials), and at vendors. Notes of what is not known.

    Asks the server, and the vendors unless ``offline``.
    """
    from tasks.run.accounts import list_changed_accounts, require_saved
    from tasks.run.connections import clients_open
    from tasks.run.looks import list_looks, look_at_vendors

    changed: tuple[str, ...] = ()
    with faults.gather():
        await require_saved(job)
        changed = await list_changed_accounts(job)
    if offline:
        named = ", ".join(list_looks(job))
        return (*changed, *((f"Not looked at (--offline): {named}.",) if named else ()))
    async with clients_open():
        seen = await look_at_vendors(job, source=True)
    faults.add(*seen.faults)
    return (*changed, *seen.notes)


async def _preview_job(job: Job, *, offline: bool) -> dict[str, Any]:
    from polyreel.objects.connection import Connection
    from polyreel.planning.prepare import prepare
    from polyreel.planning.preview import AskForQuote, Choose, look_ahead
    from polyreel.store.choice import open_store
    from tasks.run.results import load_result

    # Loading a signer tries its key: that belongs to a plan, not to the end of a film.
    if job.provenance:
        from tasks.sign import require_signer

        await require_signer(job)
    connection: Connection | None = None
    ask: AskForQuote | None = None
    choose: Choose | None = None
    accounts: dict[str, str] = {}
    if job.source.credentials:
        from tasks.run.connections import connection_of

        connection = await connection_of(job)
    if _is_charged(job):
        from tasks import paid
        from tasks.run.accounts import accounts_of

        ask, choose = partial(paid.quote_job, ask=not offline), paid.stay_where_paid
        accounts = await accounts_of(job)
    store = open_store()
    plan = await prepare(job, store, connection, accounts)
    if names_saved(job) and any(each.needs_draft for each in plan.languages):
        from tasks.script import require_translator

        await require_translator(job)
    return await look_ahead(plan, store, load_result, ask, choose)


def names_saved(job: Job) -> bool:
    """Whether it dubs, fetches, delivers, stages, signs or drafts with saved credentials: only the server has them."""
    named = (job.dubbing, *job.fallback, job.source, *job.delivery, job.staging, job.provenance, job.translation)
    return any(getattr(each, "credentials", None) for each in named)


def _is_charged(job: Job) -> bool:
    from polyreel.dubbing.providers import provider_of

    # One of `fallback` counts too: it may be the one that is paid.
    return any(provider_of(each).charges for each in (job.dubbing, *job.fallback))


@asynccontextmanager
async def _find_or_start_server() -> AsyncIterator[None]:
    """A server to run on: that of the flow around, else the user's, else one of this call's own."""
    if _is_in_a_flow():
        yield
        return
    with _environment_restored():
        if "prefect" not in sys.modules:
            environment.prepare_environment()  # Prefect reads the environment once, when it is imported.
        with server_for_this_run(environment.server_address()) as server:
            if server:
                await asyncio.to_thread(server.wait_until_ready)
            with _on_server(os.environ["PREFECT_API_URL"]):
                yield


def _is_in_a_flow() -> bool:
    if "prefect" not in sys.modules:
        return False
    from prefect.context import FlowRunContext

    return FlowRunContext.get() is not None


@contextmanager
def _on_server(address: str) -> Iterator[None]:
    from prefect.settings import PREFECT_API_URL, temporary_settings

    # The program may have imported Prefect long ago: its settings don't look at the environment again.
    with temporary_settings({PREFECT_API_URL: address}):
        yield


@contextmanager
def _environment_restored() -> Iterator[None]:
    before = dict(os.environ)
    try:
        yield
    finally:
        # The program is somebody else's: what Prefect was told for this job must not steer the flows of its own.
        os.environ.clear()
        os.environ.update(before)
