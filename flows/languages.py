"""Many languages at once, and each one's failure its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

from polyreel.errors import EngineError, HeldForPerson, StillAtVendor, VendorError
from polyreel.ledger.entry import Wait
from polyreel.outcome import Problem
from polyreel.planning.ways import add_refusals
from polyreel.plans import LanguagePlan, Plan
from polyreel.vendors.errors import CallError, JobFailed
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


async def each_language(plan: Plan, chain: Callable[[LanguagePlan], Awaitable[LanguageResult]]) -> LanguageResults:
    """Run a chain for every language that can begin; one that fails stops no other.

    A language whose provider fails is dubbed by the next of the job's ``fallback`` that can.
    """
    places = asyncio.Semaphore(AT_ONCE)

    async def one(language: LanguagePlan) -> LanguageResult | Problem | Held:
        if language.problem:
            return language.problem
        async with places:
            return await _by_any_way(plan, language, chain)

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


async def _by_any_way(
    plan: Plan, language: LanguagePlan, chain: Callable[[LanguagePlan], Awaitable[LanguageResult]]
) -> LanguageResult | Problem | Held:
    while True:
        try:
            return await chain(language)
        except HeldForPerson as error:
            return _hold_language(language, error)
        except Exception as error:  # noqa: BLE001 - whatever it is, the other languages go on, and it is reported
            choice = language.next_choice(language.choice)
            if choice is None or not _may_go_elsewhere(language, error):
                problem = Problem.of(error)
                if choice is None:
                    problem = add_refusals(problem, language.job, language.ways, language.choice)
                return _without_balance(language, error) or problem
            note = f"Dubbed another way ({plan.job.fallback[choice - 1].provider}): {Problem.of(error)}"
            language = plan.with_choice(language.locale, choice, note).language(language.locale)


def _hold_language(language: LanguagePlan, error: HeldForPerson) -> Held:
    problem = Problem.of(error)
    return Held(problem, wait_for(language.locale, error), isinstance(error, StillAtVendor))


def _without_balance(language: LanguagePlan, error: Exception) -> Held | None:
    """A language that can't be paid for now: a run that may be suspended tries again until somebody has topped up."""
    if getattr(error, "code", "") != NO_BALANCE or not suspends(language.job):
        return None
    problem = Problem.of(error)
    return Held(problem, Wait(what=f"{language.locale}: {problem.message}", retries=True))


def _may_go_elsewhere(language: LanguagePlan, error: Exception) -> bool:
    """Whether another provider may be asked: nothing was bought here, or what was bought is lost for good.

    A vendor that does not answer for a moment keeps what it was paid for: the next run collects it.
    """
    # Paid or not, nothing more comes of it there.
    if isinstance(error, JobFailed | EngineError) or getattr(error, "code", "") == "vendor_rubbish":
        return True
    if language.way.works_here or board().stages(language.locale).get("submit") in ("done", "cached"):
        return False
    if isinstance(error, CallError):
        return error.made_nothing
    return isinstance(error, VendorError) or getattr(error, "code", "") == NO_BALANCE


async def _await(work: Awaitable[Result]) -> Result:
    return await work
