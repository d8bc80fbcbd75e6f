"""What stands above, between and behind figures: squares and powers, feet, seasons, grouped thousands, short millions.

Like `figures`: each rule gives words or plain figures, and what no rule knows stays as it was.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

from polyreel.engine.voice.text.patterns import replace_pattern

_DEGREES = re.compile(r"(?<=\d)\s?[º°˚]\s?([CF])\b")
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_RAISED = re.compile(r"(?<=\d)([⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+)")
_VARIABLE = re.compile(r"(?<![A-Za-z])([A-Za-z]{1,2})([²³])(?!\w)")
_POWER = re.compile(
    r"(?<![\w^])(\d+(?:[.,]\d+)?|[A-Za-z])(?:\^|\*\*)(?:\(([-\u2212]?\w+)\)|\{([-\u2212]?\w+)\}|([-\u2212]?\d+|[A-Za-z]))(?![\w^])"
)
_AREA = re.compile(r"(?<=\d)\s?(mm|cm|km|m|ft)\^?(?:([²2])|[³3])(?![\w/^])")
_AREA_ALONE = re.compile(r"(?:(?<=\s)|(?<=^)|(/))(mm|cm|km|m)\^?(?:(²)|³)(?![\w/^])")
_ONE = re.compile(r"(?<![\w.,:/-])1$")
_TALL = re.compile(r"(?<![\w.,'’′\"])(\d{1,2})\s?['’′](?=\s(?:tall|high|long|wide|deep)\b)")
_FEET_SPELT = re.compile(r"(?<![\w.,])(\d{1,2})\s?ft\.?,?\s(1[01]|\d)\s?in\b\.?")
FEET = re.compile(r"(?<![\w.,'’′\"])([3-8])\s?['’′]\s?(1[01]|\d)(?:\s?(?:[\"”″]|'')|(?![\w\"]))")
SEASON = re.compile(r"(?<![\w./\-–])((?:19|20)\d\d)[-–/]((?:19|20|['’])?\d\d)(?![\w/\-–]|\.\d)")
_SHORT_SEASON = re.compile(r"(?<![\w])['’](\d\d)[-–/]['’]?(\d\d)(?![\w/\-–]|\.\d)")
_EMERGENCY = re.compile(r"(?<![\w-])(\d)-(\d)-(\d)(?![\w-])")
_CALLED = re.compile(r"\b((?:call|dial)(?:ed|ing|s)?) (\d)(\d)(\d)(?![\w.,-]?\d)", re.IGNORECASE)
_BY_COMMA = re.compile(r"(?<![\d.,])(\d{1,3}(?:,\d{3})+)(?:\.(\d+))?(?![.,]?\d)")
# A space between is a group's where no other reading is left: it does not break, whole thousands, a decimal or money.
_BY_SPACE = re.compile(
    r"(?<![\d.,][ \u00a0\u202f\u2009])(?<![\d.,])(\d{1,3}(?:[\u00a0\u202f\u2009]\d{3})+|\d{1,3}(?: 000)+"
    r"|\d{1,3}(?: \d{3})+(?=,\d\d?(?!\d)|\s?[€$£¥]))(?:,(\d+))?(?![ \u00a0\u202f\u2009.,]?\d)"
)
_BY_APOSTROPHE = re.compile(r"(?<![\d.,'’])(\d{1,3}(?:['’]\d{3})+)(?:[.,](\d+))?(?![.,]?\d)")
_BY_DOT = re.compile(r"(?<![\d.,])(\d{1,3}(?:\.\d{3})+),(\d+)(?![.,]?\d)")
_MIXED = re.compile(r"(?<![\d/.,-])(\d{1,2})[- ](?=(?:1/2|[13]/4|[1357]/8|(?:[13579]|1[135])/16)(?![\d/]))")
# "5 €" where the sign stands in front, as in Chinese.
SIGN_BEHIND = re.compile(r"(?<![\d.,$€£¥₹])(\d[\d,]*(?:\.\d+)?)\s?([€£$])(?!\s?\d)")
# Spanish is written with a decimal point, and its thousands with commas, from Mexico to Panama.
_POINT_LOCALES = frozenset(f"es-{region}" for region in ("MX", "US", "PR", "GT", "HN", "SV", "NI", "PA", "DO"))


@dataclass(frozen=True, slots=True)
class MeasureWords:
    """One language's words. ``squared`` and ``cubed`` stand behind a figure, ``power`` between it and its exponent.

    ``areas`` are a metre's square and cube as patterns of the unit. ``scales`` are what millions are shortened to
    where no currency follows, as (one, several).
    """

    squared: str
    cubed: str
    power: str
    areas: tuple[str, str]
    feet: str = ""
    each: str = ""
    scales: Mapping[str, tuple[str, str]] = field(default_factory=dict)


MEASURES: Mapping[str, MeasureWords] = {
    "en": MeasureWords(
        *("squared", "cubed", "to the power of", ("square {}", "cubic {}"), "{} foot {}", "per"),
        {"M": ("million", "million"), "mn": ("million", "million"), "bn": ("billion", "billion")},
    ),
    "es": MeasureWords(
        *("al cuadrado", "al cubo", "elevado a", ("{} cuadrados", "{} cúbicos"), "{} pies {} pulgadas", "por"),
        {"mill.": ("millón de", "millones de")},
    ),
    "fr": MeasureWords(
        *("au carré", "au cube", "puissance", ("{} carrés", "{} cubes"), "{} pieds {} pouces", "par"),
        {
            "M": ("million de", "millions de"),
            "Md": ("milliard de", "milliards de"),
            "Mds": ("", "milliards de"),
            "mds": ("", "milliards de"),
            "Mio": ("million de", "millions de"),
        },
    ),
    "it": MeasureWords(
        *("al quadrato", "al cubo", "elevato alla", ("{} quadrati", "{} cubi"), "{} piedi e {} pollici", "al"),
        {"mln": ("milione di", "milioni di"), "mld": ("miliardo di", "miliardi di")},
    ),
    "pt": MeasureWords(
        *("ao quadrado", "ao cubo", "elevado a", ("{} quadrados", "{} cúbicos"), "{} pés {} polegadas", "por"),
        {"mi": ("milhão de", "milhões de"), "bi": ("bilhão de", "bilhões de")},
    ),
    "hi": MeasureWords("का वर्ग", "का घन", "की घात", ("वर्ग {}", "घन {}"), "{} फ़ुट {} इंच", "प्रति"),
    "de": MeasureWords(
        *("hoch 2", "hoch 3", "hoch", ("Quadrat{}", "Kubik{}"), "{} Fuß {} Zoll", "pro"),
        {
            **{"Mio.": ("Million", "Millionen"), "Mrd.": ("Milliarde", "Milliarden"), "Tsd.": ("Tausend", "Tausend")},
            **{"Mio": ("Million", "Millionen"), "Mrd": ("Milliarde", "Milliarden")},
            **{"Mill.": ("Million", "Millionen"), "Bio.": ("Billion", "Billionen")},
            **{"Std.": ("Stunde", "Stunden"), "Min.": ("Minute", "Minuten"), "Sek.": ("Sekunde", "Sekunden")},
        },
    ),
}


def write_fractions_apart(text: str, joint: str) -> str:
    """``1-5/8`` and ``3 1/2``, of inches: a whole number, ``joint`` and a fraction, and no range."""
    return _MIXED.sub(rf"\1{joint}", text)


def normalise_degrees(text: str) -> str:
    """``20 ºC`` and ``20 ˚C``: people take the ordinal's sign, or a ring, for the degree's."""
    return _DEGREES.sub(r" °\1", text)


def regroup_numbers(text: str, locale: str) -> str:
    """Numbers grouped as another language groups them, as this one's: ``$1,234.56`` in German is ``1.234,56``."""
    language = locale.partition("-")[0]
    for pattern in (_BY_SPACE, _BY_APOSTROPHE):
        text = pattern.sub(lambda found: _join_groups(found, language), text)
    if language in {"en", "hi"}:
        return _BY_DOT.sub(lambda found: f"{found[1].replace('.', ',')}.{found[2]}", text)
    if locale in _POINT_LOCALES:
        return _BY_COMMA.sub(lambda found: _regroup_number(found, language), text)
    return _BY_COMMA.sub(lambda found: _regroup_number(found, language) if _is_grouped(found) else found[0], text)


