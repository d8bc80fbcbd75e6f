"""What the judge of speech says, as values: what was said before is read back without its network."""

from __future__ import annotations

from polyreel.outcome import Value

Figures = tuple[float, float, float]
"""What the network gives for a window: of the speech, of what lies under it, and of both."""
Spans = tuple[tuple[int, int], ...]
"""Start and end of some lines in ms, one after another."""


class Votes(Value):
    """What listeners would say of some speech, from 1 to 5."""

    speech: float
    background: float
    overall: float


class JudgedWindow(Value):
    """What the judge of speech said of a window: the lines' places in ms, one after another, and its figures."""

    spans: Spans
    figures: Figures
