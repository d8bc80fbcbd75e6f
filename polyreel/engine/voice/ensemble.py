"""Several voice engines as one voice: per locale the first that speaks it; the last stands in where a line fails."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Sequence

from polyreel.engine.voice.port import Gender, Speech, Voice
from polyreel.engine.voice.text.said_as import as_written
from polyreel.errors import EngineError, NoVoice
from polyreel.errors.wording import spell_count

# A film may have hundreds of such lines; a note has to be read in the report.
_SHOWN = 3
# 16 bit noise lies far below it, and the faintest speech far above.
_STILL = 10 ** (-60 / 20)

Rank = Callable[[str, str], int]
"""From a locale and an engine's name to its place in that locale."""


def _as_named(_locale: str, _engine: str) -> int:
    return 0


class Ensemble:
    """Engines in order of preference, behind the voice port. Ids look like ``kokoro:ef_dora@es-ES``.

    A line that an engine fails at is tried once more, then spoken by the last engine that knows the locale, and said so
    in `caveats`; what a stand-in said is marked, so that nobody keeps it as the engine's own.
    """

    name = "ensemble"

    def __init__(
        self, engines: Sequence[Voice], missing: str = "", missing_for: Voice | None = None, rank: Rank | None = None
    ) -> None:
        """``missing`` is said of the locales that ``missing_for`` would speak, if its weights were there.

        ``rank`` puts engines in order for a locale, the lowest first; of equals the one that is named first is better.
        """
        self._engines = tuple(engines)
        self._rank = rank or _as_named
        self._missing, self._missing_for = missing, missing_for
        # A line that failed is not tried a third time: fitting asks for it again at each new pace.
        self._failed: dict[tuple[str, str], str] = {}
        self._replaced: dict[str, dict[str, None]] = defaultdict(dict)
        self._lock = threading.Lock()

    def with_engine(self, engine: Voice) -> Ensemble:
        """The same with another engine in place of the one of its name; at the front, where there is none."""
        others = [engine if each.name == engine.name else each for each in self._engines]
        engines = others if engine in others else [engine, *others]
        return Ensemble(engines, self._missing, self._missing_for, self._rank)

    @property
    def version(self) -> str:
        """Every engine's name and version."""
        return " ".join(f"{engine.name}/{engine.version}" for engine in self._engines)

    def speaks(self, locale: str) -> bool:
        """Whether any engine does."""
        return any(engine.speaks(locale) for engine in self._engines)

    def cast(self, locale: str) -> tuple[str, ...]:
        """The voices of those who speak a locale, in order of preference; the last engine's, if nobody else does.

        Raises NoVoice.
        """
        best = self._engine_for(locale)
        able = [engine for engine in self._list_speakers_of(locale) if engine is not self._engines[-1]]
        # The stand-in's robots stay out of a cast of real voices; more speakers than voices share those.
        able = [best] if best is self._engines[-1] else able
        return tuple(f"{engine.name}:{voice}" for engine in able for voice in engine.cast(locale))

    def resolve(self, locale: str, asked: str) -> str:
        """A voice of any engine that speaks the locale: ``ef_dora``, ``espeak-ng:es+f2``, ``piper:my-voice``."""
        self._engine_for(locale)
        wanted, _, rest = asked.partition(":")
        named = [engine for engine in self._engines if engine.name == wanted and rest]
        refused: NoVoice | None = None
        for engine in named or self._list_speakers_of(locale):
            try:
                return f"{engine.name}:{engine.resolve(locale, rest if named else asked)}"
            except NoVoice as error:
                # The best engine's refusal is told: it lists voices that one would want.
                refused = refused or error
        raise refused or NoVoice(f"there is no voice '{asked[:40]}'.", where=locale, remedy="Run `polyreel voices`.")

    def gender(self, voice_id: str) -> Gender | None:
        """As the voice's own engine knows it."""
        engine, own = self._find_engine(voice_id)
        return engine.gender(own)

    def speak(self, text: str, voice_id: str, speed: float) -> Speech:
        """Say a text with the voice's own engine, or with the stand-in. Raises EngineError as the engines do."""
        engine, own = self._find_engine(voice_id)
        if (text, voice_id) in self._failed:
            return self._stand_in(text, voice_id, speed)
        try:
            return _speak_twice_at_most(engine, text, own, speed)
        except EngineError as error:
            # A stand-in has no more to say of an empty line, and the last engine can't stand in for itself.
            if error.code == "nothing_to_say" or engine is self._engines[-1]:
                raise
            with self._lock:
                self._failed[text, voice_id] = error.message
            return self._stand_in(text, voice_id, speed)

    def caveats(self, locale: str, texts: Sequence[str], by: Sequence[str] = ()) -> tuple[str, ...]:
        """Who speaks the locale, what is to be known of it, and which lines a stand-in had to speak.

        ``by``: the voice of each text, where a job has named some; without it all are by the best of the locale.
        """
        told: dict[Voice, list[str]] = {} if by else {self._engine_for(locale): list(texts)}
        for text, voice_id in zip(texts, by, strict=False):
            told.setdefault(self._find_engine(voice_id)[0], []).append(text)
        spoken_by = f"{locale} is spoken by {' and '.join(engine.name for engine in told)}."
        if self._missing_for is not None and self._missing_for not in told and self._missing_for.speaks(locale):
            spoken_by = f"{spoken_by.removesuffix('.')}: {self._missing}"
        notes = [note for engine, lines in told.items() for note in engine.caveats(locale, lines)]
        return (spoken_by, *notes, *self._stand_ins(locale, texts))

    def _find_engine(self, voice_id: str) -> tuple[Voice, str]:
        """A voice's engine, and its own name for it."""
        name, _, own = voice_id.partition(":")
        engine = next((each for each in self._engines if each.name == name), None)
        if engine is None:
            raise NoVoice(f"there is no voice engine '{name[:40]}'.", remedy="Run `polyreel voices`.")
        return engine, own

    def _engine_for(self, locale: str) -> Voice:
        able = self._list_speakers_of(locale)
        return able[0] if able else _require_locale(self._engines[-1], locale)

    def _list_speakers_of(self, locale: str) -> list[Voice]:
        """Those who speak a locale, the best first."""
        able = [engine for engine in self._engines if engine.speaks(locale)]
        return sorted(able, key=lambda engine: self._rank(locale, engine.name))

    def _stand_in(self, text: str, voice_id: str, speed: float) -> Speech:
        locale = voice_id.rpartition("@")[2]
        last = self._engines[-1]
        gender = self.gender(voice_id)
        # A woman's line spoken by a man would be noticed more than a robot.
        cast = [each for each in last.cast(locale) if gender in {None, last.gender(each)}] or last.cast(locale)
        # Always the same stand-in for the same voice; and speakers who differed still differ, as far as that goes.
        chosen = cast[sum(voice_id.encode()) % len(cast)]
        speech = last.speak(text, chosen, speed)
        with self._lock:
            self._replaced[locale][text] = None
        return Speech(speech.samples, speech.rate, stand_in=True)

    def _stand_ins(self, locale: str, texts: Sequence[str]) -> tuple[str, ...]:
        with self._lock:
            replaced = [text for text in self._replaced.get(locale, {}) if text in texts]
            reason = next((why for (text, _), why in self._failed.items() if text in replaced), "")
        if not replaced:
            return ()
        shown = ", ".join(f"'{as_written(text)[:40]}'" for text in replaced[:_SHOWN])
        more = f" and {len(replaced) - _SHOWN} more" if len(replaced) > _SHOWN else ""
        return (
            f"{self._engines[-1].name} stood in for {spell_count(len(replaced), 'line')} ({shown}{more}): {reason}",
        )


