"""The original's tone: how loud and fast each sentence was for its speaker, and what the dub makes of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from polyreel.engine.sound.meter import speech_level
from polyreel.engine.sound.stem import RATE, read_stem
from polyreel.engine.speech.fit import Spoken, fit
from polyreel.engine.speech.perform import Direction, Performance, perform
from polyreel.engine.speech.script import extract_spoken_script
from polyreel.engine.speech.sentences import Line, Sentence
from polyreel.engine.speech.tone import LIMITS, Original, Read, Tone, gain_towards, measure_tones
from polyreel.store.local import LocalStore, path_of
from polyreel.subtitles.model import Cue, Track
from tests.unit.engine.speech.humming import Humming

LETTERS = "abcdefghij" * 2


def reel(*levels_db: float | None, floor_db: float = -200.0, spoken_s: float = 2.0) -> Read:
    """Five seconds per line: noise for ``spoken_s`` from its second 1 on, so loud (None: nothing)."""
    noise = np.random.default_rng(7).standard_normal(5 * 48_000 * len(levels_db)).astype(np.float32)
    track = noise * np.float32(10 ** (floor_db / 20))
    for number, level in enumerate(levels_db):
        if level is not None:
            at = slice((5 * number + 1) * 48_000, int((5 * number + 1 + spoken_s) * 48_000))
            track[at] += np.random.default_rng(number).standard_normal(at.stop - at.start) * 10 ** (level / 20)

    def read(start: int, end: int) -> NDArray[np.float32]:
        return track[start * 48 : end * 48]

    return read


def line(number: int, text: str = LETTERS, speaker: str | None = None) -> Line:
    return Line(number, 5000 * number + 1000, 5000 * number + 4000, text, speaker)


def tones(original: Original, *speakers: str | None) -> tuple[Tone | None, ...]:
    sentences = [Sentence((line(number, speaker=who),)) for number, who in enumerate(speakers)]
    return measure_tones(sentences, original, 5000 * len(speakers), lambda: None)


def levels(found: tuple[Tone | None, ...]) -> list[float | None]:
    return [None if each is None else round(each.level_lu) for each in found]


def test_a_whisper_and_a_shout_are_told_by_the_speakers_own_median() -> None:
    """Ben is 10 dB softer than Ana throughout: neither of them is quiet for that."""
    original = Original(reel(-20, -32, -20, -12, -30, -30))
    assert levels(tones(original, "Ana", "Ana", "Ana", "Ana", "Ben", "Ben")) == [0, -12, 0, 8, 0, 0]


def test_where_nobody_is_heard_there_is_no_tone() -> None:
    original = Original(reel(-20, None, -20))
    assert levels(tones(original, None, None, None)) == [0, None, 0]


def test_what_is_no_louder_than_the_pauses_is_not_taken_for_speech() -> None:
    """Music that goes on under a line which the original leaves out."""
    original = Original(reel(-15, None, -15, floor_db=-30))
    assert levels(tones(original, None, None, None)) == [0, None, 0]


def test_words_that_run_over_their_cues_are_no_sound_of_the_pauses() -> None:
    """Each line goes on for 0.2 s after its cue, in pauses of 0.5 s."""
    lines = [Line(number, 5000 * number + 1000, 5000 * number + 5500, LETTERS, None) for number in range(3)]
    original = Original(reel(-20, -26, -20, None, spoken_s=4.7))
    assert levels(measure_tones([Sentence((each,)) for each in lines], original, 20_000, lambda: None)) == [0, -6, 0]


def test_a_line_beyond_the_reel_has_no_tone() -> None:
    sentences = [Sentence((line(0),)), Sentence((line(1),))]
    found = measure_tones(sentences, Original(reel(-20)), 5000, lambda: None)
    assert levels(found) == [0, None]


def test_the_pace_is_the_scripts_letters_by_the_time_in_which_they_were_spoken() -> None:
    texts = [LETTERS, LETTERS + "ab", LETTERS * 3, "abcdefghijkl"]
    original = Original(reel(-20, -20, -20, -20), tuple(line(number, text) for number, text in enumerate(texts)))
    found = [each.pace for each in tones(original, None, None, None, None) if each]
    assert found == [0.95, pytest.approx(1.05, abs=0.01), LIMITS.fastest, LIMITS.slowest]


def test_a_word_or_two_say_nothing_of_a_pace() -> None:
    original = Original(reel(-20, -20, -20), (line(0), line(1, "No!"), line(2)))
    assert [each.pace for each in tones(original, None, None, None) if each] == [1.0, 1.0, 1.0]


def test_a_take_is_moved_towards_the_original_and_no_further_than_allowed() -> None:
    assert gain_towards(Tone(3.0), 0.0) == 3.0
    assert gain_towards(Tone(3.0), 2.0) == 1.0
    assert gain_towards(Tone(-14.0), 0.0) == -LIMITS.level_db
    assert gain_towards(Tone(9.0), 0.0) == LIMITS.level_db


@pytest.mark.parametrize(("paced", "length"), [(None, 2000), (1800, 1800), (2100, 2100)])
def test_a_line_takes_the_time_that_its_pace_asks_for(paced: int | None, length: int) -> None:
    (place,) = fit([Spoken(0, 3000, 2000, None, paced)], 10_000)
    assert (place.length_ms, place.too_long) == (length, False)


def test_a_slow_line_is_hurried_where_there_is_no_room_and_never_beyond_the_fastest() -> None:
    slow, after = fit([Spoken(0, 1700, 2000, None, 2100), Spoken(1700, 3000, 100)], 10_000)
    assert (slow.length_ms, slow.too_long, after.start_ms) == (1700, False, 1700)
    fast, _ = fit([Spoken(0, 1000, 2000, None, 1740), Spoken(1000, 3000, 100)], 10_000)
    assert fast.length_ms == 1539
    assert fast.too_long


def spoken(store: LocalStore, original: Original | None, voice: Humming) -> Performance:
    cues = tuple(Cue(5000 * n + 1000, 5000 * n + 4000, f"{LETTERS[:18]}{n}.") for n in range(4))
    direction = Direction(locale="es-ES", samples=RATE * 20, original=original)
    script = extract_spoken_script(Track(cues))
    return perform(script, direction, voice, store, on_progress=lambda _: None, go_on=lambda: None)


def test_the_dub_is_louder_and_softer_as_the_original_and_says_so(tmp_path: Path) -> None:
    """The stem is measured line by line: what was 8 dB over the others is 4, what was 3 under them is 3 under them."""
    store = LocalStore(tmp_path / "store")
    script = tuple(line(number, LETTERS * (2 if number == 1 else 1)) for number in range(4))
    voice = Humming()
    found = spoken(store, Original(reel(-20, -12, -23, None), script), voice)
    stem = path_of(found.stem)
    heard = [speech_level(read_stem(stem, RATE * each.start_ms // 1000, RATE), RATE) for each in found.lines]
    assert [round(level - heard[3]) for level in heard] == [0, 4, -3, 0]
    told = [each.tone and (round(each.tone.level_lu), round(each.tone.gain_db), each.tone.pace) for each in found.lines]
    assert told == [(0, 0, 1.0), (8, 4, 1.15), (-3, -3, 1.0), None]
    assert [each.ratio for each in found.lines] == [1.0, pytest.approx(1.15, abs=0.01), 1.0, 1.0]
    assert set(voice.speeds) == {1.0, 1.15}
    assert any("followed in 3 of 4 sentences" in note and "as nobody is heard there: 1" in note for note in found.notes)


def test_without_following_nothing_is_measured_and_nothing_is_said(tmp_path: Path) -> None:
    found = spoken(LocalStore(tmp_path / "store"), None, Humming())
    assert [each.tone for each in found.lines] == [None] * 4
    assert not found.notes


def test_an_original_without_speech_leaves_the_voice_as_it_is_and_is_named(tmp_path: Path) -> None:
    found = spoken(LocalStore(tmp_path / "store"), Original(reel(None, None, None, None)), Humming())
    assert [each.tone for each in found.lines] == [None] * 4
    assert any("was not followed" in note for note in found.notes)