def _join_groups(found: re.Match[str], language: str) -> str:
    comma, point = (",", ".") if language in {"en", "hi"} else (" " if language == "fr" else ".", ",")
    return re.sub(r"\D", comma, found[1]) + (f"{point}{found[2]}" if found[2] else "")


def _is_grouped(found: re.Match[str]) -> bool:
    """One comma alone may be a decimal one; two, or a point behind it, or a dollar before it, show that it is none."""
    before = found.string[: found.start()].rstrip()[-1:]
    return bool(found[2]) or found[1].count(",") > 1 or before in {"$", "£"}


def _regroup_number(found: re.Match[str], language: str) -> str:
    return found[1].replace(",", "" if language == "fr" else ".") + (f",{found[2]}" if found[2] else "")


def spell_emergency_numbers(text: str, language: str) -> str:
    """``9-1-1``, and in English ``call 911``, figure by figure."""
    text = _EMERGENCY.sub(r"\1 \2 \3", text)
    return _CALLED.sub(r"\1 \2 \3 \4", text) if language == "en" else text


def spell_seasons(text: str, language: str, until: str) -> str:
    """``2020-21`` and ``2020/21``: from a year to the next one."""
    if not until:
        return text
    text = _SHORT_SEASON.sub(lambda found: _spell_short_season(found, until), text)
    return SEASON.sub(lambda found: _spell_season(found, language, until), text)


