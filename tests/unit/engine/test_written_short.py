"""What is written short is said as it is spoken: each pair must come out as the same sounds, in every voice."""

from __future__ import annotations

import re

import pytest

from polyreel.engine.backcheck.tokens import tokens
from polyreel.engine.espeak import EspeakVoice, transcribed
from polyreel.engine.frontend import japanese, mandarin
from polyreel.engine.frontend.lexicon import LEXICONS
from polyreel.engine.frontend.words import sayable
from polyreel.engine.spoken import can_be_said, spoken_form

PAIRS = {
    "en-US": [
        ("It is 50% off.", "It is fifty percent off."),
        ("at 10:30", "at ten thirty"),
        ("the 1st and the 22nd", "the first and the twenty second"),
        ("in 1999", "in nineteen ninety nine"),
        ("in 1905", "in nineteen oh five"),
        ("20 °C", "twenty degrees Celsius"),
        ("80 km/h", "eighty kilometers per hour"),
        ("Tom & Jerry", "Tom and Jerry"),
        ("fruit, e.g. apples", "fruit, for example apples"),
        ("-5 degrees", "minus five degrees"),
        ("$5.50", "five dollars fifty"),
        ("$3 million", "three million dollars"),
        ("£1,000", "one thousand pounds"),
        ("No. 5", "number five"),
        ("on Nov. 22", "on November 22"),
        ("on 2024-05-03", "on May 3, 2024"),
        ("see https://www.example.com/a?b=1", "see example.com"),
        ("<i>Hello</i> &amp; goodbye", "Hello and goodbye"),
    ],
    "es-ES": [
        ("50 %", "cincuenta por ciento"),
        ("3,5 millones", "tres coma cinco millones"),
        ("20 °C", "veinte grados Celsius"),
        ("a -5 grados", "a menos cinco grados"),
        ("5,50 €", "cinco euros con cincuenta"),
        ("1.000 €", "mil euros"),
        ("n.º 5", "número cinco"),
        ("1.º y 3.ª", "primero y tercera"),
        ("el Sr. Pérez", "el señor Pérez"),
        ("frutas, p. ej. peras", "frutas, por ejemplo peras"),
        ("info@example.com", "info arroba example punto com"),
    ],
    "fr-FR": [
        ("50 %", "cinquante pour cent"),
        ("à 10h30", "à dix heures trente"),
        ("à 10h00", "à dix heures"),
        ("à 9 h 05", "à 9 heures cinq"),
        ("5,50 €", "cinq euros cinquante"),
        ("n° 5", "numéro cinq"),
        ("le 1er et la 1re", "le premier et la première"),
        ("le 2e", "le deuxième"),
        ("M. Dupont", "monsieur Dupont"),
        ("il fait -5 degrés", "il fait moins cinq degrés"),
    ],
    "it-IT": [
        ("5,50 €", "cinque euro e cinquanta"),
        ("3 milioni €", "tre milioni euro"),
        ("n. 5", "numero cinque"),
        ("il 1º", "il primo"),
        ("il Sig. Rossi", "il signor Rossi"),
        ("5 km", "cinque chilometri"),
    ],
    "pt-BR": [
        ("R$ 5,50", "cinco reais e cinquenta"),
        ("às 10h30", "às 10 e trinta"),
        ("às 10h00", "às 10 horas"),
        ("n.º 5", "número cinco"),
        ("a 1ª", "a primeira"),
        ("o Sr. Silva", "o senhor Silva"),
        ("20 °C", "vinte graus Celsius"),
    ],
    "hi-IN": [
        ("₹500", "500 रुपये"),
        ("5 km", "5 किलोमीटर"),
        ("20 °C", "20 डिग्री सेल्सियस"),
        ("डॉ. शर्मा", "डॉक्टर शर्मा"),
        ("2024-05-03", "3 मई 2024"),
    ],
    "de-DE": [
        ("10:30 Uhr", "zehn Uhr dreißig"),
        ("10:00 Uhr", "zehn Uhr"),
        ("5,50 €", "fünf Euro fünfzig"),
        ("Nr. 5", "Nummer fünf"),
        ("Obst, z. B. Birnen", "Obst, zum Beispiel Birnen"),
        ("Dr. Weiß", "Doktor Weiß"),
        ("20 °C", "zwanzig Grad Celsius"),
        ("Äpfel, Birnen usw.", "Äpfel, Birnen und so weiter."),
    ],
    "ja-JP": [
        ("50%", "五十パーセント"),
        ("20 °C", "二十度"),
        ("20℃", "二十度"),
        ("5 km", "五キロメートル"),
        ("10:30", "十時三十分"),
        ("2026-11-22", "二千二十六年十一月二十二日"),
        ("¥500", "五百円"),
        ("3.5", "三点五"),
        ("-5", "マイナス五"),
        ("1/2", "二分の一"),
    ],
    "zh-CN": [
        ("50%", "百分之五十"),
        ("20 °C", "二十摄氏度"),
        ("20℃", "二十摄氏度"),
        ("5 km", "五公里"),
        ("10:30", "十点三十分"),
        ("2026-11-22", "二零二六年十一月二十二日"),
        ("¥500", "五百元"),
        ("2个", "两个"),
        ("第2个", "第二个"),
        ("1/2", "二分之一"),
        ("13800138000", "一三八零零一三八零零零"),
    ],
}
FRONT_ENDS = {"ja-JP": japanese.phonemes, "zh-CN": mandarin.phonemes}


