"""How a check that looks at single lines tells which of them it found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from polyreel.outcome import Check, CheckStatus, FlawedLine

_SHOWN, _WORDS_SHOWN = 5, 30
# The outcome goes to the server and the report: a dub in which more lines fail needs another voice, not a list.
MOST_LISTED = 50


class Placed(Protocol):
    """A line, by its number, its time and its words: as it was spoken, or as it was heard."""

    @property
    def number(self) -> int:
        """Its cue's number in the script, counted from 1; 0: not known."""

    @property
    def start_ms(self) -> int:
        """When it begins."""

    @property
    def text(self) -> str:
        """Its words."""


def begin_words(text: str) -> str:
    """How a line begins, as a `FlawedLine` has it."""
    return text[:_WORDS_SHOWN].strip()


def describe_flaw(line: Placed, measured: str, value: float, limit: float) -> FlawedLine:
    """A line that is beyond a limit; ``value`` and ``limit`` in the unit of the job's ``quality.limits``."""
    return FlawedLine(
        line=line.number,
        at_ms=line.start_ms,
        text=begin_words(line.text),
        measured=measured,
        value=round(value, 3),
        limit=round(limit, 3),
    )


def make_line_check(name: str, status: CheckStatus, what: str, found: Sequence[FlawedLine]) -> Check:
    """A check that counts the lines ``found``, each with its own fault; ``what`` is said of all of them."""
    detail = f"{what}: {tell_lines(found)}" if found else ""
    return Check(
        name=name,
        value=len(found),
        unit="lines",
        limit=0,
        status=status,
        detail=detail,
        lines=tuple(found[:MOST_LISTED]),
    )


def tell_lines(found: Sequence[FlawedLine]) -> str:
    """The first of them by number, time and words, each with what was found; and how many more there are."""
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return ", ".join(line.told for line in found[:_SHOWN]) + more
