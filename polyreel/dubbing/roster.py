"""Who could speak a locale on this machine, and a sample of each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from polyreel.dubbing.choice import voice_for
from polyreel.engine import kokoro_cast
from polyreel.engine.booth import wav_bytes
from polyreel.engine.espeak import EspeakVoice
from polyreel.engine.kokoro import KokoroVoice
from polyreel.engine.models.registry import KOKORO, KOKORO_VOICES
from polyreel.engine.models.shelf import is_here, missing, pull_command
from polyreel.engine.piper import PiperVoice
from polyreel.engine.voices import Voice
from polyreel.errors import NoVoice
from polyreel.files import explained, write_atomically


@dataclass(frozen=True, slots=True)
class Entry:
    """One voice. ``name`` is what a job's ``voice`` takes; ``needs`` the command to run first, where not ``ready``."""

    name: str
    locale: str
    gender: str
    engine: str
    ready: bool = True
    needs: str = ""


def roster(locale: str) -> tuple[Entry, ...]:
    """The voices for a locale, in the order a job would prefer them. Raises NoVoice where there is none at all."""
    engines: tuple[Voice, ...] = (PiperVoice(), KokoroVoice(), EspeakVoice())
    found = [
        _entry(engine, locale, voice) for engine in engines if engine.speaks(locale) for voice in engine.cast(locale)
    ]
    if not found:
        raise NoVoice(f"no voice speaks {locale}.", where=locale, remedy="Dub this language with a vendor.")
    return tuple(found)


def _entry(engine: Voice, locale: str, voice: str) -> Entry:
    name = f"{engine.name}:{voice.removesuffix(f'@{locale}')}"
    if engine.name != KokoroVoice.name:
        return Entry(name, locale, _gender(engine.name, voice), engine.name)
    ready = is_here(KOKORO, KOKORO_VOICES)
    needs = "" if ready else pull_command(KOKORO, KOKORO_VOICES)
    return Entry(name, locale, kokoro_cast.gender(voice), engine.name, ready, needs)


def _gender(engine: str, voice: str) -> str:
    variant = voice.rpartition("+")[2][:1] if engine == EspeakVoice.name else ""
    return {"f": "female", "m": "male"}.get(variant, "unknown")


def hear(name: str, locale: str, text: str, out: Path) -> float:
    """Write a sample of a voice as a .wav file; returns its seconds. Raises NoVoice, EngineError or StoreError."""
    wants_kokoro = name.startswith("kokoro:") or name in kokoro_cast.NAMES
    if wants_kokoro and not is_here(KOKORO, KOKORO_VOICES):
        raise missing(KOKORO, KOKORO_VOICES)
    voice = voice_for("auto")
    speech = voice.speak(text, voice.resolve(locale, name), 1.0)
    with explained("write a sample", out):
        write_atomically(out.absolute(), wav_bytes(speech))
    return speech.ms / 1000
