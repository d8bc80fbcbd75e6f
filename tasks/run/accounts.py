"""The vendors' accounts of a job: their names for keys, where its media waits for them, and what is removed after."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from prefect.logging import get_logger

from polyreel.delivery.places import PLACES
from polyreel.dubbing.providers import provider_of
from polyreel.errors import PolyreelError
from polyreel.errors.together import Faults
from polyreel.job import Job
from polyreel.ledger.entry import Subject
from polyreel.outcome import Problem
from polyreel.planning.ways import account_key
from tasks.run.connections import OBJECT_STORE, SIGNING, account_of, books_of_run, client_of, load_saved
from tasks.run.looks import list_places

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
    """See that there are credentials under every name that a job gives.

    Raises `InvalidJob` (``unknown_credentials``), all of them at once, before hours of work or money go into what can't
    be delivered.
    """
    faults = Faults()
    for block, name in sorted(set(list_saved_names(job))):
        with faults.gather():
            await load_saved(block, name)
    faults.require_none()


async def list_changed_accounts(job: Job) -> tuple[str, ...]:
    """What is to be said of saved credentials that are of another account than when they were last used, if any.

    A key may be changed in Prefect's own pages, where nothing says what that means: the ledger knows an account by its
    key at some vendors, and what was bought with the old one would be bought again.
    """
    names = sorted(set(list_saved_names(job)))
    if not names:
        return ()
    from blocks.credentials import explain_other_account
    from polyreel.ledger.rows import Filter

    found = []
    async with books_of_run() as books:
        for block, name in names:
            rows = [each for each in await books.ledger.select(Filter(provider=block)) if each.credentials == name]
            known = [each.account for each in rows if each.account]
            # The oldest come first: what was used last is how the ledger knows them now.
            told = explain_other_account(block, known[-1], await account_of(block, name)) if known else ""
            found += [f"{block}/{name} was changed since it was last used. {told}"] if told else []
    return tuple(found)


def list_saved_names(job: Job) -> list[tuple[str, str]]:
    """Block and name of all the saved credentials that a job names."""
    from polyreel.dubbing.translation import BLOCKS

    source, signed, drafted = job.source, job.provenance, job.translation
    # Where every target has its script, the translator is named and never asked.
    drafts = drafted is not None and any(target.subtitles is None for target in job.targets)
    asked = [
        *((provider_of(each).block, each.credentials) for each in (job.dubbing, *job.fallback)),
        *((block, name) for block, name, _ in list_places(job)),
        (source.vendor or OBJECT_STORE, source.credentials),
        (SIGNING, signed.credentials if signed else None),
        (BLOCKS.get(drafted.provider), drafted.credentials) if drafted and drafts else (None, None),
    ]
    return [(block, name) for block, name in asked if block and name]


@asynccontextmanager
async def staging_of(job: Job, ledger: Ledger, purpose: str = "") -> AsyncIterator[StagedFiles | None]:
    """Where the job's media waits for vendors that fetch by URL; None where the job names no such place.

    ``purpose`` is as `StagedFiles` has it; empty for dubbers.
    """
    if job.staging is None:
        yield None
        return
    from polyreel.dubbing.staging import StagedFiles
    from polyreel.dubbing.staging_places import staging_place_of

    block, name = PLACES[job.staging.to].block or "", job.staging.credentials
    # The environment's credentials have no name of their own, and rows need one to be found by.
    account = await account_of(block, name) if name else f"{job.staging.to} by the environment's credentials"
    subject = Subject(kind="staged", job=job.name, provider=job.staging.to, account=account, credentials=name or "")
    async with client_of(block, name) as client:
        yield StagedFiles(staging_place_of(job.staging, client), ledger, subject, purpose)


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
