"""What a job bought, as the ledger has it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from fractions import Fraction
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from polyreel.dubbing.providers import provider_of
from polyreel.errors import InvalidJob, PolyreelError
from polyreel.outcome import Outcome, Paid, Reel
from polyreel.planning import quote as quoting
from polyreel.planning.balances import Move, find_moves, is_account_short
from polyreel.plans import LanguagePlan, Plan
from polyreel.vendors.errors import CallError
from tasks.run.choice import ASKED_AS, key_of_choice, may_be_of_choice, select_own_rows
from tasks.run.connections import books_of_run, client_of
from tasks.run.looks import find_refused, require_open
from tasks.run.noted import load_choice, note_choice
from tasks.run.progress import board

if TYPE_CHECKING:
    from polyreel.ledger.entry import Entry

Result = TypeVar("Result")


async def require_means(plan: Plan, reel: Reel) -> Plan:
    """See that the budget, and the balance where the vendor tells it, suffice. Raises before anything is spent.

    Gives the plan with each language at who can be paid for it.
    """
    if not _is_charged(plan):
        return plan
    return (await quote_job(plan, Fraction(reel.duration))).plan


class PaidElsewhere(Exception):
    """Another run of the job has bought a language meanwhile, or may have, from the provider of ``choice``."""

    def __init__(self, choice: int) -> None:
        super().__init__(choice)
        self.choice = choice


async def buy_alone(language: LanguagePlan, buy: Callable[[], Awaitable[Result]]) -> Result:
    """What ``buy`` gives; meanwhile no other run of the job buys the language from anybody, this provider or another.

    Of two runs one may give a language to a fallback while the other, who waits for the same purchase, finds that
    nobody makes it: each would pay somebody else. Raises `PaidElsewhere`, before ``buy`` is asked, and what it raises.
    """
    if sum(provider_of(each).charges for each in (language.job.dubbing, *language.job.fallback)) < 2:
        await note_choice(language)
        return await buy()
    async with books_of_run() as books:

        async def buy_unless_paid() -> Result:
            await _require_unpaid_elsewhere(language)
            # Before the purchase: a run that dies in it must find the same provider, or it would buy at another one as
            # well.
            await note_choice(language)
            bought = await buy()
            # Only its own, and not whatever is there by now: the turn may have been another run's meanwhile.
            _note_seen(language, await _list_paid(language))
            return bought

        return await books.ledger.alone(key_of_choice(language), buy_unless_paid, what=language.job.name)


async def _require_unpaid_elsewhere(language: LanguagePlan) -> None:
    if unseen := await _list_unseen(language):
        # From now on it is known: whoever is refused here all the same goes on, and is not sent back.
        _note_seen(language, unseen)
        return
    for other in (language.model_copy(update={"choice": number}) for number in range(len(language.ways))):
        if other.choice != language.choice and await _list_unseen(other):
            raise PaidElsewhere(other.choice)


def _note_seen(language: LanguagePlan, rows: Sequence[Entry]) -> None:
    """Note which purchases are known: what comes later is another run's, whatever its clock says."""
    # With the time of each: a key is used anew when its first purchase came to nothing.
    board().seen_paid.setdefault(language.locale, set()).update((row.key, row.intended_at) for row in rows)


async def stay_where_paid(plan: Plan) -> Plan:
    """The plan with each language at the fallback that was paid for it, while it may still give what was bought.

    A run that is woken, or repeated, begins with first choices; one that works again must not be paid as well.
    """
    if not any(provider_of(options).charges for options in plan.job.fallback):
        return plan
    from polyreel.ledger.rows import Filter

    async with books_of_run() as books:
        rows = await books.ledger.select(Filter(kind="dub", job=plan.job.name))
    for language in plan.runnable():
        if language.locale not in board().seen_paid:
            _note_seen(language, [row for row in rows if row.locale == language.locale and row.state != "failed"])
        chosen = language.model_copy(update={"choice": await _find_choice(language)})
        # A fallback that can't do the language any more (a job that changed) is not gone back to.
        if chosen.choice > language.choice and not chosen.way.problem and await is_paid(chosen):
            title = provider_of(chosen.dubbing).title
            plan = plan.with_choice(chosen.locale, chosen.choice, f"Dubbed by {title}, who was paid for it before.")
    return plan


