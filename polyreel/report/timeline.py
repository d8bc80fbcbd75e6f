"""What a run did when: the whole reel's stages and each language's, on one axis, with what they took and cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from polyreel.outcome import Paid
from polyreel.report.details import StageSpan

WIDTH = 1000
_LANE = 4
_LEAST = 3
"""What was over at once, as whatever was kept from before, is wide enough to be seen."""
_TONES = {"done": "easy", "cached": "kept", "failed": "long"}
WORDS = {"done": "done", "cached": "kept from before", "failed": "failed"}


@dataclass(frozen=True, slots=True)
class Bar:
    """A span as a box on the axis. ``tone`` is its class."""

    x: float
    width: float
    y: int
    tone: str


@dataclass(frozen=True, slots=True)
class Group:
    """The stages of the whole reel (``locale`` empty) or of one language, in the order in which they began."""

    locale: str
    spans: tuple[tuple[StageSpan, Bar], ...]
    lanes: int
    minutes: float
    """Minutes bought from a provider."""

    @property
    def overview(self) -> list[Bar]:
        """All bars in one drawing; what overlaps lies one below the other."""
        return [bar for _, bar in self.spans]

    @property
    def height(self) -> int:
        """Of that drawing, in its own units."""
        return self.lanes * _LANE

    @property
    def seconds(self) -> float:
        """Seconds of work."""
        return sum(span.seconds for span, _ in self.spans)

    @property
    def kept(self) -> int:
        """How many stages were taken as an earlier run left them."""
        return sum(span.state == "cached" for span, _ in self.spans)

    @property
    def failed(self) -> int:
        """How many stages failed."""
        return sum(span.state == "failed" for span, _ in self.spans)


@dataclass(frozen=True, slots=True)
class Timeline:
    """Everything on an axis of ``seconds``."""

    seconds: float
    groups: tuple[Group, ...]

    @property
    def ticks(self) -> list[float]:
        """Where the axis is labelled: its quarters."""
        return [self.seconds * quarter / 4 for quarter in range(5)]


def draw_timeline(spans: Sequence[StageSpan], paid: Sequence[Paid]) -> Timeline | None:
    """The reel's group first, then the languages' in the order of their first stage; None where nothing was noted."""
    if not spans:
        return None
    # Never 0: places are shares of it.
    length = max(0.001, *(span.began + span.seconds for span in spans))
    first = {span.locale: number for number, span in reversed(list(enumerate(spans)))}
    ordered = sorted(spans, key=lambda span: (span.locale != "", first[span.locale], span.began))
    groups = groupby(ordered, key=lambda span: span.locale)
    return Timeline(length, tuple(_make_group(locale, list(found), length, paid) for locale, found in groups))


def _make_group(locale: str, spans: list[StageSpan], length: float, paid: Sequence[Paid]) -> Group:
    ends: list[float] = []
    bars = []
    for span in spans:
        x = min(WIDTH * span.began / length, WIDTH - _LEAST)
        width = min(WIDTH - x, max(_LEAST, WIDTH * span.seconds / length))
        # By their times, not by their boxes: a row of stages that were kept is one lane of ticks.
        lane = next((number for number, end in enumerate(ends) if end <= span.began + length / WIDTH), len(ends))
        ends[lane : lane + 1] = [span.began + span.seconds]
        bars.append(Bar(round(x, 1), round(width, 1), lane * _LANE, _TONES[span.state]))
    bought = sum(each.minutes for each in paid if each.locale == locale)
    return Group(locale, tuple(zip(spans, bars, strict=True)), len(ends), bought)
