"""A voice for tests of whoever has voices speak."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence

import numpy as np

from polyreel.engine.voice.port import Speech
from polyreel.errors import EngineError


class Humming:
    """A real voice, if a dull one: 100 ms of a tone per character. It counts what it is asked for, and how fast."""

    name, version = "humming", "1"

    def __init__(self, meet: threading.Barrier | None = None) -> None:
        self.said: Counter[str] = Counter()
        self.speeds: list[float] = []
        self._meet = meet

    def speaks(self, locale: str) -> bool:
        return True

    def cast(self, locale: str) -> tuple[str, ...]:
        return ("low",)

    def resolve(self, locale: str, asked: str) -> str:
        return asked

    def gender(self, voice_id: str) -> None:
        return None

    def speak(self, text: str, voice_id: str, speed: float) -> Speech:
        self.said[text] += 1
        self.speeds.append(round(speed, 2))
        if self._meet:
            self._meet.wait(10)
        if "broken" in text:
            raise EngineError("the voice broke", where=text)
        length = round(16_000 * 0.1 * len(text) / speed)
        return Speech(0.3 * np.sin(np.arange(length, dtype=np.float32) / 20), 16_000)

    def caveats(self, locale: str, texts: Sequence[str]) -> tuple[str, ...]:
        return ()
