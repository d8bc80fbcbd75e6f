"""Words in Cyrillic and Greek letters come to a voice in Latin ones, as its language writes them."""

from __future__ import annotations

import pytest

from polyreel.engine.voice.text.scripts import write_in_latin


@pytest.mark.parametrize(
    ("written", "language", "latin"),
    [
        ("Москва", "en", "Moskva"),
        ("Москва", "de", "Moskwa"),
        ("Чайковский", "fr", "Tchaikovski"),
        ("Чехов", "it", "Cekov"),
        ("Хрущёв", "de", "Chruschtschow"),
        ("Київ", "en", "Kyiv"),
        ("ЦСКА", "en", "TSSKA"),
        ("Αθήνα", "en", "Athina"),
        ("Ευρώπη", "es", "Evropi"),
        ("λόγος", "en", "logos"),
        ("Андре\u0301й", "en", "Andrey"),
    ],
)
def test_a_word_is_written_as_its_reader_writes_it(written: str, language: str, latin: str) -> None:
    assert write_in_latin(written, language) == latin


@pytest.mark.parametrize("text", ["π = 3.14", "α und Ω", "plain", "京都 के é"])
def test_signs_of_mathematics_and_other_scripts_stay(text: str) -> None:
    assert write_in_latin(text, "en") == text
