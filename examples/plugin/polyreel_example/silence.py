"""A check: how long the new speech is silent at most."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from polyreel.dubbing.plugin_checks import FinishedLanguage
from polyreel.outcome import Check

LIMIT_S = 60


def check_silence(language: FinishedLanguage) -> Iterator[Check]:
    """The longest time between two lines, from the first to the last."""
    lines = sorted(language.dubbed.lines, key=lambda line: line.start_ms)
    longest = max((after.start_ms - before.end_ms for before, after in pairwise(lines)), default=0) / 1000
    yield Check(
        name="silence",
        value=round(longest, 1),
        unit="s",
        limit=LIMIT_S,
        status="warn" if longest > LIMIT_S else "pass",
        detail=f"nobody speaks for {longest:.1f} s" if longest > LIMIT_S else "",
    )
