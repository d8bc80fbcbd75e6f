"""The user's own Piper voices: ``NAME.onnx`` with ``NAME.onnx.json`` below ``POLYREEL_HOME/voices``, or by path.

Piper's own program is under the GPL, so none of it is used: the files are run by onnxruntime as their configuration
says, with phonemes from espeak-ng. Voice ids look like ``de_DE-thorsten@de-DE`` or ``multi#3@en-GB`` (speaker 3).
"""

from __future__ import annotations

import json
import re
import threading
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from polyreel.engine.voice.espeak import transcribe_clauses
from polyreel.engine.voice.port import Speech
from polyreel.engine.voice.text.fingerprint import fingerprint_readings
from polyreel.engine.voice.text.spoken import make_speakable, make_unreadable, require_sayable
from polyreel.errors import EngineError, NoVoice
from polyreel.machine import home
from polyreel.machine.files import read_whole

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from polyreel.engine.models.sessions import Session
    from polyreel.engine.sound.pcm import Samples

_VERSION = 8
_MARKS = ".,!?;:…"
# espeak-ng gives a letter or two of what follows back with a clause; earlier marks are not its own.
_REACH = 5
_PAUSE_S = 0.2
# The signs that Piper's training puts around and between phonemes; their numbers differ from voice to voice.
_BEGIN, _END, _PAD = "^", "$", "_"
# Some voices hold 900 speakers: a cast of more than this helps nobody and has each of them in `voices`.
_MOST_SPEAKERS = 20
_MOST_CONFIGURATION_BYTES = 16 << 20
# What a voice was taught to read (its ``phoneme_type``): espeak-ng's phonemes, or the letters themselves.
_FRONT_ENDS = {"espeak": False, "text": True}
_SENTENCE = re.compile(r"(?<=[.!?…])\s+")


@dataclass(frozen=True, slots=True)
class _Configuration:
    """What a voice's ``.onnx.json`` says of it."""

    locale: str
    espeak_voice: str
    rate: int
    scales: tuple[float, float, float]
    speakers: int
    reads_letters: bool
    ids: Mapping[str, Sequence[int]]


class PiperVoice:
    """Every Piper voice that the user has put below ``POLYREEL_HOME/voices``."""

    name = "piper"

    @property
    def version(self) -> str:
        """Changes with any of the files, and with the rules by which lines are read."""
        # By size and time, and not by hash: this is asked for each plan, and a voice has 60 MB and more.
        stamps = (f"{path.stem}.{path.stat().st_size}.{path.stat().st_mtime_ns}" for path in _list_files())
        return "-".join((str(_VERSION), fingerprint_readings(), *stamps))

    def speaks(self, locale: str) -> bool:
        """Whether one of the user's voices is of this locale's language."""
        return any(_fits(_load_configuration(path), locale) for path in _list_files())

    def cast(self, locale: str) -> tuple[str, ...]:
        """The user's voices for a language, those of the very locale first. Raises NoVoice."""
        fitting = [path for path in _list_files() if _fits(_load_configuration(path), locale)]
        # The very locale first; by name then, so that every run and every machine casts alike.
        fitting.sort(key=lambda path: (_load_configuration(path).locale != locale, path.stem))
        if not fitting:
            raise NoVoice(
                f"no Piper voice for {locale}.",
                where=str(voices_folder()),
                remedy="Fetch one: `polyreel voices add --list`, then `polyreel voices add NAME`.",
            )
        return tuple(voice for path in fitting for voice in _list_ids(path, locale))

    def locales(self) -> tuple[str, ...]:
        """The locales of the user's voices."""
        return tuple(sorted({_load_configuration(path).locale for path in _list_files()}))

    def resolve(self, locale: str, asked: str) -> str:
        """A name below ``POLYREEL_HOME/voices``, or the path of an ``.onnx``; ``#3`` is a speaker. Raises NoVoice."""
        name, _, speaker = asked.removesuffix(f"@{locale}").partition("#")
        configuration = _load_configuration(_locate_voice(name))
        if speaker and not (speaker.isdecimal() and int(speaker) < configuration.speakers):
            raise NoVoice(
                f"the Piper voice '{name[:40]}' has no speaker '{speaker[:10]}'.",
                where=locale,
                remedy="`polyreel voices LOCALE` lists its speakers.",
            )
        return f"{name}{f'#{speaker}' if speaker else ''}@{locale}"

    def gender(self, voice_id: str) -> None:
        """Nobody knows: voice files don't say."""

    def speak(self, text: str, voice_id: str, speed: float) -> Speech:
        """Say a text. Raises EngineError (``nothing_to_say``, ``unreadable``, ``model_damaged``) or NoVoice."""
        import numpy as np

        # Here: some 300 patterns, which a run that has nothing to say would compile for nothing.
        from polyreel.engine.voice.text.words import spell_out

        name, _, speaker = voice_id.rpartition("@")[0].partition("#")
        path = _locate_voice(name)
        configuration = _load_configuration(path)
        words = spell_out(make_speakable(text), configuration.locale)
        require_sayable(words, text)
        clauses = [
            _number_phonemes(clause, ending, configuration) for clause, ending in _split_clauses(words, configuration)
        ]
        said = [_synthesise_numbers(path, numbers, int(speaker or 0), speed) for numbers in clauses if numbers]
        if not said:
            raise make_unreadable(f"the Piper voice '{name}'", text)
        pause = np.zeros(round(_PAUSE_S * configuration.rate), np.float32)
        joined = [part for sound in said for part in (sound, pause)][:-1]
        return Speech(np.concatenate(joined), configuration.rate)

    def caveats(self, locale: str, texts: Sequence[str]) -> tuple[str, ...]:
        """Nothing: they are the user's own."""
        return ()


