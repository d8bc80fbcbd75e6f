"""The port of translation: numbered lines in, the same numbers out. Services of two kinds stand behind it.

A drafter may answer with fewer lines than were asked, or none; who asks sees what is missing and asks again. It never
answers with other numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

# Two lines of a terminal: enough to see an apology or an error page for what it is.
_QUOTED = 160


@dataclass(frozen=True, slots=True)
class Term:
    """A glossary entry: wherever ``source`` stands, ``target`` is what it becomes."""

    source: str
    target: str


@dataclass(frozen=True, slots=True)
class Line:
    """One line to translate. ``most`` is how many characters its time has room for; 0: it is not known."""

    number: int
    text: str
    most: int = 0


@dataclass(frozen=True, slots=True)
class Order:
    """Lines to translate, in their order, what stands around them, and the terms that occur in them.

    ``source`` and ``target`` are BCP-47 tags. ``insist``: the terms were not kept last time.
    """

    source: str
    target: str
    lines: tuple[Line, ...]
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    terms: tuple[Term, ...] = ()
    insist: bool = False


class Unread(dict[int, str]):
    """An answer that no line could be taken from; ``said`` is how it began, for the person who has to look into it."""

    def __init__(self, said: str) -> None:
        super().__init__()
        self.said = quote_answer(said)


def quote_answer(said: str) -> str:
    """The beginning of what somebody said, on one line."""
    line = " ".join(said[: _QUOTED * 4].split())
    return line if len(line) <= _QUOTED else f"{line[:_QUOTED]}..."


class Drafter(Protocol):
    """Translates lines, whose numbers are those of the order. Whoever calls it checks what comes back, and asks again.

    Raises PolyreelError where its service can't be used at all (no key, no model, an address that does not answer);
    a line that could not be had is no error, but missing in the answer.
    """

    @property
    def name(self) -> str:
        """What the outcome calls it: the provider, and its model."""

    async def translate(self, order: Order) -> Mapping[int, str]:
        """The lines in the target language, by number; what could not be had is missing (`Unread`: all of it)."""

    async def shorten(self, order: Order, drafts: Mapping[int, str]) -> Mapping[int, str]:
        """Shorter wordings of ``drafts`` (by number) that have no time to be said; empty from a service that can't.

        `Line.most` is the length to aim at, in characters. What is no shorter than the draft is not taken.
        """


class LineService(Protocol):
    """A service that takes lines and gives lines (LibreTranslate, DeepL, Argos)."""

    async def translate(self, lines: Sequence[str], source: str, target: str) -> list[str]:
        """Each line in the target language (BCP-47 tags): as many, in the same order. Raises PolyreelError."""


class ChatService(Protocol):
    """A language model behind a chat endpoint."""

    async def complete(self, system: str, user: str) -> str:
        """What the model says to a system prompt and one message: text, as it came. Raises PolyreelError."""
