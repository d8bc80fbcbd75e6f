"""How a check that looks at single lines tells which of them it found."""

from __future__ import annotations

from collections.abc import Sequence

from polyreel.outcome import Check, CheckStatus, LineFit

_SHOWN, _WORDS_SHOWN = 5, 30


def make_line_check(name: str, status: CheckStatus, what: str, found: Sequence[tuple[LineFit, str]]) -> Check:
    """A check that counts the lines ``found``, each with its own fault; ``what`` is said of all of them."""
    detail = f"{what}: {tell_lines(found)}" if found else ""
    return Check(name=name, value=len(found), unit="lines", limit=0, status=status, detail=detail)


def tell_lines(found: Sequence[tuple[LineFit, str]]) -> str:
    """The first of them by their time and words, each with what was found; and how many more there are."""
    told = [f"{_name_line(line)} {what}" for line, what in found[:_SHOWN]]
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return ", ".join(told) + more


def _name_line(line: LineFit) -> str:
    return f"{line.start_ms / 1000:.1f} s '{line.text[:_WORDS_SHOWN].strip()}'"