def voices_folder() -> Path:
    """Where the user's voices lie: ``POLYREEL_HOME/voices``."""
    return home.home() / "voices"


def _list_files() -> list[Path]:
    return sorted(path for path in voices_folder().glob("*.onnx") if path.with_name(f"{path.name}.json").is_file())


def _locate_voice(name: str) -> Path:
    asked = Path(name).expanduser()
    path = asked if asked.suffix == ".onnx" else voices_folder() / f"{name}.onnx"
    # A job may come from elsewhere: a name must not lead out of the folder of voices; a path is the user's own word.
    is_named = asked.suffix == ".onnx" or asked.name == name  # "../x" is no name of a voice
    if not is_named or not path.is_file() or not path.with_name(f"{path.name}.json").is_file():
        raise NoVoice(
            f"there is no Piper voice '{name[:60]}'.",
            where=str(path),
            remedy=f"Put NAME.onnx and NAME.onnx.json into {voices_folder()}, or give the path of the .onnx file.",
        )
    return path


def _list_ids(path: Path, locale: str) -> list[str]:
    speakers = min(_load_configuration(path).speakers, _MOST_SPEAKERS)
    return [f"{path.stem}#{each}@{locale}" for each in range(speakers)] if speakers > 1 else [f"{path.stem}@{locale}"]


def _fits(configuration: _Configuration, locale: str) -> bool:
    return configuration.locale.partition("-")[0] == locale.partition("-")[0]


def _split_clauses(words: str, configuration: _Configuration) -> list[tuple[str, str]]:
    """A text in the signs that the voice was taught, clause by clause, each with how it ended."""
    if not configuration.reads_letters:
        return transcribe_clauses(words, configuration.espeak_voice)
    if any(sign.isdecimal() for sign in words):
        # Letters alone have sounds to this voice: it would pass over figures without a word.
        raise make_unreadable("this Piper voice", words, "figures")
    return [(sentence.rstrip(_MARKS), sentence) for sentence in _SENTENCE.split(words.casefold()) if sentence]


def check_voice(configuration: Path) -> None:
    """See that a voice can be run here, by its ``.onnx.json``. Raises EngineError (``model_damaged``)."""
    # The time is part of what is cached, so that a file put in its place is read anew.
    _read(configuration, configuration.stat().st_mtime_ns)


