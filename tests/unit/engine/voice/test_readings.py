"""A corpus of lines as they are written, and how a native says each: tests/data/readings, a file per language.

A row is what is written, its reading, and its kind (money, dates, units, sport, chemistry, addresses, titles, ranges,
foreign names, code; times, telephones, ordinals, fractions, Roman numbers, hashtags, other scripts and more). Both must
come out as the same sounds, but for what a voice does to neighbouring words.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from time import process_time

import pytest

from polyreel.engine.voice.espeak import transcribe_clauses
from polyreel.engine.voice.kokoro import japanese, mandarin
from polyreel.engine.voice.kokoro.numbers_ja import in_words
from polyreel.engine.voice.kokoro.numbers_zh import in_characters
from polyreel.engine.voice.text.lexicon import LEXICONS
from polyreel.engine.voice.text.short_forms import TABLE
from polyreel.engine.voice.text.spoken import make_speakable
from polyreel.engine.voice.text.words import spell_out
from tests.material import ROOT

READINGS = ROOT / "tests" / "data" / "readings"
FRONT_ENDS = {"ja-JP": japanese.spell_phonemes, "zh-CN": mandarin.spell_phonemes}
# What these voices do where one word runs into the next, as they do between words and not inside a figure.
_NEIGHBOURS = {
    "pt": str.maketrans("zyjwɾeo", "siiuriu"),
    "es": str.maketrans("j", "i"),
    "it": str.maketrans("wɾj", "uri", "ː"),
}
KINDS = {"money", "dates", "units", "sport", "chemistry", "addresses", "titles", "ranges", "foreign", "code"}
KINDS |= {"times", "phone", "ordinals", "fractions", "percent", "negative", "roman", "decades", "temperature", "web"}
KINDS |= {"hashtags", "versions", "mixed"}
# Figures and words differ in openness and length of vowels where one word runs into the next.
_ALIKE = str.maketrans("ɛɔʎʊɪ", "eoʝui", "ə^ˈˌ")


def rows_of(locale: str) -> list[list[str]]:
    return [line.split("\t") for line in (READINGS / f"{locale}.tsv").read_text("utf-8").splitlines()]


def sounds(text: str, locale: str) -> str:
    words = make_speakable(text)
    if locale in FRONT_ENDS:
        return re.sub(r"\s", "", FRONT_ENDS[locale](words, locale))
    said = "".join(each for each, _ in transcribe_clauses(spell_out(words, locale), locale))
    return (
        re.sub(r"\s|\([a-z^-]+\)", "", said).translate(_ALIKE).translate(_NEIGHBOURS.get(locale.partition("-")[0], {}))
    )


@pytest.mark.parametrize("locale", sorted(path.stem for path in READINGS.glob("*.tsv")))
def test_every_line_is_said_as_it_was_decided(locale: str) -> None:
    said = partial(sounds, locale=locale)
    wrong = [f"{written} -> {reading}" for written, reading, _ in rows_of(locale) if said(written) != said(reading)]
    assert wrong == []


@pytest.mark.parametrize("locale", sorted(path.stem for path in READINGS.glob("*.tsv")))
def test_no_reading_is_written_short_itself(locale: str) -> None:
    """Else a line would prove that a rule does the same twice, and not that it is right."""
    same = [written for written, reading, kind in rows_of(locale) if written == reading or kind not in KINDS]
    assert same == []


def test_the_nine_languages_have_a_corpus() -> None:
    assert {path.stem.partition("-")[0] for path in READINGS.glob("*.tsv")} == {*LEXICONS, "ja", "zh"}


@pytest.mark.parametrize("locale", sorted(path.stem for path in READINGS.glob("*.tsv")))
def test_a_language_has_three_hundred_lines_and_none_twice(locale: str) -> None:
    lines = [written for written, _, _ in rows_of(locale)]
    assert len(set(lines)) >= 300
    assert sorted(lines) == sorted(set(lines))


@pytest.mark.parametrize("unit", ["2", "1,", "9-", "1:", "a.", "2 ", "1/", "_a", "(", "A1", "1-5/8 ", "1 <", "a.b@"])
@pytest.mark.parametrize(
    "put_into_words",
    [in_characters, in_words, *(partial(spell_out, locale=locale) for locale in ("de-DE", "hi-IN", "it-IT", "fr-FR"))],
)
def test_a_line_of_nothing_but_oddities_takes_no_longer_than_its_length(
    put_into_words: Callable[[str], str], unit: str
) -> None:
    """What grows with the square takes ten seconds for 8,000 of them, and 1.4 for these."""
    before = process_time()
    put_into_words(unit * 3000)
    assert process_time() - before < 0.7


def test_no_short_form_stands_twice_in_the_table() -> None:
    rows = [tuple(line.split("\t")[:3]) for line in TABLE.read_text("utf-8").splitlines() if line[:1] != "#"]
    assert sorted(rows) == sorted(set(rows))


@pytest.mark.parametrize(
    ("locale", "text"),
    [
        ("fr-FR", "Ils sont sept. Nos 5 enfants aussi."),
        ("it-IT", "Ha perso l'ago. Poi tornò."),
        ("pt-BR", "Perdeu o terceiro set. Depois ganhou."),
        ("es-ES", "Un libro de J. D. Salinger."),
        ("en-US", "They wed. He came late."),
    ],
)
def test_a_word_that_looks_like_a_short_form_stays(locale: str, text: str) -> None:
    assert spell_out(text, locale) == text