def sounds(text: str, locale: str) -> str:
    """What a voice is told to say, without stress and pauses."""
    words = spoken_form(text)
    if locale in FRONT_ENDS:
        return re.sub(r"\s", "", FRONT_ENDS[locale](words, locale))
    said = "".join(each for each, _ in transcribed(sayable(words, locale), locale))
    return re.sub(r"[ˈˌ\s]|\([a-z^-]+\)", "", said)


@pytest.mark.parametrize(
    ("locale", "written", "spoken"), [(locale, *pair) for locale, pairs in PAIRS.items() for pair in pairs]
)
def test_what_is_written_short_is_said_in_full(locale: str, written: str, spoken: str) -> None:
    assert sounds(written, locale) == sounds(spoken, locale)


@pytest.mark.parametrize("locale", LEXICONS)
@pytest.mark.parametrize("text", ["", "Hello.", "a-b", "5-10", "C'est 12,5.", "3.14", "A & B", "x.y.z", "12:61", "h2o"])
def test_putting_into_words_ends_and_stays(locale: str, text: str) -> None:
    """Said twice, nothing changes any more: words are words."""
    once = sayable(text, locale)
    assert sayable(once, locale) == once


def test_a_range_is_no_minus_and_a_large_number_no_year() -> None:
    assert sayable("pages 5-10", "en-US") == "pages 5-10"
    assert sayable("1999.5 or 11,999 or 19990", "en-US") == "1999.5 or 11,999 or 19990"
    assert sayable("1900 and 1500", "en-US") == "1900 and 1500"


def test_a_language_without_a_lexicon_is_left_to_its_voice() -> None:
    assert sayable("50 % & 5 km", "fi-FI") == "50 % & 5 km"


def test_the_robotic_voice_says_them_too() -> None:
    """espeak-ng alone would name the letters of "km": now it takes as long as when the word is written out."""
    short, full = (EspeakVoice().speak(text, "de+m3", 1.0).ms for text in ("5 km", "5 Kilometer"))
    assert short == pytest.approx(full, abs=20)


@pytest.mark.parametrize("text", ["♪ ♫ ♪", "<i></i>", "…", "— !? —", "😀", "[[", "\u200b", "&nbsp;", "\u2028"])
def test_what_is_no_speech_is_not_said_at_all(text: str) -> None:
    assert not can_be_said(spoken_form(text))


@pytest.mark.parametrize(
    ("locale", "script", "heard"),
    [
        ("en-US", "It was 20 °C at $5.50.", "It was 20 degrees Celsius at 5 dollars 50."),
        ("es-ES", "El Sr. Pérez pagó 1.000 €.", "El señor Pérez pagó 1.000 euros."),
        ("ja-JP", "10:30に5 km走る", "十時三十分に五キロメートル走る"),
        ("zh-CN", "5 km外有2个人", "五公里外有两个人"),
    ],
)
def test_a_listener_who_writes_it_in_full_has_not_erred(locale: str, script: str, heard: str) -> None:
    assert tokens(script, locale) == tokens(heard, locale)
