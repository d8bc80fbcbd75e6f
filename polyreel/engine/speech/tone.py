"""The tone of the original, sentence by sentence: how loud and how fast its speaker was, against their own median.

Only what can be carried over honestly is measured: loudness, and the pace of the words where the source's script is
known. Both guide the dub within bounds (`LIMITS`). A sentence during which nobody is heard has no tone, and is left.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from polyreel.engine.sound import meter
from polyreel.engine.speech.fit import USUAL
from polyreel.engine.speech.sentences import Line, Sentence, weigh
from polyreel.engine.threads import GoOn

Read = Callable[[int, int], NDArray[np.float32]]
"""Gives the original's speech from one ms to another: mono, 48 kHz."""

_RATE = 48_000
# Speech is told from what is there without it by being so much louder; below the floor nobody hears anything.
_OVER_PAUSES_DB = 6.0
_SILENCE_LUFS = -60.0
_MOST_PAUSES, _PAUSE_MS = 40, (400, 2000)
# A word or two say nothing of a pace.
_LEAST_LETTERS, _LEAST_SPOKEN_S = 10, 0.5
_FRAME = _RATE // 50
_PAUSE_DEPTH = 1e-3


@dataclass(frozen=True, slots=True)
class ToneLimits:
    """How far the original moves the dub: decibels either way, and paces (1.1 is 10 % faster)."""

    level_db: float = 4.0
    slowest: float = USUAL.slowest
    fastest: float = USUAL.voice_speed


LIMITS = ToneLimits()


@dataclass(frozen=True, slots=True)
class Tone:
    """How a sentence was said: LU above (or below) its speaker's median, and its pace by theirs, within the limits."""

    level_lu: float
    pace: float = 1.0


@dataclass(frozen=True, slots=True)
class Original:
    """What is known of the original: its speech, and its script's lines where there is one."""

    read: Read
    lines: tuple[Line, ...] = ()


def measure_tones(
    sentences: Sequence[Sentence], original: Original, reel_ms: int, go_on: GoOn, limits: ToneLimits = LIMITS
) -> tuple[Tone | None, ...]:
    """A tone for each sentence; None where nobody is heard in the original. Blocks; ``go_on`` may raise to stop."""
    floor = _loudness_of_pauses([*original.lines, *(line for each in sentences for line in each.lines)], original)
    levels: list[float | None] = []
    rates: list[float | None] = []
    for sentence in sentences:
        go_on()
        sound = original.read(sentence.start_ms, min(sentence.end_ms, reel_ms))
        level = meter.speech_level(sound, _RATE) if len(sound) else -np.inf
        # Where music is louder than the speaker, its loudness would be taken for a tone.
        heard = level > max(_SILENCE_LUFS, floor + _OVER_PAUSES_DB)
        levels.append(level if heard else None)
        rates.append(_letters_per_second(sentence, original, sound) if heard else None)
    usual, pace = _compute_medians(sentences, levels), _compute_medians(sentences, rates)
    return tuple(
        None
        if level is None
        else Tone(
            level_lu=round(level - usual[sentence.speaker], 2),
            pace=_bound_pace(rate, pace.get(sentence.speaker), limits),
        )
        for sentence, level, rate in zip(sentences, levels, rates, strict=True)
    )


def gain_towards(tone: Tone, own_lu: float, limits: ToneLimits = LIMITS) -> float:
    """Decibels that bring a take to its sentence's tone. ``own_lu``: the take above its voice's usual loudness."""
    return float(np.clip(tone.level_lu - own_lu, -limits.level_db, limits.level_db))


def _loudness_of_pauses(lines: Sequence[Line], original: Original) -> float:
    """The median loudness of what is heard while nobody's line is: what is left of music and noise."""
    least, most = _PAUSE_MS
    gaps: list[tuple[int, int]] = []
    end = 0
    for line in sorted(lines, key=lambda each: each.start_ms):
        if line.start_ms - end >= least:
            gaps.append((end, min(line.start_ms, end + most)))
        end = max(end, line.end_ms)
    # Spread over the film, as music and noise change.
    chosen = gaps[:: max(1, len(gaps) // _MOST_PAUSES)]
    found = [_usual_loudness(original.read(start, until)) for start, until in chosen]
    return float(np.median(found)) if found else -np.inf


def _usual_loudness(sound: NDArray[np.float32]) -> float:
    """The loudness of most of a pause. Words run over their cues' edges: a mean would be that of their ends."""
    listener = meter.Meter(1, _RATE)
    listener.feed(sound.reshape(-1, 1))
    power = listener.power()[:, 0]
    return meter.loudness(float(np.median(power))) if len(power) else -np.inf


def _letters_per_second(sentence: Sentence, original: Original, sound: NDArray[np.float32]) -> float | None:
    """What the source's script says meanwhile, by the time in which it was really spoken."""
    said = sum(weigh(line.text) for line in original.lines if _is_within(line, sentence))
    spoken = _count_spoken_seconds(sound)
    return said / spoken if said >= _LEAST_LETTERS and spoken >= _LEAST_SPOKEN_S else None


def _is_within(line: Line, sentence: Sentence) -> bool:
    shared = min(line.end_ms, sentence.end_ms) - max(line.start_ms, sentence.start_ms)
    return 2 * shared > line.end_ms - line.start_ms


def _count_spoken_seconds(sound: NDArray[np.float32]) -> float:
    frames = np.square(sound[: len(sound) // _FRAME * _FRAME].reshape(-1, _FRAME)).mean(axis=1)
    # Against the loudest frame: pauses inside a sentence count for no pace.
    return float((frames > frames.max(initial=0.0) * _PAUSE_DEPTH).sum()) * _FRAME / _RATE


def _compute_medians(sentences: Sequence[Sentence], values: Sequence[float | None]) -> Mapping[str | None, float]:
    found: dict[str | None, list[float]] = {}
    for sentence, value in zip(sentences, values, strict=True):
        if value is not None:
            found.setdefault(sentence.speaker, []).append(value)
    return {speaker: float(np.median(own)) for speaker, own in found.items()}


def _bound_pace(rate: float | None, usual: float | None, limits: ToneLimits) -> float:
    # In whole hundredths: a take is remembered by its pace, and nobody hears less.
    return 1.0 if rate is None or not usual else round(float(np.clip(rate / usual, limits.slowest, limits.fastest)), 2)
