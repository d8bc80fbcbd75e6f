"""Kokoro-82M behind the voice port: neural voices for eight languages, by onnxruntime on the processor.

Model and voices are two entries of the model registry. The model takes phoneme numbers, a style (one row of a voice
file, chosen by how many phonemes there are) and a speed, and gives 24 kHz mono. There is one session per process: it is
loaded with the first line, and lines are spoken side by side on one thread each, as many as there are cores.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from polyreel.engine.cores import COUNT, Places
from polyreel.engine.models import shelf
from polyreel.engine.models.registry import KOKORO, KOKORO_VOICES
from polyreel.engine.voice.espeak import EspeakVoice
from polyreel.engine.voice.kokoro import NAME
from polyreel.engine.voice.kokoro import cast as kokoro_cast
from polyreel.engine.voice.kokoro.phrases import Phrase, split_phrases
from polyreel.engine.voice.kokoro.vocabulary import encode_phonemes
from polyreel.engine.voice.port import Gender, Speech
from polyreel.engine.voice.text.fingerprint import fingerprint_readings
from polyreel.engine.voice.text.said_as import pieces
from polyreel.engine.voice.text.spoken import make_speakable, make_unreadable, require_sayable
from polyreel.errors import EngineError, NoVoice

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from polyreel.engine.models.sessions import Session
    from polyreel.engine.sound.pcm import Samples

RATE = 24_000
_VERSION = 8
_STYLES = (510, 256)
# A line of dialogue has a hundred, and one of these takes minutes to say. A bound so that a book in one cue is
# refused, and not spoken for an hour; nothing depends on its exact value.
_MOST_CHARACTERS = 4000
# Its speed is not linear, and beyond 1.5 it clips first consonants; fitting itself asks for 1.15 at most.
_SPEEDS = (0.7, 1.5)
# -60 dB of full scale: a line that nobody hears is worse than one by the stand-in.
_FAINTEST = 1e-3
_PEAK = 0.97  # some of its Italian and Hindi goes far beyond full scale
# A run takes 1.3 MB a phoneme: two long lines at once were a third of a job's memory at its peak. Two usual lines
# (90 phonemes) are still said side by side; a long one is said beside a short one, or alone.
_PHONEMES_AT_ONCE = Places(110 * COUNT)
_SILENCE = 10 ** (-46 / 20)  # its last sounds die away down to there; its own hush lies at -52 dB and less


class KokoroVoice:
    """Neural voices. Ids look like ``ef_dora@es-MX``: a voice, and the locale whose phonemes it is given."""

    name = NAME

    @property
    def version(self) -> str:
        """Changes with the weights, and with everything that turns text into phonemes."""
        weights = f"{KOKORO.fingerprint}.{KOKORO_VOICES.fingerprint}"
        # Another dictionary reads another word: what was kept is then not what would be said.
        readers = ".".join(_read_installed_version(each) for each in ("pypinyin", "pyopenjtalk-plus"))
        own = fingerprint_readings(Path(__file__).parent)  # Japanese and Chinese have their rules here
        return f"{_VERSION}-{weights}-{readers}-{own}-{EspeakVoice().version}"

    def speaks(self, locale: str) -> bool:
        """Whether Kokoro was taught this locale's language."""
        return kokoro_cast.language_of(locale) is not None

    def cast(self, locale: str) -> tuple[str, ...]:
        """The language's own voices, men and women in turn, then those it borrows. Raises NoVoice."""
        if not self.speaks(locale):
            raise _make_no_voice(locale)
        return tuple(f"{name}@{locale}" for name in kokoro_cast.list_voices(locale))

    def resolve(self, locale: str, asked: str) -> str:
        """``ef_dora``, or any other of the 54 names: each can speak each language, with its own accent."""
        name = asked.partition("@")[0]
        if not self.speaks(locale):
            raise _make_no_voice(locale)
        if name not in kokoro_cast.NAMES:
            raise NoVoice(
                f"Kokoro has no voice '{asked[:40]}'.",
                where=locale,
                remedy=f"Choose one of {', '.join(kokoro_cast.list_native_voices(locale))}, or leave `voice` out.",
            )
        return f"{name}@{locale}"

    def gender(self, voice_id: str) -> Gender:
        """By the voice's name."""
        return kokoro_cast.find_gender(voice_id)

    def speak(self, text: str, voice_id: str, speed: float) -> Speech:
        """Say a text. Raises EngineError: ``nothing_to_say``, ``model_missing``, ``model_damaged``, ``engine_failed``.

        Where the text has letters, but none that the language's front end can read, the code is ``unreadable``.
        """
        name, _, locale = voice_id.partition("@")
        pieces = [
            piece
            for piece in split_phrases(_transcribe_words(_check_text(text), locale))
            if encode_phonemes(piece.phonemes)
        ]
        if not pieces:
            raise make_unreadable("Kokoro", text, f"this in {locale}")
        styles = _styles(name)
        pace = max(_SPEEDS[0], min(_SPEEDS[1], speed))
        said = [_synthesise_phrase(piece, styles, pace) for piece in pieces]
        return Speech(_join_phrases(said, pieces), RATE)

    def caveats(self, locale: str, texts: Sequence[str]) -> tuple[str, ...]:
        """Portuguese is spoken as in Brazil, whatever the locale: the voices were taught nothing else."""
        if locale.startswith("pt") and locale not in {"pt", "pt-BR"}:
            return (f"Kokoro's Portuguese voices are Brazilian, also for {locale}.",)
        return ()


