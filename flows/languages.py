"""Many languages at once, and each one's failure its own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from polyreel.errors import PolyreelError
from polyreel.outcome import Problem
from polyreel.plan import LanguagePlan, Plan
from tasks.finish import Finished, Languages

AT_ONCE = 64
"""A bound for memory's sake. Most chains wait for somebody else; what works here shares `tasks.places`."""


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
