"""Many languages at once, and each one's failure its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

from polyreel.dubbing.providers import provider_of
from polyreel.errors import EngineError, HeldForPerson, PolyreelError, StillAtVendor, VendorError
from polyreel.ledger.entry import Wait
from polyreel.outcome import Problem
from polyreel.planning.ways import add_refusals
from polyreel.plans import LanguagePlan, Plan
from polyreel.vendors.errors import CallError, JobFailed
from tasks.paid import PaidElsewhere
from tasks.run.deployed import suspends, wait_for
from tasks.run.progress import board
from tasks.run.values import LanguageResult, LanguageResults

AT_ONCE = 64
"""A bound for memory's sake. Most chains wait for somebody else; what works here shares `tasks.run.slots`."""

NO_BALANCE = "balance_too_small"
"""The code of every error that says so, a vendor's and our own."""

Result = TypeVar("Result")


@asynccontextmanager
async def run_alongside(work: Awaitable[Result]) -> AsyncIterator[Callable[[], Awaitable[Result]]]:
    """Let work go on beside the block, which may wait for its result as often as it likes.

    When the work fails, the block ends at once with its error; when the block does, the work ends.
    """
    try:
        async with asyncio.TaskGroup() as group:
            running = group.create_task(_await(work))
            # Whoever waits may be cancelled; the work is not theirs alone.
            yield lambda: asyncio.shield(running)
    except BaseExceptionGroup as failed:
        # A caller wants the error itself, with its code; the group only says that there were tasks.
        raise failed.exceptions[0] from None


@asynccontextmanager
async def on_demand(make: Callable[[], Awaitable[Result]]) -> AsyncIterator[Callable[[], Awaitable[Result]]]:
    """Work that begins when the block first asks for its result, once; it ends with the block."""
    running: list[asyncio.Task[Result]] = []

    async def result() -> Result:
        if not running:
            running.append(asyncio.ensure_future(_await(make())))
        return await asyncio.shield(running[0])

    try:
        yield result
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


Chain = Callable[[LanguagePlan], Awaitable[LanguageResult]]


@dataclass(frozen=True, slots=True)
class Handover:
    """What is asked before a language is given to another provider."""

    is_open: Callable[[LanguagePlan], Awaitable[bool]]
    """Whether its provider may have what was bought for the language, as nobody knows yet."""
    admit: Callable[[Plan], Awaitable[None]]
    """Gets the plan with each language at who dubs it then. Raises `PolyreelError` for what costs too much."""


async def each_language(plan: Plan, chain: Chain, handover: Handover | None = None) -> LanguageResults:
    """Run a chain for every language that can begin; one that fails stops no other.

    A language whose provider fails is dubbed by the next of the job's ``fallback`` that can, where nothing that was
    bought is lost by that, and ``handover`` admits it.
    """
    places, standing = asyncio.Semaphore(AT_ONCE), Standing(plan, handover)

    async def one(language: LanguagePlan) -> LanguageResult | Problem | Held:
        if language.problem:
            return language.problem
        async with places:
            return await _by_any_way(plan, language, chain, standing)

    results = await asyncio.gather(*(one(language) for language in plan.languages))
    pairs = [(language.locale, result) for language, result in zip(plan.languages, results, strict=True)]
    held = [result for _, result in pairs if isinstance(result, Held)]
    return LanguageResults(
        finished=tuple(result for _, result in pairs if isinstance(result, LanguageResult)),
        problems={locale: result for locale, result in pairs if isinstance(result, Problem)},
        held={locale: result.problem for locale, result in pairs if isinstance(result, Held)},
        waits=tuple(each.wait for each in held if each.wait),
        at_vendors=any(each.at_vendor for each in held),
    )


@dataclass(frozen=True, slots=True)
class Held:
    """A language that waits for a person (or, where the run does not stay, for its vendor), and for what."""

    problem: Problem
    wait: Wait | None = None
    """What tells that it can go on; None: nothing does."""
    at_vendor: bool = False


class Standing:
    """Who dubs each language while a run goes on: what a budget is asked about before another provider is paid."""

    def __init__(self, plan: Plan, handover: Handover | None) -> None:
        self._plan = plan
        self._now = {each.locale: each for each in plan.languages}
        self._handover = handover
        # Of two languages that go elsewhere at once, the second one has to be asked about with the first one's price.
        self._lock = asyncio.Lock()

    async def holds_purchase(self, language: LanguagePlan) -> bool:
        """Whether an earlier run may have bought it where it is: this run's own error says nothing of that."""
        if self._handover is None:
            return False
        try:
            return await self._handover.is_open(language)
        except (PolyreelError, OSError):
            return True  # who can't tell must not pay a second time

    async def move_language(self, language: LanguagePlan) -> None:
        """Note who dubs a language from now on. Raises `PolyreelError` where that costs more than the job may."""
        async with self._lock:
            now = {**self._now, language.locale: language}
            if self._handover and provider_of(language.dubbing).charges:
                await self._handover.admit(self._plan.model_copy(update={"languages": tuple(now.values())}))
            # Not `now`: a language that was dropped meanwhile must not come back with it.
            self._now[language.locale] = language

    def drop_language(self, locale: str) -> None:
        """Note that a language is not dubbed by this run: what it was to cost is left for others."""
        self._now.pop(locale, None)


