"""Many languages at once, and each one's failure its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from polyreel.errors import PolyreelError
from polyreel.outcome import Problem
from polyreel.plan import LanguagePlan, Plan
from tasks.finish import Finished, Languages

AT_ONCE = 64
"""A bound for memory's sake. Most chains wait for somebody else; what works here shares `tasks.places`."""

Result = TypeVar("Result")


@asynccontextmanager
async def alongside(work: Awaitable[Result]) -> AsyncIterator[Callable[[], Awaitable[Result]]]:
    """Let work go on beside the block, which may wait for its result as often as it likes.

    When the work fails, the block ends at once with its error; when the block does, the work ends.
    """
    try:
        async with asyncio.TaskGroup() as group:
            running = group.create_task(_awaited(work))
            # Whoever waits may be cancelled; the work is not theirs alone.
            yield lambda: asyncio.shield(running)
    except BaseExceptionGroup as failed:
        raise failed.exceptions[0] from None


async def each_language(plan: Plan, chain: Callable[[LanguagePlan], Awaitable[Finished]]) -> Languages:
    """Run a chain for every language that can begin; one that fails stops no other."""
    places = asyncio.Semaphore(AT_ONCE)

    async def one(language: LanguagePlan) -> Finished | Problem:
        if language.problem:
            return language.problem
        async with places:
            return await _caught(chain(language))

    results = await asyncio.gather(*(one(language) for language in plan.languages))
    pairs = list(zip(plan.languages, results, strict=True))
    return Languages(
        finished=tuple(result for _, result in pairs if isinstance(result, Finished)),
        problems={language.locale: result for language, result in pairs if isinstance(result, Problem)},
    )


async def _caught(chain: Awaitable[Finished]) -> Finished | Problem:
    try:
        return await chain
    except PolyreelError as error:
        return Problem(**error.as_dict())
    except Exception as error:  # noqa: BLE001 - whatever it is, the other languages go on, and it is reported
        return Problem(
            code="internal_error",
            message=f"{type(error).__name__}: {error}",
            remedy="This is a defect in polyreel; please report it with the job.",
        )


async def _awaited(work: Awaitable[Result]) -> Result:
    return await work
