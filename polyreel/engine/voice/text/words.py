"""What is written short, put into words before a voice reads it: money, dates, times, units, ordinals, abbreviations.

Plain numbers are left to the voice: espeak-ng reads them in every language that it has.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache

from polyreel.engine.voice.text import counted, figures, german, hindi, measures
from polyreel.engine.voice.text.lexicon import LEXICONS, NONE, Lexicon
from polyreel.engine.voice.text.reigns import spell_roman_numerals

_ONE_NUMBER = r"\d{1,2}(?:,\d\d)+,\d{3}(?:\.\d+)?|\d+(?:[.,\u00a0\u202f ]\d{3})*(?:[.,]\d+)?"
_NUMBER = rf"(?:{_ONE_NUMBER})(?:[-–](?:{_ONE_NUMBER}))?"
_SIGNS = r"R\$|(?:\b(?:US|CA|AU|C|A))?\$|[€£¥₹₣]"
_CODES = {"USD": "US$", "EUR": "€", "GBP": "£", "JPY": "¥", "INR": "₹", "BRL": "R$"}
_CODED = re.compile(rf"\b({'|'.join(_CODES)})\s?(?=\d)|(?<=\d)\s?({'|'.join(_CODES)})\b")
# Where a bare $ is pesos.
_PESOS = frozenset(f"es-{region}" for region in ("MX", "AR", "CL", "CO", "UY", "DO", "CU"))
_CODED_FRANCS = re.compile(r"\b(?:CHF|SFr\.?)\s?(?=\d)|(?<=\d)\s?(?:CHF|SFr)\b(?:\.(?=\s))?")
# "Fr. 5.-", "1'234.50 Fr.": where they are paid with. Elsewhere, and before a name, "Fr." is Frau.
_FRANCS = re.compile(r"\bFr\.\s?(?=\d)|(?<=\d)\s?Fr\b(?:\.(?=\s))?(?!\.?\s?\d)")
_NO_CENTIMES = re.compile(r"(?<=\d)\.[-–—]+(?!\w)")
_MINUS_BEHIND = re.compile(r"([$€£¥₹])[-\u2212](?=\d)")
_PRICE_FOR_EACH = re.compile(rf"((?:{_SIGNS})\s?(?:{_ONE_NUMBER})|(?:{_ONE_NUMBER})\s?(?:{_SIGNS}))/(?=[^\W\d_]{{3}})")
_FRENCH_MILLIONS = re.compile(r"\b(mi(?:llion|lliard)s?) (?:de )?(?=euros\b)")
# Of what money's millions are shortened to: one of them.
_ONE_SCALE = {
    **{
        "millones de": "millón de",
        "millions de": "million de",
        "milliards de": "milliard de",
        "milioni di": "milione di",
    },
    **{"miliardi di": "miliardo di", "milhões de": "milhão de", "bilhões de": "bilhão de"},
    **{"Millionen": "Million", "Milliarden": "Milliarde", "Billionen": "Billion"},
}
_THOUSANDS = frozenset({"mil", "mila", "mille"})
_HUNDREDTHS = re.compile(r"(.+)[.,](\d\d)$")
_MINUS = re.compile(r"(?<![\w.,)])[-\u2212](?=\d)")
# "Baker St." is a street, "in St. Louis" a saint: which it is shows in what stands around it.
_STREET = re.compile(r"\b([A-Z][a-z]+|\d+(?:st|nd|rd|th)) St\.(?=,|\s[^A-Z]|$)")
_BY = {"en": "by", "es": "por", "fr": "fois", "it": "per", "pt": "por", "de": "mal"}
_SIDES = re.compile(r"(?<=\d)\s?x\s?(?=\d)")
_AMPERSAND = re.compile(r"(?<=\s)&(?=\s)")
_CLOCK = re.compile(r"(?<![\w:])([01]?\d|2[0-4])\s?h(?:\s?([0-5]\d))?\b")
_HOURS_BEHIND = re.compile(r"(?<=\d:[0-5]\d)\s?h(?:s|rs)?\b\.?")
_PLURAL = re.compile(r"^(\w{4,}[^s\W])s\b")  # what is one: the tables have the plural
_CARBON = re.compile(r"\bCO[2₂]")
_GERMAN_CLOCK = re.compile(r"\b([01]?\d|2[0-4])[:.]([0-5]\d)\s?Uhr\b")
# 1905 and 1999 as years are said by halves in English alone; 1500 and 1900 are whole hundreds either way.
_ENGLISH_YEAR = re.compile(r"(?<![\d.,$€£¥₹#])\b(1[1-9])(?:(0)([1-9])|([1-9]\d))\b(?![.,]?\d)")


def spell_out(text: str, locale: str) -> str:
    """A line with what is written short in words of its language, as far as they are known here.

    Where a language has no words here, the line comes back as it was, for the voice's own rules.
    """
    language = locale.partition("-")[0]
    text = text.replace("℃", "°C").replace("℉", "°F")
    if language == "de":
        text = _with_francs(text, locale)
    if language == "hi":
        text = hindi.spell_short_forms(text)
    words = LEXICONS.get(language, NONE)
    text = _CARBON.sub("C O 2", measures.normalise_degrees(text))
    text = _with_measures(text, language, locale, words)
    if by := _BY.get(language):
        text = _SIDES.sub(f" {by} ", text)
    text = _with_figures(figures.spell_telephone_numbers(text) if words.months else text, language, locale, words)
    text = measures.spell_short_scales(_with_money(text, language, _with_own_currency(locale, words)), language)
    text = _with_times(figures.spell_ranges(text, words), language, words)
    text = counted.spell_agreeing_numbers(_with_ones(_with_units(text, words), words), language)
    text = _with_ordinals(text, words)
    if words.minus:
        text = _MINUS.sub(f"{words.minus} ", text)
    if words.ampersand:
        text = _AMPERSAND.sub(words.ampersand, text)
    return _with_short_forms(text, language, words)


def _with_measures(text: str, language: str, locale: str, words: Lexicon) -> str:
    """Before all else: what a later rule would take apart (``9-1-1`` is no range, ``1,234.56`` no list)."""
    if not words.months:
        return text
    text = measures.regroup_numbers(measures.spell_emergency_numbers(text, language), locale)
    text = measures.spell_seasons(text, language, words.until)
    return spell_roman_numerals(measures.spell_powers(text, language, words.units), language)


def _with_figures(text: str, language: str, locale: str, words: Lexicon) -> str:
    text = figures.spell_fractions(figures.spell_dates(text, locale, words), words)
    if language == "en":
        text = figures.spell_decades(figures.replace_roman_numerals(text, language, _spell_day))
    if language == "fr":
        text = figures.replace_roman_numerals(text, language)
    if language == "de":
        text = german.scores_and_streets(text)
        text = german.spell_ordinals(figures.replace_roman_numerals(text, language, german.of_rulers))
    return text


def _spell_day(number: int) -> str:
    return f"the {number}{'th' if 10 < number < 20 else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"


def _with_francs(text: str, locale: str) -> str:
    if locale not in {"de-CH", "de-LI"}:
        return _CODED_FRANCS.sub("₣", text)
    return _FRANCS.sub("₣", _CODED_FRANCS.sub("₣", _NO_CENTIMES.sub("", text)))


def _with_own_currency(locale: str, words: Lexicon) -> Lexicon:
    """The words with what a bare ``$`` stands for where the language is spoken."""
    if locale not in _PESOS:
        return words
    currencies = {**words.currencies, "US$": words.currencies["$"], "$": "pesos"}
    return replace(words, currencies=currencies, one_of={**words.one_of, "US$": words.one_of["$"], "$": "un peso"})


def _with_money(text: str, language: str, words: Lexicon) -> str:
    if not words.currencies:
        return text
    text = _CODED.sub(
        lambda found: _CODES[found[1]] if found[1] else f" {_CODES[found[2]]}", _MINUS_BEHIND.sub(r"-\1", text)
    )
    each = measures.MEASURES[language].each
    text = _PRICE_FOR_EACH.sub(rf"\1 {each} ", text)
    scales = "|".join([words.millions, *map(re.escape, words.scales)])
    text = _make_money_pattern(scales).sub(lambda found: _spell_amount(found, words), text)
    return _FRENCH_MILLIONS.sub(r"\1 d'", text) if language == "fr" else text


@lru_cache
def _make_money_pattern(millions: str) -> re.Pattern[str]:
    scale = rf"(?:\s?(?:{millions})(?!\w))?"
    return re.compile(rf"({_SIGNS})\s?({_NUMBER}{scale})|({_NUMBER}{scale})\s?({_SIGNS})")


def _spell_amount(found: re.Match[str], words: Lexicon) -> str:
    sign, number = (found[1], found[2]) if found[1] else (found[4], found[3])
    currency = words.currencies.get(sign) or words.currencies.get(sign[-1], sign)
    if number == "1":
        return words.one_of.get(sign) or words.one_of.get(sign[-1], f"{number} {currency}")
    for short in sorted(words.scales, key=len, reverse=True):
        if number.endswith(short):
            figure, scale = number.removesuffix(short).rstrip(), words.scales[short]
            return f"{figure} {_ONE_SCALE.get(scale, scale) if figure == '1' else scale} {currency}"
    if words.of_millions and number[-1].isalpha() and number.split()[-1] not in _THOUSANDS:
        return f"{number} {words.of_millions} {currency}"
    parted = _HUNDREDTHS.match(number)
    if parted is None:
        return f"{number} {currency}"
    if parted[2] == "00":
        return f"{parted[1]} {currency}"
    return words.amount.format(whole=parted[1], currency=currency, part=parted[2].removeprefix("0"))


def _with_times(text: str, language: str, words: Lexicon) -> str:
    text = figures.spell_hours(text, language, words)
    if words.clock:
        return _CLOCK.sub(lambda found: _spell_clock(words, found), _HOURS_BEHIND.sub(f" {words.hours}", text))
    if language == "de":
        text = _GERMAN_CLOCK.sub(lambda found: f"{found[1]} Uhr {found[2].lstrip('0')}".rstrip(), text)
        return german.spell_years(text)
    if language == "en":
        return _ENGLISH_YEAR.sub(
            lambda found: f"{found[1]} oh {found[3]}" if found[2] else f"{found[1]} {found[4]}", text
        )
    return text


def _spell_clock(words: Lexicon, found: re.Match[str]) -> str:
    if found[1] == "1":
        return f"{words.one_hour} {(found[2] or '').lstrip('0')}".rstrip()
    if found[2] in {None, "00"}:
        return f"{found[1]} {words.hours}"
    return words.clock.format(hours=found[1], minutes=found[2].removeprefix("0"))


def _with_units(text: str, words: Lexicon) -> str:
    for sign, said in words.units.items():
        single = _PLURAL.sub(r"\1", said).replace("feet", "foot").replace("miles", "mile")
        one = words.one_unit.get(sign, f"1 {single}")
        # A sign that its table has behind a space is a unit only there: "80s" are years.
        gap, letters = (r"\s", sign[1:]) if sign[0] == " " else (r"\s?", sign)
        text = re.sub(rf"(?<![\w.,:/-])1{gap}{re.escape(letters)}(?![\w/²³])", one, text)
        text = re.sub(rf"(?<=\d){gap}{re.escape(letters)}(?![\w/²³])", f" {said}", text)
    return text


def _with_ones(text: str, words: Lexicon) -> str:
    for one, nouns in words.one_before.items():
        gap = "" if one.endswith("'") else " "
        text = re.sub(rf"(?<![\w.,:/-])1 (?=(?:{nouns.replace(' ', '|')})(?!\w))", f"{one}{gap}", text)
    return text


def _with_ordinals(text: str, words: Lexicon) -> str:
    if not words.ordinals:
        return text
    return re.sub(
        rf"(?<![\w.,])([1-9]\d?){words.ordinal_signs}", lambda found: _spell_ordinal(words.ordinals, found), text
    )


def _spell_ordinal(ordinals: tuple[str, ...], found: re.Match[str]) -> str:
    if int(found[1]) > len(ordinals):
        return found[0]
    masculine, _, feminine = ordinals[int(found[1]) - 1].partition(" ")
    is_feminine = bool(found[2]) and found[2] not in "º°"
    return feminine if is_feminine and feminine else masculine


def _with_short_forms(text: str, language: str, words: Lexicon) -> str:
    for word, said in words.alone.items():
        text = re.sub(rf"(?<!\w){re.escape(word)}(?![\w.])", said, text)
    if language == "en":
        text = _STREET.sub(r"\1 Street", text)
    for short, said in words.short_months.items():
        text = re.sub(rf"(?:(?<=\d\s)|(?<=\d\sde\s)){short}\.", said, text)
    for short, said in words.before_name.items():
        # Behind another initial it is one, too: "J. D. Salinger".
        text = re.sub(rf"(?<!\w)(?<![A-Z]\.\s){re.escape(short)}\.\s?(?=[^\W\d_a-zà-ÿ][^\W\d_])", f"{said} ", text)
    for short, said in words.before_number.items():
        text = re.sub(rf"(?<!\w){re.escape(short)}\s?(?=\d)", f"{said} ", text)
    for short in sorted(words.short, key=len, reverse=True):
        # Said as words; and the full stop, which would end the sentence, stays only where the sentence may end.
        stop = r"\.?" if "." in short else r"\."  # "sig.ra" has none of its own
        last = rf"{stop}(?=[\s,;)])" if short[0].isupper() or language == "hi" else rf"{stop}(?=\s+\w)|\.(?=[,;)])"
        text = re.sub(rf"(?<!\w){re.escape(short)}(?:{last})", words.short[short], text)
        text = re.sub(rf"(?<!\w){re.escape(short)}\.$", f"{words.short[short]}.", text)
    return text
