"""Runs that sleep until people have decided: how a review stands, as a row of the ledger that a run can wait for.

The store is what counts: decisions are written there, by whoever, whenever. The row follows it, twice: whoever decides
moves it at once (`announce_decision`), and whoever wakes runs looks at the store every few seconds (`follow_store`), so
that a decision whose author died before the second step is found all the same.
"""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

from polyreel.errors import LedgerError, StoreError
from polyreel.ledger.entry import Entry, State, describe_entry_standing
from polyreel.ledger.ledger import Ledger
from polyreel.ledger.rows import Edit, Filter
from polyreel.review.events import ReviewKey
from polyreel.review.log import ReviewLog
from polyreel.review.state import Review

KIND = "review"
QUIET_S = 30.0
"""Edits of a finished dub let its run go on this long after the last of them: each pass makes the whole reel anew."""
log = logging.getLogger("polyreel.review")


def row_key(key: ReviewKey) -> str:
    """The row that a run waits for."""
    return f"{KIND}-{key.job}~{key.source}-{key.locale}"


def describe_standing(review: Review) -> str:
    """How a review stands, as far as its run cares: another word each time that the run can do something about it.

    Comments, marks, and edits of a script that nobody has approved yet change nothing.
    """
    asking = review.asking()
    if asking is None:
        return "nothing"
    if asking.standing == "waiting":
        return f"{asking.stage} waiting"
    kinds = ("edited",) if asking.standing == "edited" else ("approved", "rejected")
    # The event's number makes it another word each time: a second approval wakes the run too.
    number = max(n for n, each in enumerate(review.events, 1) if each.kind in kinds)
    return f"{asking.stage} {asking.standing} {number}"


def is_settled(review: Review, now: float) -> bool:
    """Whether nobody is in the midst of editing a finished dub. ``now``: seconds since 1970."""
    asking = review.asking()
    if asking is None or asking.standing != "edited":
        return True
    last = max(datetime.fromisoformat(each.at).timestamp() for each in review.events if each.kind == "edited")
    return now - last >= QUIET_S


async def expect_decision(ledger: Ledger, review: Review, what: str) -> tuple[str, str]:
    """A run is about to wait for a decision: the row's key, and how it stands as the run has seen it.

    What was decided since that look is in the row already, and wakes the run at once.
    """
    key = row_key(review.key)
    await ledger.change_all({key: _follow_review(review, what)})
    row = await ledger.get(key)
    if row is not None and row.receipt.get("settling"):
        return key, describe_entry_standing(row)
    return key, f"{State.READY} {describe_standing(review)}"


async def announce_decision(review: Review) -> bool:
    """Something was decided: the run that waits for it goes on. Whether one waits here. Repeatable.

    A ledger that is away loses nothing: what was decided is in the store.
    """
    try:
        async with Ledger() as ledger:
            return await _move_row(ledger, review)
    except LedgerError as error:
        log.warning("The run that waits for this is told a little later: %s", error)
        return False


async def forget_review(ledger: Ledger, review: Review) -> None:
    """Nothing is asked any more: the row goes, and whoever still waits for it has to look again."""
    await ledger.change_all({row_key(review.key): lambda _entry, _now: None})


async def follow_store(ledger: Ledger, reviews: ReviewLog) -> None:
    """Move the row of each review that has changed in the store since. One that can't be read is left as it is."""
    for row in await ledger.select(Filter(kind=KIND)):
        key = ReviewKey.model_validate(row.details)
        try:
            if row.receipt.get("settling") or await reviews.count_events(key) != row.receipt.get("revision"):
                await _move_row(ledger, await reviews.read(key))
        except StoreError as error:
            log.warning("%s: %s", row.note or row.key, error)


async def _move_row(ledger: Ledger, review: Review) -> bool:
    if await ledger.get(row_key(review.key)) is None:
        return False
    await ledger.change_all({row_key(review.key): _follow_review(review, "")})
    return True


def _follow_review(review: Review, what: str) -> Edit:
    """The row as this review has it, unless it knows more events already. Without ``what`` no row is made."""

    def edit(entry: Entry | None, now: float) -> Entry | None:
        if entry is None and not what:
            return None
        row = entry or Entry(key=row_key(review.key), kind=KIND, job=review.key.job, intended_at=now)
        # Looks at the store may arrive out of order; an older one never replaces a newer one.
        if int(row.receipt.get("revision", 0)) > review.revision:
            return row
        settled = is_settled(review, now)
        # In the midst of edits the row keeps the standing that the run has seen, so that half an edit wakes nobody.
        stands = describe_standing(review) if settled else row.receipt.get("standing", "settling")
        receipt = {"standing": stands, "revision": review.revision, **({} if settled else {"settling": True})}
        news: dict[str, Any] = {
            "state": State.READY,
            "locale": review.key.locale,
            "details": review.key.model_dump(),
            "receipt": receipt,
            "note": what or row.note,
        }
        changed = row.model_copy(update=news)
        return row if changed == row else changed.model_copy(update={"updated_at": now})

    return edit
