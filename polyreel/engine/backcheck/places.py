"""Where each line of a script was heard: by its words, wherever near its place they are.

A comparison of a whole passage (`compare`) lets every word stand for one line alone and keeps their order: what was
said too early, in another line's place or twice is lost there. Here each line is looked for by itself.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from polyreel.engine.backcheck.align import find_best_ends, trace_back
from polyreel.engine.backcheck.tokens import measure_of, split_tokens
from polyreel.engine.transcribe.words import Heard, Phrase

AROUND_MS = 6000
"""How far from its place a line is looked for."""
# Of a word or two, or a few signs, the same may be said anywhere.
_LEAST_TOKENS = {"WER": 3, "CER": 6}
_SURE = 0.6
_AS_SURE = 0.75


@dataclass(frozen=True, slots=True)
class Span:
    """A line's time, as it should be: milliseconds from the reel's start."""

    text: str
    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class HeardPlace:
    """Where a line was heard, in ms. ``again_ms`` is where it is heard a second time, None where it is not."""

    start_ms: int
    end_ms: int
    again_ms: int | None = None


@dataclass(frozen=True, slots=True)
class _Heard:
    """All tokens that were heard, with their times in ms."""

    tokens: tuple[str, ...]
    starts: tuple[int, ...]
    ends: tuple[int, ...]


def find_lines(lines: Sequence[Span], heard: Heard, locale: str) -> list[HeardPlace | None]:
    """Where each of the lines (any order) was heard; None of one too short to tell, or not heard enough of. Blocks."""
    said = _list_tokens(heard, locale)
    least = _LEAST_TOKENS[measure_of(locale)]
    wanted = [split_tokens(line.text, locale) for line in lines]
    matches = [
        _find_line(tokens, line, said) if len(tokens) >= least else None
        for tokens, line in zip(wanted, lines, strict=True)
    ]
    # What a line's best place holds is that line, and no second one of another.
    taken = {place for match in matches if match for place in match.places}
    return [
        None if match is None else _measure(match, tokens, line, said, taken)
        for match, tokens, line in zip(matches, wanted, lines, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class _Match:
    """Pairs of a line's token and the one that was heard for it, by their places."""

    pairs: tuple[tuple[int, int], ...]
    share: float

    @property
    def places(self) -> range:
        return range(self.pairs[0][1], self.pairs[-1][1] + 1)


def _find_line(tokens: Sequence[str], line: Span, said: _Heard, without: frozenset[int] = frozenset()) -> _Match | None:
    first = bisect_left(said.ends, line.start_ms - AROUND_MS)
    last = bisect_right(said.starts, line.end_ms + AROUND_MS)
    window = ["" if place in without else said.tokens[place] for place in range(first, last)]
    if not window:
        return None
    table, ends = find_best_ends(tokens, window)
    middle = (line.start_ms + line.end_ms) / 2
    laid = [trace_back(table, tokens, window, end) for end in ends]
    found = [[(own, first + place) for own, place in pairs] for pairs in laid if pairs]
    if not found:
        return None
    # Said alike at several places, it is the nearest that counts.
    best = min(found, key=lambda pairs: abs((said.starts[pairs[0][1]] + said.ends[pairs[-1][1]]) / 2 - middle))
    share = len(best) / len(tokens)
    return _Match(tuple(best), share) if share >= _SURE else None


def _measure(match: _Match, tokens: Sequence[str], line: Span, said: _Heard, taken: set[int]) -> HeardPlace:
    (own_first, heard_first), (own_last, heard_last) = match.pairs[0], match.pairs[-1]
    pace = (line.end_ms - line.start_ms) / len(tokens)
    again = _find_line(tokens, line, said, frozenset(taken))
    return HeardPlace(
        # Where its own first or last word was not understood, by the pace of the rest.
        start_ms=round(said.starts[heard_first] - own_first * pace),
        end_ms=round(said.ends[heard_last] + (len(tokens) - 1 - own_last) * pace),
        again_ms=said.starts[again.pairs[0][1]] if again and again.share >= _AS_SURE else None,
    )


def _list_tokens(heard: Heard, locale: str) -> _Heard:
    rows = [row for phrase in heard.phrases for row in _time_tokens(phrase, locale)]
    rows.sort(key=lambda row: row[1])
    return _Heard(tuple(row[0] for row in rows), tuple(row[1] for row in rows), tuple(row[2] for row in rows))


def _time_tokens(phrase: Phrase, locale: str) -> list[tuple[str, int, int]]:
    """A phrase's tokens, each with its share of the word that it stands in."""
    tokens = split_tokens("".join(word.text for word in phrase.words), locale)
    counts = np.array([len(split_tokens(word.text, locale)) for word in phrase.words], np.float64)
    if not tokens or not counts.sum():
        return []
    # Read as a whole, signs may be read otherwise than word by word: then each word has its share of them.
    edges = np.concatenate([[0.0], np.cumsum(counts)]) * len(tokens) / counts.sum()
    times = np.array([[word.start_ms, word.end_ms] for word in phrase.words], np.float64)
    found = []
    for place, token in enumerate(tokens):
        start, end = (_find_time(place, edges, times, at) for at in (0, 1))
        found.append((token, start, end))
    return found


def _find_time(place: int, edges: NDArray[np.float64], times: NDArray[np.float64], at: int) -> int:
    """When a token begins (0) or ends (1)."""
    side = place + at
    word = int(np.clip(np.searchsorted(edges, side, side="left" if at else "right") - 1, 0, len(times) - 1))
    share = (side - edges[word]) / max(1e-9, edges[word + 1] - edges[word])
    start, end = float(times[word, 0]), float(times[word, 1])
    return round(start + float(np.clip(share, 0, 1)) * (end - start))
