"""Roman numbers in the Romance languages: centuries, parts of works, and rulers, each behind its noun.

Elsewhere a Roman number may be a word in capitals (*VI* is "I saw", or "you"), so the noun decides.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from polyreel.engine.voice.text.figures import value_of
from polyreel.engine.voice.text.patterns import replace_pattern

_NUMBER = r"(?=[IVX])(X{0,3}(?:IX|IV|V?I{0,3}))(?![\w'’])"


@dataclass(frozen=True, slots=True)
class _Reigns:
    """A language's words: how it shortens *century*, what is numbered, who rules, and which of those are women.

    ``cardinal_after`` is the last ruler's number that is said as an ordinal; ``second`` stands between two centuries.
    """

    short: Mapping[str, str]
    numbered: str
    rulers: str
    women: str
    cardinal_after: int
    second: str
    ordinals: tuple[str, ...]
    behind: str = ""


_ALL_ORDINALS = 99
_IBERIAN_MEN = "primero segundo tercero cuarto quinto sexto séptimo octavo noveno décimo"
_PORTUGUESE = "primeiro segundo terceiro quarto quinto sexto sétimo oitavo nono décimo"
_ITALIAN = "primo secondo terzo quarto quinto sesto settimo ottavo nono decimo undicesimo dodicesimo tredicesimo "
_ITALIAN += "quattordicesimo quindicesimo sedicesimo diciassettesimo diciottesimo diciannovesimo ventesimo ventunesimo "
_ITALIAN += "ventiduesimo ventitreesimo ventiquattresimo venticinquesimo"

_LANGUAGES: Mapping[str, _Reigns] = {
    "es": _Reigns(
        short={r"[Ss]\.\s?": "siglo ", r"[Ss]s\.\s?": "siglos "},
        numbered="siglo siglos capítulo parte volumen tomo acto libro escena fase clase artículo título temporada",
        rulers="luis felipe carlos juan alfonso fernando enrique jorge pío benedicto isabel francisco pedro napoleón "
        "ricardo eduardo guillermo pablo clemente león gregorio inocencio jaime sancho ramiro catalina",
        women="isabel catalina",
        cardinal_after=10,
        second="y",
        ordinals=tuple(_IBERIAN_MEN.split()),
    ),
    "pt": _Reigns(
        short={r"[Ss](?:éc)?\.\s?": "século ", r"[Ss]écs\.\s?": "séculos "},
        numbered="século séculos capítulo parte volume tomo ato livro cena fase classe artigo título temporada",
        rulers="luís joão pedro carlos filipe isabel manuel afonso henrique pio bento paulo maria napoleão catarina",
        women="isabel maria catarina",
        cardinal_after=10,
        second="e",
        ordinals=tuple(_PORTUGUESE.split()),
    ),
    "it": _Reigns(
        short={r"[Ss](?:ec)?\.\s?": "secolo ", r"[Ss]ecc\.\s?": "secoli "},
        numbered="secolo secoli capitolo parte volume tomo atto libro scena fase classe articolo",
        rulers="luigi carlo emanuele umberto pio giovanni paolo benedetto leone enrico federico elisabetta filippo "
        "francesco napoleone caterina",
        women="elisabetta caterina",
        cardinal_after=_ALL_ORDINALS,
        second="e",
        ordinals=tuple(_ITALIAN.split()),
        behind=r"(?:\s(secolo)\b|\s(sec)\.)",
    ),
}
_LOWER = r"(?=[ivx]{2})(x{0,3}(?:ix|iv|v?i{0,3}))(?![\w'’])"
_GERMAN_CENTURY = re.compile(r"(?<=\d\.)\s?Jh(?:dt?)?(s?)\.(?=(\s+[A-ZÄÖÜ]|\s*$)?)")
_FRENCH_CENTURY = re.compile(r"\b([IVX]+(?:er|ᵉʳ|[eᵉ]|ème))\s?s\.(?=\s|$)")
_ORDINAL_CENTURIES = frozenset({"secolo", "secoli"})


def spell_roman_numerals(text: str, language: str) -> str:
    """``s. XXI``, ``capítulo IV``, ``Felipe VI`` in words and figures."""
    if language == "de":
        return _GERMAN_CENTURY.sub(lambda found: f" Jahrhundert{found[1]}{'.' if found[2] == '' else ''}", text)
    if language == "fr":
        return _FRENCH_CENTURY.sub(r"\1 siècle", text)
    words = _LANGUAGES.get(language)
    if words is None:
        return text
    for short, said in words.short.items():
        text = replace_pattern(rf"(?<!\w){short}{_LOWER}", partial(_in_capitals, said), text)
        text = replace_pattern(rf"(?<!\w){short}(?={_NUMBER})", said, text)
    if words.behind:
        text = replace_pattern(
            rf"\b{_NUMBER}{words.behind}", lambda found: f"{_spell_ordinal(found[1], words)} secolo", text
        )
    # "siglos XIX-XX" is a list of two.
    text = replace_pattern(
        rf"({_make_noun_pattern(words.numbered)})\s?[-–/]\s?(?={_NUMBER})",
        rf"\1 {words.second} ",
        text,
        flags=re.IGNORECASE,
    )
    text = replace_pattern(
        _make_noun_pattern(words.numbered), lambda found: _say_number(found, words), text, flags=re.IGNORECASE
    )
    second = rf"(?<=\d )({words.second} ){_NUMBER}"
    text = replace_pattern(second, lambda found: f"{found[1]}{value_of(found[2])}", text)
    if words.cardinal_after == _ALL_ORDINALS:
        second = rf"(?<=esimo )({words.second} ){_NUMBER}"
        text = replace_pattern(second, lambda found: f"{found[1]}{_spell_ordinal(found[2], words)}", text)
    return replace_pattern(
        _make_noun_pattern(words.rulers), lambda found: _spell_ruler(found, words), text, flags=re.IGNORECASE
    )


def _in_capitals(said: str, found: re.Match[str]) -> str:
    return said + found[1].upper()


def _make_noun_pattern(nouns: str) -> str:
    return rf"\b({nouns.replace(' ', '|')}) (?-i:{_NUMBER})"


def _say_number(found: re.Match[str], words: _Reigns) -> str:
    if found[1].lower() in _ORDINAL_CENTURIES:
        return f"{found[1]} {_spell_ordinal(found[2], words)}"
    return f"{found[1]} {value_of(found[2])}"


def _spell_ruler(found: re.Match[str], words: _Reigns) -> str:
    if value_of(found[2]) > min(words.cardinal_after, len(words.ordinals)):
        return f"{found[1]} {value_of(found[2])}"
    said = _spell_ordinal(found[2], words)
    return f"{found[1]} {said[:-1] + 'a' if found[1].lower() in words.women else said}"


def _spell_ordinal(number: str, words: _Reigns) -> str:
    value = value_of(number)
    return words.ordinals[value - 1] if value <= len(words.ordinals) else str(value)
