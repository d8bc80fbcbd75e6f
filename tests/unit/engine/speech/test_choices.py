"""Lines said otherwise: another voice, another pace, a person's own recording; the others are not said again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest

from polyreel.engine.sound.stem import RATE, read_stem
from polyreel.engine.speech.booth import wav_bytes
from polyreel.engine.speech.choices import SpokenChoice
from polyreel.engine.speech.perform import Direction, Performance, perform
from polyreel.engine.speech.script import extract_spoken_script
from polyreel.engine.voice.port import Speech
from polyreel.errors import EngineError, NoVoice
from polyreel.outcome import StoredFile
from polyreel.store.local import LocalStore, path_of
from polyreel.subtitles.model import Cue, Track


class Tones:
    """A voice of tones: another height for each voice, 100 ms for each character. It counts what it is asked for."""

    name, version = "tones", "1"

    def __init__(self) -> None:
        self.said: Counter[tuple[str, str, float]] = Counter()

    def speaks(self, locale: str) -> bool:
        return True

    def cast(self, locale: str) -> tuple[str, ...]:
        return ("low", "high")

    def resolve(self, locale: str, asked: str) -> str:
        if asked not in self.cast(locale):
            raise NoVoice(f"there is no voice '{asked}'.", where=locale)
        return asked

    def gender(self, voice_id: str) -> None:
        return None

    def speak(self, text: str, voice_id: str, speed: float) -> Speech:
        self.said[text, voice_id, round(speed, 3)] += 1
        length = round(16_000 * 0.1 * len(text) / speed)
        height = {"low": 200, "high": 400}[voice_id]
        return Speech(0.3 * np.sin(2 * np.pi * height * np.arange(length, dtype=np.float32) / 16_000), 16_000)

    def caveats(self, locale: str, texts: Sequence[str]) -> tuple[str, ...]:
        return tuple(texts)


@pytest.fixture
def store() -> LocalStore:
    return LocalStore()


def spoken(cues: Sequence[Cue], voice: Tones, store: LocalStore, *choices: SpokenChoice) -> Performance:
    direction = Direction(locale="es-ES", samples=RATE * 20, choices=choices)
    script = extract_spoken_script(Track(tuple(cues)))
    return perform(script, direction, voice, store, on_progress=lambda _: None, go_on=lambda: None)


def noise(seconds: float) -> np.ndarray:
    """Sound that no voice makes, the same each time."""
    return (0.2 * np.random.default_rng(7).standard_normal(int(seconds * RATE))).astype(np.float32)


def keep(store: LocalStore, samples: np.ndarray, rate: int = RATE) -> StoredFile:
    return store.keep_bytes(wav_bytes(Speech(samples, rate)), ".wav")


def correlate(heard: np.ndarray, wanted: np.ndarray) -> float:
    return float(np.corrcoef(heard[: len(wanted)], wanted)[0, 1])


CUES = (Cue(0, 2000, "Buenos días."), Cue(5000, 7000, "Qué tal."), Cue(10_000, 12_000, "Hasta luego."))


def test_each_choice_changes_its_own_line_alone(store: LocalStore) -> None:
    """One voice, one pace, one recording: two takes are made, and the others come from the store."""
    voice = Tones()
    before = spoken(CUES, voice, store)
    voice.said.clear()
    sound = noise(1.0)
    after = spoken(
        CUES,
        voice,
        store,
        SpokenChoice(cue=0, voice="high"),
        SpokenChoice(cue=1, pace=1.25),
        SpokenChoice(cue=2, recording=keep(store, sound), recorded_by="Ana"),
    )
    assert voice.said == {("Buenos días.", "high", 1.0): 1, ("Qué tal.", "low", 1.25): 1}
    assert [line.voice for line in after.lines[:2]] == ["high", "low"]
    assert [line.chosen for line in before.lines + after.lines] == [False] * 3 + [True] * 3
    assert after.lines[1].natural_ms == pytest.approx(before.lines[1].natural_ms / 1.25, abs=2)
    recorded = after.lines[2]
    assert (recorded.recorded_by, recorded.natural_ms, recorded.ratio) == ("Ana", 1000, 1.0)
    heard = read_stem(path_of(after.stem), recorded.start_ms * RATE // 1000, len(sound))
    assert correlate(heard, sound) > 0.999
    assert "Hasta luego." not in after.notes, "a voice's caveats are about what it says"


def test_a_recording_that_is_too_long_is_hurried_and_said_to_be_and_never_cut(store: LocalStore) -> None:
    """At most 1.30 times as fast; what then has no room is flagged, and every bit of it sounds."""
    long = keep(store, noise(8.0))
    done = spoken(
        [*CUES[:2], Cue(7100, 9000, "Ya.")], Tones(), store, SpokenChoice(cue=1, recording=long, recorded_by="A")
    )
    line = done.lines[1]
    assert line.too_long
    assert 1.29 < line.ratio <= 1.301
    assert line.end_ms - line.start_ms >= 8000 / 1.301
    assert done.lines[2].start_ms >= line.end_ms


def test_a_recording_holds_all_turns_of_its_cue_and_no_other_line(store: LocalStore) -> None:
    """A sentence over two cues is parted where one of them is recorded; a dialogue in one cue was recorded at once."""
    cues = [Cue(0, 2000, "Una frase que"), Cue(2000, 4000, "no termina."), Cue(6000, 9000, "- Hola.\n- Adiós.")]
    voice = Tones()
    assert len({line.start_ms for line in spoken(cues, voice, store).lines}) == 4
    voice.said.clear()
    done = spoken(
        cues,
        voice,
        store,
        SpokenChoice(cue=0, recording=keep(store, noise(1.5)), recorded_by="A"),
        SpokenChoice(cue=2, recording=keep(store, noise(2.5)), recorded_by="A"),
    )
    assert [line.text for line in done.lines] == ["Una frase que", "no termina.", "Hola. Adiós."]
    assert [bool(line.recorded_by) for line in done.lines] == [True, False, True]
    assert set(voice.said) == {("no termina.", "low", 1.0)}


def test_what_can_not_be_had_is_refused(store: LocalStore) -> None:
    """A voice that there is not, a recording that is gone, one at another rate: none is replaced in silence."""
    with pytest.raises(NoVoice, match="nobody"):
        spoken(CUES, Tones(), store, SpokenChoice(cue=0, voice="nobody"))
    other_rate = keep(store, noise(1.0), rate=16_000)
    gone = StoredFile(uri=f"store:{'0' * 64}.wav", sha256="0" * 64, bytes=5)
    for recording in (other_rate, gone, store.keep_bytes(b"no sound", ".wav")):
        with pytest.raises(EngineError, match="recording") as refused:
            spoken(CUES, Tones(), store, SpokenChoice(cue=0, recording=recording))
        assert refused.value.code == "recording_missing"


def test_a_recording_longer_than_the_reel_is_refused(store: LocalStore) -> None:
    with pytest.raises(EngineError, match="its recording takes 23"):
        spoken(CUES, Tones(), store, SpokenChoice(cue=0, recording=keep(store, noise(30.0))))