def list_caveats(voice: Voice, locale: str, said: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """What a listener should be told about these texts, each after the id of the voice that says it."""
    texts = [text for _, text in said]
    if not said:  # a person recorded every line
        return ()
    if isinstance(voice, Ensemble):
        return voice.caveats(locale, texts, [voice_id for voice_id, _ in said])
    return voice.caveats(locale, texts)


def _speak_twice_at_most(engine: Voice, text: str, voice: str, speed: float) -> Speech:
    try:
        return _require_sound(engine.speak(text, voice, speed), engine)
    except EngineError as error:
        # The text decides these two: another try ends alike. The rest may be a machine out of memory for a moment.
        if error.code in {"nothing_to_say", "unreadable"}:
            raise
    return _require_sound(engine.speak(text, voice, speed), engine)


def _require_sound(speech: Speech, engine: Voice) -> Speech:
    """A take in which something is heard: one that is still, or broken, is a failure like any other."""
    import numpy as np

    loudest = float(np.abs(speech.samples).max(initial=0.0))
    if not np.isfinite(loudest) or loudest < _STILL:
        raise EngineError(
            f"{engine.name} gave no sound for this line.",
            remedy="Name another voice for it (`polyreel voices LOCALE`), or change the line's words.",
        )
    return speech


def _require_locale(engine: Voice, locale: str) -> Voice:
    engine.cast(locale)  # raises NoVoice, with the engine's own words
    return engine
