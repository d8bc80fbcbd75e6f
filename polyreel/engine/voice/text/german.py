"""German: ordinals, which are written with a full stop that ends no sentence, and years, which are said by hundreds."""

from __future__ import annotations

import re

_FIRST = (
    "erst zweit dritt viert fünft sechst siebt acht neunt zehnt elft zwölft dreizehnt vierzehnt fünfzehnt sechzehnt"
)
_FIRST += " siebzehnt achtzehnt neunzehnt"
_ONES = ("", "einund", "zweiund", "dreiund", "vierund", "fünfund", "sechsund", "siebenund", "achtund", "neunund")
_TENS = "zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig"
_STEMS = (*_FIRST.split(), *(f"{one}{ten}st" for ten in _TENS.split() for one in _ONES))
MONTHS = "Januar Februar März April Mai Juni Juli August September Oktober November Dezember"
_COUNTED = (
    "Jahrhunderts? Platz Mal Stock Kapitel Klasse Tag Jahr Weltkrieg Geburtstag Jahrestag Minute Stunde Etage Teil "
    "Liga Bundesliga Halbzeit Runde Staffel Auflage FC Obergeschoss OG Sieg Advent Sonntag"
)
_FOLLOWING = "|".join(f"{MONTHS} {_COUNTED}".split())
_ORDINAL = re.compile(rf"(?:\b(\w+) )?(?<![\d.,])([1-9]\d?)\.\s?(?=(?:{_FOLLOWING})\b)")
# One figure behind the colon: no time of day. "Hauptstr." is a street, whatever its name.
_SCORE = re.compile(r"(?<![\d:,.])(\d{1,3}):(\d)(?![\d:])")
_STREET = re.compile(r"(?<=\w)(s|S)tr\.(?=\s|,|$)")
_NEUTERS = ("Jahr", "Mal ", "Kapitel", "Obergeschoss", "OG")
_FEMININES = ("Klasse", "Minute", "Stunde", "Etage", "Liga", "Bundesliga", "Halbzeit", "Runde", "Staffel", "Auflage")
# "Er wurde 2. im Rennen": more of the sentence follows, so the full stop does not end it.
_RANKED = re.compile(
    r"(?:\b(sie|Sie|Die \w+|die \w+) )?\b(wurden?|wird|werden|wäre|ist|war|blieb|lag|als) ([1-9]\d?)\. (?=[a-zäöü])"
)
# Behind der, die and das the weak ending is -e: nominative, as these mostly are.
_DEFINITE = frozenset({"der", "die", "das"})
_DATIVES = "am vom zum beim im dem den des seit bis ab nach vor zur einem einen jedem ihrem seinem"
_OBLIQUE = frozenset(_DATIVES.split())
_HUNDREDS = ("elf", "zwölf", "dreizehn", "vierzehn", "fünfzehn", "sechzehn", "siebzehn", "achtzehn", "neunzehn")
# 1100 to 1999 are said by hundreds; a currency before them or a decimal behind makes them amounts.
_YEAR = re.compile(r"(?<![\w.,€$£/+-])1([1-9])(\d\d)(?![\d/]|[.,]\d)")


_TO_NINE = ("", "", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun")


def stem_of(number: int) -> str:
    """An ordinal from 1 to 999 without its ending: ``dritt``, ``hundertst``."""
    hundreds, rest = divmod(number, 100)
    return (f"{_TO_NINE[hundreds]}hundert" if hundreds else "") + (_STEMS[rest - 1] if rest else "st")


def spell_ordinals(text: str) -> str:
    """``am 3. Oktober``, ``der 1. Platz``: the ending is what the word before asks for."""
    return _ORDINAL.sub(_spell_ordinal, _RANKED.sub(_spell_rank, text))


def _spell_rank(found: re.Match[str]) -> str:
    who = f"{found[1]} " if found[1] else ""
    return f"{who}{found[2]} {_STEMS[int(found[3]) - 1].capitalize()}{'e' if who else 'er'} "


def _spell_ordinal(found: re.Match[str]) -> str:
    number = int(found[2])
    if not number:
        return found[0]
    before = found[1] or ""
    following = found.string[found.end() :]
    return f"{before} {_STEMS[number - 1]}{_ordinal_ending(before.casefold(), following)} ".lstrip()


def scores_and_streets(text: str) -> str:
    """``3:1`` is *drei zu eins*, ``Goethestr.`` a *Goethestraße*."""
    return _STREET.sub(r"\1traße", _SCORE.sub(r"\1 zu \2", text))


def of_rulers(number: int) -> str:
    """``XIV.`` behind a ruler's name: der Vierzehnte, as long as his grammar is not asked for."""
    return f"der {_STEMS[number - 1].capitalize()}e" if number <= len(_STEMS) else str(number)


def _ordinal_ending(before: str, following: str) -> str:
    if before in _DEFINITE:
        return "e"
    if before in _OBLIQUE:
        return "en"
    if following.startswith(_NEUTERS):
        return "es"
    return "e" if following.startswith(_FEMININES) else "er"


def spell_years(text: str) -> str:
    """``1999``: neunzehnhundert 99."""
    return _YEAR.sub(lambda found: f"{_HUNDREDS[int(found[1]) - 1]}hundert {found[2].lstrip('0')}".rstrip(), text)
