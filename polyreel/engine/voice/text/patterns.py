"""Patterns made from tables, compiled once: `re` itself forgets all but a few hundred, and one language has as many."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache


@cache
def _compile(pattern: str, flags: int) -> re.Pattern[str]:
    return re.compile(pattern, flags)


def replace_pattern(pattern: str, said: str | Callable[[re.Match[str]], str], text: str, flags: int = 0) -> str:
    """As `re.sub`; for patterns that come from the tables here, of which there are so many and no more."""
    return _compile(pattern, flags).sub(said, text)
