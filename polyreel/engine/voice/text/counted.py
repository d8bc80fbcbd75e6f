"""Numbers that agree with what they count: ``1 casa`` is *una casa*, ``21 personas`` *veintiuna personas*.

Voices read figures as if they counted nothing. Whose gender a noun is stands in ``counted_nouns.tsv``: words first,
then endings; before what is not there, a number stays a figure. Each language's rules say which numbers change at all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from polyreel.engine.voice.text.labels import is_named_by


def _split_words(words: str) -> tuple[str, ...]:
    return tuple(words.split())


Gender = Literal["m", "f", "n"]
Speller = Callable[[int, Gender, str], str | None]
"""A number, the gender and the word behind it: the number in words, or None where figures are read rightly."""

_GENDERS: Mapping[str, Gender] = {"m": "m", "f": "f", "n": "n"}
TABLE = Path(__file__).with_name("counted_nouns.tsv")
_NUMBER = r"(?<![\w.,:/'’-])(\d{1,3}(?:[.\u00a0\u202f ]\d{3})|\d{1,6}) (?=([^\W\d_]{2,})(?![\w'’-]))"
_COUNTED = re.compile(_NUMBER)
# Millions are nouns with a "de" of their own and take no gender from what they count.
_MOST = 999_999
# They end as nouns do, and count nothing.
_NO_NOUNS = frozenset(
    _split_words(
        "más menos tras entonces después antes mientras además quizás jueves lunes martes miércoles viernes "
        "los las nos sus mais menos depois antes mas à às os as ambas ambos"
    )
)


@dataclass(frozen=True, slots=True)
class _Nouns:
    words: Mapping[str, Gender]
    endings: Mapping[str, Gender]

    def gender(self, word: str) -> Gender | None:
        plain = word.casefold()
        if plain in _NO_NOUNS:
            return None
        found = self.words.get(plain)
        return found or next((self.endings[end] for end in self.endings if _ends(plain, end)), None)


def _ends(word: str, end: str) -> bool:
    return word.endswith(end) and len(word) > len(end) + 1


def spell_agreeing_numbers(text: str, language: str) -> str:
    """A line whose numbers agree with their nouns, where the language has rules here."""
    spell = SPELLERS.get(language)
    if spell is None:
        return text
    nouns = _read_nouns()[language]

    def say_counted(found: re.Match[str]) -> str:
        if is_named_by(text, found.start(), found.end(1), language):
            return found[0]
        number, noun = int(re.sub(r"\D", "", found[1])), found[2]
        gender = nouns.gender(noun)
        words = spell(number, gender, noun) if gender and 0 < number <= _MOST else None
        return found[0] if words is None else f"{words}{'' if words.endswith(chr(39)) else ' '}"

    return _COUNTED.sub(say_counted, text)


@cache
def _read_nouns() -> dict[str, _Nouns]:
    rows = [line.split("\t") for line in TABLE.read_text("utf-8").splitlines() if line and line[0] != "#"]
    found: dict[str, tuple[dict[str, Gender], dict[str, Gender]]] = {}
    for language, gender, listed in rows:
        words, endings = found.setdefault(language, ({}, {}))
        for word in listed.split():
            of, name = (endings, word[1:]) if word[0] == "-" else (words, word)
            of.setdefault(name, _GENDERS[gender])
    return {language: _Nouns(*tables) for language, tables in found.items()}


def find_gender(language: str, noun: str) -> Gender | None:
    """A noun's gender, of a compound that of the longest part at its end that is known; None where none is."""
    nouns, plain = _read_nouns()[language], noun.casefold()
    ends = (plain[at:] for at in range(2, len(plain) - 2))
    return nouns.words.get(plain) or next((nouns.words[end] for end in ends if end in nouns.words), nouns.gender(plain))


# -- Spanish and Portuguese: ones and hundreds (in Portuguese twos as well), also of thousands


