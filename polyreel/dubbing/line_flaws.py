"""Which lines of a dub do not pass a check, and by how much: before and after something was tried with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Literal

from polyreel import locales
from polyreel.dubbing.backchecks import TRUSTED, check_words
from polyreel.dubbing.checks import check_fit
from polyreel.dubbing.limits import DubLimits
from polyreel.dubbing.line_checks import measure_lines as measure_sound
from polyreel.dubbing.line_hearing import LinesHeard
from polyreel.dubbing.line_levels import measure_loudness, measure_over_background
from polyreel.dubbing.line_noise import measure_noise
from polyreel.dubbing.placement import measure_timing
from polyreel.dubbing.port import Dubbed
from polyreel.dubbing.voice_checks import find_strangers, list_comparable
from polyreel.engine.backcheck.compare import compare_with_heard
from polyreel.engine.sound.meter import Power
from polyreel.engine.speech import fit
from polyreel.engine.transcribe.words import Heard
from polyreel.job import SubtitleProfile
from polyreel.outcome import LineFit

Kind = Literal[
    "fit",
    "silent_lines",
    "clipped_speech",
    "line_timing",
    "line_loudness",
    "line_noise",
    "line_clipping",
    "speech_over_background",
    "back_transcription",
    "accent",
    "one_voice",
]
# In the order in which they count. Fit first: another voice, which is tried for the others, doesn't help what is too
# long. What drowns in the background is not understood for that, so that it stands before what was heard.
UNITS: dict[Kind, str] = {
    "fit": "times its voice's own pace",
    "silent_lines": "of its time silent",
    "clipped_speech": "cut off",
    "line_timing": "s early or late",
    "line_loudness": "dB from the dub's other lines",
    "line_noise": "dB of hiss beside its speech",
    "line_clipping": "of what is loud cut flat",
    "speech_over_background": "dB of background beside its speech",
    "back_transcription": "of its words not heard",
    "accent": "likely to be another language",
    "one_voice": "unlike its speaker's other lines",
}
KINDS: tuple[Kind, ...] = tuple(UNITS)
# A voice unlike the others is a price: that a line hisses a little less is not worth it.
WHOLLY: frozenset[Kind] = frozenset({"line_timing", "line_loudness", "line_noise", "line_clipping", "accent"})
Place = tuple[str, int]
"""Who says a line (empty: nobody's name), and when its cue begins, in ms."""

# Why saying a line once more is no help, by the flaw that it has.
_NO_HELP: Mapping[Kind, str] = {
    "speech_over_background": "what is under it is too loud, and no voice mends that: the check says what does",
    "one_voice": "another voice would be a stranger's, too: the check says what helps",
}
_TWICE = "its words are heard at two places, and saying it again changes none of them"


@dataclass(frozen=True, slots=True)
class Take:
    """A dub, the words that were heard in it, what its lines sound like, and its track's power; None: not known."""

    dubbed: Dubbed
    heard: Heard | None = None
    voices: LinesHeard | None = None
    power: Power | None = None


@dataclass(frozen=True, slots=True)
class Measured:
    """A line's figures, less is better, and which of them are flaws. ``is_twice``: it is heard at two places."""

    line: LineFit
    figures: Mapping[Kind, float]
    flaws: frozenset[Kind]
    is_twice: bool = False

    @property
    def worst(self) -> Kind:
        """Of a flawed line, what is tried to be mended."""
        return next(kind for kind in KINDS if kind in self.flaws)

    @property
    def no_help(self) -> str:
        """Why saying it once more can't mend that; empty: it may."""
        return _TWICE if self.worst == "line_timing" and self.is_twice else _NO_HELP.get(self.worst, "")


@dataclass(frozen=True, slots=True)
class Against:
    """What a dub is measured against."""

    locale: str
    profile: SubtitleProfile
    reel_ms: int
    limits: DubLimits = field(default_factory=lambda: DubLimits.of("netflix", "source"))


def place_of(line: LineFit) -> Place:
    """What a line is known by from one dub of a script to the next."""
    # Not by its number or words: mending changes the words, and two speakers may begin at once.
    return line.speaker or "", line.cue_start_ms


def measure_lines(take: Take, against: Against) -> dict[Place, Measured]:
    """Every line with its figures. Without the speech alone, or without a listener, there are fewer. Blocks."""
    rows = [_Row(line) for line in sorted(take.dubbed.lines, key=lambda line: line.cue_start_ms)]
    for add in (_add_fit, _add_sound, _add_timing, _add_levels, _add_words, _add_voices):
        add(rows, take, against)
    return {place_of(row.line): Measured(row.line, row.figures, frozenset(row.flaws), row.is_twice) for row in rows}


@dataclass(slots=True)
class _Row:
    line: LineFit
    figures: dict[Kind, float] = field(default_factory=dict)
    flaws: set[Kind] = field(default_factory=set)
    is_twice: bool = False

    def add(self, kind: Kind, figure: float, *, is_flaw: bool) -> None:
        self.figures[kind] = round(figure, 3)
        self.flaws.update({kind} if is_flaw else ())


def _lines_of(rows: Sequence[_Row]) -> list[LineFit]:
    return [row.line for row in rows]


def _add_fit(rows: Sequence[_Row], take: Take, against: Against) -> None:
    fits = check_fit(take.dubbed.lines, against.reel_ms).status == "pass"
    for row, pace in zip(rows, paces_needed(_lines_of(rows), against.reel_ms), strict=True):
        # Only where the whole dub's fit fails: a single long line is no reason to say it otherwise.
        row.add("fit", pace, is_flaw=not fits and (row.line.too_long or row.line.end_ms > against.reel_ms))


def _add_sound(rows: Sequence[_Row], take: Take, against: Against) -> None:
    """What is wrong with a line's own sound in the speech stem."""
    if take.dubbed.speech is None:
        return
    limits = against.limits.lines
    for row, each in zip(rows, measure_sound(take.dubbed.speech, _lines_of(rows)), strict=True):
        row.add("silent_lines", each.silence, is_flaw=each.is_missing)
        row.add("clipped_speech", float(each.is_cut), is_flaw=each.is_cut)
    for row, found in zip(rows, measure_noise(_lines_of(rows), take.dubbed.speech), strict=True):
        if found is not None:
            row.add("line_noise", -found[0], is_flaw=found[0] < limits.noise_db[0])
            row.add("line_clipping", found[1], is_flaw=found[1] > limits.flattened[0])


def _add_timing(rows: Sequence[_Row], take: Take, against: Against) -> None:
    limits = against.limits.lines
    found = measure_timing(_lines_of(rows), take.dubbed.speech, take.heard, against.locale, limits)
    for row, each in zip(rows, found or [None] * len(rows), strict=True):
        if each is not None:
            row.is_twice = each.again_ms is not None
            is_off = row.is_twice or abs(each.off_ms) > limits.timing_ms[0]
            row.add("line_timing", abs(each.off_ms) / 1000, is_flaw=is_off)


def _add_levels(rows: Sequence[_Row], take: Take, against: Against) -> None:
    lines, speech, limits = _lines_of(rows), take.dubbed.speech, against.limits.lines
    for row, off in zip(rows, measure_loudness(lines, speech, take.power), strict=True):
        if off is not None:
            row.add("line_loudness", abs(off), is_flaw=abs(off) > limits.loudness_db[0])
    if take.power is None:
        return
    for row, ratio in zip(rows, measure_over_background(lines, speech, take.power), strict=True):
        if ratio is not None:
            row.add("speech_over_background", -ratio, is_flaw=ratio < limits.over_background_db[0])


def _add_words(rows: Sequence[_Row], take: Take, against: Against) -> None:
    """What was heard of each line: flawed are those of which more is lost than a whole dub may lose."""
    if take.heard is None:
        return
    lines, limits = _lines_of(rows), against.limits.words
    rates = {place_of(line): rate for line, rate in compare_with_heard(lines, take.heard, against.locale).by_line}
    passes = check_words(take.heard, lines, against.locale, limits).status == "pass"
    # Only where the dub as a whole does not pass: a listener mishears single lines of any voice.
    for row in rows:
        if (rate := rates.get(place_of(row.line))) is not None:
            row.add("back_transcription", rate, is_flaw=not passes and rate > limits.errors[1])


def _add_voices(rows: Sequence[_Row], take: Take, against: Against) -> None:
    """Accents that are surely foreign, where the listener is to be trusted: a doubt is no reason for another voice."""
    if take.voices is None:
        return
    limits, trusted = against.limits.voices, locales.language(against.locale) in TRUSTED
    comparable = list_comparable(take.voices)
    strangers = find_strangers(comparable, limits) if len(comparable) > 1 else []
    unlike = {(line.start_ms, line.text): 1 - (found.own or 0.0) for line, found in strangers}
    shares = {(line.start_ms, line.text): line.share for line in take.voices.lines}
    for row in rows:
        place = row.line.start_ms, row.line.text
        if (share := shares.get(place)) is not None:
            row.add("accent", 1 - share, is_flaw=trusted and share < limits.accent[1])
        if place in unlike:
            row.add("one_voice", unlike[place], is_flaw=True)


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
