"""A voice that holds notes is told from one that glides, whatever its pitch, and also over soft music."""

from __future__ import annotations

import numpy as np
import pytest

from polyreel.dubbing.hearing import _note_songs
from polyreel.engine.sound.pcm import Samples
from polyreel.engine.transcribe.melody import SUNG_NOTES, measure_held
from polyreel.engine.transcribe.words import Heard, Phrase, Word

RATE = 16_000
SECONDS = 6


def voice(semitones: np.ndarray, base_hz: float) -> Samples:
    """A buzz of twenty partials along a pitch, in syllables of a third of a second."""
    time = np.arange(len(semitones)) / RATE
    phase = 2 * np.pi * np.cumsum(base_hz * 2 ** (semitones / 12)) / RATE
    buzz = sum(np.cos(partial * phase) / partial for partial in range(1, 21))
    sound: Samples = (0.1 * buzz * np.minimum(1, 8 * np.abs(np.sin(np.pi * time / 0.9)))).astype(np.float32)
    return sound


def sung(base_hz: float) -> Samples:
    time = np.arange(SECONDS * RATE) / RATE
    notes = np.array([0, 2, 4, 5, 7, 5, 4, 2])[(time / 0.45).astype(int) % 8]
    return voice(notes + 0.4 * np.sin(2 * np.pi * 5.5 * time), base_hz)


def spoken(base_hz: float) -> Samples:
    """Falling and rising by half an octave in each word."""
    time = np.arange(SECONDS * RATE) / RATE
    return voice(4 * np.sin(2 * np.pi * 1.3 * time) + 1.5 * np.sin(2 * np.pi * 3.1 * time), base_hz)


@pytest.mark.parametrize("base_hz", [110, 220, 330])
def test_a_singer_stays_on_a_pitch_and_a_speaker_does_not(base_hz: float) -> None:
    assert measure_held(sung(base_hz), RATE) > SUNG_NOTES
    assert measure_held(spoken(base_hz), RATE) < 0.2


def test_a_song_over_soft_music_is_still_one_and_speech_over_it_none() -> None:
    time = np.arange(SECONDS * RATE) / RATE
    music = sum(np.sin(2 * np.pi * hertz * time) for hertz in (131, 196, 262)).astype(np.float32)
    for made, is_song in ((sung(220), True), (spoken(220), False)):
        bed = music * np.sqrt(np.square(made).mean() / np.square(music).mean()) * np.float32(10 ** (-15 / 20))
        assert (measure_held(made + bed, RATE) > SUNG_NOTES) == is_song


@pytest.mark.parametrize("samples", [0, 100, RATE // 2])
def test_of_too_little_or_of_silence_nothing_is_said(samples: int) -> None:
    assert measure_held(sung(220)[:samples], RATE) == 0
    assert measure_held(np.zeros(3 * RATE, np.float32), RATE) == 0
    assert measure_held(np.random.default_rng(1).standard_normal(3 * RATE).astype(np.float32), RATE) == 0


@pytest.mark.parametrize(("held", "no_speech", "is_told"), [(0.1, 0.1, False), (0.5, 0.1, True), (0.1, 0.5, True)])
def test_where_words_may_be_sung_a_note_says_so(held: float, no_speech: float, is_told: bool) -> None:
    words = (Word(text=" row", start_ms=61_000, end_ms=62_500),)
    notes = _note_songs(Heard(phrases=(Phrase(words=words, held=held, no_speech=no_speech),)))
    assert bool(notes) == is_told
    assert not is_told or "61.0 to 62.5 s" in notes[0]
