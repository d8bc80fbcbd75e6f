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
from polyreel.errors import EngineError
from polyreel.keys import stage_key
from polyreel.outcome import StoredFile
from polyreel.store.local import path_of
from polyreel.store.port import Store
from polyreel.subtitles.choices import FASTEST

_VERSION = 1
_RECORDED_AT = 48_000


@dataclass(frozen=True, slots=True)
class Take:
    """One recording in the store. ``level`` is its loudness in LUFS, ``reused`` whether an earlier run made it.

    ``by_person``: no voice of ours can say it again, faster or otherwise.
    """

    audio: StoredFile
    rate: int
    samples: int
    level: float
    reused: bool
    by_person: bool = False

    @property
    def ms(self) -> int:
        """Length in milliseconds, rounded up."""
        return -(-self.samples * 1000 // self.rate)

    def speech(self) -> Speech:
        """The recording itself."""
        return Speech(_read_samples(path_of(self.audio)), self.rate)


class Booth:
    """Records a voice into a store, by (voice engine and version, voice, text, pace). Its methods block."""

    def __init__(self, voice: Voice, store: Store) -> None:
        self._voice = voice
        self._store = store

    def natural(self, text: str, voice_id: str, pace: float = 1.0) -> Take:
        """A text at the voice's own pace, or at a chosen one. Raises EngineError (``nothing_to_say``)."""
        key = self._make_key(text, voice_id, _spell_pace("natural", pace))
        return self._load_take(key) or self._keep_take(key, self._voice.speak(text, voice_id, pace))

    def open_recording(self, recording: StoredFile) -> Take:
        """A person's own recording: WAV, 16 bits, mono, 48 kHz. Raises EngineError where it is not that any more."""
        try:
            speech = _read_recording(path_of(recording))
        except (OSError, EOFError, wave.Error) as error:
            raise EngineError(
                f"a recording of a line can't be used: {error}",
                code="recording_missing",
                where=recording.sha256[:12],
                remedy="Bring the recording again: `polyreel review JOB LOCALE --recording N=FILE`.",
            ) from None
        level = round(meter.speech_level(speech.samples, speech.rate), 2)
        return Take(recording, speech.rate, len(speech.samples), level, reused=True, by_person=True)

    def fit_into(self, text: str, voice_id: str, natural: Take, length_ms: int, pace: float = 1.0) -> Take:
        """A text in at most ``length_ms``: first the voice hurries, then the sound is stretched for the rest.

        What has more time than it takes by itself is spoken more slowly, as far as `fit.Limits.slowest`. A person's
        recording is stretched alone.
        """
        if natural.ms == length_ms:
            return natural
        key = self._make_key(text, voice_id, _spell_pace(f"{natural.samples}@{natural.rate}-in-{length_ms}", pace))
        return self._load_take(key) or self._keep_take(
            key, self._speak_faster(text, voice_id, natural, length_ms, pace)
        )

    def _speak_faster(self, text: str, voice_id: str, natural: Take, length_ms: int, pace: float) -> Speech:
        # The voice hurries first: it shortens pauses and vowels as
        # people do, where stretching shortens consonants, too.
        speed = min(FASTEST, pace * fit.voice_speed(natural.ms / length_ms))
        said = natural.speech() if natural.by_person else self._voice.speak(text, voice_id, speed)
        length = length_ms * said.rate // 1000
        if len(said.samples) <= length:
            return said
        return Speech(stretch(said.samples, said.rate, length), said.rate, said.stand_in)

    def _make_key(self, text: str, voice_id: str, pace: str) -> str:
        voice = self._voice
        return stage_key("speech", _VERSION, engine=voice.name, of=voice.version, voice=voice_id, text=text, pace=pace)

    def _load_take(self, key: str) -> Take | None:
        found = self._store.load_record(key)
        if found is None:
            return None
        audio = StoredFile.model_validate(found["audio"])
        # A store may have lost the sound and kept the note of it: then it is said again.
        if not self._store.has(audio):
            return None
        return Take(audio, found["rate"], found["samples"], found["level"], reused=True)

    def _keep_take(self, key: str, speech: Speech) -> Take:
        audio = self._store.keep_bytes(wav_bytes(speech), ".wav")
        level = meter.speech_level(speech.samples, speech.rate)
        take = Take(audio, speech.rate, len(speech.samples), round(level, 2), reused=False)
        # What stands in for a voice that failed is not remembered,
        # or the line would stay so when the voice works again.
        if not speech.stand_in:
            said = {"rate": take.rate, "samples": take.samples, "level": take.level}
            self._store.save_record(key, {"audio": audio.model_dump(), **said})
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


def _spell_pace(made: str, pace: float) -> str:
    """The part of a key that says how fast; what was said before lines had a pace of their own keeps its key."""
    return made if pace == 1.0 else f"{made}-at-{pace:g}"


def _read_recording(path: Path) -> Speech:
    with wave.open(str(path), "rb") as file:
        shape = file.getnchannels(), file.getsampwidth(), file.getframerate()
        if shape != (1, 2, _RECORDED_AT) or not file.getnframes():
            raise wave.Error(f"it is not 16 bits, mono, {_RECORDED_AT} Hz")
    return Speech(_read_samples(path), _RECORDED_AT)


def _read_samples(path: Path) -> Samples:
    with wave.open(str(path), "rb") as file:
        held = file.readframes(file.getnframes())
    return np.frombuffer(held, "<i2").astype(np.float32) / np.float32(32767)
