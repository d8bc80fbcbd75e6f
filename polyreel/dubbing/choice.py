"""Which dubber a job gets, and what can be said of it before anything runs."""

from __future__ import annotations

from functools import cache

from polyreel.dubbing.embedded import EmbeddedDubber
from polyreel.dubbing.port import Dubber
from polyreel.engine.ensemble import Ensemble
from polyreel.engine.espeak import EspeakVoice
from polyreel.engine.kokoro import KokoroVoice
from polyreel.engine.models.registry import KOKORO, KOKORO_VOICES
from polyreel.engine.models.shelf import absent, is_here, missing, pull_command
from polyreel.engine.piper import PiperVoice
from polyreel.engine.voices import Voice
from polyreel.errors import InvalidJob
from polyreel.job import Dubbing, EmbeddedDubbing, LoudnessTarget, VoiceKind
from polyreel.store import Store

# (integrated LUFS, true peak dBTP). EBU R 128; ATSC A/85; Netflix Sound Mix Specifications; the usual for the web.
_LOUDNESS: dict[LoudnessTarget, tuple[float | None, float]] = {
    "source": (None, -1.0),
    "ebu": (-23.0, -1.0),
    "atsc": (-24.0, -2.0),
    "netflix": (-27.0, -2.0),
    "web": (-16.0, -1.0),
}


def voice_for(kind: VoiceKind) -> Voice:
    """The voice that a job's ``dubbing.voices`` asks for, with what is on this machine now.

    Raises EngineError (``model_missing``) where neural voices are asked for and their weights are not here.
    """
    if kind == "basic":
        return _basic()
    neural = is_here(KOKORO, KOKORO_VOICES)
    if kind == "neural":
        if not neural:
            raise missing(*absent(KOKORO, KOKORO_VOICES))
        return _neural()
    return _best() if neural else _best_without_weights()


@cache
def _basic() -> Voice:
    return EspeakVoice()


@cache
def _neural() -> Voice:
    return Ensemble((PiperVoice(), KokoroVoice()))


@cache
def _best() -> Voice:
    return Ensemble((PiperVoice(), KokoroVoice(), EspeakVoice()))


@cache
def _best_without_weights() -> Voice:
    get_them = f"neural voices are not on this machine; `{pull_command(KOKORO, KOKORO_VOICES)}` gets them."
    return Ensemble((PiperVoice(), EspeakVoice()), missing=get_them, missing_for=KokoroVoice())


def dubber_for(provider: str, store: Store, voices: VoiceKind = "auto") -> Dubber:
    """The dubber that a job's ``dubbing.provider`` names. Raises `InvalidJob` for one that this version lacks.

    Raises EngineError (``model_missing``) where neural voices are asked for and their weights are not here.
    """
    if provider == "embedded":
        return EmbeddedDubber(store, voice_for(voices))
    raise InvalidJob(
        f"this version does not dub with {provider}",
        code="not_available",
        where="dubbing.provider",
        remedy="Use `provider: embedded`.",
    )


def voices_asked(dubbing: Dubbing) -> VoiceKind:
    """What a job says of the embedded engine's voices; vendors have their own."""
    return dubbing.voices if dubbing.provider == "embedded" else "auto"


def require_voices(locale: str, asked: tuple[str, ...], voices: VoiceKind = "auto") -> None:
    """See that the embedded engine speaks a locale, in the voices asked for. Raises `NoVoice`."""
    voice = voice_for(voices)
    voice.cast(locale)
    for name in asked:
        voice.resolve(locale, name)


def voicing(dubbing: Dubbing) -> str:
    """The embedded engine's voices with their version: part of every key of what they speak."""
    if dubbing.provider != "embedded":
        return ""
    voice = voice_for(dubbing.voices)
    return f"{voice.name} {voice.version}"


def loudness_of(dubbing: EmbeddedDubbing) -> tuple[float | None, float]:
    """Integrated loudness (LUFS; None: as loud as the source) and true peak limit (dBTP) that a job asks for."""
    return _LOUDNESS[dubbing.loudness]
