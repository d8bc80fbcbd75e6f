"""A drafter in memory, and what it is asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from polyreel.engine.translate.draft import Task, draft_lines
from polyreel.engine.translate.port import Order, Term

TEXTS = ("One fish.", "Two fish.", "Red fish.", "Blue fish.")


@dataclass
class Clerk:
    """A drafter that writes ``xx(...)`` around each line, unless told otherwise call by call."""

    moods: list[Callable[[Order], Mapping[int, str]]] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    name: str = "clerk"

    async def translate(self, order: Order) -> Mapping[int, str]:
        self.orders.append(order)
        return self.moods.pop(0)(order) if self.moods else good(order)

    async def shorten(self, order: Order, drafts: Mapping[int, str]) -> Mapping[int, str]:
        self.orders.append(order)
        return {line.number: drafts[line.number][: line.most] for line in order.lines}


def good(order: Order) -> dict[int, str]:
    return {line.number: f"xx({line.text})" for line in order.lines}


def task(texts: Sequence[str] = TEXTS, terms: Sequence[Term] = ()) -> Task:
    return Task("en-US", "es-ES", texts, [40] * len(texts), terms)


async def lines_of(clerk: Clerk, given: Task) -> list[str]:
    return (await draft_lines(given, clerk, lambda _: None)).lines
