"""The vendors' accounts of a job: their names for keys, where its media waits for them, and what is removed after."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from prefect.logging import get_logger

from polyreel.delivery.places import PLACES
from polyreel.dubbing.providers import provider_of
from polyreel.errors import PolyreelError, VendorError
from polyreel.job import Job
from polyreel.ledger.entry import Subject
from polyreel.outcome import Problem
from polyreel.planning.ways import account_key
from polyreel.vendors.errors import Unauthorized
from tasks.run.connections import account_of, books_of_run, client_of, load_saved

if TYPE_CHECKING:
    from polyreel.dubbing.staging import StagedFiles
    from polyreel.ledger.ledger import Ledger

log = get_logger("polyreel.accounts")


async def accounts_of(job: Job) -> dict[str, str]:
    """The names of every account that a job may dub with, by `account_key`. Raises `InvalidJob`."""
    found = {}
    for options in (job.dubbing, *job.fallback):
        provider = provider_of(options)
        if provider.block is None or options.credentials is None:
            continue
        found[account_key(provider, options)] = await account_of(provider.block, options.credentials)
    return found


async def require_saved(job: Job) -> None:
    """See that there are credentials under every name that a job gives for its deliveries and its staging.

    Raises `InvalidJob` (``unknown_credentials``), before hours of work or money go into what can't be delivered.
    """
    for block, name, _ in _places_of(job):
        if name:
            await load_saved(block, name)


async def require_open(job: Job) -> None:
    """See that the accounts that a job delivers to, and is staged at, take their keys, and have what the job names.

    Asked before something is bought. One that is away for a moment is left to the delivery, which tries again. Raises
    `VendorError` (``vendor_unauthorized``) and `InvalidJob`.
    """
    for block, name, options in _places_of(job):
        require = PLACES[options.to].require
        try:
            if require:
                async with client_of(block, name) as client:
                    await require(options, client)
            if name:
                await (await load_saved(block, name)).check()
        except Unauthorized:
            raise
        except VendorError as error:
            log.info("%s was not looked at before: %s", options.to, error)


def _places_of(job: Job) -> list[tuple[str, str | None, Any]]:
    """Block, its saved name (None: the environment's) and options of each delivery and of staging; each once."""
    found: dict[tuple[str, str | None, str], Any] = {}
    for each in (*job.delivery, *([job.staging] if job.staging else [])):
        block = PLACES[each.to].block if each.to in PLACES else None
        if block:
            found.setdefault((block, getattr(each, "credentials", None), each.model_dump_json()), each)
    return [(block, name, options) for (block, name, _), options in found.items()]


@asynccontextmanager
async def staging_of(job: Job, ledger: Ledger, purpose: str = "") -> AsyncIterator[StagedFiles | None]:
    """Where the job's media waits for vendors that fetch by URL; None where the job names no such place.

    ``purpose`` is as `StagedFiles` has it; empty for dubbers.
    """
    if job.staging is None:
        yield None
        return
    from polyreel.dubbing.staging import StagedFiles, shelf_of

    block, name = PLACES[job.staging.to].block or "", job.staging.credentials
    account = await account_of(block, name) if name else f"{job.staging.to} by the environment's credentials"
    subject = Subject(kind="staged", job=job.name, provider=job.staging.to, account=account, credentials=name or "")
    async with client_of(block, name) as client:
        yield StagedFiles(shelf_of(job.staging, client), ledger, subject, purpose)


async def clear_staging(job: Job) -> tuple[str, ...]:
    """Remove what was staged, once no vendor has to fetch it any more; a note for people where that fails."""
    if job.staging is None:
        return ()
    try:
        async with books_of_run() as books, staging_of(job, books.ledger) as staging:
            if staging:
                await staging.clear()
    except PolyreelError as error:
        log.warning("Staged files were not removed: %s", error)
        return (f"What was staged is still there, and the next run removes it: {Problem.of(error)}",)
    return ()
