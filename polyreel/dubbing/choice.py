"""The embedded engine's voices: which ones a job gets, and what can be said of them before anything runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from polyreel.engine.models.registry import KOKORO, KOKORO_VOICES, SUPERTONIC
from polyreel.engine.models.shelf import is_here, list_absent, missing_models_error, pull_command
from polyreel.engine.voice.ensemble import Ensemble
from polyreel.engine.voice.espeak import EspeakVoice
from polyreel.engine.voice.kokoro import NAME as KOKORO_NAME
from polyreel.engine.voice.measured import GRADES, Grade, Measured, find_measured, grade_of, ranks_key
from polyreel.engine.voice.pico import PicoVoice
from polyreel.engine.voice.port import Voice
from polyreel.job import LoudnessTarget, VoiceKind
from polyreel.locales import language
from polyreel.machine.plugins import plugins
from polyreel.outcome import ClonedVoice
from polyreel.store.local import path_of

# (integrated LUFS, true peak dBTP). EBU R 128; ATSC A/85; Netflix Sound Mix Specifications; the usual for the web.
_LOUDNESS: dict[LoudnessTarget, tuple[float | None, float]] = {
    "source": (None, -1.0),
    "ebu": (-23.0, -1.0),
    "atsc": (-24.0, -2.0),
    "netflix": (-27.0, -2.0),
    "web": (-16.0, -1.0),
    # Apple Podcasts asks for -16 LKFS (within 1 dB) and a true peak of -1 dBFS at most.
    "podcast": (-16.0, -1.0),
}


def voice_for(kind: VoiceKind) -> Voice:
    """The voice that a job's ``dubbing.voices`` asks for, with what is on this machine now.

    Raises EngineError (``model_missing``) where neural voices are asked for and their weights are not here.
    """
    from polyreel.engine.voice.pocket.files import list_languages as list_pocket_languages
    from polyreel.engine.voice.supertonic.folder import is_here as supertonic_here

    if kind == "basic":
        return _make_basic()
    neural, own = neural_here(), (supertonic_here(), bool(list_pocket_languages()))
    if kind == "neural":
        if not neural:
            raise missing_models_error(*list_absent(KOKORO, KOKORO_VOICES))
        return _make_neural(own)
    return _make_best(own) if neural else _make_best_without_weights(own)


@cache
def _make_basic() -> Voice:
    return Ensemble((PicoVoice(), EspeakVoice()), rank=rank)


@cache
def _make_neural(own: tuple[bool, bool]) -> Voice:
    from polyreel.engine.voice.kokoro.voice import KokoroVoice

    # No stand-in by rules: whoever asks for neural voices would rather have the language fail.
    return Ensemble((*_load_own_voices(own), KokoroVoice()))


@cache
def _make_best(own: tuple[bool, bool]) -> Voice:
    from polyreel.engine.voice.kokoro.voice import KokoroVoice

    return Ensemble((*_load_own_voices(own), KokoroVoice(), PicoVoice(), EspeakVoice()), rank=rank)


@cache
def _make_best_without_weights(own: tuple[bool, bool]) -> Voice:
    from polyreel.engine.voice.kokoro.voice import KokoroVoice

    get_them = f"neural voices are not on this machine; `{pull_command(KOKORO, KOKORO_VOICES)}` gets them."
    engines = (*_load_own_voices(own), PicoVoice(), EspeakVoice())
    return Ensemble(engines, missing=get_them, missing_for=KokoroVoice(), rank=rank)


def with_clones(voice: Voice, clones: Sequence[ClonedVoice]) -> Voice:
    """A voice that knows a job's cloned voices too; nothing else on this machine can be said by them."""
    from polyreel.engine.voice.pocket.voice import Clone, PocketVoice

    if not clones or not isinstance(voice, Ensemble):
        return voice
    # A copy for this job alone: the cached ensemble serves jobs without that consent.
    return voice.with_engine(PocketVoice([Clone(path_of(each.sample), each.sample.sha256) for each in clones]))


def require_cloning(locale: str) -> None:
    """See that voices can be cloned in a locale. Raises NoVoice, EngineError (``cannot_clone``)."""
    from polyreel.engine.voice.pocket.files import find_placed, require_encoder

    require_encoder(find_placed(language(locale)))


