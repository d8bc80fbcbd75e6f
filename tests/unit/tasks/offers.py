"""Plans whose languages are bought at vendors, and vendors that are asked for nothing, for tests of what is paid."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from polyreel.errors import PolyreelError
from polyreel.outcome import StoredFile
from polyreel.plans import Plan, Way

DUBFORMER = {"provider": "dubformer", "credentials": "d"}


async def no_balances(_plan: Plan) -> dict[str, float]:
    """No vendor is asked."""
    return {}


async def nothing_refused(_plan: Plan, _locales: set[str]) -> dict[str, PolyreelError]:
    """Every vendor has every language."""
    return {}


def at_dubformer(plan: Callable[..., Plan], stored: Callable[[str], StoredFile], *more: dict[str, Any]) -> Plan:
    """Two languages of a minute each at Dubformer's first account, with what is to stand behind it."""
    made = plan("es-ES", "fr-FR", dubbing=DUBFORMER, fallback=list(more))
    ways = (
        Way(identity="d#1", works_here=False),
        *(Way(identity=f"d#{n + 2}", works_here=False) for n in range(len(more))),
    )
    languages = tuple(each.model_copy(update={"ways": ways}) for each in made.languages)
    return made.model_copy(update={"languages": languages}).with_source(stored("source"))
