"""A voice: text in, samples out. This one whistles a tone per letter."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from polyreel.engine.voice.port import Gender, Speech
from polyreel.errors import EngineError, NoVoice

RATE = 24_000
_PITCHES = {"high": 900.0, "low": 450.0}


class Whistle:
    """Voice ids look like ``high@es-ES``: what is before the ``@`` is what a job's ``voice`` names."""

    name = "whistle"
    version = "1"  # part of every key: change it when the same text sounds different

    def __init__(self, first: str = "high") -> None:
        self._pitches = sorted(_PITCHES, key=lambda pitch: pitch != first)

    def speaks(self, locale: str) -> bool:
        """Spanish alone."""
        return locale.partition("-")[0] == "es"

    def cast(self, locale: str) -> tuple[str, ...]:
        """Voices that a listener can tell apart, best first."""
        return tuple(f"{pitch}@{locale}" for pitch in self._pitches)

    def resolve(self, locale: str, asked: str) -> str:
        """The id of a voice that a job names. Raises NoVoice."""
        if asked.partition("@")[0] not in _PITCHES:
            raise NoVoice(f"there is no whistle '{asked}'", where=locale, remedy="Take high or low.")
        return f"{asked.partition('@')[0]}@{locale}"

    def gender(self, voice_id: str) -> Gender | None:
        """Nobody can tell."""
        return None

    def speak(self, text: str, voice_id: str, speed: float) -> Speech:
        """60 ms per letter."""
        letters = [letter for letter in text.casefold() if letter.isalpha()]
        if not letters:
            raise EngineError("there is nothing to whistle", code="nothing_to_say", where=repr(text[:40]))
        time = np.arange(round(RATE * 0.06 / speed)) / RATE
        pitch = _PITCHES[voice_id.partition("@")[0]]
        tones = [np.sin(2 * np.pi * pitch * 2 ** (ord(letter) % 12 / 12) * time) for letter in letters]
        return Speech((0.3 * np.concatenate(tones)).astype(np.float32), RATE)

    def caveats(self, locale: str, texts: Sequence[str]) -> tuple[str, ...]:
        """What a listener should be told."""
        return ("whistled, not spoken.",)