def _load_configuration(path: Path) -> _Configuration:
    file = path.with_name(f"{path.name}.json")
    return _read(file, file.stat().st_mtime_ns)


@lru_cache(maxsize=64)
def _read(file: Path, _changed: int) -> _Configuration:
    try:
        found = json.loads(read_whole(file, _MOST_CONFIGURATION_BYTES))
        return _read_configuration(found)
    except UnknownFrontEnd as error:
        raise EngineError(
            f"this Piper voice reads '{error}', which polyreel can't give it.",
            code="model_damaged",
            where=str(file),
            remedy="Take another voice of the language.",
        ) from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise EngineError(
            f"this Piper voice's configuration can't be used ({type(error).__name__}: {error}).",
            code="model_damaged",
            where=str(file),
            remedy="Take the .onnx.json file that was published with the voice.",
        ) from error


class UnknownFrontEnd(Exception):
    """A voice that was taught to read something else than phonemes or letters."""


def _read_configuration(found: dict[str, Any]) -> _Configuration:
    voice, reads = str(found["espeak"]["voice"]), str(found.get("phoneme_type", "espeak"))
    if reads not in _FRONT_ENDS:
        raise UnknownFrontEnd(reads[:20])
    inference = found.get("inference", {})
    # What Piper itself takes where a voice's file is silent.
    scales = (inference.get("noise_scale", 0.667), inference.get("length_scale", 1.0), inference.get("noise_w", 0.8))
    return _Configuration(
        locale=str(found.get("language", {}).get("code", voice)).replace("_", "-"),
        espeak_voice=voice,
        rate=int(found["audio"]["sample_rate"]),
        scales=scales,
        speakers=int(found.get("num_speakers", 1)),
        reads_letters=_FRONT_ENDS[reads],
        ids=found["phoneme_id_map"],
    )


def _number_phonemes(clause: str, ending: str, configuration: _Configuration) -> list[int]:
    """Phoneme numbers as Piper's training had them: decomposed, a pad after each, begin and end marked."""
    mark = next((sign for sign in reversed(ending[-_REACH:]) if sign in _MARKS), "")
    ids = configuration.ids
    # Decomposed, as its training data was; a sign that the voice has no number for can't be said.
    signs = [sign for sign in unicodedata.normalize("NFD", clause.replace("^", "") + mark) if sign in ids]
    if not any(sign.isalpha() for sign in signs):
        return []
    numbers = [*ids.get(_BEGIN, ()), *ids.get(_PAD, ())]
    for sign in signs:
        numbers += [*ids[sign], *ids.get(_PAD, ())]
    return [*numbers, *ids.get(_END, ())]


def _synthesise_numbers(path: Path, numbers: list[int], speaker: int, speed: float) -> Samples:
    import numpy as np

    from polyreel.engine.sound.edges import trim_silence

    configuration, session = _load_configuration(path), _load_session(path, path.stat().st_mtime_ns)
    noise, length, width = configuration.scales
    inputs: dict[str, NDArray[Any]] = {
        "input": np.array([numbers], np.int64),
        "input_lengths": np.array([len(numbers)], np.int64),
        # Piper's length scale is a duration: twice the pace is half of it.
        "scales": np.array([noise, length / speed, width], np.float32),
    }
    # A network of one speaker has no such input, and onnxruntime refuses what it doesn't know.
    if "sid" in session.inputs:
        inputs["sid"] = np.array([speaker], np.int64)
    heard: Samples = session.run(inputs).astype(np.float32).ravel()
    if not len(heard) or not np.isfinite(heard).all():
        raise EngineError(
            "this Piper voice gave no sound for a line.",
            where=path.name,
            remedy="Change the line's words, or name another voice for it.",
        )
    return trim_silence(heard, configuration.rate)


_loading = threading.Lock()


def _load_session(path: Path, changed: int) -> Session:
    with _loading:
        return _open_session(path, changed)


# 60 MB and more each; a job casts few of the user's own.
@lru_cache(maxsize=4)
def _open_session(path: Path, _changed: int) -> Session:
    from polyreel.engine.models.sessions import Session

    return Session(path)