async def _find_choice(language: LanguagePlan) -> int:
    """Who was paid for a language when its job named these providers: by the purchase itself, else by the note.

    The ledger outlives a store, and may be shared where the store is not. Rows of before have no such detail, nor have
    those of providers that come from packages.
    """
    key, found = key_of_choice(language), list[tuple[float, int]]()
    for number in range(language.choice + 1, len(language.ways)):
        rows = await _list_paid(language.model_copy(update={"choice": number}))
        found += [(row.intended_at, number) for row in rows if row.details.get(ASKED_AS) == key]
    if found:
        return max(found)[1]
    return await load_choice(language)


async def _list_unseen(language: LanguagePlan) -> list[Entry]:
    """What other runs have bought of just this dub from its provider, or may have, that this one does not know of."""
    if not provider_of(language.dubbing).charges:
        return []
    seen = board().seen_paid.get(language.locale, set())
    rows = [row for row in await _list_paid(language) if (row.key, row.intended_at) not in seen]
    order = await asyncio.to_thread(quoting.describe_order, language) if rows else ""
    return [row for row in rows if row.details.get("order") in (None, order)]


async def is_paid(language: LanguagePlan) -> bool:
    """Whether its provider has, or may have, what was bought: an intent counts, and what failed there is lost."""
    return bool(await _list_paid(language))


async def _list_paid(language: LanguagePlan) -> list[Entry]:
    from polyreel.ledger.rows import Filter

    async with books_of_run() as books:
        # By account, too: the same job bought through another one is another purchase.
        rows = await books.ledger.select(Filter(kind="dub", job=language.job.name, account=language.way.identity))
    # By what the ledger says and not by keys: a changed option makes a new key, and the old purchase may still be
    # open.
    mine = select_own_rows(rows, language)
    alive = [row for row in mine if row.state != "failed" and not row.is_set_aside]
    return [row for row in alive if may_be_of_choice(row, language)]


async def may_be_bought(language: LanguagePlan) -> bool:
    """Whether an intent of just this dub is open: whether its provider has it is known to nobody."""
    from polyreel.ledger.entry import State
    from polyreel.ledger.rows import Filter

    states = frozenset({State.INTENDED, State.UNRESOLVED})
    async with books_of_run() as books:
        rows = await books.ledger.select(Filter(kind="dub", account=language.way.identity, states=states))
    mine = select_own_rows(rows, language)
    # Another script's is another dub, and would keep this one from being dubbed at all.
    order = await asyncio.to_thread(quoting.describe_order, language) if mine else ""
    return any(row.details.get("order") in (None, order) for row in mine)


class Priced(NamedTuple):
    """What a job costs, as `polyreel plan` prints it, and the plan with each language at who can be paid for it."""

    plan: Plan
    quote: dict[str, Any]


async def quote_job(plan: Plan, seconds: Fraction, *, ask: bool = True) -> Priced:
    """What a job costs, beside what was bought for it before.

    ``ask``: whether vendors are asked too: for balances, and whether what the job names at them is as it should be.
    What an account can't pay for is given to the job's next provider, where there is one. Raises `InvalidJob`
    (``over_budget``) and `PolyreelError` (``balance_too_small``), with figures.
    """
    # As the run will: what a fallback was paid for stays there, and costs nothing more.
    plan = await stay_where_paid(plan)
    quoted, most = plan, plan.job.budget.minutes if plan.job.budget else None
    quote = await _quote_plan(quoted, seconds)
    if ask and quote.to_spend:
        to_buy = {each.offer.locale for each in quote.languages if each.to_spend}
        quoted = await _leave_refusing(quoted, to_buy)
        quote = await _quote_plan(quoted, seconds)
    balances: dict[str, float] = {}
    if ask and quote.to_spend:
        # What costs nothing needs no account that is open.
        await require_open(plan.job)
    if ask:
        balances = await _read_balances(quoted)
        moves = await _spread_by_balance(quoted, seconds, quote, balances)
        quoted, plan = _with_moves(quoted, moves), _with_moves(plan, _select_planned(moves, plan, quoted))
        quote = await _quote_plan(quoted, seconds) if moves else quote
    # Last: what an account can't pay for may be dubbed by who costs nothing, and then counts for nothing.
    quoting.require_budget(quote, most)
    return Priced(plan, quoting.as_dict(quote, balances))