@dataclass(frozen=True, slots=True)
class _Numerals:
    """Words from 1 to 29 or 19, the tens and the hundreds, as (masculine, feminine) where they differ."""

    small: tuple[str, ...]
    tens: tuple[str, ...]
    hundreds: tuple[str, ...]
    hundred: str
    thousand: str
    joins_hundreds: bool

    def below_thousand(self, number: int, gender: Gender) -> str:
        hundreds, rest = divmod(number, 100)
        parts = (
            [] if not hundreds else [self.hundred] if number == 100 else [_choose_form(self.hundreds[hundreds], gender)]
        )
        if rest:
            parts.append(self._below_hundred(rest, gender))
        return (" e " if self.joins_hundreds else " ").join(parts)

    def _below_hundred(self, number: int, gender: Gender) -> str:
        if number < len(self.small):
            return _choose_form(self.small[number], gender)
        tens, ones = divmod(number, 10)
        joint = "e" if self.joins_hundreds else "y"
        return f"{self.tens[tens]} {joint} {_choose_form(self.small[ones], gender)}" if ones else self.tens[tens]

    def say(self, number: int, gender: Gender) -> str:
        thousands, rest = divmod(number, 1000)
        front = f"{self.below_thousand(thousands, gender)} {self.thousand}" if thousands > 1 else self.thousand
        if not thousands:
            return self.below_thousand(rest, gender)
        if not rest:
            return front
        joined = self.joins_hundreds and (rest < 100 or rest % 100 == 0)
        return f"{front}{' e ' if joined else ' '}{self.below_thousand(rest, gender)}"


def _choose_form(word: str, gender: Gender) -> str:
    masculine, _, feminine = word.partition("/")
    return feminine if feminine and gender == "f" else masculine


_SPANISH = _Numerals(
    small=_split_words(
        "- un/una dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis "
        "diecisiete dieciocho diecinueve veinte veintiún/veintiuna veintidós veintitrés veinticuatro "
        "veinticinco veintiséis veintisiete veintiocho veintinueve"
    ),
    tens=_split_words("- - - treinta cuarenta cincuenta sesenta setenta ochenta noventa"),
    hundreds=_split_words(
        "- ciento doscientos/doscientas trescientos/trescientas cuatrocientos/cuatrocientas "
        "quinientos/quinientas seiscientos/seiscientas setecientos/setecientas ochocientos/ochocientas "
        "novecientos/novecientas"
    ),
    hundred="cien",
    thousand="mil",
    joins_hundreds=False,
)
_PORTUGUESE = _Numerals(
    small=_split_words(
        "- um/uma dois/duas três quatro cinco seis sete oito nove dez onze doze treze catorze quinze "
        "dezesseis dezessete dezoito dezenove"
    ),
    tens=_split_words("- - vinte trinta quarenta cinquenta sessenta setenta oitenta noventa"),
    hundreds=_split_words(
        "- cento duzentos/duzentas trezentos/trezentas quatrocentos/quatrocentas quinhentos/quinhentas "
        "seiscentos/seiscentas setecentos/setecentas oitocentos/oitocentas novecentos/novecentas"
    ),
    hundred="cem",
    thousand="mil",
    joins_hundreds=True,
)


def _spanish(number: int, gender: Gender, _noun: str) -> str | None:
    """Feminine hundreds and ones; before any noun *uno* is shortened."""
    said = _SPANISH.say(number, gender)
    # Eleven is *once*, which nothing shortens; 21 and 31 end in *uno*.
    ends_in_one = number % 10 == 1 and number % 100 != 11
    return said if ends_in_one or said != _SPANISH.say(number, "m") else None


def _portuguese(number: int, gender: Gender, _noun: str) -> str | None:
    said = _PORTUGUESE.say(number, gender)
    return said if said != _PORTUGUESE.say(number, "m") else None


# -- Italian and French: ones


def _italian(number: int, gender: Gender, noun: str) -> str | None:
    """Only 1 agrees, and it looks at the sound behind it: *un'ora, uno studente*."""
    if number != 1:
        return None
    plain = noun.casefold()
    if gender == "f":
        return "un'" if plain[0] in "aeiouàèéìòù" else "una"
    # Before s and a consonant, z, gn, ps, pn, x and y Italian says uno.
    hard = re.match(r"s[bcdfghlmnpqrtvz]|z|gn|ps|pn|x|y", plain)
    return "uno" if hard else "un"


_FRENCH_ONES = {21: "vingt", 31: "trente", 41: "quarante", 51: "cinquante", 61: "soixante"}


def _french(number: int, gender: Gender, _noun: str) -> str | None:
    """*une*, at the end of every number that ends in it; what stands before stays figures, which are read rightly."""
    rest = number % 100
    # 71 and 91 end in onze, which has no gender.
    if gender == "m" or (rest not in {1, 81} and rest not in _FRENCH_ONES):
        return None
    said = "une" if rest == 1 else "quatre-vingt-une" if rest == 81 else f"{_FRENCH_ONES[rest]} et une"
    return f"{number - rest} {said}" if number > rest else said


SPELLERS: Mapping[str, Speller] = {"es": _spanish, "pt": _portuguese, "it": _italian, "fr": _french}
