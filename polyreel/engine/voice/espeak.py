"""espeak-ng behind the voice port: every language it has, no weights, no root (``espeakng-loader`` and ctypes).

The library is global and not thread-safe: it is loaded once per process and used by one thread at a time. It
speaks about a thousand times faster than real time, so nobody waits long.
"""

from __future__ import annotations

import ctypes
import re
import threading
import unicodedata
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from polyreel.engine.voice.espeak_locales import espeak_voice
from polyreel.engine.voice.port import Gender, Speech
from polyreel.engine.voice.text.fingerprint import fingerprint_readings
from polyreel.engine.voice.text.said_as import as_written, describe_unread, pieces
from polyreel.engine.voice.text.spoken import make_speakable, require_sayable
from polyreel.errors import EngineError, NoVoice

if TYPE_CHECKING:
    from polyreel.engine.sound.pcm import Samples

# Constants of espeak-ng's speak_lib.h.
_SYNCHRONOUS_RETRIEVAL = 2
_DONT_EXIT = 0x8000
_RATE, _PITCH = 1, 3
_CHARS_UTF8 = 1
_IPA_TIED = 0x02 | 0x80 | ord("^") << 8  # IPA, with ^ between the letters of one sound
_WORDS_PER_MINUTE = 175
# espeakRATE_MINIMUM and _MAXIMUM of speak_lib.h: it takes other values, and says them at these.
_PACE_LIMITS = (80, 450)

# Variant and pitch, so chosen that neighbours differ in pitch or colour (measured: 75 to 270 Hz, all apart).
_CAST = ("m3", "f2", "m7@80", "f5@70", "m1@30", "f1@40", "m5@75", "f3@85", "m8@20", "f4@60")
_CHUNK = 400
# As the neural voices', so that a script is refused by all or by none.
_MOST_CHARACTERS = 4000
# A few lines of digits or kanji can take an hour to read out: what is longer than this is cut, not kept.
_LONGEST_S = 600

_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


class _VoiceRecord(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("languages", ctypes.POINTER(ctypes.c_char)),
        ("identifier", ctypes.c_char_p),
        ("gender", ctypes.c_ubyte),
        ("age", ctypes.c_ubyte),
        ("variant", ctypes.c_ubyte),
        ("reserved", ctypes.c_ubyte),
        ("score", ctypes.c_int),
        ("spare", ctypes.c_void_p),
    )


class _Library:
    """The loaded library. ``lock`` must be held around everything that speaks."""

    def __init__(self) -> None:
        import espeakng_loader

        self.lock = threading.Lock()
        self.data = Path(espeakng_loader.get_data_path())
        self._lib = ctypes.CDLL(espeakng_loader.get_library_path())
        # Without _DONT_EXIT the library calls exit(1) where it misses its data, and takes the whole run along.
        self.rate = int(self._lib.espeak_Initialize(_SYNCHRONOUS_RETRIEVAL, 0, str(self.data).encode(), _DONT_EXIT))
        if self.rate <= 0:
            raise EngineError("espeak-ng could not start.", where=str(self.data), remedy="Run `make setup` again.")
        self._lib.espeak_Info.restype = ctypes.c_char_p
        self.version = self._lib.espeak_Info(None).decode()
        self._heard = bytearray()
        self._callback = _Callback(self._hear)  # kept: ctypes frees a callback that nobody holds
        self._lib.espeak_SetSynthCallback(self._callback)

    def _hear(self, wave: ctypes._Pointer[ctypes.c_short], count: int, _events: int | None) -> int:
        if wave and count > 0:
            self._heard += ctypes.string_at(wave, count * 2)
        return int(len(self._heard) > _LONGEST_S * self.rate * 2)  # 1 stops the synthesis

    def voices(self) -> frozenset[str]:
        """Every voice file with a dictionary to speak from, by its name in lower case. (Some languages ship half.)"""
        self._lib.espeak_ListVoices.restype = ctypes.POINTER(ctypes.POINTER(_VoiceRecord))
        found: set[str] = set()
        for each in self._lib.espeak_ListVoices(None):
            if not each:
                break
            file = self.data / "lang" / each.contents.identifier.decode()
            if (self.data / f"{_dictionary(file)}_dict").exists():
                found.add(file.name.lower())
        return frozenset(found)

    def say(self, text: str, voice: str, words_per_minute: int, pitch: int) -> Samples:
        """Speak one chunk. Hold ``lock``."""
        import numpy as np

        self._heard.clear()
        if self._lib.espeak_SetVoiceByName(voice.encode()) != 0:
            raise NoVoice(
                f"espeak-ng has no voice '{voice}'.",
                remedy="`polyreel voices LOCALE` lists those that there are.",
            )
        self._lib.espeak_SetParameter(_RATE, words_per_minute, 0)
        self._lib.espeak_SetParameter(_PITCH, pitch, 0)
        encoded = text.encode()
        # The size counts the zero at the end: speak_lib.h asks for it.
        status = self._lib.espeak_Synth(encoded, len(encoded) + 1, 0, 1, 0, _CHARS_UTF8, None, None)
        if status != 0:
            raise EngineError(
                f"espeak-ng failed ({status}) on: {text[:60]}",
                remedy="Change the line's words, or name another voice for it.",
            )
        return np.frombuffer(bytes(self._heard), "<i2").astype(np.float32) / np.float32(32768)

    def transcribe(self, text: str, voice: str) -> list[tuple[str, str]]:
        """Each clause in IPA, and how its text ended (with a letter or two of what follows). Hold ``lock``."""
        if self._lib.espeak_SetVoiceByName(voice.encode()) != 0:
            raise NoVoice(
                f"espeak-ng has no voice '{voice}'.",
                remedy="`polyreel voices LOCALE` lists those that there are.",
            )
        self._lib.espeak_TextToPhonemes.restype = ctypes.c_char_p
        encoded = text.encode()
        # The library looks a letter ahead of the clause's end: four bytes are the longest in UTF-8.
        held = ctypes.create_string_buffer(encoded + bytes(4))
        start = ctypes.addressof(held)
        place, before = ctypes.c_void_p(start), 0
        clauses: list[tuple[str, str]] = []
        while place.value:
            said = self._lib.espeak_TextToPhonemes(ctypes.byref(place), _CHARS_UTF8, _IPA_TIED)
            # After the last clause it leaves no pointer to the end, but NULL.
            now = place.value - start if place.value else len(encoded)
            clauses.append((said.decode("utf-8", "ignore"), encoded[before:now].decode("utf-8", "ignore")))
            before = now
        return clauses


