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

PAIRS = {
    "en-US": [
        ("call 1-800-555-0199", "call 1, 8 0 0, 5 5 5, 0 1 9 9"),
        ("dial 1-800-FLOWERS now", "dial 1, 8 0 0, flowers now"),
        ("call 9-1-1", "call nine one one"),
        ("dial 911", "dial nine one one"),
        ("he is 5'11\" tall", "he is 5 foot 11 tall"),
        ("6′2″", "six foot two"),
        ("$1,234.56", "one thousand two hundred thirty four dollars fifty six"),
        ("10^6 cells", "ten to the power of six cells"),
        ("10⁶ and 5²", "ten to the power of six and five squared"),
        ("20 ºC", "twenty degrees Celsius"),
        ("a 50 m² flat", "a fifty square meters flat"),
        ("the 2020-21 season", "the twenty twenty to twenty one season"),
        ("2005/06", "2005 to 2006"),
        ("5M people", "five million people"),
        ("5 km² and 2 m³", "five square kilometers and two cubic meters"),
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
        ("Chapter IV of World War II", "Chapter four of World War two"),
        ("Louis XIV and Elizabeth II", "Louis the fourteenth and Elizabeth the second"),
        ("5-10 people", "five to ten people"),
        ("pages 10–20", "pages ten to twenty"),
        ("they won 2-1", "they won two to one"),
        ("at 10:00", "at ten o'clock"),
        ("at 9:05", "at nine oh five"),
        ("10:00 a.m.", "ten a.m."),
        ("12/25/2024", "December 25, 2024"),
        ("Dec 25", "December 25"),
        ("$1", "one dollar"),
        ("$2.5M and $3bn", "two point five million dollars and three billion dollars"),
        ("the 1990s and the '80s", "the nineteen nineties and the eighties"),
        ("½ cup or 3/4", "one half cup or three quarters"),
        ("1½ hours", "one and one half hours"),
        ("555-1234", "five five five, one two three four"),
        ("this is *very* _good_", "this is very good"),
        ("→ next", "next"),
        ("Mt. Everest", "Mount Everest"),
        ("1 km", "one kilometer"),
        ("call 1 800 555 0199", "call 1, 8 0 0, 5 5 5, 0 1 9 9"),
        ("0800 123 4567", "0 8 0 0, 1 2 3, 4 5 6 7"),
        ("50 m^2 or 1 m²", "fifty square meters or one square meter"),
        ("€5/m²", "five euros per square meter"),
        ("x^2 and 2^n and 10**6", "x squared and two to the power of n and ten to the power of six"),
        ("he is 6' tall", "he is six foot tall"),
        ("5 ft 11 in", "five foot 11"),
        ("5 ft at 60 mph", "five feet at sixty miles per hour"),
        ("the 1999/2000 season", "the 1999 to two thousand season"),
        ("USD 1,234.56/month", "one thousand two hundred thirty four dollars fifty six per month"),
    ],
    "es-ES": [
        ("20 ºC", "veinte grados Celsius"),
        ("el s. XXI", "el siglo 21"),
        ("los ss. XIX y XX", "los siglos 19 y 20"),
        ("Luis XIV y Felipe VI", "Luis catorce y Felipe sexto"),
        ("Isabel II", "Isabel segunda"),
        ("en el s. xxi", "en el siglo 21"),
        ("los siglos XIX-XX", "los siglos 19 y 20"),
        ("el s. V a. C. fue", "el siglo 5 antes de Cristo fue"),
        ("1 234,56 €", "1.234 euros con 56"),
        ("1 M€", "un millón de euros"),
        ("900 123 456", "9 0 0, 1 2 3, 4 5 6"),
        ("50 m²", "cincuenta metros cuadrados"),
        ("10^6", "10 elevado a 6"),
        ("$1,234.56", "1.234 dólares con 56"),
        ("la temporada 2020/21", "la temporada 2020 a 2021"),
        ("5 mill. de personas", "cinco millones de personas"),
        ("900-123-456", "9 0 0, 1 2 3, 4 5 6"),
        ("el sr. Pérez", "el señor Pérez"),
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
        ("5-10 personas", "5 a 10 personas"),
        ("a las 22:00", "a las veintidós horas"),
        ("a las 10:30 h", "a las 10:30 horas"),
        ("25/12/2024", "25 de diciembre de 2024"),
        ("1 €", "un euro"),
        ("½ litro", "medio litro"),
        ("EE. UU. gana", "Estados Unidos gana"),
        ("a la 1:00", "a la una"),
        ("1 hora y 1 minuto", "una hora y un minuto"),
        ("1 km", "un kilómetro"),
    ],
    "es-MX": [
        ("$1,234.56", "1.234 pesos con 56"),
        ("$1", "un peso"),
        ("$2 millones", "dos millones de pesos"),
        ("US$5", "cinco dólares"),
        ("US$1", "un dólar"),
        ("20 USD", "veinte dólares"),
    ],
    "es-AR": [("$1.234,56", "1.234 pesos con 56")],
    "es-CL": [("$ 500", "quinientos pesos")],
    "es-CO": [("$5.000", "cinco mil pesos")],
    "de-CH": [
        ("1'234.50 Fr.", "1.234 Franken 50."),
        ("Das kostet 20 Fr. pro Tag", "Das kostet zwanzig Franken pro Tag"),
        ("Fr. 5.- oder 5.- Fr. mehr", "fünf Franken oder fünf Franken mehr"),
        ("CHF 1'234.50", "1.234 Franken 50"),
        ("SFr. 20", "zwanzig Franken"),
        ("1 Fr. mehr", "ein Franken mehr"),
        ("Fr. Weber kam um 10", "Frau Weber kam um 10"),
        ("20 CHF", "zwanzig Franken"),
    ],
    "fr-FR": [
        ("20 ºC", "vingt degrés Celsius"),
        ("le XXIe s.", "le vingt-et-unième siècle"),
        ("50 m²", "cinquante mètres carrés"),
        ("10^6", "dix puissance six"),
        ("5 M d'habitants", "5 millions d'habitants"),
        ("2020-21", "2020 à 2021"),
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
        ("Louis XIV", "Louis quatorze"),
        ("le XXIe siècle", "le vingt-et-unième siècle"),
        ("François Ier", "François premier"),
        ("de 9h à 17h", "de 9 heures à 17 heures"),
        ("1h30", "une heure trente"),
        ("5–10 personnes", "cinq à dix personnes"),
        ("25/12/2024", "25 décembre 2024"),
        ("MM. Dupont", "messieurs Dupont"),
        ("1,5 M€", "1,5 millions d'euros"),
        ("3 mds d'euros", "trois milliards d'euros"),
        ("01.23.45.67.89", "0 1, 2 3, 4 5, 6 7, 8 9"),
        ("en 500 av. J.-C. il", "en 500 avant Jésus-Christ il"),
        ("1 m²", "un mètre carré"),
        ("1 heure", "une heure"),
    ],
    "it-IT": [
        ("il sig. Rossi", "il signor Rossi"),
        ("la sig.ra Bianchi", "la signora Bianchi"),
        ("nel sec. XXI", "nel secolo ventunesimo"),
        ("il XIX secolo", "il diciannovesimo secolo"),
        ("Luigi XIV", "Luigi quattordicesimo"),
        ("50 m²", "cinquanta metri quadrati"),
        ("10^6", "10 elevato alla 6"),
        ("5 mln di persone", "cinque milioni di persone"),
        ("20 ºC", "20 gradi Celsius"),
        ("5,50 €", "cinque euro e cinquanta"),
        ("3 milioni €", "tre milioni di euro"),
        ("1 mln €", "un milione di euro"),
        ("nel s. XXI", "nel secolo ventunesimo"),
        ("nei secc. XIX e XX", "nei secoli diciannovesimo e ventesimo"),
        ("1 m²", "un metro quadrato"),
        ("nel 500 a.C. era", "nel 500 avanti Cristo era"),
        ("800 123 456", "8 0 0, 1 2 3, 4 5 6"),
        ("n. 5", "numero cinque"),
        ("il 1º", "il primo"),
        ("il Sig. Rossi", "il signor Rossi"),
        ("5 km", "cinque chilometri"),
        ("5-10 persone", "cinque a dieci persone"),
        ("alle 22:00", "alle 22"),
        ("25/12/2024", "25 dicembre 2024"),
        ("½ litro", "mezzo litro"),
        ("1 €", "un euro"),
        ("1 ora e 1 minuto", "un'ora e un minuto"),
    ],
    "pt-BR": [
        ("séc. XXI", "século 21"),
        ("no s. XXI", "no século 21"),
        ("a Srta. Ana", "a senhorita Ana"),
        ("Luís XIV", "Luís catorze"),
        ("João VI", "João sexto"),
        ("50 m²", "cinquenta metros quadrados"),
        ("10^6", "dez elevado a seis"),
        ("5 mi de pessoas", "cinco milhões de pessoas"),
        ("20 ºC", "vinte graus Celsius"),
        ("R$ 5,50", "cinco reais e cinquenta"),
        ("às 10h30", "às 10 e trinta"),
        ("às 10h00", "às 10 horas"),
        ("n.º 5", "número cinco"),
        ("a 1ª", "a primeira"),
        ("o Sr. Silva", "o senhor Silva"),
        ("20 °C", "vinte graus Celsius"),
        ("5-10 pessoas", "cinco a dez pessoas"),
        ("às 22h", "às 22 horas"),
        ("25/12/2024", "25 de dezembro de 2024"),
        ("R$ 1", "um real"),
        ("US$ 5", "cinco dólares"),
        ("R$ 2,5 mi", "2,5 milhões de reais"),
        ("(11) 91234-5678", "1 1, 9 1 2 3 4, 5 6 7 8"),
        ("1 hora", "uma hora"),
    ],
    "hi-IN": [
        ("50 m²", "50 वर्ग मीटर"),
        ("₹500", "500 रुपये"),
        ("5 km", "5 किलोमीटर"),
        ("20 °C", "20 डिग्री सेल्सियस"),
        ("1800-123-4567", "1 8 0 0, 1 2 3, 4 5 6 7"),
        ("डॉ. शर्मा", "डॉक्टर शर्मा"),
        ("2024-05-03", "3 मई 2024"),
        ("₹1,23,456", "1,23,456 रुपये"),
        ("5-10 लोग", "5 से 10 लोग"),
        ("10:00 बजे", "10 बजे"),
        ("½", "आधा"),
    ],
    "de-DE": [
        ("5 Mio. Menschen", "fünf Millionen Menschen"),
        ("1 Mrd. Sterne", "eine Milliarde Sterne"),
        ("5 Mill. Menschen", "fünf Millionen Menschen"),
        ("2 Bio. €", "zwei Billionen Euro"),
        ("im 21. Jh. war", "im einundzwanzigsten Jahrhundert war"),
        ("500 v. Chr. war", "500 vor Christus war"),
        ("5 Std. und 3 Min. später", "fünf Stunden und drei Minuten später"),
        ("0800 1234567", "0 8 0 0, 1 2 3 4 5 6 7"),
        ("1'234,50 €", "1.234 Euro 50"),
        ("20 Tsd. Zuschauer", "zwanzig Tausend Zuschauer"),
        ("50 m²", "fünfzig Quadratmeter"),
        ("10^6", "zehn hoch sechs"),
        ("$1,234.56", "1.234 Dollar 56"),
        ("2020/21", "2020 bis 2021"),
        ("20 ºC", "zwanzig Grad Celsius"),
        ("10:30 Uhr", "zehn Uhr dreißig"),
        ("10:00 Uhr", "zehn Uhr"),
        ("5,50 €", "fünf Euro fünfzig"),
        ("Nr. 5", "Nummer fünf"),
        ("Obst, z. B. Birnen", "Obst, zum Beispiel Birnen"),
        ("Dr. Weiß", "Doktor Weiß"),
        ("20 °C", "zwanzig Grad Celsius"),
        ("Äpfel, Birnen usw.", "Äpfel, Birnen und so weiter."),
        ("am 1. Mai", "am ersten Mai"),
        ("der 3. Platz", "der dritte Platz"),
        ("im 21. Jahrhundert", "im einundzwanzigsten Jahrhundert"),
        ("im Jahr 1999", "im Jahr neunzehnhundert 99"),
        ("am 25.12.2024", "am fünfundzwanzigsten Dezember 2024"),
        ("Ludwig XIV. war König", "Ludwig der Vierzehnte war König"),
        ("Kapitel IV", "Kapitel vier"),
        ("5-10 Personen", "fünf bis zehn Personen"),
        ("um 22:00 Uhr", "um zweiundzwanzig Uhr"),
        ("5 Mio. €", "fünf Millionen Euro"),
        ("Hr. Weiß", "Herr Weiß"),
        ("20 CHF", "zwanzig Franken"),
        ("Zimmer 10 Fr. Weiß", "Zimmer 10 Frau Weiß"),
        ("1 Uhr", "ein Uhr"),
        ("1 Stunde", "eine Stunde"),
    ],
    "ja-JP": [
        ("50 m²", "五十平方メートル"),
        ("10^6", "十の六乗"),
        ("2020-21年", "二千二十から二十一年"),
        ("5'11\"", "五フィート十一インチ"),
        ("5 mm²", "五平方ミリメートル"),
        ("20 ºC", "二十度"),
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
        ("5～10人", "五から十人"),
        ("½", "二分の一"),
        ("12/25", "十二月二十五日"),
    ],
    "zh-CN": [
        ("50 m²", "五十平方米"),
        ("10^6", "十的六次方"),
        ("50㎡", "五十平方米"),
        ("2020-21赛季", "二零二零到二一赛季"),
        ("5'11\"", "五英尺十一英寸"),
        ("XXI世纪", "二十一世纪"),
        ("20 ºC", "二十摄氏度"),
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
        ("13800138000", "幺三八零零幺三八零零零"),
        ("5-10人", "五到十人"),
        ("３．１４", "三点一四"),
        ("2点", "两点"),
        ("010-12345678", "零幺零，幺二三四五六七八"),
        ("½", "二分之一"),
        ("100m", "一百米"),
        ("比分2:1", "比分二比一"),
    ],
}
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