async def _spread_by_balance(
    plan: Plan, seconds: Fraction, quote: quoting.Quote, balances: dict[str, float]
) -> list[Move]:
    """Who dubs what accounts can't pay for; their balances are added to ``balances``. Raises as `find_moves`."""
    every: list[Move] = []
    while is_account_short(quote, balances):
        to_buy = [each.offer.locale for each in quote.languages if each.to_spend]
        # Both anew, after the balances: what another run has bought in between is missing there, and is to be found
        # here. In this order: a purchase that is answered between the two looks is seen by both, and else by none.
        open_ = [locale for locale in to_buy if await may_be_bought(plan.language(locale))]
        quote = await _quote_plan(plan, seconds)
        try:
            moves = find_moves(plan, quote, balances, open_)
        except PolyreelError as refused:
            # What has brought a language there is a reason, too.
            told = "; ".join([refused.message, *dict.fromkeys(each.note.rstrip(".") for each in every)])
            raise PolyreelError(told, code=refused.code, where=refused.where, remedy=refused.remedy) from None
        if not moves:
            break
        every += moves
        plan = _with_moves(plan, moves)
        quote = await _quote_plan(plan, seconds)
        balances.update(await _read_balances(plan))
    return every


def _with_moves(plan: Plan, moves: Sequence[Move]) -> Plan:
    for move in moves:
        plan = plan.with_choice(move.locale, move.choice, move.note)
    return plan


def _select_planned(moves: Sequence[Move], plan: Plan, quoted: Plan) -> list[Move]:
    """The moves of languages that are quoted where the plan has them.

    Who was said to lack a language is left by the run itself, which looks first whether it was bought there.
    """
    return [each for each in moves if quoted.language(each.locale).choice == plan.language(each.locale).choice]


async def require_budget_left(plan: Plan, reel: Reel) -> None:
    """See that the budget still suffices, where a language is about to be bought from another provider than planned.

    ``plan`` has each language at who dubs it now; what this job has bought counts, also what came to nothing. Raises
    `PolyreelError` (``over_budget``), with figures, before anything is spent there.
    """
    if plan.job.budget is None:
        return
    seconds, most = Fraction(reel.duration), plan.job.budget.minutes
    try:
        quoting.require_budget(await _quote_plan(plan, seconds), most)
    except InvalidJob:
        # What vendors' own lists lack is bought from nobody, and counts for nothing: asked only where it matters.
        quote = await _quote_plan(plan, seconds)
        plan = await _leave_refusing(plan, {each.offer.locale for each in quote.languages if each.to_spend})
        try:
            quoting.require_budget(await _quote_plan(plan, seconds), most)
        except InvalidJob as refused:
            remedy = "Raise the budget, or name a fallback that costs nothing, and run the job again."
            raise PolyreelError(refused.message, code=refused.code, where=refused.where, remedy=remedy) from None


async def _quote_plan(plan: Plan, seconds: Fraction) -> quoting.Quote:
    from polyreel.ledger.rows import Filter

    async with books_of_run() as books:
        accounts = {each.way.identity for each in plan.runnable() if provider_of(each.dubbing).charges}
        bought = [await books.ledger.select(Filter(kind="dub", account=account)) for account in sorted(accounts)]
        # By the job's name as well: what was paid to who dubs no language any more is paid of the same budget.
        bought.append(await books.ledger.select(Filter(kind="dub", job=plan.job.name)))
    every = list({row.key: row for row in chain.from_iterable(bought)}.values())
    rows = await asyncio.to_thread(quoting.rows_by_place, every, plan)
    offers = quoting.offers_of(plan.languages, seconds)
    # What a language had bought from another than who dubs it now stands for no offer, and was paid all the same.
    counted = [rows[each.key] for each in offers if each.key in rows]
    otherwise = quoting.count_otherwise(every, plan, counted)
    return quoting.quote_languages(offers, rows, otherwise)


async def _leave_refusing(plan: Plan, to_buy: set[str]) -> Plan:
    """The plan with the languages that their vendor's own lists lack at who dubs them instead, or left out.

    Counted where they are not bought, they could refuse a budget that is enough; left out though a fallback buys them,
    they would be bought beyond it.
    """
    while refused := await find_refused(plan, to_buy):
        to_buy = set()
        for locale, error in refused.items():
            choice = plan.language(locale).next_choice(plan.language(locale).choice)
            if choice is None:
                others = tuple(each for each in plan.languages if each.locale != locale)
                plan = plan.model_copy(update={"languages": others})
                continue
            plan = plan.with_choice(locale, choice, error.message)
            to_buy.add(locale)
    return plan