def _spell_short_season(found: re.Match[str], until: str) -> str:
    follows = int(found[2]) == (int(found[1]) + 1) % 100
    return f"{int(found[1])} {until} {int(found[2])}" if follows else found[0]


def _spell_season(found: re.Match[str], language: str, until: str) -> str:
    year, then = int(found[1]), int(found[2][-2:])
    if then != (year + 1) % 100 or found[2] in {str(year - 99), str(year + 101)}:
        return found[0]
    if len(found[2]) == 4:
        return f"{year} {until} {found[2]}"
    # "Twenty ten" came into use with that year; before it English says two thousand nine.
    if language == "en" and year > 2009:
        return f"{year // 100} {year % 100} {until} {then}"
    return f"{year} {until} {year + 1}"


def spell_powers(text: str, language: str, units: Mapping[str, str]) -> str:
    """``50 m²``, ``10^6``, ``10⁶``, ``x²``, ``5'11"``."""
    words = MEASURES.get(language)
    if words is None:
        return text
    text = _AREA.sub(lambda found: _spell_area(found, language, words, units), text)
    text = _AREA_ALONE.sub(lambda found: _spell_area_alone(found, language, words, units), text)
    text = _VARIABLE.sub(lambda found: f"{found[1]} {words.squared if found[2] == '²' else words.cubed}", text)
    text = _RAISED.sub(lambda found: f"^{found[1].translate(_SUPERSCRIPTS)}", text)
    text = _POWER.sub(lambda found: _spell_power(found, words), text)
    if language == "en":
        text = _FEET_SPELT.sub(r"\1 foot \2", _TALL.sub(r"\1 foot", text))
    return FEET.sub(lambda found: words.feet.format(found[1], found[2]), text) if words.feet else text


def _spell_area(found: re.Match[str], language: str, words: MeasureWords, units: Mapping[str, str]) -> str:
    if found[1] not in units:
        return found[0]
    said = _say_area(words, units[found[1]], is_square=bool(found[2]))
    return " " + (_make_singular(said, language) if _ONE.search(found.string[: found.start()]) else said)


def _spell_area_alone(found: re.Match[str], language: str, words: MeasureWords, units: Mapping[str, str]) -> str:
    """``the price of a m²`` and ``€5/m²``: without a figure before it, one; behind a stroke, for each."""
    if found[2] not in units:
        return found[0]
    said = _make_singular(_say_area(words, units[found[2]], is_square=bool(found[3])), language)
    return f" {words.each} {said}" if found[1] else said


def _say_area(words: MeasureWords, unit: str, *, is_square: bool) -> str:
    pattern = words.areas[0 if is_square else 1]
    return pattern.format(unit.lower() if pattern[0].isupper() else unit)


def _make_singular(said: str, language: str) -> str:
    if language == "it":
        return re.sub(r"i\b", "o", said)
    # Three letters at least before the s: "gas" and "bus" are singular.
    return re.sub(r"\bfeet\b", "foot", re.sub(r"(?<=\w{3}[^s\W])s\b", "", said)) if language != "de" else said


def _spell_power(found: re.Match[str], words: MeasureWords) -> str:
    exponent = found[2] or found[3] or found[4]
    known = {"2": words.squared, "3": words.cubed}.get(exponent)
    return f"{found[1]} {known or f'{words.power} {exponent}'}"


def spell_short_scales(text: str, language: str) -> str:
    """``5 Mio. Menschen``, ``5 mln di persone``: millions without a currency."""
    words = MEASURES.get(language)
    for short, (one, several) in sorted(words.scales.items(), reverse=True) if words else ():
        # What would follow twice: "5 mln di persone" has its own "di".
        linked = r"(?:\s+(?:de|di)\b|\s+d['’])?" if several.endswith((" de", " di")) else ""
        pattern = rf"(?<![\w.,])(\d(?:[\d.,\u00a0]*\d)?)\s?{re.escape(short)}(?!\w)({linked})(?=(\s+\w)?)"
        text = replace_pattern(pattern, partial(_say_scale, one, several), text)
    return text


def _say_scale(one: str, several: str, found: re.Match[str]) -> str:
    said = one if found[1] == "1" and one else several
    noun, _, link = said.partition(" ")
    if found[2]:
        return f"{found[1]} {noun}{found[2]}"
    return f"{found[1]} {noun} {link}".rstrip() if link and found[3] else f"{found[1]} {noun}"
