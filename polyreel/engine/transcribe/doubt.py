"""What a listener says it heard, and nobody said: text over silence or music, loops, credits it learned by heart.

Whisper was taught with subtitles from the web. Where it hears nothing it writes what subtitles say there.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from polyreel.engine.sound.pcm import Samples
from polyreel.engine.transcribe.words import Phrase, Word

# Whisper's own threshold.
NO_SPEECH = 0.6
UNSURE = -0.8
HOPELESS = -1.4
COMPRESSES = 2.6
# Speech has some 15 letters a second; three times that nobody says, but a loop of Whisper's does.
FASTEST_PER_S = 45
QUIET_DB = -55.0
QUIET_BELOW_DB = -38.0
_AGAIN_MS = 500
_DOUBTFUL = 0.4
_LOOP = 3
_LONGEST_LOOP = 8

# Humming and scat: believed where somebody speaks ("Ah."), left out where the listener thinks that nobody does.
_VOCALISE = re.compile(r"(?:(?:[aeou]+h*|[mh]+m+|(?:l|n|d|t)(?:a|o+)h*|hey|yeah)[\W\d_]*)+", re.IGNORECASE)
SUNG = 0.3

# Credits and farewells of subtitles on the web: believed only where the listener is sure that somebody speaks.
_CREDITS = re.compile(
    r"thanks? (?:you )?for watching|amara\.org|subtitles? by|subscribe|sous-titr|sottotitoli|subt[ií]tulos|legendas|"
    r"untertitel|ご視聴ありがとう|字幕|谢谢观看|請不吝點贊|구독|시청해 ?주셔서|продолжение следует|субтитры|"
    r"ترجمة|napisy|ondertitel|altyaz",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Dropped:
    """What is not believed. ``first``: its first word, for its time; ``why``: the reason and the words."""

    first: Word
    why: str


@dataclass
class Judged:
    """What is believed of what was heard, and what is not."""

    believed: list[Phrase] = field(default_factory=list)
    dropped: list[Dropped] = field(default_factory=list)


def judge_phrases(phrases: Iterable[Phrase], sound: Samples, rate: int) -> Judged:
    """Sort out what was not said. Times are from the sound's start (mono, ``rate`` samples per second)."""
    found = Judged()
    loudest = _measure_level(sound)
    for phrase in phrases:
        reason = _find_doubt(phrase)
        # Word by word: Whisper carries a sentence on into the silence behind it, and its beginning was said.
        audible = () if reason else tuple(w for w in phrase.words if not _is_silent(w, sound, rate, loudest))
        said = _without_loops(_without_stutter(audible, found.believed))
        if said:
            found.believed.append(phrase.model_copy(update={"words": said}))
        if len(said) < len(phrase.words):
            lost = reason or ("over silence" if len(audible) < len(phrase.words) else "repeated over and over")
            found.dropped.append(Dropped(phrase.words[0], f"{lost}: {phrase.text[:60]}"))
    return found


def _find_doubt(phrase: Phrase) -> str:
    """Why a phrase as a whole is not believed; empty where it is."""
    text = phrase.text
    seconds = (phrase.end_ms - phrase.start_ms) / 1000
    if phrase.no_speech > NO_SPEECH and phrase.logprob < UNSURE:
        return "nobody speaks"
    if phrase.no_speech > SUNG and _VOCALISE.fullmatch(text):
        return "sung without words"
    if phrase.logprob < HOPELESS:
        return "not understood"
    if _CREDITS.search(text) and (phrase.no_speech > 0.25 or phrase.logprob < -0.6):
        return "credits learned by heart"
    if len(text) > 30 and len(text) > FASTEST_PER_S * max(seconds, 0.1):
        return "too fast to be said"
    return (
        "a loop" if _measure_compression(text) > COMPRESSES and len(phrase.words) > 20 and _is_one_loop(phrase) else ""
    )


def _measure_compression(text: str) -> float:
    raw = text.encode()
    return len(raw) / len(zlib.compress(raw))


def _is_one_loop(phrase: Phrase) -> bool:
    return len(_without_loops(phrase.words)) < len(phrase.words) // 2


def _is_silent(word: Word, sound: Samples, rate: int, loudest: float) -> bool:
    """Whether there is nothing to hear where a word was heard (half a tenth of a second of grace around it)."""
    grace = rate // 20
    start, end = word.start_ms * rate // 1000 - grace, word.end_ms * rate // 1000 + grace
    level = _measure_level(sound[max(0, start) : end])
    return level < QUIET_DB or level < loudest + QUIET_BELOW_DB


def _measure_level(sound: Samples) -> float:
    """dBFS of the loudest tenth of a second or so."""
    if not len(sound):
        return -120.0
    step = 1600
    whole = sound[: len(sound) // step * step].reshape(-1, step) if len(sound) >= step else sound.reshape(1, -1)
    power = float(np.square(whole, dtype=np.float64).mean(axis=1).max())
    # So that silence has a logarithm.
    return 10 * float(np.log10(power + 1e-12))


def _without_stutter(words: tuple[Word, ...], before: Sequence[Phrase]) -> tuple[Word, ...]:
    """Words without a doubtful first one that is the last phrase's last: listeners begin again where they left off."""
    if not words or not before:
        return words
    first, last = words[0], before[-1].words[-1]
    is_again = _strip_word(first) == _strip_word(last) and first.start_ms - last.end_ms < _AGAIN_MS
    return words[1:] if is_again and first.probability < _DOUBTFUL else words


def _strip_word(word: Word) -> str:
    return re.sub(r"\W+", "", word.text).casefold()


def _without_loops(words: tuple[Word, ...]) -> tuple[Word, ...]:
    """Words without what is said the same way more than `_LOOP` times in a row: ``no no no`` stays, fifty don't."""
    kept = list(words)
    for size in range(1, _LONGEST_LOOP + 1):
        kept = _drop_loops(kept, size)
    return tuple(kept)


def _drop_loops(words: list[Word], size: int) -> list[Word]:
    plain = [_strip_word(word) for word in words]
    starts = range(0, max(0, len(words) - size + 1))
    same = [plain[at : at + size] == plain[at + size : at + 2 * size] for at in starts]
    cut: set[int] = set()
    run = 1
    at = 0
    while at < len(same):
        if same[at]:
            run += 1
            if run > _LOOP:
                cut.update(range(at + size, at + 2 * size))
            at += size
        else:
            run = 1
            at += 1
    return [word for place, word in enumerate(words) if place not in cut]
