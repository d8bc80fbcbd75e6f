"""Which language is spoken: heard in a few windows of a track, without writing down a word of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from contextlib import aclosing
from functools import partial
from pathlib import Path
from typing import Protocol

import numpy as np

from polyreel.engine.sound.pcm import Samples
from polyreel.engine.threads import GoOn, in_thread
from polyreel.engine.transcribe.listening import speech_in
from polyreel.engine.transcribe.sound import of_file
from polyreel.engine.transcribe.whisper import RATE, SLICE_S
from polyreel.engine.transcribe.words import Heard


class Identifier(Protocol):
    """Tells languages apart by ear. Its method blocks; whoever calls it does so in a thread."""

    def identify(self, sound: Samples, go_on: GoOn) -> dict[str, float]:
        """Probability by language (Whisper's codes) of a slice: mono, 16 kHz, at most `SLICE_S`."""


async def identify_language(windows: Sequence[Path], ear: Identifier) -> Heard:
    """Which language is spoken in some sound files, weighed by how much is said; no words.

    Raises EngineError where the identifier can't be loaded, and as ffmpeg's runner.
    """
    votes: dict[str, float] = defaultdict(float)
    spoken = 0
    for window in windows:
        speech = await _speech_of(window)
        if not len(speech):
            continue
        for code, share in (await in_thread(partial(ear.identify, speech))).items():
            # By how much is said: a window with one shout must not outweigh a conversation.
            votes[code] += share * len(speech)
        spoken += len(speech)
    shares = {code: round(vote / spoken, 4) for code, vote in votes.items()} if spoken else {}
    return Heard(
        languages={code: share for code, share in shares.items() if share >= 0.001}, speech_ms=spoken * 1000 // RATE
    )


async def _speech_of(window: Path) -> Samples:
    """What is said in a window, as much of it as is listened to at once."""
    async with aclosing(of_file(window)) as blocks:
        held = [block async for block in blocks]
    sound = np.concatenate(held) if held else np.zeros(0, dtype=np.float32)
    spans = await in_thread(lambda _go_on: speech_in(sound))
    speech = np.concatenate([sound[start:end] for start, end in spans]) if spans else sound[:0]
    return speech[: int(SLICE_S * RATE)]
