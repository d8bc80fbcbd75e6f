"""Which lines of a dub do not pass a check, and by how much: before and after something was tried with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Literal

from polyreel.dubbing.backchecks import check_words
from polyreel.dubbing.checks import check_fit
from polyreel.dubbing.limits import WordLimits
from polyreel.dubbing.line_checks import is_missing, rate_lines
from polyreel.dubbing.port import Dubbed
from polyreel.engine.backcheck.compare import compare_with_heard
from polyreel.engine.speech import fit
from polyreel.engine.transcribe.words import Heard
from polyreel.job import SubtitleProfile
from polyreel.outcome import LineFit

Kind = Literal["fit", "silent_lines", "clipped_speech", "back_transcription"]
UNITS: dict[Kind, str] = {
    "fit": "times its voice's own pace",
    "silent_lines": "of its time silent",
    "clipped_speech": "cut off",
    "back_transcription": "of its words not heard",
}
# Fit first: another voice, which is tried for the others, doesn't help what is too long.
KINDS: tuple[Kind, ...] = ("fit", "silent_lines", "clipped_speech", "back_transcription")
Place = tuple[str, int]
"""Who says a line (empty: nobody's name), and when its cue begins, in ms."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A line's figures, less is better, and which of them are flaws."""

    line: LineFit
    figures: Mapping[Kind, float]
    flaws: frozenset[Kind]

    @property
    def worst(self) -> Kind:
        """Of a flawed line, what is tried to be mended."""
        return next(kind for kind in KINDS if kind in self.flaws)


@dataclass(frozen=True, slots=True)
class Against:
    """What a dub is measured against."""

    locale: str
    profile: SubtitleProfile
    reel_ms: int
    words: WordLimits = field(default_factory=WordLimits)


def place_of(line: LineFit) -> Place:
    """What a line is known by from one dub of a script to the next."""
    # Not by its number or words: mending changes the words, and two speakers may begin at once.
    return line.speaker or "", line.cue_start_ms


def measure_lines(dubbed: Dubbed, heard: Heard | None, against: Against) -> dict[Place, Measured]:
    """Every line with its figures. Without the speech alone, or without a listener, there are fewer. Blocks."""
    lines = sorted(dubbed.lines, key=lambda line: line.cue_start_ms)
    figures: list[dict[Kind, float]] = [{"fit": pace} for pace in paces_needed(lines, against.reel_ms)]
    flaws: list[set[Kind]] = [set() for _ in lines]
    fits = check_fit(dubbed.lines, against.reel_ms).status == "pass"
    for line, found in zip(lines, flaws, strict=True):
        # Only where the whole dub's fit fails: a single long line is no reason to say it otherwise.
        found.update({"fit"} if not fits and (line.too_long or line.end_ms > against.reel_ms) else ())
    if dubbed.speech is not None:
        for (silence, is_cut), figure, found in zip(rate_lines(dubbed.speech, lines), figures, flaws, strict=True):
            figure |= {"silent_lines": round(silence, 3), "clipped_speech": float(is_cut)}
            found.update({"silent_lines"} if is_missing(silence) else {"clipped_speech"} if is_cut else ())
    if heard is not None:
        _add_words(lines, heard, against, figures, flaws)
    rows = zip(lines, figures, flaws, strict=True)
    return {place_of(line): Measured(line, figure, frozenset(flaw)) for line, figure, flaw in rows}


def _add_words(
    lines: Sequence[LineFit], heard: Heard, against: Against, figures: list[dict[Kind, float]], flaws: list[set[Kind]]
) -> None:
    """What was heard of each line: flawed are those of which more is lost than a whole dub may lose."""
    rates = {place_of(line): rate for line, rate in compare_with_heard(lines, heard, against.locale).by_line}
    passes = check_words(heard, lines, against.locale, against.words).status == "pass"
    # Only where the dub as a whole does not pass: a listener mishears single lines of any voice.
    for line, figure, found in zip(lines, figures, flaws, strict=True):
        if (rate := rates.get(place_of(line))) is not None:
            figure["back_transcription"] = round(rate, 3)
            found.update({"back_transcription"} if not passes and rate > against.words.errors[1] else ())


def paces_needed(lines: Sequence[LineFit], reel_ms: int) -> Iterator[float]:
    """How fast each line would have to be said to be over in time: 1.0 is its voice's own pace. By start."""
    for line, time in zip(lines, times_ms(lines, reel_ms), strict=True):
        yield round(line.natural_ms / max(1, time), 3)


def times_ms(lines: Sequence[LineFit], reel_ms: int) -> list[int]:
    """The time that each line has: its cue's, and the silence after it but for a gap. ``lines`` come by start."""
    found = []
    for line, following in zip_longest(lines, lines[1:]):
        # The reel's end needs no gap before it.
        then = following.cue_start_ms if following else reel_ms + fit.USUAL.gap_ms
        until = min(max(line.cue_end_ms, then - fit.USUAL.gap_ms), line.cue_end_ms + fit.USUAL.overrun_ms, reel_ms)
        found.append(max(1, until - line.cue_start_ms))
    return found
