"""Who could speak a locale on this machine, and a sample of each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from polyreel.dubbing.choice import load_plugin_voices, name_in_table, rank, voice_for
from polyreel.engine.models.registry import KOKORO, KOKORO_VOICES
from polyreel.engine.models.shelf import is_here, missing_models_error, pull_command
from polyreel.engine.speech.booth import wav_bytes
from polyreel.engine.voice.ensemble import list_caveats
from polyreel.engine.voice.espeak import EspeakVoice
from polyreel.engine.voice.kokoro import cast as kokoro_cast
from polyreel.engine.voice.kokoro.voice import KokoroVoice
from polyreel.engine.voice.measured import Grade, Measured, find_measured, why_not_measured
from polyreel.engine.voice.pico import PicoVoice
from polyreel.engine.voice.piper import PiperVoice
from polyreel.engine.voice.piper_list import origin_of
from polyreel.engine.voice.pocket.files import LICENCE as POCKET_LICENCE
from polyreel.engine.voice.pocket.voice import PocketVoice
from polyreel.engine.voice.port import Voice
from polyreel.engine.voice.supertonic.folder import LICENCE
from polyreel.engine.voice.supertonic.voice import SupertonicVoice
from polyreel.engine.voice.text.said_as import Pronunciation, as_shown, respell
from polyreel.engine.voice.text.spoken import make_speakable
from polyreel.errors import NoVoice
from polyreel.machine.files import write_output


@dataclass(frozen=True, slots=True)
class Entry:
    """One voice. ``name`` is what a job's ``voice`` takes; ``needs`` the command to run first, where not ``ready``.

    ``licence``: what its publisher says, where the voice was added by name.
    """

    name: str
    locale: str
    gender: str
    engine: str
    ready: bool = True
    needs: str = ""
    licence: str = ""
    measured: Measured | None = None

    @property
    def grade(self) -> Grade:
        """How well it was understood in this locale, in a word."""
        return self.measured.grade if self.measured else "not measured"

    @property
    def why_not_measured(self) -> str:
        """The reason where it has no grade; else empty."""
        return "" if self.measured else why_not_measured(self.locale)


def roster(locale: str) -> tuple[Entry, ...]:
    """The voices for a locale, in the order a job would prefer them. Raises NoVoice where there is none at all."""
    engines = sorted(_list_engines(), key=lambda engine: rank(locale, engine.name))
    found = [
        _make_entry(engine, locale, voice)
        for engine in engines
        if engine.speaks(locale)
        for voice in engine.cast(locale)
    ]
    if not found:
        raise NoVoice(f"no voice speaks {locale}.", where=locale, remedy="Dub this language with a vendor.")
    return tuple(found)


def _list_engines() -> tuple[Voice, ...]:
    """Every engine that this machine could speak with, whether or not its weights are here."""
    own: tuple[Voice, ...] = (PiperVoice(), SupertonicVoice(), PocketVoice(), *load_plugin_voices())
    return (*own, KokoroVoice(), PicoVoice(), EspeakVoice())


def is_voice_named(locale: str, name: str) -> bool:
    """Whether ``name`` is an engine, or a voice of one in a locale, as pronunciations name them."""
    engines = _list_engines()
    if name in {each.name for each in engines}:
        return True
    engine, _, own = name.rpartition(":")
    able = (each for each in engines if each.name == engine or not engine)
    return any(_resolves(each, locale, own) for each in able if each.speaks(locale))


def _resolves(engine: Voice, locale: str, name: str) -> bool:
    try:
        engine.resolve(locale, name)
    except NoVoice:
        return False
    return True


def _make_entry(engine: Voice, locale: str, voice: str) -> Entry:
    name = f"{engine.name}:{voice.removesuffix(f'@{locale}')}"
    known = find_measured(locale, engine.name, name_in_table(engine.name, voice))
    # The only voices that are listed before they are here: the others are known by their files.
    if engine.name != KokoroVoice.name:
        licence = _find_licence(engine.name, voice)
        return Entry(name, locale, engine.gender(voice) or "unknown", engine.name, licence=licence, measured=known)
    ready = is_here(KOKORO, KOKORO_VOICES)
    needs = "" if ready else pull_command(KOKORO, KOKORO_VOICES)
    return Entry(name, locale, kokoro_cast.find_gender(voice), engine.name, ready, needs, measured=known)


def _find_licence(engine: str, voice: str) -> str:
    """What the publisher of a voice that was added says."""
    if engine == PiperVoice.name:
        origin = origin_of(name_in_table(engine, voice).partition("#")[0])
        return origin.licence if origin else ""
    return {SupertonicVoice.name: LICENCE, PocketVoice.name: POCKET_LICENCE}.get(engine, "")


@dataclass(frozen=True, slots=True)
class Sample:
    """A sample that was written: whose voice it is, what that voice was given to say, and what is to be known of it."""

    voice: str
    words: str
    seconds: float
    notes: tuple[str, ...] = ()


def say(text: str, locale: str, out: Path, *, name: str = "", pronunciations: tuple[Pronunciation, ...] = ()) -> Sample:
    """Write a text as a job would say it, as a .wav file: by the voice ``name``, or by the locale's first.

    Raises NoVoice, EngineError or StoreError.
    """
    wants_kokoro = name.startswith("kokoro:") or name in kokoro_cast.NAMES
    if wants_kokoro and not is_here(KOKORO, KOKORO_VOICES):
        raise missing_models_error(KOKORO, KOKORO_VOICES)
    voice = voice_for("auto")
    voice_id = voice.resolve(locale, name) if name else voice.cast(locale)[0]
    words = respell(make_speakable(text), tuple(each for each in pronunciations if each.counts_in(locale)), voice_id)
    speech = voice.speak(words, voice_id, 1.0)
    write_output(out, wav_bytes(speech))
    notes = list_caveats(voice, locale, [(voice_id, words)])
    return Sample(voice_id.rpartition("@")[0] or voice_id, as_shown(words), speech.ms / 1000, notes)
