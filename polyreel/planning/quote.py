"""What a job's dubs will cost, before anything is spent: minutes by each vendor's rule, less what was bought before.

Whoever calls has asked the ledger for the rows and the vendors for their balances.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

from pydantic import Field

from polyreel.dubbing.providers import provider_of
from polyreel.dubbing.submission import describe_reel, digest_words
from polyreel.errors import InvalidJob
from polyreel.errors.wording import spell_count
from polyreel.keys import stage_key
from polyreel.ledger.entry import Entry
from polyreel.outcome import Value
from polyreel.plans import LanguagePlan, Plan


class Offer(Value):
    """One language, as one provider would dub it."""

    locale: str
    provider: str = Field(description="As people call it.")
    account: str = Field(default="", description="The account's name (`polyreel.ledger.account`).")
    minutes: float = Field(ge=0, description="What the provider's rule says it charges.")
    key: str | None = Field(default=None, description="The purchase's key; None while the source is not known.")


class QuotedLanguage(Value):
    """An offer beside the ledger. ``bought`` minutes were charged before: they are not spent again."""

    offer: Offer
    bought: float | None = None

    @property
    def to_spend(self) -> float:
        """Minutes that a run would spend on it now."""
        return 0.0 if self.bought is not None else self.offer.minutes


class Quote(Value):
    """What a job costs. Minutes are minutes of the vendors' accounts."""

    languages: tuple[QuotedLanguage, ...] = ()
    spent_otherwise: float = Field(
        default=0.0, description="Minutes that this job bought of this reel in another way: other options or scripts."
    )

    @property
    def to_spend(self) -> float:
        """What a run would spend now."""
        return sum(each.to_spend for each in self.languages)

    @property
    def bought(self) -> float:
        """What was spent on it before."""
        return sum(each.bought or 0.0 for each in self.languages)


def offers_of(languages: Iterable[LanguagePlan], seconds: Fraction) -> tuple[Offer, ...]:
    """What each language of a reel of so many seconds costs, by its provider's rule. Its key: its place in the job."""
    return tuple(_make_offer(each, seconds) for each in languages if each.problem is None)


def _make_offer(language: LanguagePlan, seconds: Fraction) -> Offer:
    provider = provider_of(language.dubbing)
    # Minutes are summed by account: two languages at one vendor draw on one balance.
    account = language.way.identity if provider.charges else ""
    return Offer(
        locale=language.locale, provider=provider.title, account=account, minutes=provider.minutes(seconds),
        key=_name_place(language.locale, account),
    )  # fmt: skip


def rows_by_place(rows: Iterable[Entry], plan: Plan) -> dict[str, Entry]:
    """The rows that stand for a job's languages, by language and account: this reel's latest dub there, as it is asked.

    Another reel's dubs don't count, also under the same job's name, and this reel's do under any. Nor do those count
    that were asked for otherwise (`describe_order`); a draft is not known yet, and counts as what it was. Reads
    scripts; blocks.
    """
    orders = {each.locale: describe_order(each) for each in plan.languages}
    # What was settled away is bought once more.
    bought = [row for row in _list_settled(rows, plan) if not row.is_set_aside]
    asked = [row for row in bought if row.details.get("order") in (None, orders.get(row.locale))]
    return {_name_place(row.locale, row.account): row for row in asked}


def count_otherwise(rows: Iterable[Entry], plan: Plan, counted: Iterable[Entry]) -> float:
    """The minutes of this job's other dubs of this reel: they were paid of the same budget."""
    known = {row.key for row in counted}
    others = {row.key: row for row in _list_settled(rows, plan) if row.job == plan.job.name and row.key not in known}
    return sum(row.minutes for row in others.values())


def _list_settled(rows: Iterable[Entry], plan: Plan) -> list[Entry]:
    # An open intent may or may not have been bought, and a quote must not promise that it was.
    return [row for row in rows if row.kind == "dub" and not row.is_open and is_of_reel(row, plan)]


def describe_order(language: LanguagePlan) -> str:
    """A digest of what a vendor is asked for, as far as the job says it: the same before and after it was bought.

    Not in it: a script that is drafted or heard on the way, and what people made of a script afterwards (a dub that was
    bought is changed to that, and not bought again). Reads the script; blocks.
    """
    job = language.job
    given = any(each.locale == language.locale and each.subtitles for each in job.targets)
    script = language.edited.made if language.edited else language.script
    return stage_key(
        "order",
        1,
        options=language.dubbing.model_dump(mode="json", exclude={"credentials", "glossary"}),
        terms=language.terms.sha256 if language.terms else None,
        voices=language.voice,
        source_locale=job.source.locale,
        speakers=job.source.people,
        background=language.background.sha256 if language.background else None,
        script=digest_words(script) if given else "",
    )


