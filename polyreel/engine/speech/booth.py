"""The recording booth: a voice with a memory. What was said once, in any job, is not synthesised again."""

from __future__ import annotations

import io
import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from polyreel.engine.sound import meter
from polyreel.engine.sound.pcm import Samples
from polyreel.engine.sound.stretch import stretch
from polyreel.engine.speech import fit
from polyreel.engine.voice.port import Speech, Voice
from polyreel.keys import stage_key
from polyreel.outcome import StoredFile
from polyreel.store.local import path_of
from polyreel.store.port import Store

_VERSION = 1


@dataclass(frozen=True, slots=True)
class Take:
    """One recording in the store. ``level`` is its loudness in LUFS, ``reused`` whether an earlier run made it."""

    audio: StoredFile
    rate: int
    samples: int
    level: float
    reused: bool

    @property
    def ms(self) -> int:
        """Length in milliseconds, rounded up."""
        return -(-self.samples * 1000 // self.rate)

    def speech(self) -> Speech:
        """The recording itself."""
        return Speech(_read(path_of(self.audio)), self.rate)


class Booth:
    """Records a voice into a store, by (voice engine and version, voice, text, pace). Its methods block."""

    def __init__(self, voice: Voice, store: Store) -> None:
        self._voice = voice
        self._store = store

    def natural(self, text: str, voice_id: str) -> Take:
        """A text at the voice's own pace. Raises EngineError (``nothing_to_say``)."""
        key = self._key(text, voice_id, "natural")
        return self._recall(key) or self._keep(key, self._voice.speak(text, voice_id, 1.0))

    def fit_into(self, text: str, voice_id: str, natural: Take, length_ms: int) -> Take:
        """A text in at most ``length_ms``: first the voice hurries, then the sound is stretched for the rest.

        What has more time than it takes by itself is spoken more slowly, as far as `fit.Limits.slowest`.
        """
        if natural.ms == length_ms:
            return natural
        key = self._key(text, voice_id, f"{natural.samples}@{natural.rate}-in-{length_ms}")
        return self._recall(key) or self._keep(key, self._speak_faster(text, voice_id, natural, length_ms))

    def _speak_faster(self, text: str, voice_id: str, natural: Take, length_ms: int) -> Speech:
        speed = fit.voice_speed(natural.ms / length_ms)
        said = self._voice.speak(text, voice_id, speed)
        length = length_ms * said.rate // 1000
        if len(said.samples) <= length:
            return said
        return Speech(stretch(said.samples, said.rate, length), said.rate, said.stand_in)

    def _key(self, text: str, voice_id: str, pace: str) -> str:
        voice = self._voice
        return stage_key("speech", _VERSION, engine=voice.name, of=voice.version, voice=voice_id, text=text, pace=pace)

    def _recall(self, key: str) -> Take | None:
        found = self._store.recall(key)
        if found is None:
            return None
        audio = StoredFile.model_validate(found["audio"])
        if not self._store.has(audio):
            return None
        return Take(audio, found["rate"], found["samples"], found["level"], reused=True)

    def _keep(self, key: str, speech: Speech) -> Take:
        audio = self._store.keep_bytes(wav_bytes(speech), ".wav")
        level = meter.speech_level(speech.samples, speech.rate)
        take = Take(audio, speech.rate, len(speech.samples), round(level, 2), reused=False)
        if not speech.stand_in:
            said = {"rate": take.rate, "samples": take.samples, "level": take.level}
            self._store.remember(key, {"audio": audio.model_dump(), **said})
        return take


def wav_bytes(speech: Speech) -> bytes:
    """16-bit mono: 90 dB below speech nobody hears the difference, and it is half the size."""
    held = io.BytesIO()
    with wave.open(held, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(speech.rate)
        file.writeframes((np.clip(speech.samples, -1, 1) * 32767).round().astype("<i2").tobytes())
    return held.getvalue()


def _read(path: Path) -> Samples:
    with wave.open(str(path), "rb") as file:
        held = file.readframes(file.getnframes())
    return np.frombuffer(held, "<i2").astype(np.float32) / np.float32(32767)