def transcribe_clauses(text: str, locale: str) -> list[tuple[str, str]]:
    """A text clause by clause: how espeak-ng would say it in IPA (``^`` ties), and how the clause's text ended.

    Terms whose sounds the text brings along (`said_as`) have these, in the clause that they stand in. Raises NoVoice
    where espeak-ng does not know the language. The phonemes are what neural voices are given.
    """
    library, voice = _load_library(), _require_voice(locale)
    clauses: list[tuple[str, str]] = []
    for piece in pieces(text):
        if piece.sounds:
            _go_on_with(clauses, [(_tie_sounds(piece.sounds), f"{piece.text}{piece.ending}")])
            continue
        with library.lock:
            _go_on_with(clauses, [each for chunk in _chunks(piece.text) for each in library.transcribe(chunk, voice)])
    return clauses


def _go_on_with(clauses: list[tuple[str, str]], more: list[tuple[str, str]]) -> None:
    """Add clauses; the first of them goes on with the last one's, unless that one ended with a mark."""
    if clauses and more and clauses[-1][1].rstrip()[-1:].isalnum():
        (before, _), (said, ending) = clauses.pop(), more.pop(0)
        clauses.append((f"{before} {said}", ending))
    clauses += more


# What the readers of `transcribe_clauses` know as one sound.
_VOWELS = "aeiouyæøœɐɑɒɔəɘɛɜɞɤɨɪɯɵɶʉʊʌʏɚɝᵻᵊ"
_ONE_SOUND = ("aɪ", "aʊ", "eɪ", "ɔɪ", "oʊ", "əʊ", "tʃ", "dʒ", "ts", "dz")


def _tie_sounds(sounds: str) -> str:
    """IPA as people write it, as espeak-ng would: ``^`` between the letters of one sound, no slurs or syllables."""
    # Taken apart, so that a tie is a sign of its own; the cedilla goes back, as espeak-ng has ç as one letter.
    plain = re.sub(r"[.‿|]", "", unicodedata.normalize("NFD", sounds)).replace("c\u0327", "ç").replace("g", "ɡ")
    plain = re.sub("[\u0361\u035c]", "^", plain)
    # The IPA puts a stress before its syllable, espeak-ng (and who was taught from it) before the vowel.
    plain = re.sub(f"([ˈˌ])([^{_VOWELS}ˈˌ ]*)(?=[{_VOWELS}])", r"\2\1", plain)
    for pair in _ONE_SOUND:
        plain = plain.replace(pair, "^".join(pair))
    return plain


def _dictionary(voice_file: Path) -> str:
    """The dictionary that a voice speaks from: as its file says, else its language's."""
    lines = (line.split() for line in voice_file.read_text(encoding="utf-8").splitlines())
    named = (words[1] for words in lines if len(words) > 1 and words[0] == "dictionary")
    return next(named, voice_file.name.partition("-")[0])


@cache
def _library() -> _Library:
    return _Library()


_loading = threading.Lock()


def _load_library() -> _Library:
    with _loading:  # `cache` alone may run the first call twice in two threads
        return _library()


