"""Latin words that the Japanese dictionary lacks are said as words, and not letter by letter."""

from __future__ import annotations

import re

import pytest

from polyreel.engine.voice.kokoro.katakana import spell_sounds, write_in_katakana

SOUNDS = (*"ɡθðʒŋjwvfhɹlmnszʃkpbtdəɒʌ", "aɪ", "tʃ", "dʒ", "ts", "ɜː")


@pytest.mark.parametrize(
    ("written", "kana"),
    [
        ("configを開く", "コンフィグを開く"),
        ("deployする", "ディプロイする"),
        ("Москваへ", "モスクヴァへ"),
        ("YouTubeを見る", "YouTubeを見る"),
        ("NHKとJRのPC", "NHKとJRのPC"),
        ("H2Oとv2", "H2Oとv2"),
    ],
)
def test_only_words_that_are_not_known_are_written_in_katakana(written: str, kana: str) -> None:
    assert write_in_katakana(written) == kana


@pytest.mark.parametrize(
    ("ipa", "written", "kana"),
    [
        ("bˈɪt", "bit", "ビット"),
        ("kjˈuːb", "cube", "キューブ"),
        ("ɹˈuːtə", "router", "ルーター"),
        ("kənfˈɪɡ", "config", "コンフィグ"),
        ("t^ʃˈa^ɪld", "child", "チャイルド"),
        ("lˈamp", "lamp", "ランプ"),
        ("ˈ", "", ""),
    ],
)
def test_english_sounds_are_said_as_katakana_has_them(ipa: str, written: str, kana: str) -> None:
    assert spell_sounds(ipa, written) == kana


def test_whatever_the_sounds_only_katakana_comes_out() -> None:
    for first in SOUNDS:
        for second in SOUNDS:
            assert re.fullmatch("[ァ-ヴー]*", spell_sounds(first + second, "x"))
