"""Whisper over CTranslate2: loaded once per process, on two threads, one slice of sound at a time.

Several languages share the two cores by taking turns, slice by slice: two decoders at once are no faster than one
after the other, and need twice the memory.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from polyreel.engine.cores import RUNS
from polyreel.engine.models import shelf
from polyreel.engine.models.registry import (
    WHISPER_BASE,
    WHISPER_LARGE_V3,
    WHISPER_MEDIUM,
    WHISPER_SMALL,
    WHISPER_TINY,
)
from polyreel.engine.transcribe.tongues import WHISPER_CODES, find_whisper_code
from polyreel.engine.transcribe.words import Phrase, Word
from polyreel.errors import EngineError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from polyreel.engine.sound.pcm import Samples

RATE = 16_000
"""Samples per second that a listener takes."""
SLICE_S = 28.0
"""A listener's window is 30 s; what is given to it at once stays below."""
LINE_S = 10.0
"""As much of one line as is listened to when only its language is asked for."""
_FRAMES_PER_S = 100
_THREADS = 2
_BEAM = 5
_WORD_MS, _LETTER_MS = 350, 90
_TEMPERATURES = (0.0, 0.4)


@dataclass(frozen=True, slots=True, eq=False)
class Slice:
    """What was heard in one slice; times are from the slice's start. ``languages`` only where it was asked."""

    phrases: tuple[Phrase, ...]
    languages: dict[str, float]


class Listener(Protocol):
    """Hears words in speech. Its methods block; whoever calls them does so in a thread."""

    @property
    def name(self) -> str:
        """Short and stable: part of every key."""

    @property
    def version(self) -> str:
        """Changes whenever the same sound would be heard differently."""

    def knows(self, locale: str) -> bool:
        """Whether it understands a locale's language."""

    def hear(self, sound: Samples, locale: str, ask_language: bool, go_on: Callable[[], None]) -> Slice:
        """The words of a slice (mono, 16 kHz, at most `SLICE_S`). ``ask_language``: say also which language it is."""


@dataclass(frozen=True, slots=True)
class Attention:
    """How closely is listened: more beams find more, slowly; ``vocabulary`` are words to be expected."""

    beam: int = _BEAM
    vocabulary: tuple[str, ...] = ()


class Whisper:
    """A Whisper model in CTranslate2's form, in a folder. Loaded at first use. Thread-safe."""

    def __init__(self, folder: Callable[[], Path], name: str, version: str, attention: Attention | None = None) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._model: Any = None
        self._attention = attention or Attention()
        self._expected: tuple[str, ...] | None = None
        self.name = name
        self.version = version

    def knows(self, locale: str) -> bool:
        """Whether Whisper was taught this language."""
        return find_whisper_code(locale) in WHISPER_CODES

    def load(self) -> None:
        """Load the model now, and not with the first slice. Blocks. Raises EngineError."""
        with self._lock:
            self._ready()

    def _ready(self) -> Any:
        self._model = self._model or _load_model(self._folder(), self.name)
        if self._expected is None:
            self._expected = fit_vocabulary(self._attention.vocabulary, self._model)
        return self._model

    @property
    def not_expected(self) -> tuple[str, ...]:
        """Words of the vocabulary for which there was no room, once it has listened."""
        return self._attention.vocabulary[len(self._expected) :] if self._expected is not None else ()

    def hear(self, sound: Samples, locale: str, ask_language: bool, go_on: Callable[[], None]) -> Slice:
        """The words of a slice, in the locale's language whatever is spoken. Raises EngineError."""
        # The model's lock first: whoever waits for it holds no core's place.
        with self._lock, RUNS.hold():
            go_on()
            model = self._ready()
            segments, languages = _begin_decoding(
                model,
                sound,
                find_whisper_code(locale),
                ask_language,
                Attention(self._attention.beam, self._expected or ()),
            )
            phrases: list[Phrase] = []
            for segment in segments:  # decoded while it is iterated
                go_on()
                if segment.words:
                    phrases.append(_make_phrase(segment))
        return Slice(tuple(phrases), languages)

    def identify(self, sound: Samples, go_on: Callable[[], None]) -> dict[str, float]:
        """Probability by language of a slice. Nothing is decoded. Raises EngineError."""
        with self._lock, RUNS.hold():
            go_on()
            _, _, found = self._ready().detect_language(sound)
        return {language: float(share) for language, share in found}

    def identify_line(self, sound: Samples, go_on: Callable[[], None]) -> dict[str, float]:
        """Probability by language of one line, by its first `LINE_S`. Raises EngineError.

        The encoder is given these ten seconds and not its usual thirty: a tenth of the work, and on lines of 1.5 s and
        more the same answer.
        """
        import numpy as np

        with self._lock, RUNS.hold():
            go_on()
            model = self._ready()
            whole = model.feature_extractor(sound[: int(LINE_S * RATE)])
            frames = int(LINE_S) * _FRAMES_PER_S
            given = np.pad(whole[:, :frames], ((0, 0), (0, max(0, frames - whole.shape[1]))))
            found = model.model.detect_language(model.encode(given))[0]
        return {token[2:-2]: float(share) for token, share in found}


