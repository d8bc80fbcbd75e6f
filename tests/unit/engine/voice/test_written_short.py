"""What is written short is said as it is spoken: each pair must come out as the same sounds, in every voice."""

from __future__ import annotations

import re

import pytest

from polyreel.engine.backcheck.tokens import split_tokens
from polyreel.engine.voice.espeak import EspeakVoice, transcribe_clauses
from polyreel.engine.voice.kokoro import japanese, mandarin
from polyreel.engine.voice.text.lexicon import LEXICONS
from polyreel.engine.voice.text.spoken import can_be_said, make_speakable
from polyreel.engine.voice.text.words import spell_out
from tests.unit.engine.voice.written_pairs import PAIRS

FRONT_ENDS = {"ja-JP": japanese.spell_phonemes, "zh-CN": mandarin.spell_phonemes}


def sounds(text: str, locale: str) -> str:
    """What a voice is told to say, without stress and pauses."""
    words = make_speakable(text)
    if locale in FRONT_ENDS:
        return re.sub(r"\s", "", FRONT_ENDS[locale](words, locale))
    said = "".join(each for each, _ in transcribe_clauses(spell_out(words, locale), locale))
    return re.sub(r"[ˈˌ\s]|\([a-z^-]+\)", "", said)


@pytest.mark.parametrize("locale", PAIRS)
def test_what_is_written_short_is_said_in_full(locale: str) -> None:
    wrong = [written for written, spoken in PAIRS[locale] if sounds(written, locale) != sounds(spoken, locale)]
    assert wrong == []


@pytest.mark.parametrize("locale", LEXICONS)
@pytest.mark.parametrize("text", ["", "Hello.", "a-b", "5-10", "C'est 12,5.", "3.14", "A & B", "x.y.z", "12:61", "h2o"])
def test_putting_into_words_ends_and_stays(locale: str, text: str) -> None:
    """Said twice, nothing changes any more: words are words."""
    once = spell_out(text, locale)
    assert spell_out(once, locale) == once


def test_a_range_is_no_minus_and_a_large_number_no_year() -> None:
    assert spell_out("pages 5-10", "en-US") == "pages 5 to 10"
    assert spell_out("pages 5-10-15, a-5, 2024-05", "en-US") == "pages 5-10-15, a-5, 2024-05"
    assert spell_out("1999.5 or 11,999 or 19990", "en-US") == "1999.5 or 11,999 or 19990"
    assert spell_out("1900 and 1500", "en-US") == "1900 and 15 hundred"


def test_letters_that_only_look_like_a_roman_number_stay() -> None:
    text = "I see an IV, a MIX of XXL and CIVIL, Malcolm X, vitamin I, and Xi."
    assert spell_out(text, "en-US") == text


def test_a_dot_that_ends_a_sentence_makes_no_german_ordinal() -> None:
    assert spell_out("Er war 3. Danach kam sie.", "de-DE") == "Er war 3. Danach kam sie."


def test_a_language_without_a_lexicon_is_left_to_its_voice() -> None:
    assert spell_out("50 % & 5 km", "fi-FI") == "50 % & 5 km"


def test_the_robotic_voice_says_them_too() -> None:
    """espeak-ng alone would name the letters of "km": now it takes as long as when the word is written out."""
    short, full = (EspeakVoice().speak(text, "de+m3", 1.0).ms for text in ("5 km", "5 Kilometer"))
    assert short == pytest.approx(full, abs=20)


@pytest.mark.parametrize("text", ["♪ ♫ ♪", "<i></i>", "…", "— !? —", "😀", "[[", "\u200b", "&nbsp;", "\u2028"])
def test_what_is_no_speech_is_not_said_at_all(text: str) -> None:
    assert not can_be_said(make_speakable(text))


@pytest.mark.parametrize(
    ("locale", "script", "heard"),
    [
        ("en-US", "It was 20 °C at $5.50.", "It was 20 degrees Celsius at 5 dollars 50."),
        ("es-ES", "El Sr. Pérez pagó 1.000 €.", "El señor Pérez pagó 1.000 euros."),
        ("ja-JP", "10:30に5 km走る", "十時三十分に五キロメートル走る"),
        ("zh-CN", "5 km外有2个人", "五公里外有两个人"),
        ("zh-CN", "请拨打110", "请拨打一一零"),
    ],
)
def test_a_listener_who_writes_it_in_full_has_not_erred(locale: str, script: str, heard: str) -> None:
    assert split_tokens(script, locale) == split_tokens(heard, locale)