async def _by_any_way(
    plan: Plan, language: LanguagePlan, chain: Chain, standing: Standing
) -> LanguageResult | Problem | Held:
    before: list[tuple[str, Problem]] = []
    while True:
        try:
            return await chain(language)
        except HeldForPerson as error:
            return _hold_language(language, error, before)
        except PaidElsewhere as there:
            followed = await _follow_payment(plan, language, there.choice, standing)
            if isinstance(followed, Problem):
                return followed
            language = followed
        except Exception as error:  # noqa: BLE001 - whatever it is, the other languages go on, and it is reported
            moved = await _find_another(plan, language, error, standing)
            if isinstance(moved, Problem):
                return _without_balance(language, error) or _name_earlier(moved, language, before)
            before.append((provider_of(language.dubbing).title, Problem.of(error)))
            language = moved


async def _follow_payment(
    plan: Plan, language: LanguagePlan, choice: int, standing: Standing
) -> LanguagePlan | Problem:
    """The language at whom another run of the job has paid for it meanwhile."""
    title = provider_of((plan.job.dubbing, *plan.job.fallback)[choice]).title
    note = f"Dubbed by {title}, who was paid for it by another run."
    moved = plan.with_choice(language.locale, choice, note).language(language.locale)
    try:
        await standing.move_language(moved)
    except PolyreelError as too_much:  # what that run has asked for may come to nothing, and be bought by this one
        return Problem.of(too_much)
    return moved


async def _find_another(
    plan: Plan, language: LanguagePlan, error: Exception, standing: Standing
) -> LanguagePlan | Problem:
    """The language at the next who can dub it, and may be paid; or what kept it, and why nobody else gets it."""
    failed, title = Problem.of(error), provider_of(language.dubbing).title
    choice = language.next_choice(language.choice)
    if choice is None:
        nothing = _may_go_elsewhere(language, error) and not await standing.holds_purchase(language)
        if nothing or _has_lost_all(error):
            standing.drop_language(language.locale)
        return add_refusals(failed, language.job, language.ways, language.choice)
    if not _has_lost_all(error) and (not _may_go_elsewhere(language, error) or await standing.holds_purchase(language)):
        # It stays in the sum: what may have been bought for it is not there for others.
        return _explain_stay(failed, language, choice)
    refused: PolyreelError | None = None
    while choice is not None:
        note = f"Dubbed another way ({plan.job.fallback[choice - 1].provider}): {failed}"
        moved = plan.with_choice(language.locale, choice, note).language(language.locale)
        try:
            await standing.move_language(moved)
        except PolyreelError as too_much:
            refused, choice = refused or too_much, language.next_choice(choice)
        else:
            return moved
    standing.drop_language(language.locale)
    assert refused is not None  # noqa: S101 - there was a choice, and it was refused
    told = f"{refused.message}; it was asked for because {title} failed: {failed.message}"
    return Problem.of(refused).model_copy(update={"message": told})


def _name_earlier(problem: Problem, language: LanguagePlan, before: Sequence[tuple[str, Problem]]) -> Problem:
    """The problem of the last provider that was asked, and what kept each one that was asked before."""
    if not before:
        return problem
    title = provider_of(language.dubbing).title
    last = problem.message.rstrip(".") if title in problem.message else f"{title}: {problem.message.rstrip('.')}"
    earlier = [f"{who} failed before it: {each.message.rstrip('.')}" for who, each in before]
    remedies = [f"{who}: {each.remedy}" for who, each in before if each.remedy and each.remedy not in problem.remedy]
    message, remedy = "; ".join([last, *earlier]), " ".join(filter(None, [problem.remedy, *remedies]))
    return problem.model_copy(update={"message": message, "remedy": remedy})


def _explain_stay(failed: Problem, language: LanguagePlan, choice: int) -> Problem:
    """Why a language waits for the next run though another provider stands behind its own."""
    if language.way.works_here:
        return failed
    here, there = (provider_of(each).title for each in (language.dubbing, language.job.fallback[choice - 1]))
    why = f"It was not given to {there}: {here} has, or may have, taken it, and the next run looks there first."
    return failed.model_copy(update={"remedy": f"{failed.remedy} {why}".strip()})


def _hold_language(language: LanguagePlan, error: HeldForPerson, before: Sequence[tuple[str, Problem]]) -> Held:
    problem = _name_earlier(Problem.of(error), language, before)
    return Held(problem, wait_for(language.locale, error), isinstance(error, StillAtVendor))


def _without_balance(language: LanguagePlan, error: Exception) -> Held | None:
    """A language that can't be paid for now: a run that may be suspended tries again until somebody has topped up."""
    if getattr(error, "code", "") != NO_BALANCE or not suspends(language.job):
        return None
    problem = Problem.of(error)
    return Held(problem, Wait(what=f"{language.locale}: {problem.message}", retries=True))


def _has_lost_all(error: Exception) -> bool:
    """Whether nothing more comes of a language where it is, paid or not."""
    return isinstance(error, JobFailed | EngineError) or getattr(error, "code", "") == "vendor_rubbish"


def _may_go_elsewhere(language: LanguagePlan, error: Exception) -> bool:
    """Whether this run has bought nothing where the language is, and is sure of it.

    A vendor that does not answer for a moment keeps what it was paid for: the next run collects it.
    """
    if language.way.works_here or board().stages(language.locale).get("submit") in ("done", "cached"):
        return False
    if isinstance(error, PolyreelError) and error.bought_nothing:
        return True
    if isinstance(error, CallError):
        return error.made_nothing
    return isinstance(error, VendorError) or getattr(error, "code", "") == NO_BALANCE


async def _await(work: Awaitable[Result]) -> Result:
    return await work
