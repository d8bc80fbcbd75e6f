"""A voice that fails on one line of a script: the line is spoken all the same, by another, and that is said."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from polyreel.engine.sound.stem import RATE, read_stem
from polyreel.engine.speech.perform import Direction, Performance, perform
from polyreel.engine.speech.script import extract_spoken_script
from polyreel.engine.voice.ensemble import Ensemble
from polyreel.engine.voice.espeak import EspeakVoice
from polyreel.engine.voice.port import Gender, Speech
from polyreel.errors import EngineError
from polyreel.store.local import LocalStore, path_of
from polyreel.subtitles.model import Cue, Track

TEXTS = ("Hola a todos.", "Esta línea rompe la voz.", "Hasta luego.")
BROKEN = TEXTS[1]
Failure = Callable[[], Speech]


def chokes() -> Speech:
    raise EngineError("the model choked")


def is_still() -> Speech:
    return Speech(np.zeros(24_000, np.float32), 24_000)


def is_no_number() -> Speech:
    return Speech(np.full(24_000, np.nan, np.float32), 24_000)


class Fragile:
    """A woman's voice that hums at 24 kHz, and fails at one line in its own way, however often it is asked."""

    name, version = "fragile", "1"

    def __init__(self, failure: Failure) -> None:
        self.failure = failure
        self.tried: list[str] = []

    def speaks(self, locale: str) -> bool:
        return True

    def cast(self, locale: str) -> tuple[str, ...]:
        return (f"one@{locale}",)

    def resolve(self, locale: str, asked: str) -> str:
        return f"{asked}@{locale}"

    def gender(self, voice_id: str) -> Gender:
        return "female"

    def speak(self, text: str, voice_id: str, speed: float) -> Speech:
        self.tried.append(text)
        if text == BROKEN:
            return self.failure()
        return Speech(0.3 * np.sin(np.arange(24_000, dtype=np.float32) / 20), 24_000)

    def caveats(self, locale: str, texts: Sequence[str]) -> tuple[str, ...]:
        return ()


def spoken(voice: Fragile, store: LocalStore) -> Performance:
    script = extract_spoken_script(Track(tuple(Cue(n * 4000, n * 4000 + 3000, text) for n, text in enumerate(TEXTS))))
    direction = Direction(locale="es-ES", samples=12 * RATE)
    ensemble = Ensemble((voice, EspeakVoice()))
    return perform(script, direction, ensemble, store, on_progress=lambda _: None, go_on=lambda: None)


@pytest.mark.parametrize("failure", [chokes, is_still, is_no_number])
def test_no_line_is_left_silent_and_the_notes_say_who_stood_in_and_why(tmp_path: Path, failure: Failure) -> None:
    voice, store = Fragile(failure), LocalStore(tmp_path / "store")
    found = spoken(voice, store)
    assert [line.text for line in found.lines] == list(TEXTS)
    stem = path_of(found.stem)
    for line in found.lines:
        sound = read_stem(stem, line.start_ms * 48, (line.end_ms - line.start_ms) * 48)
        assert float(np.sqrt(np.square(sound).mean())) > 0.01, line.text
    assert voice.tried.count(BROKEN) == 2  # once, and once more
    why = "the model choked" if failure is chokes else "fragile gave no sound for this line."
    assert found.notes[-1] == f"espeak-ng stood in for 1 line ('{BROKEN}'): {why}"


def test_the_stand_in_suits_the_voice_it_stands_in_for(tmp_path: Path) -> None:
    ensemble = Ensemble((Fragile(chokes), EspeakVoice()))
    asked: list[str] = []
    espeak = EspeakVoice.speak

    def listening(self: EspeakVoice, text: str, voice_id: str, speed: float) -> Speech:
        asked.append(voice_id)
        return espeak(self, text, voice_id, speed)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(EspeakVoice, "speak", listening)
        ensemble.speak(BROKEN, "fragile:one@es-ES", 1.0)
    assert EspeakVoice().gender(asked[0]) == "female"


def test_the_next_run_tries_the_voice_again_and_only_for_that_line(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "store")
    spoken(Fragile(chokes), store)
    well = Fragile(lambda: Speech(np.full(24_000, 0.2, np.float32), 24_000))
    again = spoken(well, store)
    assert well.tried == [BROKEN]
    assert [line.reused for line in again.lines] == [True, False, True]
    assert not any("stood in" in note for note in again.notes)


def by_a_robot(*cues: Cue, seconds: int) -> Performance:
    with tempfile.TemporaryDirectory() as folder:
        return perform(
            extract_spoken_script(Track(cues)),
            Direction(locale="es-ES", samples=seconds * RATE),
            EspeakVoice(),
            LocalStore(Path(folder)),
            on_progress=lambda _: None,
            go_on=lambda: None,
        )


def test_a_line_that_is_longer_than_the_whole_reel_is_refused_with_its_place() -> None:
    long = ("Esta es una frase bastante larga, con una coma y algo más de texto. " * 30)[:2000]
    with pytest.raises(
        EngineError, match=r"the line at 1\.0 s is too long.*2,000 characters.*the reel has 42\.0 s"
    ) as found:
        by_a_robot(Cue(1000, 3000, long), Cue(5000, 8000, "Adiós."), seconds=42)
    assert found.value.code == "script_too_long"


def test_in_a_longer_reel_it_is_spoken_whole_and_flagged() -> None:
    long = ("Esta es una frase bastante larga, con una coma y algo más de texto. " * 30)[:2000]
    found = by_a_robot(Cue(1000, 3000, long), seconds=200)
    assert found.lines[0].too_long
    assert found.lines[0].ratio <= 1.3
    assert found.lines[0].end_ms < 200_000


def test_a_cue_that_a_trim_cut_in_two_is_flagged_and_not_refused() -> None:
    found = by_a_robot(Cue(5000, 6000, "Puede usar esta voz para cualquier cosa que usted quiera."), seconds=6)
    assert found.lines[0].end_ms <= 6000
    assert found.lines[0].cue_start_ms - found.lines[0].start_ms > 1000  # it begins earlier, to be said whole
