"""A dub that a person has settled away is bought anew: what was kept of its first purchase stands in nobody's way."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from polyreel.keys import stage_key
from polyreel.planning.quote import describe_order
from polyreel.plans import VERSIONS, LanguagePlan
from polyreel.store.results import fetch_result
from tasks.run import results
from tasks.run.choice import select_own_rows
from tasks.run.connections import books_of_run

if TYPE_CHECKING:
    from polyreel.ledger.entry import Entry

_BEFORE = frozenset({"translate", "script", "picture"})
"""Stages that no purchase is needed for."""


async def leave_settled_behind(language: LanguagePlan) -> LanguagePlan:
    """The language; from the purchase on its stages have keys of their own, where an earlier one was settled away.

    The receipt of that one is kept as the result of a stage: the run would wait for what the ledger knows nothing of.
    What was collected stays, whatever became of its purchase.
    """
    if language.way.works_here or await _is_collected(language):
        return language
    settled = sorted(row.vendor_id for row in await _list_settled_away(language))
    if not settled:
        return language
    await fetch_result(language.stage_keys["collect"])
    if await _is_collected(language):
        return language
    keys = {
        stage: stage_key(stage, VERSIONS[stage], plan=key, settled=settled)
        for stage, key in language.stage_keys.items()
        if stage not in _BEFORE
    }
    return language.model_copy(update={"stage_keys": {**language.stage_keys, **keys}})


async def _is_collected(language: LanguagePlan) -> bool:
    return await asyncio.to_thread(results.is_done, language.stage_keys["collect"])


async def _list_settled_away(language: LanguagePlan) -> list[Entry]:
    """Purchases of just this dub that are kept aside: they failed, or are gone at the vendor (`Ledger.set_aside`)."""
    from polyreel.ledger.entry import State
    from polyreel.ledger.rows import Filter

    over = frozenset({State.FAILED, State.FORGOTTEN})
    async with books_of_run() as books:
        rows = await books.ledger.select(Filter(kind="dub", account=language.way.identity, states=over))
    mine = [row for row in select_own_rows(rows, language) if row.is_set_aside]
    order = await asyncio.to_thread(describe_order, language) if mine else ""
    return [row for row in mine if row.details.get("order") in (None, order)]
