"""Ordinals in words, or in figures where a voice reads those: *vigésimo quinto*, *venticinquesimo*, *25th*."""

from __future__ import annotations

from collections.abc import Callable, Mapping

_MOST = 100


def _split_words(words: str) -> list[str]:
    return words.split()


def spell_ordinal(number: int, language: str, *, feminine: bool = False) -> str:
    """An ordinal from 1 to 100; empty where the language, or the number, has none here."""
    spell = _SPELLERS.get(language)
    if spell is None or not 1 <= number <= _MOST:
        return ""
    return spell(number, feminine)


# -- Spanish and Portuguese: a word for the ten and one for the one, both with a gender

_SPANISH = _split_words("primero segundo tercero cuarto quinto sexto séptimo octavo noveno")
_SPANISH_TENS = _split_words(
    "décimo vigésimo trigésimo cuadragésimo quincuagésimo sexagésimo septuagésimo octogésimo nonagésimo centésimo"
)
_SPANISH_TEENS = {11: "undécimo", 12: "duodécimo", 13: "decimotercero", 14: "decimocuarto", 15: "decimoquinto"} | {
    **{16: "decimosexto", 17: "decimoséptimo", 18: "decimoctavo", 19: "decimonoveno"}
}
_PORTUGUESE = _split_words("primeiro segundo terceiro quarto quinto sexto sétimo oitavo nono")
_PORTUGUESE_TENS = _split_words(
    "décimo vigésimo trigésimo quadragésimo quinquagésimo sexagésimo septuagésimo octogésimo nonagésimo centésimo"
)


def _spell_spanish(number: int, feminine: bool) -> str:
    tens, ones = divmod(number, 10)
    if number in _SPANISH_TEENS:
        said = _SPANISH_TEENS[number]
    else:
        said = " ".join(([_SPANISH_TENS[tens - 1]] if tens else []) + ([_SPANISH[ones - 1]] if ones else []))
    return _make_feminine(said) if feminine else said


def _spell_portuguese(number: int, feminine: bool) -> str:
    tens, ones = divmod(number, 10)
    said = " ".join(([_PORTUGUESE_TENS[tens - 1]] if tens else []) + ([_PORTUGUESE[ones - 1]] if ones else []))
    return _make_feminine(said) if feminine else said


def _make_feminine(said: str) -> str:
    return " ".join(f"{word[:-1]}a" for word in said.split())


# -- Italian: one word, made of the number

_ITALIAN = _split_words(
    "primo secondo terzo quarto quinto sesto settimo ottavo nono decimo undicesimo dodicesimo tredicesimo"
)
_ITALIAN += _split_words("quattordicesimo quindicesimo sedicesimo diciassettesimo diciottesimo diciannovesimo")
_ITALIAN_TENS = _split_words("- - venti trenta quaranta cinquanta sessanta settanta ottanta novanta")
_ITALIAN_ONES = _split_words("- unesimo duesimo treesimo quattresimo cinquesimo seiesimo settesimo ottesimo novesimo")


def _spell_italian(number: int, feminine: bool) -> str:
    tens, ones = divmod(number, 10)
    if number == _MOST:
        said = "centesimo"
    elif number <= len(_ITALIAN):
        said = _ITALIAN[number - 1]
    elif not ones:
        said = f"{_ITALIAN_TENS[tens][:-1]}esimo"
    else:
        # ventuno and ventotto lose a vowel, as uno and otto begin with one.
        ten = _ITALIAN_TENS[tens][:-1] if ones in {1, 8} else _ITALIAN_TENS[tens]
        said = ten + _ITALIAN_ONES[ones]
    return f"{said[:-1]}a" if feminine else said


# -- French: an ending on the number's last word

_FRENCH = "un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize dix-sept dix-huit"
_FRENCH_SMALL = [*_split_words(_FRENCH), "dix-neuf"]
_FRENCH_TENS = {2: "vingt", 3: "trente", 4: "quarante", 5: "cinquante", 6: "soixante", 7: "soixante", 8: "quatre-vingt"}
_FRENCH_TENS |= {9: "quatre-vingt"}


def _spell_french(number: int, feminine: bool) -> str:
    if number == 1:
        return "première" if feminine else "premier"
    if number == _MOST:
        return "centième"
    cardinal = _say_french(number)
    if cardinal.endswith("f"):
        return f"{cardinal[:-1]}vième"
    return f"{cardinal.removesuffix('e')}{'u' if cardinal.endswith('q') else ''}ième"


def _say_french(number: int) -> str:
    if number < 20:
        return _FRENCH_SMALL[number - 1]
    tens, ones = divmod(number, 10)
    rest = ones + (10 if tens in {7, 9} else 0)
    if not rest:
        return _FRENCH_TENS[tens]
    # vingt-et-un and soixante-et-onze, but quatre-vingt-un.
    joint = "-et-" if rest in {1, 11} and tens < 8 else "-"
    return f"{_FRENCH_TENS[tens]}{joint}{_FRENCH_SMALL[rest - 1]}"


# -- English: figures, which every voice reads


def _spell_english(number: int, _feminine: bool) -> str:
    ending = "th" if 10 < number % 100 < 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


_SPELLERS: Mapping[str, Callable[[int, bool], str]] = {
    "en": _spell_english,
    "es": _spell_spanish,
    "fr": _spell_french,
    "it": _spell_italian,
    "pt": _spell_portuguese,
}