def _begin_decoding(
    model: Any, sound: Samples, code: str, ask_language: bool, attention: Attention
) -> tuple[Any, dict[str, float]]:
    """Decoding, ready to iterate. Asking for the language costs little where it is the expected one."""
    options: dict[str, Any] = {
        "beam_size": attention.beam,
        "hotwords": _as_hotwords(attention.vocabulary) or None,
        "temperature": _TEMPERATURES,
        "word_timestamps": True,
        # A window that was misheard would lead the next one astray.
        "condition_on_previous_text": False,
    }
    if not ask_language:
        return model.transcribe(sound, language=code, **options)[0], {}
    segments, info = model.transcribe(sound, language=None, **options)
    languages = {language: float(share) for language, share in info.all_language_probs or ()}
    if info.language != code:  # nothing was decoded yet: that begins with the first segment
        segments, _ = model.transcribe(sound, language=code, **options)
    return segments, languages


def fit_vocabulary(words: Sequence[str], model: Any) -> tuple[str, ...]:
    """As many words, from the first on, as the model's prompt has room for: half its window, in tokens of its own."""
    kept: tuple[str, ...] = ()
    for word in words:
        joined = _as_hotwords((*kept, word))
        if len(model.hf_tokenizer.encode(f" {joined}", add_special_tokens=False).ids) >= model.max_length // 2:
            break
        kept = (*kept, word)
    return kept


def _as_hotwords(words: Sequence[str]) -> str:
    return ", ".join(words)


def _load_model(folder: Path, name: str) -> Any:
    from faster_whisper import WhisperModel

    try:
        return encoding_once(
            WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=_THREADS, num_workers=1)
        )
    except Exception as error:  # CTranslate2 raises RuntimeError, its tokenizer anything
        raise EngineError(
            f"the model can't be loaded: {(str(error).splitlines() or [type(error).__name__])[0][:200]}",
            code="model_damaged",
            where=name,
            remedy="Run `polyreel models verify`.",
        ) from error


def encoding_once(model: Any) -> Any:
    """The model, with one memory: asking for the language encodes the window that decoding begins with, and that once.

    The library encodes it twice, a third of all the work on a short reel; the two differ in one frame of padding.
    """
    encode, last = model.encode, _Encoded()

    def encode_once(features: NDArray[np.float32]) -> Any:
        if not last.is_of(features):
            last.features, last.encoding = features, encode(features)
        return last.encoding

    model.encode = encode_once
    return model


@dataclass(slots=True)
class _Encoded:
    features: NDArray[np.float32] | None = None
    encoding: Any = None

    def is_of(self, features: NDArray[np.float32]) -> bool:
        if self.features is None or self.features.shape != features.shape:
            return False
        # One frame of padding may differ: it is the same sound.
        return int((self.features != features).any(axis=0).sum()) <= 1


def _make_phrase(segment: Any) -> Phrase:
    return Phrase(
        words=tuple(_make_words(segment.words)),
        logprob=round(float(segment.avg_logprob), 3),
        no_speech=round(float(segment.no_speech_prob), 3),
    )


def _make_words(found: Sequence[Any]) -> list[Word]:
    return [_make_word(word) for word in found if word.word.strip()]


def _make_word(found: Any) -> Word:
    start, end = round(float(found.start) * 1000), round(float(found.end) * 1000)
    # Whisper lets a word after a pause begin in the pause: no word takes longer than its letters.
    longest = _WORD_MS + _LETTER_MS * len(found.word.strip())
    return Word(
        text=found.word,
        start_ms=max(start, end - longest),
        end_ms=end,
        probability=round(float(found.probability), 3),
    )


@cache
def usual_listener() -> Whisper:
    """This process's Whisper, from the model shelf; its weights are checked and loaded at first use."""
    model = WHISPER_BASE
    return Whisper(lambda: shelf.require(model), model.name, model.fingerprint)


_SIZES = {
    "tiny": WHISPER_TINY,
    "base": WHISPER_BASE,
    "small": WHISPER_SMALL,
    "medium": WHISPER_MEDIUM,
    "large-v3": WHISPER_LARGE_V3,
}


@cache
def listener_for(size: str, attention: Attention) -> Whisper:
    """A Whisper of a size (``tiny`` to ``large-v3``); this process's usual one where that is asked for."""
    if size == "base" and attention == Attention():
        return usual_listener()
    model = _SIZES[size]
    return Whisper(lambda: shelf.require(model), model.name, model.fingerprint, attention)


def size_identity(size: str) -> str:
    """Name and version of a size's weights, as they would be used: part of keys."""
    return f"{_SIZES[size].name}-{_SIZES[size].fingerprint}"


def listener_here() -> str:
    """Name and version of the listener whose weights are on this machine; empty where there is none."""
    return f"{WHISPER_BASE.name}-{WHISPER_BASE.fingerprint}" if shelf.is_here(WHISPER_BASE) else ""


def require_listener(size: str = "base") -> None:
    """See that there are weights to listen with. Raises EngineError (``model_missing``) with the command."""
    if not shelf.is_here(_SIZES[size]):
        raise shelf.missing_models_error(_SIZES[size])


def listener_command() -> str:
    """The command that gets the listener's weights."""
    return shelf.pull_command(WHISPER_BASE)
