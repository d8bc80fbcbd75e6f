"""A dub's lines against what was heard: error rate, lines that nobody hears, speech that no line has.

Lines and words have times, so a film is compared in passages of a minute or so: cost grows with its length alone.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise

from polyreel.engine.backcheck.align import align_tokens
from polyreel.engine.backcheck.tokens import Measure, measure_of, split_tokens, with_numbers_alike
from polyreel.engine.transcribe.words import Heard, Word
from polyreel.outcome import LineFit

_PASSAGE_TOKENS = 150
_BREATH_MS = 300
_OUTSIDE_MS = 1000
_MISSING = 0.75
_INVENTED_WORDS = 3
_INVENTED_RUN = {"WER": 5, "CER": 12}


@dataclass
class Comparison:
    """What came of it. ``tokens`` is the script's length, ``errors`` the changes from script to what was heard."""

    measure: Measure
    tokens: int = 0
    errors: int = 0
    missing: list[LineFit] = field(default_factory=list)
    invented: list[str] = field(default_factory=list)
    by_line: list[tuple[LineFit, float]] = field(default_factory=list)
    """Each line with words in it, and the share of them that was not heard as it is written."""

    @property
    def rate(self) -> float:
        """Errors per token of the script; 1.0 where there is no script and something was heard."""
        return self.errors / self.tokens if self.tokens else float(bool(self.errors))


def compare_with_heard(lines: Sequence[LineFit], heard: Heard, locale: str) -> Comparison:
    """Compare a dub's lines, at the times they were spoken, with what was heard of them. Blocks."""
    found = Comparison(measure_of(locale))
    ordered = sorted(lines, key=lambda line: line.start_ms)
    words = list(heard.words())
    spoken = _Spoken(ordered)
    inside = [word for word in words if spoken.is_near(word)]
    found.invented += _find_stray_words([word for word in words if not spoken.is_near(word)])
    for passage, said in _split_passages(ordered, inside, locale):
        _compare_passage(found, passage, said, locale)
    return found


class _Spoken:
    """When somebody speaks, to be asked for every word of a film."""

    def __init__(self, lines: Sequence[LineFit]) -> None:
        self._starts = [line.start_ms for line in lines]
        # The latest end so far: one look-up by start is enough though lines overlap.
        self._ends = list(accumulate((line.end_ms for line in lines), max))

    def is_near(self, word: Word) -> bool:
        """Whether a line is being spoken about then."""
        begun = bisect_right(self._starts, word.end_ms + _OUTSIDE_MS)
        return begun > 0 and self._ends[begun - 1] >= word.start_ms - _OUTSIDE_MS


def _find_stray_words(words: Sequence[Word]) -> list[str]:
    """Speech where no line is, in runs; a word alone may be a noise."""
    # Twice a line's margin: what is nearer together was heard in one go.
    runs: list[list[Word]] = []
    for word in words:
        if runs and word.start_ms - runs[-1][-1].end_ms < 2 * _OUTSIDE_MS:
            runs[-1].append(word)
        else:
            runs.append([word])
    return [_quote_words(run) for run in runs if len(run) >= _INVENTED_WORDS]


def _quote_words(words: Sequence[Word]) -> str:
    said = "".join(word.text for word in words).strip()
    return f"{words[0].start_ms / 1000:.1f} s: {said[:60]}"


def _split_passages(
    lines: Sequence[LineFit], words: Sequence[Word], locale: str
) -> Iterator[tuple[Sequence[LineFit], Sequence[Word]]]:
    """Lines that belong together, with the words that were heard while they were spoken."""
    left = list(words)
    held: list[LineFit] = []
    size = 0
    for line, following in pairwise([*lines, None]):
        if line is None:
            continue
        held.append(line)
        size += len(split_tokens(line.text, locale))
        if following is not None:
            gap = following.start_ms - line.end_ms
            # Parted where nobody speaks, unless a passage would grow to twice its size.
            if size < _PASSAGE_TOKENS or (gap < _BREATH_MS and size < 2 * _PASSAGE_TOKENS):
                continue
            border = (line.end_ms + following.start_ms) // 2
            mine = [word for word in left if word.start_ms + word.end_ms < 2 * border]
            left = left[len(mine) :]
            yield held, mine
        else:
            yield held, left
        held, size = [], 0


def _compare_passage(comparison: Comparison, lines: Sequence[LineFit], words: Sequence[Word], locale: str) -> None:
    heard_text = "".join(word.text for word in words)
    heard = split_tokens(heard_text, locale)
    wanted = [split_tokens(line.text, locale) for line in lines]
    flat = [token for line in wanted for token in line]
    if comparison.measure == "WER":
        flat, heard, wanted = _make_figures_alike(wanted, heard, locale)
    laid = align_tokens(flat, heard)
    comparison.tokens += len(flat)
    comparison.errors += laid.errors
    at = 0
    for line, said in zip(lines, wanted, strict=True):
        met = laid.met[at : at + len(said)]
        lost = sum(place is None for place in met)
        if said:
            same = sum(place is not None and heard[place] == token for token, place in zip(said, met, strict=True))
            comparison.by_line.append((line, 1 - same / len(said)))
        at += len(said)
        if said and lost >= _MISSING * len(said):
            comparison.missing.append(line)
    comparison.invented += _find_runs(laid.extra, heard, _INVENTED_RUN[comparison.measure], lines[0].start_ms)


def _make_figures_alike(
    wanted: Sequence[Sequence[str]], heard: list[str], locale: str
) -> tuple[list[str], list[str], list[list[str]]]:
    """Figures made alike, line by line, so that each line keeps its own tokens."""
    lines: list[list[str]] = []
    for line in wanted:
        same, heard = with_numbers_alike(line, heard, locale)
        lines.append(same)
    return [token for line in lines for token in line], heard, lines


def _find_runs(extra: Sequence[int], heard: Sequence[str], least: int, start_ms: int) -> list[str]:
    """Tokens in a row that no line has, where there are many."""
    runs: list[list[int]] = []
    for place in extra:
        if runs and place == runs[-1][-1] + 1:
            runs[-1].append(place)
        else:
            runs.append([place])
    return [
        f"near {start_ms / 1000:.1f} s: {' '.join(heard[place] for place in run)[:60]}"
        for run in runs
        if len(run) >= least
    ]