def _check_text(text: str) -> str:
    words = make_speakable(text)
    require_sayable(words, text, _MOST_CHARACTERS)
    return words


def _transcribe_words(words: str, locale: str) -> str:
    language = kokoro_cast.language_of(locale) or locale
    read = _load_frontend(language)
    if read is None:
        from polyreel.engine.voice.kokoro import latin

        # All of its Portuguese speakers are Brazilian: They were taught no other phonemes.
        return latin.spell_phonemes(words, "pt-BR" if language == "pt" else locale)
    return " ".join(f"{each.sounds}{each.ending}" if each.sounds else read(each.text, locale) for each in pieces(words))


def _load_frontend(language: str) -> Callable[[str, str], str] | None:
    """What writes a language's words as phonemes, where that is not espeak-ng. Its rules take a start to compile."""
    if language == "ja":
        from polyreel.engine.voice.kokoro import japanese

        return japanese.spell_phonemes
    if language == "zh":
        from polyreel.engine.voice.kokoro import mandarin

        return mandarin.spell_phonemes
    return None


def _synthesise_phrase(phrase: Phrase, styles: NDArray[np.float32], speed: float) -> Samples:
    import numpy as np

    from polyreel.engine.sound.edges import trim_silence

    numbers = encode_phonemes(phrase.phonemes)
    inputs = {
        "tokens": np.array([[0, *numbers, 0]], np.int64),
        # A voice file has one row of style for each count of phonemes, the first of them for one.
        "style": styles[len(numbers) - 1][None, :],
        "speed": np.array([speed], np.float32),
    }
    session = _load_session()
    with _PHONEMES_AT_ONCE.hold(len(numbers)):
        heard: Samples = session.run(inputs).ravel()
    if not np.isfinite(heard).all() or np.abs(heard).max(initial=0.0) < _FAINTEST:
        raise EngineError(
            "Kokoro gave no sound for this line.",
            where=repr(phrase.phonemes[:40]),
            remedy="Change the line's words, or name another voice for it.",
        )
    return trim_silence(heard, RATE, _SILENCE)


def _join_phrases(said: Sequence[Samples], pieces: Sequence[Phrase]) -> Samples:
    import numpy as np

    parts: list[Samples] = []
    for sound, piece in zip(said, pieces, strict=True):
        parts += [sound, np.zeros(round(piece.pause_s * RATE), np.float32)]
    whole = np.concatenate(parts[:-1])
    peak = float(np.abs(whole).max())
    return whole if peak <= _PEAK else whole * np.float32(_PEAK / peak)


# -- what is loaded once per process

_loading = threading.Lock()


def load() -> None:
    """Load the model now, and not with the first line. Blocks. Raises EngineError (``model_missing``, ...)."""
    _load_session()


def _load_session() -> Session:
    # `cache` alone lets two first lines load the model twice, 90 MB each.
    with _loading:
        return _open_session(shelf.check_file(KOKORO, "kokoro-v1.0.int8.onnx"))


@cache
def _open_session(model: Path) -> Session:
    from polyreel.engine.models.sessions import Session

    return Session(model)


def _styles(name: str) -> NDArray[np.float32]:
    return _read_styles(shelf.check_file(KOKORO_VOICES, f"{name}.bin"))


@cache
def _read_styles(file: Path) -> NDArray[np.float32]:
    import numpy as np

    return np.fromfile(file, "<f4").reshape(_STYLES)


def _read_installed_version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "none"


def _make_no_voice(locale: str) -> NoVoice:
    return NoVoice(
        f"Kokoro does not speak {locale}.",
        where=locale,
        remedy=f"It speaks {', '.join(kokoro_cast.LANGUAGES)}; for other languages, say `dubbing: {{voices: auto}}`.",
    )
