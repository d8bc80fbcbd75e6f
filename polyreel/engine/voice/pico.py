"""SVOX Pico (``py-nanotts``) behind the voice port: German, English, Spanish, French, Italian, with no weights to pull.

Its voices come inside the wheel (about 4 MB), it speaks at a hundredth of real time, and at 16 kHz: what is above 8 kHz
in the stem is silent, and `caveats` says so. All five languages are understood far better than espeak-ng's.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from polyreel.engine.voice.port import Gender, Speech
from polyreel.engine.voice.text.fingerprint import fingerprint_readings
from polyreel.engine.voice.text.said_as import as_written, describe_unread
from polyreel.engine.voice.text.spoken import make_speakable, require_sayable
from polyreel.errors import EngineError, NoVoice
from polyreel.locales import is_british

if TYPE_CHECKING:
    from polyreel.engine.sound.pcm import Samples

RATE = 16_000
# A script's longest line has a fraction of this; more is no line but somebody's whole text.
MOST_CHARACTERS = 2_000
_LANGUAGES = {"de": "de-DE", "en": "en-US", "es": "es-ES", "fr": "fr-FR", "it": "it-IT"}
_BRITISH = "en-GB"
# What "the voice's own pace" is here, in Pico's: two of them outlast lines that are timed to an English original.
_PACES = {"es-ES": 1.1, "it-IT": 1.1}
_PITCHES: dict[str, tuple[float, Gender]] = {
    # One voice per language, all of them women's. Lower by a third it has a man's pitch: 116 Hz, measured.
    "high": (1.0, "female"),
    "low": (0.7, "male"),
    "higher": (1.15, "female"),
    "lower": (0.62, "male"),
}
# Letters that its language lacks come out as silence, which is no take of a line.
_STILL = 10 ** (-60 / 20)
# Half a second after its last word it takes a breath, 30 to 40 dB below the speech; its hush lies 50 dB below. The
# weakest last sounds ("fifth") are as faint as the breath, but follow at once.
_VOICED, _SILENCE = 10 ** (-30 / 20), 10 ** (-46 / 20)
_LAST_SOUND_S, _BLOCK = 0.3, RATE // 200
_GAIN = 0.5  # At the voice's own volume its loudest samples are cut off at full scale.


class PicoVoice:
    """SVOX Pico. Voice ids look like ``high@de-DE``, ``low@de-DE``: one voice per language, at four pitches."""

    name = "pico"

    @property
    def version(self) -> str:
        """The wheel's version, that of the way we use it, and the rules by which lines are read."""
        # The number goes up whenever pitch, pace or trimming change: the same text sounds otherwise then.
        return f"{_wheel_version()}-5-{fingerprint_readings()}"

    def speaks(self, locale: str) -> bool:
        """Whether Pico has this locale's language, and this machine has Pico: there are wheels for Linux alone."""
        return locale.partition("-")[0] in _LANGUAGES and _load_engine() is not None

    def cast(self, locale: str) -> tuple[str, ...]:
        """Four pitches of a language's voice, in turn a woman's and a man's. Raises NoVoice."""
        if not self.speaks(locale):
            raise NoVoice(f"Pico does not speak {locale}.", where=locale, remedy="Leave `voice` out, or name another.")
        return tuple(f"{pitch}@{locale}" for pitch in _PITCHES)

    def resolve(self, locale: str, asked: str) -> str:
        """``high``, ``low``, ``higher`` or ``lower``. Raises NoVoice for any other name."""
        if not self.speaks(locale) or asked.partition("@")[0] not in _PITCHES:
            raise NoVoice(
                f"Pico has no voice '{asked[:40]}'.",
                where=locale,
                remedy=f"Choose one of {', '.join(_PITCHES)}, or leave `voice` out.",
            )
        return f"{asked.partition('@')[0]}@{locale}"

    def gender(self, voice_id: str) -> Gender | None:
        """By its pitch: the voices are women's, and lowered they have a man's pitch."""
        pitch = _PITCHES.get(voice_id.partition("@")[0])
        return pitch[1] if pitch else None

    def speak(self, text: str, voice_id: str, speed: float) -> Speech:
        """Say a text, 16 kHz. Raises EngineError (``nothing_to_say``) where it holds nothing that Pico can say."""
        import numpy as np

        from polyreel.engine.sound.edges import trim_silence

        # Here: some 300 patterns, which a run that has nothing to say would compile for nothing.
        from polyreel.engine.voice.text.words import spell_out

        pitch, _, locale = voice_id.partition("@")
        words = spell_out(as_written(make_speakable(text)), _voice_of(locale) or locale).translate(_NO_MARKUP)
        require_sayable(words, text, MOST_CHARACTERS)
        said = _synthesise_text(words, _voice_of(locale) or "", _PITCHES[pitch][0], speed)
        samples = trim_silence(_without_breath(said), RATE, _SILENCE)
        if np.abs(samples).max(initial=0.0) < _STILL:  # letters that its language lacks are silence to it
            raise EngineError(
                "Pico found nothing to say.",
                where=repr(text[:40]),
                remedy="Give the line words, or take it out of the script.",
            )
        return Speech(samples, RATE)

    def caveats(self, locale: str, texts: Sequence[str]) -> tuple[str, ...]:
        """The band that it speaks in, and terms whose sounds it can't be given."""
        return ("pico speaks at 16 kHz: its speech holds nothing above 8 kHz.", *describe_unread(self.name, texts))


_NO_MARKUP = str.maketrans("<>", "  ")  # Pico reads tags in its text, and nobody else's may steer it
_speaking = threading.Lock()


def _synthesise_text(text: str, voice: str, pitch: float, speed: float) -> Samples:
    import numpy as np

    engine = _load_engine()
    assert engine is not None  # noqa: S101 - `speaks` said so when the voice was chosen
    with _speaking:  # the library keeps one engine for all threads
        said = engine.speak(text, voice=voice, speed=speed * _PACES.get(voice, 1.0), pitch=pitch, volume=_GAIN)
    return np.frombuffer(said, "<i2").astype(np.float32) / np.float32(32768)


def _without_breath(samples: Samples) -> Samples:
    """As far as the last word and its last sounds reach."""
    import numpy as np

    levels = np.sqrt(np.square(np.pad(samples, (0, -len(samples) % _BLOCK)).reshape(-1, _BLOCK)).mean(axis=1))
    voiced = np.flatnonzero(levels > _VOICED * levels.max(initial=0.0))
    return samples[: (int(voiced[-1]) + 1) * _BLOCK + round(_LAST_SOUND_S * RATE)] if len(voiced) else samples


@cache
def _wheel_version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("py-nanotts")
    except PackageNotFoundError:  # no build for this machine: other voices speak, and keys say so
        return "none"


@cache
def _load_engine() -> Any:
    """The library; None where its wheel has no build for this machine."""
    try:
        from py_nanotts import NanoTTS
    except ImportError:
        return None
    return NanoTTS()


def _voice_of(locale: str) -> str | None:
    if is_british(locale):
        return _BRITISH
    return _LANGUAGES.get(locale.partition("-")[0])
