"""Words that messages have in common."""

from __future__ import annotations


def spell_count(number: float, noun: str, plural: str = "") -> str:
    """How many of something, for people: ``1 cue``, ``3 cues``, ``2.5 minutes``; ``plural`` where an s isn't enough."""
    figure = f"{number:,}" if isinstance(number, int) else f"{number:g}"
    return f"{figure} {noun if number == 1 else plural or f'{noun}s'}"
