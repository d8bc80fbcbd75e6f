"""Chores over the accounts that the ledger's rows name: left-overs, retention, and a look at what is under way."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from prefect.logging import get_logger

from polyreel.dubbing.providers import PROVIDERS
from polyreel.errors import InvalidJob, PolyreelError
from polyreel.machine import home
from polyreel.store.choice import open_store
from tasks.run.connections import books_of_run, client_of, load_saved

if TYPE_CHECKING:
    from polyreel.ledger.entry import Entry
    from polyreel.upkeep import Chore, Rules

log = get_logger("polyreel.housekeeping")


async def tidy(rules: Rules) -> tuple[Chore, ...]:
    """Every chore, done or not (`polyreel.upkeep`)."""
    from polyreel.upkeep import Upkeep, drop_dead_links

    async with books_of_run() as books:
        done = await Upkeep(books.ledger, open_account, rules, _is_kept).tidy()
    return (*done, *drop_dead_links(home.delivered_dir()))


async def list_chores(rules: Rules) -> tuple[Chore, ...]:
    """What `tidy` would do, and nothing of it done; and the runs that would be woken."""
    from polyreel.ledger.waits import list_due
    from polyreel.upkeep import DryRun, list_dead_links, make_run_chore, plan_chore

    async with books_of_run() as books:
        due = [plan_chore(make_run_chore(run)) for run in await list_due(books.ledger)]
        found = await DryRun(books.ledger, open_account, rules, _is_kept).tidy()
    return (*due, *found, *list_dead_links(home.delivered_dir()))


async def _is_kept(key: str) -> bool:
    from polyreel.dubbing.vendor_results import is_kept

    return await is_kept(key, open_store())


@asynccontextmanager
async def open_account(vendor: str, row: Entry) -> AsyncIterator[Any]:
    """An open client of the account that a row names. Raises `InvalidJob` where its credentials open another one."""
    if not row.credentials:
        raise InvalidJob(
            "this row names no saved credentials", where=row.key, remedy=f"Look at {row.vendor_id} at {row.provider}."
        )
    block: Any = await load_saved(vendor, row.credentials)
    # Another account knows nothing of this row's id, and would make it look lost.
    if row.account and block.account != row.account:
        raise InvalidJob(
            f"the saved credentials '{row.credentials}' open another account now",
            where=row.provider,
            remedy="Save those of the old account under that name until nothing of it is left.",
        )
    async with client_of(vendor, row.credentials) as client:
        yield client


async def look_at_accounts() -> int:
    """Look once at everything that is under way, for servers that no `polyreel up` watches for; how many rows."""
    from polyreel.ledger.entry import UNDER_WAY
    from polyreel.ledger.rows import Filter

    async with books_of_run() as books:
        # One client per account: twenty languages at one vendor share its rate limit.
        by_account: dict[str, list[Entry]] = defaultdict(list)
        for row in await books.ledger.select(Filter(states=UNDER_WAY)):
            # A row of a plug-in that is gone, or of the environment's account, has nobody to ask.
            if row.credentials and row.provider in PROVIDERS:
                by_account[row.account].append(row)
        for rows in by_account.values():
            await _look(books, rows)
    return sum(map(len, by_account.values()))


async def _look(books: Any, rows: list[Entry]) -> None:
    provider = PROVIDERS[rows[0].provider]
    if provider.observe is None:
        return
    try:
        async with (
            open_account(provider.block or "", rows[0]) as client,
            books.watchers.watch(rows[0].account, provider.observe(client)) as watcher,
        ):
            await watcher.look(rows)
    except PolyreelError as error:
        # One account that is away keeps no other from being looked at.
        log.warning("%s was not looked at: %s", rows[0].account, error)
