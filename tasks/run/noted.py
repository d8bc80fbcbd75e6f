"""What the store remembers of purchases: whom a language was given to, and the ledger's row of what was bought.

What was bought stands in the ledger. Where that was lost, or is another one, though the store is still there, its rows
are written into it again: what it does not know would be bought once more, or waited for in vain.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from prefect.logging import get_logger
from prefect.runtime import flow_run
from pydantic import ValidationError

from polyreel.dubbing.port import DubRequest, Receipt
from polyreel.dubbing.providers import provider_of
from polyreel.dubbing.submission import describe_purchase
from polyreel.ledger.entry import Entry, Subject
from polyreel.ledger.entry import Receipt as Bought
from polyreel.plans import LanguagePlan, Plan
from polyreel.store.choice import open_store
from tasks.run.choice import describe_choice, key_of_choice
from tasks.run.connections import books_of_run

if TYPE_CHECKING:  # SQLAlchemy takes longer to import than many runs take to begin
    from polyreel.ledger.ledger import Ledger
    from polyreel.ledger.rows import Edit

log = get_logger("polyreel.noted")
_CHOICE, _ROW = "choice", "row"


def subject_of(language: LanguagePlan) -> Subject:
    """What the ledger's row of a language's purchase says of it."""
    return Subject(
        kind="dub",
        job=language.job.name,
        provider=provider_of(language.dubbing).name,
        account=language.way.identity,
        credentials=language.dubbing.credentials or "",
        run_id=str(flow_run.get_id() or ""),
        # In the intent itself: whoever finds the purchase knows why it was made there, with this store or another.
        details=describe_choice(language),
    )


async def note_choice(language: LanguagePlan) -> None:
    """Write down, before it is paid, who dubs a language that its first choice could not."""
    # The first choice needs no note: every run begins with it.
    if language.choice and provider_of(language.dubbing).charges:
        await _save_note(language, {**await _load_note(language), _CHOICE: language.choice})


async def load_choice(language: LanguagePlan) -> int:
    """Who was noted to dub a language; where nothing is noted, who does by its plan."""
    return int((await _load_note(language)).get(_CHOICE, language.choice))


async def note_purchase(language: LanguagePlan, request: DubRequest, receipt: Receipt) -> None:
    """Write down the ledger's row of what was bought; one that the ledger lacks is written there again."""
    if not _has_row(language):
        return
    async with books_of_run() as books:
        row = await books.ledger.get(receipt.key)
        if row is None:
            # Bought before there were notes of rows: the receipt was kept all the same, as the result of its stage.
            row = await _restore_row(books.ledger, receipt.key, receipt.id, _make_edit(language, request, receipt))
    if row is not None and row.vendor_id:
        note = await _load_note(language)
        told = {_CHOICE: language.choice, _ROW: row.model_dump(mode="json")}
        # Once for a purchase: a job that is done is run again and again.
        if note.get(_CHOICE) != language.choice or note.get(_ROW, {}).get("vendor_id") != row.vendor_id:
            await _save_note(language, told)


async def restore_purchases(plan: Plan) -> None:
    """Write into the ledger what the store remembers to have been bought of a job, where the ledger knows nothing."""
    from polyreel.ledger import steps

    for language in plan.runnable():
        if row := _read_row(await _load_note(language)):
            async with books_of_run() as books:
                await _restore_row(books.ledger, row.key, row.vendor_id, steps.copy_as(row.key, row))


async def _restore_row(ledger: Ledger, key: str, vendor_id: str, edit: Edit) -> Entry | None:
    """The row as the ledger has it now; None where a person has settled it away."""
    if there := await ledger.get(key):
        return there
    if await ledger.get(f"{key}~{vendor_id}"):
        return None
    await ledger.change_all({key: edit})
    if row := await ledger.get(key):
        lost = (
            "The ledger did not know what was bought at %s for %s (%s): it is written there again, and bought no more."
        )
        log.warning(lost, row.provider, row.locale, row.vendor_id)
    return row


def _make_edit(language: LanguagePlan, request: DubRequest, receipt: Receipt) -> Edit:
    from polyreel.ledger import steps

    subject = subject_of(language)
    about = {"what": request.title, "locale": receipt.locale, "minutes": receipt.minutes}
    subject = subject.model_copy(update={**about, "details": subject.details | describe_purchase(request)})
    return steps.record_receipt(receipt.key, subject, Bought(id=receipt.id, details=receipt.details))


def _has_row(language: LanguagePlan) -> bool:
    """Whether what is bought of its provider is waited for in the ledger."""
    return provider_of(language.dubbing).observe is not None


def _read_row(note: dict[str, Any]) -> Entry | None:
    try:
        return Entry.model_validate(note[_ROW])
    except (KeyError, ValidationError):
        return None


async def _load_note(language: LanguagePlan) -> dict[str, Any]:
    return await asyncio.to_thread(open_store().load_record, key_of_choice(language)) or {}


async def _save_note(language: LanguagePlan, note: dict[str, Any]) -> None:
    await asyncio.to_thread(open_store().save_record, key_of_choice(language), note)
