"""`polyreel up` watches every account at which something is under way, for all runs: those that wait elsewhere, too.

A run that holds its process brings a watcher of its own along; of all that there are for an account, one asks.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from polyreel.dubbing.providers import PROVIDERS
from polyreel.errors import PolyreelError

if TYPE_CHECKING:
    from polyreel.ledger.entry import Entry
    from polyreel.ledger.ledger import Ledger
    from polyreel.ledger.watch import Watchers

log = logging.getLogger("polyreel.watching")
# How soon an account that was bought at for the first time is watched: a dub takes minutes.
EVERY_SECONDS = 5.0
_REST_SECONDS = 120.0
"""How long an account whose credentials can't be used is left alone."""


@dataclass(frozen=True, slots=True)
class Account:
    """An account at which something is under way, and the saved credentials that open it."""

    name: str
    provider: str
    credentials: str


async def watch_accounts(every: float = EVERY_SECONDS) -> None:
    """Watch until cancelled."""
    from polyreel.ledger.ledger import Ledger
    from polyreel.ledger.watch import Watchers

    watching: dict[Account, asyncio.Task[None]] = {}
    async with Ledger() as ledger:
        watchers = Watchers(ledger)
        try:
            while True:
                with contextlib.suppress(PolyreelError):  # a ledger that is away for a moment
                    await _keep_up(watching, await accounts_under_way(ledger), watchers)
                await asyncio.sleep(every)
        finally:
            for task in watching.values():
                task.cancel()
            await asyncio.gather(*watching.values(), return_exceptions=True)


async def accounts_under_way(ledger: Ledger) -> set[Account]:
    """The accounts that can be watched: bought with saved credentials, at a provider that has an observer."""
    from polyreel.ledger.entry import UNDER_WAY
    from polyreel.ledger.rows import Filter

    rows = await ledger.select(Filter(states=UNDER_WAY))
    return {_make_account(row) for row in rows if row.credentials and _is_watched(row)}


def _make_account(row: Entry) -> Account:
    return Account(row.account, row.provider, row.credentials)


def _is_watched(row: Entry) -> bool:
    return row.provider in PROVIDERS and PROVIDERS[row.provider].observe is not None


async def _keep_up(watching: dict[Account, asyncio.Task[None]], wanted: set[Account], watchers: Watchers) -> None:
    for account in [each for each, task in watching.items() if task.done()]:
        # A defect: told in the log, and tried again.
        log.error("the watcher of %s ended", account.name, exc_info=watching.pop(account).exception())
    for account in wanted - watching.keys():
        watching[account] = asyncio.create_task(_watch_account(account, watchers))
    for account in watching.keys() - wanted:
        # Nothing is under way there any more: what is watched is asked for, and vendors count calls.
        watching.pop(account).cancel()


async def _watch_account(account: Account, watchers: Watchers) -> None:
    """Watch one account; after trouble (credentials gone, a key refused) try again later."""
    while True:
        try:
            async with AsyncExitStack() as stack:
                observer = await _open_observer(account, stack)
                watcher = await stack.enter_async_context(watchers.watch(account.name, observer))
                log.info("watching %s", account.name)
                await watcher.wait_until_refused()
        except PolyreelError as error:
            log.warning("%s is not watched: %s", account.name, error)
        await asyncio.sleep(_REST_SECONDS)


async def _open_observer(account: Account, stack: AsyncExitStack) -> Any:
    from blocks.credentials import load_credentials
    from polyreel.errors import InvalidJob

    provider = PROVIDERS[account.provider]
    assert provider.observe is not None  # noqa: S101 - `_is_watched` has seen to it
    block: Any = await load_credentials(provider.block or "", account.credentials)
    # Asking another account for what was bought in this one, it would all look as if it had been deleted.
    if block.account != account.name:
        raise InvalidJob(
            f"the saved credentials '{account.credentials}' open another account now",
            where=account.provider,
            remedy="Save those of the old account under a name of their own until what was bought there is collected.",
        )
    return provider.observe(await stack.enter_async_context(block.get_client()))
