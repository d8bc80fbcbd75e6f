"""What a purchase's row says of who was asked for a language, and among whom: whoever finds it knows where to stay."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from polyreel.dubbing.submission import describe_reel
from polyreel.keys import stage_key
from polyreel.plans import LanguagePlan

if TYPE_CHECKING:
    from polyreel.ledger.entry import Entry

ASKED_AS, CHOICE = "asked_as", "choice"
"""In a row's details: `key_of_choice`, the job's providers in their order as they were when it was made; and which of
those it was bought from, as `LanguagePlan` counts."""


def describe_choice(language: LanguagePlan) -> dict[str, Any]:
    """The details of a purchase that is about to be made."""
    return {ASKED_AS: key_of_choice(language), CHOICE: language.choice}


def may_be_of_choice(row: Entry, language: LanguagePlan) -> bool:
    """Whether a row may be of this choice of the job's: two of them may be one account, asked by other options.

    What one of them was paid for, taken for the other's, would be bought there as well. Rows of before say nothing.
    """
    told = row.details.get(CHOICE, language.choice)
    return bool(told == language.choice or row.details.get(ASKED_AS) != key_of_choice(language))


def key_of_choice(language: LanguagePlan) -> str:
    """By who is asked, in this order: a job that names others, or the same in another order, begins anew."""
    job = language.job
    ways = [each.model_dump(mode="json") for each in (job.dubbing, *job.fallback)]
    return stage_key("choice", 1, job=job.name, locale=language.locale, ways=ways, reel=_describe_reel(language))


def select_own_rows(rows: Iterable[Entry], language: LanguagePlan) -> list[Entry]:
    """Those of a language, of just its reel."""
    reel = _describe_reel(language)
    return [row for row in rows if row.locale == language.locale and reel.items() <= row.details.items()]


def _describe_reel(language: LanguagePlan) -> dict[str, Any]:
    trim = language.job.trim
    source = language.source.sha256 if language.source else ""
    return describe_reel(source, (trim.start, trim.end) if trim else (None, None))
