"""A listener's words come too early, and run into pauses: the sound says where they are."""

from __future__ import annotations

import numpy as np
import pytest

from polyreel.engine.transcribe.edges import LEAD_MS, settle_words
from polyreel.engine.transcribe.words import Phrase, Word

RATE = 16_000
SPOKEN = ((500, 900), (900, 1300), (2000, 2400))
"""Two words in one breath, and one after a pause."""


def sound(music: float = 0.0) -> np.ndarray:
    chance = np.random.default_rng(1)
    heard = (music + 1e-4) * chance.standard_normal(3 * RATE)
    for start, end in SPOKEN:
        heard[start * RATE // 1000 : end * RATE // 1000] += 0.2 * chance.standard_normal((end - start) * RATE // 1000)
    return heard.astype(np.float32)


def heard(*spans: tuple[int, int]) -> list[Phrase]:
    return [Phrase(words=tuple(Word(text=f" w{at}", start_ms=a, end_ms=b) for at, (a, b) in enumerate(spans)))]


def times(phrases: list[Phrase]) -> list[tuple[int, int]]:
    return [(word.start_ms, word.end_ms) for phrase in phrases for word in phrase.words]


def off(found: list[tuple[int, int]]) -> int:
    """How far the worst edge is from where it is."""
    return max(abs(a - b) for one, other in zip(found, SPOKEN, strict=True) for a, b in zip(one, other, strict=True))


def test_words_that_are_early_are_where_they_sound() -> None:
    early = heard(*((start - LEAD_MS, end - LEAD_MS) for start, end in SPOKEN))
    assert off(times(settle_words(early, sound(), RATE))) <= 10


def test_a_word_does_not_begin_in_the_pause_before_it_nor_end_in_the_one_behind() -> None:
    found = times(settle_words(heard((200, 840), (840, 1500), (1750, 2650)), sound(), RATE))
    assert off(found) <= 10


def test_an_end_inside_the_speech_goes_on_to_where_it_ends() -> None:
    found = times(settle_words(heard((440, 840), (840, 1050), (1920, 2150)), sound(), RATE))
    assert found[1][1] == pytest.approx(1300, abs=10)
    assert found[2][1] == pytest.approx(2400, abs=10)


def test_over_loud_music_words_are_only_moved() -> None:
    found = times(settle_words(heard((440, 840), (840, 1240), (1940, 2340)), sound(music=0.2), RATE))
    assert [start for start, _ in found] == [500, 900, 2000]


@pytest.mark.parametrize("spans", [((0, 0),), ((2950, 3000),), ((100, 90),), ((5000, 6000),)])
def test_whatever_a_listener_says_a_word_ends_after_it_begins_and_inside(spans: tuple[tuple[int, int], ...]) -> None:
    for start, end in times(settle_words(heard(*spans), sound(), RATE)):
        assert 0 <= start <= end <= 3000


def test_without_sound_or_words_nothing_happens() -> None:
    assert settle_words([], sound(), RATE) == []
    assert times(settle_words(heard((0, 100)), np.zeros(0, np.float32), RATE)) == [(0, 0)]
