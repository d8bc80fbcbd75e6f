"""The report's drawings as SVG paths: short numbers, so that a film in ten languages stays a small page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from polyreel.outcome import LineFit
from polyreel.report import figures

WIDTH = 480
_STRIP = 1000
_LOUDEST, _QUIETEST = -5.0, -50.0


def outline_levels(levels: Sequence[int], middle: int, half: int) -> str:
    """A mirrored area around ``middle``: how loud, 0 to 100, over the width of the drawing."""
    if len(levels) < 2:
        return ""
    step = WIDTH / (len(levels) - 1)
    heights = [half * min(100, level) / 100 for level in levels]
    above = [f"{_shorten(place * step)} {_shorten(middle - height)}" for place, height in enumerate(heights)]
    below = [f"{_shorten(place * step)} {_shorten(middle + height)}" for place, height in enumerate(heights)]
    return "M" + "L".join([*above, *reversed(below)]) + "z"


def draw_loudness(values: Sequence[float], top: int, height: int) -> str:
    """Loudness over time as a line, in a band of the drawing."""
    if len(values) < 2:
        return ""
    step = WIDTH / (len(values) - 1)
    return "M" + "L".join(
        f"{_shorten(n * step)} {_shorten(place_lufs(value, top, height))}" for n, value in enumerate(values)
    )


def place_lufs(value: float, top: int, height: int) -> float:
    """How far down a loudness lies in its band."""
    share = (_LOUDEST - min(_LOUDEST, max(_QUIETEST, value))) / (_LOUDEST - _QUIETEST)
    return round(top + height * share, 1)


def draw_strip(lines: Iterable[LineFit], reel_ms: int) -> dict[str, str]:
    """All cues, and the voice in them, as one path per tone; what touches at a thousandth of the width is one."""
    spans: dict[str, list[tuple[int, int]]] = {}
    for line in lines:
        spans.setdefault("slot", []).append((line.cue_start_ms, line.cue_end_ms))
        spans.setdefault(figures.rate_fit(line), []).append((line.start_ms, line.end_ms))
    return {tone: _draw_boxes(found, reel_ms, high=tone == "slot") for tone, found in spans.items()}


def draw_fit(line: LineFit) -> tuple[str, str]:
    """One line's cue and its voice, on an axis that is as long as both."""
    begin, end = figures.start_of(line), figures.end_of(line)
    span = max(1, end - begin)

    def place(at_ms: int) -> int:
        return round(100 * (at_ms - begin) / span)

    cue, voice = (line.cue_start_ms, line.cue_end_ms), (line.start_ms, line.end_ms)
    return _draw_box(*map(place, cue), high=True), _draw_box(*map(place, voice), high=False)


def _draw_boxes(spans: list[tuple[int, int]], reel_ms: int, *, high: bool) -> str:
    joined: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        first = round(_STRIP * start / reel_ms)
        # A line shorter than a thousandth of the reel is still drawn.
        last = max(first + 1, round(_STRIP * end / reel_ms))
        if joined and first <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], last))
        else:
            joined.append((first, last))
    return "".join(_draw_box(first, last, high=high) for first, last in joined)


def _draw_box(first: int, last: int, *, high: bool) -> str:
    return f"M{first} 0h{last - first}v4H{first}z" if high else f"M{first} 1h{last - first}v2H{first}z"


def _shorten(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