def is_of_reel(row: Entry, plan: Plan) -> bool:
    """Whether a row is of a plan's reel, by what it says of that.

    Rows that say nothing, and plans without a source yet, go by the job's name.
    """
    if plan.source is None or "source" not in row.details:
        return row.job == plan.job.name
    trim = plan.job.trim
    reel = describe_reel(plan.source.sha256, (trim.start, trim.end) if trim else (None, None))
    # Only by these: rows have further details, which later versions add to.
    return {name: row.details.get(name) for name in reel} == reel


def _name_place(locale: str, account: str) -> str:
    return f"{locale}@{account}"


def quote_languages(offers: Iterable[Offer], rows: Mapping[str, Entry], spent_otherwise: float = 0.0) -> Quote:
    """The quote of these offers; ``rows`` are the ledger's, by key, as far as there are any.

    A row that failed at the vendor, or was deleted there, was paid all the same, and is not bought again by itself. An
    intent that nobody has settled may have been bought: it counts as something to spend.
    """
    beside = tuple(_set_beside(offer, rows.get(offer.key or "")) for offer in offers)
    return Quote(languages=beside, spent_otherwise=spent_otherwise)


def _set_beside(offer: Offer, row: Entry | None) -> QuotedLanguage:
    return QuotedLanguage(offer=offer, bought=None if row is None or row.is_open else row.minutes)


def require_budget(quote: Quote, most: float | None) -> None:
    """See that a job stays within its budget, what was bought for it before included. Raises `InvalidJob`.

    What needs nothing more is never refused, whatever it has cost.
    """
    # What was paid in earlier runs counts against the same budget: it is for the job, not for a run of it.
    paid = quote.bought + quote.spent_otherwise
    whole = quote.to_spend + paid
    if most is None or not quote.to_spend or whole <= most:
        return
    before = f", {format_minutes(paid)} of them paid before" if paid else ""
    raise InvalidJob(
        f"the dubs of {_count_languages(quote)} cost {format_minutes(whole)}{before}, "
        f"and the budget is {format_minutes(most)}",
        code="over_budget",
        where="budget.minutes",
        remedy="Raise the budget, trim the reel, or leave languages out. Nothing was spent.",
    )


def describe(quote: Quote, balances: Mapping[str, float] | None = None) -> str:
    """The quote in a sentence or two: what is spent where, what was bought before, what is left."""
    if not any(each.offer.minutes or each.bought for each in quote.languages):
        return "Nothing is charged."
    parts = [f"{format_minutes(quote.to_spend)} to spend" if quote.to_spend else "Nothing more to spend"]
    for provider, languages in _by_provider(quote).items():
        each = ", ".join(f"{it.offer.locale} {it.to_spend:g}" for it in languages)
        parts.append(f"{provider}: {each}")
    if quote.bought:
        parts.append(f"{format_minutes(quote.bought)} {'was' if quote.bought == 1 else 'were'} bought before")
    for account, left in (balances or {}).items():
        named = {it.offer.provider for it in quote.languages if it.offer.account == account}
        parts += [f"{provider} has {format_minutes(left)} left" for provider in sorted(named)]
    return "; ".join(parts) + "."


def as_dict(quote: Quote, balances: Mapping[str, float]) -> dict[str, Any]:
    """The quote as ``polyreel plan --json`` prints it. Minutes of the vendors' accounts."""
    return {
        "paid_minutes": quote.to_spend,
        "bought_minutes": quote.bought,
        "languages": {
            each.offer.locale: {"provider": each.offer.provider, "minutes": each.to_spend, "bought": each.bought}
            for each in quote.languages
        },
        "balances": dict(balances),
        "sentence": describe(quote, balances),
    }


def _by_provider(quote: Quote) -> dict[str, list[QuotedLanguage]]:
    found: dict[str, list[QuotedLanguage]] = {}
    for each in quote.languages:
        if each.to_spend:
            found.setdefault(each.offer.provider, []).append(each)
    return found


def _count_languages(quote: Quote) -> str:
    return spell_count(len(quote.languages), "language")


def format_minutes(minutes: float) -> str:
    """Minutes with their unit: ``1 minute``, ``2.5 minutes``."""
    return spell_count(minutes, "minute")
