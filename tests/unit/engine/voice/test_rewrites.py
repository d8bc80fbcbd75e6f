"""The table of patterns: every row can be used, asks for what there is, and takes no longer where a line is made to."""

from __future__ import annotations

import re
import time

import pytest

from polyreel.engine.voice.text.lexicon import LEXICONS
from polyreel.engine.voice.text.ordinals import spell_ordinal
from polyreel.engine.voice.text.rewrites import TABLE, find_sure_letters, rewrite
from polyreel.engine.voice.text.words import spell_out
from tests.material import ROOT

READINGS = ROOT / "tests" / "data" / "readings"
ROWS = [line.split("\t") for line in TABLE.read_text("utf-8").splitlines() if line and not line.startswith("#")]
HOSTILE = ["1", "1 ", "A", "Aa ", "1.", "1:", "1/1 ", "IV ", "a 1 ", "Dr. ", "#a", "€1-", "H2", "12 Aa Aa ", "5 km/"]
SOME = 200


# All rows in one test each, here and below: a thousand tests of a line take longer to be counted than to be run.
def test_a_row_has_four_fields_and_a_known_kind() -> None:
    kinds = {row[1] for row in ROWS if not row[1].startswith("list ")}
    languages = {language for row in ROWS for language in row[0].split(",")}
    assert [row for row in ROWS if len(row) != 4] == []
    assert kinds <= {"early", "late"}
    assert languages <= {"*", *LEXICONS}


def test_no_row_stands_twice() -> None:
    keys = [tuple(row[:3]) for row in ROWS]
    assert sorted(keys) == sorted(set(keys))


def test_a_replacement_takes_groups_that_its_pattern_has() -> None:
    groups = {row[2]: re.compile(re.sub(r"<[a-z_]+>", "x", row[2])).groups for row in ROWS if "{" in row[3]}
    taken = {row[2]: max(map(int, re.findall(r"\{(\d)", row[3]))) for row in ROWS if "{" in row[3]}
    assert [pattern for pattern, most in taken.items() if most > groups[pattern]] == []


@pytest.mark.parametrize("language", LEXICONS)
def test_a_replacement_looks_up_what_its_language_has(language: str) -> None:
    known = {"apart", "roman", "number", "upper", "nth", "nth_f"}
    mine = [row for row in ROWS if row[0] == "*" or language in row[0].split(",")]
    lists = {row[1].removeprefix("list ") for row in mine if row[1].startswith("list ")}
    asked = {how for row in mine for how in re.findall(r"\{\d:([a-z_]+)\}", row[3])}
    asked |= {name for row in mine for name in re.findall(r"<([a-z_]+)>", row[2])}
    assert asked <= known | lists


@pytest.mark.parametrize(
    ("pattern", "letters"),
    [
        (r"\bC\. ?P\. (\d)", "C."),
        (r"(?<=\d)\s?‰", "‰"),
        (r"(\d+) ?½ (taza|hora)s?\b", "½"),
        (r"Ctrl[+-](?=\w)", "Ctrl"),
        (r"(?i:max)(\d)", ""),
        (r"a|b", ""),
        (r"(?:x)?y*z{0,2}", ""),
        (r"(?!@)\w", ""),
        (r"(?<=ab)c(d)+", "ab"),
    ],
)
def test_letters_are_sure_that_no_match_can_lack(pattern: str, letters: str) -> None:
    assert find_sure_letters(pattern).strip() == letters


@pytest.mark.parametrize("locale", sorted(path.stem for path in READINGS.glob("*.tsv")))
def test_a_rule_is_only_left_out_where_it_would_do_nothing(locale: str) -> None:
    language = locale.partition("-")[0]
    patterns = [re.compile(row[2]) for row in ROWS if row[1] in {"early", "late"} and language in row[0].split(",")]
    patterns = [each for each in patterns if "<" not in re.sub(r"\(\?<", "", each.pattern)]
    lines = (READINGS / f"{locale}.tsv").read_text("utf-8").splitlines()[::4]
    wrong = [
        (each.pattern, line)
        for each in patterns
        if (letters := find_sure_letters(each.pattern))
        for line in lines
        if letters not in line and each.search(line)
    ]
    assert wrong == []


@pytest.mark.parametrize("locale", ["en-US", "es-ES", "fr-FR", "it-IT", "pt-BR", "de-DE"])
@pytest.mark.parametrize("piece", HOSTILE)
def test_a_long_line_takes_as_long_as_its_parts(locale: str, piece: str) -> None:
    """Ten times the text in ten times the time, with room: a pattern that looks back takes a hundred times."""
    spell_out("warm", locale)
    short, long = (_time_of(piece * (SOME * times // len(piece)), locale) for times in (1, 10))
    assert long < 40 * short + 0.05


def _time_of(text: str, locale: str) -> float:
    began = time.process_time()
    spell_out(text, locale)
    return time.process_time() - began


def test_a_language_without_rows_is_left_alone() -> None:
    assert rewrite("16:9 AC/DC", "fi", "late") == "16:9 AC/DC"


@pytest.mark.parametrize(
    ("language", "number", "said"),
    [
        ("es", 11, "undécimo"),
        ("es", 25, "vigésimo quinto"),
        ("pt", 25, "vigésimo quinto"),
        ("pt", 11, "décimo primeiro"),
        ("it", 23, "ventitreesimo"),
        ("it", 28, "ventottesimo"),
        ("it", 30, "trentesimo"),
        ("it", 41, "quarantunesimo"),
        ("it", 66, "sessantaseiesimo"),
        ("fr", 21, "vingt-et-unième"),
        ("fr", 79, "soixante-dix-neuvième"),
        ("fr", 80, "quatre-vingtième"),
        ("fr", 95, "quatre-vingt-quinzième"),
        ("fr", 5, "cinquième"),
        ("fr", 44, "quarante-quatrième"),
        ("en", 112, ""),
        ("en", 22, "22nd"),
    ],
)
def test_ordinals_are_words(language: str, number: int, said: str) -> None:
    assert spell_ordinal(number, language) == said


def test_ordinals_have_a_gender() -> None:
    assert spell_ordinal(21, "es", feminine=True) == "vigésima primera"
    assert spell_ordinal(21, "it", feminine=True) == "ventunesima"
    assert spell_ordinal(1, "fr", feminine=True) == "première"
