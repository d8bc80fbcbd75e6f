"""Who dubs what an account's balance does not reach for: decided before anything is spent.

Whoever calls has asked the vendors for their balances, and the ledger for what may have been bought already.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from polyreel.dubbing.providers import provider_of
from polyreel.errors import PolyreelError
from polyreel.outcome import Value
from polyreel.planning.quote import Offer, Quote, format_minutes
from polyreel.plans import Plan

CODE = "balance_too_small"


class Move(Value):
    """A language that goes to the next who can dub it (``choice``, as `LanguagePlan` counts), and why."""

    locale: str
    choice: int
    note: str


def find_moves(
    plan: Plan, quote: Quote, balances: Mapping[str, float], open_: Collection[str] = ()
) -> tuple[Move, ...]:
    """Which languages another of the job's providers dubs, as the account of their own can't pay for all of them.

    ``balances`` are minutes by account, where the vendor tells them. The languages ``open_`` may have been bought: they
    are looked for first, and neither cost anything here nor go anywhere. Who has no other provider stays before those
    who have, and these in the job's order. Raises `PolyreelError` (``balance_too_small``), with figures, where the
    account can't pay for those who must stay.
    """
    moves: list[Move] = []
    for account, offers in _list_to_buy(quote, open_):
        left, needed = balances.get(account), sum(each.minutes for each in offers)
        if left is not None and left < needed:
            moves += _spread_offers(plan, offers, left)
    return tuple(moves)


def is_account_short(quote: Quote, balances: Mapping[str, float]) -> bool:
    """Whether an account has less than what is still to be bought there."""
    return any(
        balances[account] < sum(each.minutes for each in offers)
        for account, offers in _list_to_buy(quote, ())
        if account in balances
    )


def _list_to_buy(quote: Quote, open_: Collection[str]) -> Iterator[tuple[str, list[Offer]]]:
    found: dict[str, list[Offer]] = {}
    for each in quote.languages:
        if each.to_spend and each.offer.locale not in open_:
            found.setdefault(each.offer.account, []).append(each.offer)
    yield from found.items()


def _spread_offers(plan: Plan, offers: Sequence[Offer], left: float) -> Iterator[Move]:
    languages = [plan.language(each.locale) for each in offers]
    chosen = [(offer, each.next_choice(each.choice)) for offer, each in zip(offers, languages, strict=True)]
    needed, title = sum(each.minutes for each in offers), offers[0].provider
    room = left - sum(each.minutes for each, choice in chosen if choice is None)
    if room < 0:
        raise _refuse_balance(title, needed, left, alone=all(choice is None for _, choice in chosen))
    for offer, choice in chosen:
        if choice is None:
            continue
        if offer.minutes <= room:
            room -= offer.minutes
            continue
        there = provider_of((plan.job.dubbing, *plan.job.fallback)[choice]).title
        figures = f"{title}'s account has {format_minutes(left)}, and the dubs there cost {format_minutes(needed)}"
        yield Move(locale=offer.locale, choice=choice, note=f"Given to {there}: {figures}.")


def _refuse_balance(title: str, needed: float, left: float, *, alone: bool) -> PolyreelError:
    nobody = "" if alone else ", nor can a fallback dub enough of them"
    return PolyreelError(
        f"the dubs cost {format_minutes(needed)}, and the account has {format_minutes(left)}{nobody}",
        code=CODE,
        where=title,
        remedy="Top the account up, dub fewer languages, or name a `fallback`. Nothing was spent.",
    )
