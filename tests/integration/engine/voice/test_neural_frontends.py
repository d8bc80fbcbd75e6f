"""From words to phonemes: what the neural voices are given to say."""

from __future__ import annotations

import pytest

from polyreel.engine.voice.kokoro import japanese, latin, mandarin
from polyreel.engine.voice.kokoro.numbers_zh import in_characters
from polyreel.engine.voice.kokoro.vocabulary import VOCABULARY, encode_phonemes
from polyreel.engine.voice.text.words import spell_out


def test_english_is_spelled_as_the_model_was_taught() -> None:
    assert latin.spell_phonemes("Okay, this is a boy.", "en-US") == "OkˈA, ðɪs ɪz ə bˈY."


def test_british_english_keeps_its_long_vowels() -> None:
    assert "bˈaθ" in latin.spell_phonemes("A bath.", "en-GB") or "bˈɑːθ" in latin.spell_phonemes("A bath.", "en-GB")


def test_clauses_keep_their_punctuation() -> None:
    said = latin.spell_phonemes("¿Cuánto cuesta? ¡Nada! Pues bien, vamos…", "es-ES")
    assert [sign for sign in said if sign in ".,!?…"] == ["?", "!", ",", "…"]


@pytest.mark.parametrize(
    ("locale", "written", "spoken"),
    [
        ("en-US", "Dr. Lee paid $3.50.", "Doctor Lee paid 3 dollars 50."),
        ("en-US", "On 2024-05-03 it rained.", "On May 3rd, 20 24 it rained."),
        ("es-ES", "El Sr. Paz debe 25,50 €.", "El señor Paz debe 25 euros con 50."),
        ("fr-FR", "Le 2024-12-01, M. Roy.", "Le premier décembre 2024, monsieur Roy."),
        ("it-IT", "Costa €5.", "Costa 5 euro."),
    ],
)
def test_money_dates_and_titles_become_words(locale: str, written: str, spoken: str) -> None:
    assert spell_out(written, locale) == spoken


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("40秒", "四十秒"),
        ("10点", "十点"),
        ("105", "一百零五"),
        ("10086", "一万零八十六"),
        ("20000", "两万"),
        ("100000001", "一亿零一"),
        ("12%", "百分之十二"),
        ("-3.14", "负三点一四"),
        ("2024年5月3日", "二零二四年五月三日"),
        ("2024-05-03", "二零二四年五月三日"),
        ("10:05", "十点零五分"),
        ("$3.50", "三点五零美元"),
        ("0571", "零五七一"),
    ],
)
def test_chinese_figures_are_written_as_they_are_said(written: str, spoken: str) -> None:
    assert in_characters(written) == spoken


def test_mandarin_has_tones_and_separate_words() -> None:
    assert mandarin.spell_phonemes("你好。这是视频，好吗？", "zh-CN") == "ni↓xau↓. ꭧɤ↘ʂɨ↘ ʂɨ↘pʰi↗n, xau↓ ma?"


def test_a_character_with_two_readings_gets_the_one_of_its_word() -> None:
    assert "i↗nxa↗ŋ" in mandarin.spell_phonemes("银行", "zh-CN")  # háng, not xíng


def test_latin_words_in_chinese_are_said_in_english() -> None:
    assert mandarin.spell_phonemes("你好。Hello！", "zh-CN") == "ni↓xau↓. həlˈO!"


def test_kanji_are_read_and_particles_sound_as_spoken() -> None:
    said = japanese.spell_phonemes("東京は大きいです。", "ja-JP")
    assert said.startswith("toːkʲoːβa ")
    assert said.endswith("desɨ.")


@pytest.mark.parametrize(
    ("kana", "said"),
    [
        ("キャ", "kʲa"),
        ("シュ", "ɕɨ"),
        ("ティー", "tʲiː"),
        ("ッカ", "ʔka"),
        ("フィ", "ɸi"),
        ("ヴァ", "va"),
        ("サン", "saɴ"),
    ],
)
def test_kana_are_spelled(kana: str, said: str) -> None:
    assert japanese.spell_katakana(kana) == said


@pytest.mark.parametrize(
    ("locale", "text"),
    [
        ("en-US", "The quick brown fox jumps over the lazy dog, at 10:30."),
        ("es-MX", "El veloz murciélago hindú comía feliz cardillo y kiwi."),
        ("fr-FR", "Portez ce vieux whisky au juge blond qui fume."),
        ("it-IT", "Pranzo d'acqua fa volti sghembi."),
        ("pt-BR", "Um pequeno jabuti xereta viu dez cegonhas felizes."),
    ],
)
def test_the_model_knows_nearly_every_sign_it_is_given(locale: str, text: str) -> None:
    said = latin.spell_phonemes(text, locale)
    assert len(encode_phonemes(said)) >= 0.98 * len(said)


def test_the_vocabulary_is_the_published_one() -> None:
    assert len(VOCABULARY) == 114
    assert (VOCABULARY["ˈ"], VOCABULARY["ᵻ"], VOCABULARY[";"], VOCABULARY["\u0303"]) == (156, 177, 1, 17)
