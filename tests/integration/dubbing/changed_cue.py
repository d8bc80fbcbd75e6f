"""A dub in a process of its own that is killed while it speaks: `changed_cue.py REQUEST.json STORE`."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import numpy as np

from polyreel.dubbing.embedded import EmbeddedDubber
from polyreel.dubbing.port import DubRequest
from polyreel.engine.voice.espeak import EspeakVoice
from polyreel.engine.voice.port import Speech
from polyreel.store.local import LocalStore

HALF = 0.5
RATE, LETTER = 22_050, 1100


class SteadyVoice(EspeakVoice):
    """A tone per letter, the same for the same words in every process (which espeak-ng and Pico don't promise)."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def speak(self, text: str, voice_id: str, speed: float) -> Speech:
        self.said.append(text)
        at = np.arange(LETTER) / RATE
        tones = [np.sin(2 * np.pi * (120 + ord(letter)) * at) * np.hanning(LETTER) for letter in text]
        return Speech((0.3 * np.concatenate(tones)).astype(np.float32), RATE)


def die(share: float) -> None:
    """Half of it spoken, and nothing of it put together."""
    if share >= HALF:
        os.kill(os.getpid(), signal.SIGKILL)


async def speak(request: DubRequest, store: Path) -> None:
    dubber = EmbeddedDubber(LocalStore(store), SteadyVoice())
    await dubber.wait(request, await dubber.submit(request), die)


if __name__ == "__main__":
    asyncio.run(speak(DubRequest.model_validate_json(Path(sys.argv[1]).read_text()), Path(sys.argv[2])))