async def _read_balances(plan: Plan) -> dict[str, float]:
    """Minutes by account, of those that a language is bought from and whose vendor tells."""
    ways = {each.way.identity: each.dubbing for each in plan.runnable() if provider_of(each.dubbing).tells_balance}
    found = {}
    for account, options in ways.items():
        async with client_of(provider_of(options).block, options.credentials) as client:
            try:
                found[account] = float(await client.get_balance())
            except CallError as error:
                # Away for a moment: it refuses by itself what the account does not have. A wrong key is said now, where
                # no other provider stands behind it.
                if not error.transient and not plan.job.fallback:
                    raise
    return found


def _is_charged(plan: Plan) -> bool:
    return any(provider_of(each.dubbing).charges for each in plan.runnable())


async def purchases(plan: Plan) -> tuple[Paid, ...]:
    """What this run stands on: every language that it bought, or found bought by an earlier run, at what it cost.

    What the job was to stand on and came to nothing at a vendor is among them, too, in this run or an earlier one;
    other dubs of the same job's name (another reel, another script) are not.
    """
    if not any(provider_of(options).charges for options in (plan.job.dubbing, *plan.job.fallback)):
        return ()
    async with books_of_run() as books:
        rows = [await books.ledger.get(key) for key in sorted(board().bought)]
    stood_on = {row.key: row for row in (*rows, *await _list_lost(plan)) if row is not None}
    paid = [_make_paid(row) for row in stood_on.values() if row.kind == "dub" and row.vendor_id]
    order = [language.locale for language in plan.languages]
    return tuple(sorted(paid, key=lambda each: order.index(each.locale)))


async def _list_lost(plan: Plan) -> list[Entry]:
    """What failed at a vendor of just these dubs, whoever dubs them now: it was paid all the same."""
    from polyreel.ledger.entry import State
    from polyreel.ledger.rows import Filter

    async with books_of_run() as books:
        rows = await books.ledger.select(Filter(kind="dub", job=plan.job.name, states=frozenset({State.FAILED})))
    known = {each.locale: each for each in plan.languages}
    rows = [row for row in rows if row.locale in known and quoting.is_of_reel(row, plan)]
    return [row for row in rows if await asyncio.to_thread(_is_of_order, row, known[row.locale])]


def _is_of_order(row: Entry, language: LanguagePlan) -> bool:
    ways = [language.model_copy(update={"choice": number}) for number in range(len(language.job.fallback) + 1)]
    return any(row.details.get("order") in (None, quoting.describe_order(each)) for each in ways)


async def note_retention(plan: Plan) -> None:
    """Write the job's `forget_after` beside what this run stands on, for housekeeping, which knows rows and no jobs.

    By every run anew: the days may be changed, or taken back, without anything being dubbed again.
    """
    # What this machine dubs has a receipt like any other, and no row: the ledger's database alone takes a third of a
    # second to import.
    if not board().bought or all(provider_of(each).works_here for each in (plan.job.dubbing, *plan.job.fallback)):
        return
    from polyreel.ledger import steps
    from polyreel.upkeep import FORGET_AFTER

    days = plan.job.forget_after
    async with books_of_run() as books:
        rows = [await books.ledger.get(key) for key in sorted(board().bought)]
        changed = [row for row in rows if row is not None and row.receipt.get(FORGET_AFTER) != days]
        await books.ledger.change_all({row.key: steps.note_fact(FORGET_AFTER, days) for row in changed})


def _make_paid(row: Entry) -> Paid:
    return Paid(
        provider=row.provider,
        locale=row.locale,
        minutes=row.minutes,
        id=row.vendor_id,
        quoted=row.charged_by != "vendor",
    )


def with_purchases(outcome: Outcome, paid: Sequence[Paid], notes: Sequence[str]) -> Outcome:
    """The outcome with what was bought for it."""
    return outcome.model_copy(update={"paid": tuple(paid), "notes": (*outcome.notes, *notes)})