def _load_own_voices(here: tuple[bool, bool]) -> tuple[Voice, ...]:
    """What the user has added. An engine's name is part of every key, so that one who is not here is not in it."""
    from polyreel.engine.voice.piper import PiperVoice

    has_supertonic, has_pocket = here
    added: list[Voice] = [PiperVoice()]
    if has_supertonic:
        from polyreel.engine.voice.supertonic.voice import SupertonicVoice

        added.append(SupertonicVoice())
    if has_pocket:
        from polyreel.engine.voice.pocket.voice import PocketVoice

        added.append(PocketVoice())
    return (*added, *load_plugin_voices())


@cache
def load_plugin_voices() -> tuple[Voice, ...]:
    """The voices of installed packages: each entry point is a function without arguments that gives one."""
    return tuple(each.value() for each in plugins("voices"))


def rank(locale: str, engine: str) -> int:
    """An engine's place in a locale, by how well it was understood there.

    The user's own voices and those of installed packages, which nobody has measured, come first. A neural voice is
    behind no voice of rules because nobody has measured it: it counts as good.
    """
    if engine not in _OURS:
        return -1
    grade = grade_of(locale, engine)
    return 0 if engine == KOKORO_NAME and grade == "not measured" else GRADES.index(grade)


_OURS = frozenset({KOKORO_NAME, PicoVoice.name, EspeakVoice.name})


@dataclass(frozen=True, slots=True)
class Spoken:
    """Who would speak a locale, and how well that voice was understood (``measured``; None where nobody has tried)."""

    voice: str
    grade: Grade
    measured: Measured | None

    def describe(self) -> str:
        """``robotic (WER 0.43)``."""
        row = self.measured
        return f"{self.grade} ({row.measure} {row.errors:.2f})" if row else self.grade


def grade_voices(locale: str, asked: tuple[str, ...], voices: VoiceKind = "auto") -> Spoken:
    """The worst of the voices that a job names for a locale, else the one that it gets first. Raises NoVoice."""
    ensemble = voice_for(voices)
    ids = [ensemble.resolve(locale, name) for name in asked] or [ensemble.cast(locale)[0]]
    # The worst, as a job's least grade is meant for every line that is heard.
    return max((_describe_voice(locale, each) for each in ids), key=lambda each: GRADES.index(each.grade))


def name_in_table(engine: str, voice: str) -> str:
    """What a voice of an engine is called in the table: without its locale, which stands in a column of its own."""
    return voice.rpartition("+")[2] if engine == EspeakVoice.name else voice.partition("@")[0]


def _describe_voice(locale: str, voice_id: str) -> Spoken:
    engine, _, own = voice_id.partition(":")
    name = name_in_table(engine, own)
    return Spoken(f"{engine}:{name}", grade_of(locale, engine, name), find_measured(locale, engine, name))


def suggest_voices(locale: str) -> str:
    """The commands that may get a better voice for a locale, for a person."""
    from polyreel.engine.voice.kokoro.voice import KokoroVoice
    from polyreel.engine.voice.supertonic.folder import is_here as supertonic_here
    from polyreel.engine.voice.supertonic.text import language_of as supertonic_language

    if not neural_here() and KokoroVoice().speaks(locale):
        return f"`{pull_command(KOKORO, KOKORO_VOICES)}`"
    others = f"`polyreel voices add --list {language(locale)}`"
    if supertonic_language(locale) is None or supertonic_here():
        return others
    return f"{others}, or `polyreel voices add {SUPERTONIC.name} --accept-licence`"


def require_voices(locale: str, asked: tuple[str, ...], voices: VoiceKind = "auto") -> None:
    """See that the embedded engine speaks a locale, in the voices asked for. Raises `NoVoice`."""
    voice = voice_for(voices)
    voice.cast(locale)
    for name in asked:
        voice.resolve(locale, name)


def voices_key(voices: VoiceKind) -> str:
    """The embedded engine's voices with their version: part of every key of what they speak."""
    voice = voice_for(voices)
    return f"{voice.name} {voice.version} {ranks_key()}"


def neural_here() -> bool:
    """Whether the neural voices' weights are on this machine."""
    return is_here(KOKORO, KOKORO_VOICES)


def loudness_limits(asked: LoudnessTarget) -> tuple[float | None, float]:
    """Integrated loudness (LUFS; None: as loud as the source) and true peak limit (dBTP) of a target."""
    return _LOUDNESS[asked]