class EspeakVoice:
    """espeak-ng: robotic and tireless. Voice ids look like ``pt-br+f2`` or ``pt-br+f5@70`` (variant, pitch 0 to 99)."""

    name = "espeak-ng"

    @property
    def version(self) -> str:
        """espeak-ng's own version, that of the way we use it, and the rules by which lines are read."""
        return f"{_load_library().version}-7-{fingerprint_readings()}"

    def speaks(self, locale: str) -> bool:
        """Whether espeak-ng has this locale's language."""
        return _voice_for(locale) is not None

    def cast(self, locale: str) -> tuple[str, ...]:
        """Ten voices per language, in turn male and female. Raises NoVoice."""
        return tuple(f"{_require_voice(locale)}+{variant}" for variant in _CAST)

    def resolve(self, locale: str, asked: str) -> str:
        """``f2``, ``f2@60``, or a whole id such as ``en-gb+f2``. Raises NoVoice for a variant that is not shipped."""
        language, _, variant = asked.rpartition("+")
        name, _, pitch = variant.partition("@")
        # espeak-ng takes an unknown variant without a word and speaks with its plain voice.
        speakable = not language or espeak_voice(language, _voices()) is not None
        if not speakable or name not in list_variants() or not (pitch or "50").isdecimal():
            raise NoVoice(
                f"espeak-ng has no voice '{asked[:40]}'.",
                where=locale,
                remedy=f"Choose one of {', '.join(_CAST)}, or leave `voice` out.",
            )
        return f"{language or _require_voice(locale)}+{variant}"

    def gender(self, voice_id: str) -> Gender | None:
        """By the variant's first letter: ``f2``, ``m3``; None for the others (``croak``, ``whisper``)."""
        variant = voice_id.rpartition("+")[2].partition("@")[0]
        genders: dict[str, Gender] = {"f": "female", "m": "male"}
        return genders.get(variant[:1]) if variant[1:].isdecimal() else None

    def speak(self, text: str, voice_id: str, speed: float) -> Speech:
        """Say a text. Raises EngineError (``nothing_to_say``) where there is nothing to say."""
        import numpy as np

        from polyreel.engine.sound.edges import trim_silence

        # Here: some 300 patterns, which a run that has nothing to say would compile for nothing.
        from polyreel.engine.voice.text.words import spell_out

        voice, _, pitch = voice_id.partition("@")
        words = spell_out(as_written(make_speakable(text)), voice.partition("+")[0])
        require_sayable(words, text, _MOST_CHARACTERS)
        pace = max(_PACE_LIMITS[0], min(_PACE_LIMITS[1], round(_WORDS_PER_MINUTE * speed)))
        said = [_synthesise(chunk, voice, pace, min(99, int(pitch or 50))) for chunk in _chunks(words)]
        library = _load_library()
        samples = trim_silence(np.concatenate(said), library.rate)
        if not len(samples):
            raise EngineError(
                "espeak-ng found nothing to say.",
                code="nothing_to_say",
                where=repr(text[:40]),
                remedy="Give the line words, or take it out of the script.",
            )
        return Speech(samples, library.rate)

    def caveats(self, locale: str, texts: Sequence[str]) -> tuple[str, ...]:
        """Kanji (espeak-ng says their names instead of the words), and terms whose sounds it can't be given."""
        found = describe_unread(self.name, texts)
        if _voice_for(locale) == "ja" and any("\u4e00" <= letter <= "\u9fff" for text in texts for letter in text):
            kanji = (
                "espeak-ng can't read kanji and names each one instead: give the script in kana, or use a neural voice."
            )
            return (kanji, *found)
        return found


def _synthesise(chunk: str, voice: str, pace: int, pitch: int) -> Samples:
    library = _load_library()
    with library.lock:
        return library.say(chunk, voice, pace, pitch)


@cache
def list_variants() -> frozenset[str]:
    """The variants that the installed espeak-ng ships (an unknown one would be ignored in silence)."""
    return frozenset(path.name for path in (_load_library().data / "voices" / "!v").iterdir())


@cache
def _voices() -> frozenset[str]:
    library = _load_library()
    with library.lock:
        return library.voices()


def _voice_for(locale: str) -> str | None:
    return espeak_voice(locale, _voices())


def _require_voice(locale: str) -> str:
    voice = _voice_for(locale)
    if voice is None:
        raise NoVoice(
            f"no voice speaks {locale}.",
            where="espeak-ng",
            remedy="Dub this language with a vendor, or leave it out.",
        )
    return voice


def _chunks(text: str) -> list[str]:
    """Pieces of bounded length, cut at a space where there is one: espeak-ng's clause buffers are small."""
    chunks: list[str] = []
    while len(text) > _CHUNK:
        cut = text.rfind(" ", _CHUNK // 2, _CHUNK)
        cut = cut if cut > 0 else _CHUNK
        chunks.append(text[:cut])
        text = text[cut:].lstrip()
    return [*chunks, text] if text else chunks
