"""What is written short, put into words before a voice reads it: money, dates, times, units, ordinals, abbreviations.

Plain numbers are left to the voice: espeak-ng reads them in every language that it has.
"""

from __future__ import annotations

import re

from polyreel.engine.voice.text import counted, figures, formulas, german, german_short, hindi, measures, money
from polyreel.engine.voice.text.labels import is_named_by
from polyreel.engine.voice.text.lexicon import LEXICONS, NONE, Lexicon
from polyreel.engine.voice.text.patterns import replace_pattern
from polyreel.engine.voice.text.reigns import spell_roman_numerals
from polyreel.engine.voice.text.rewrites import rewrite
from polyreel.engine.voice.text.scripts import write_in_latin

_CODED_FRANCS = re.compile(r"\b(?:CHF|SFr\.?)\s?(?=\d)|(?<=\d)\s?(?:CHF|SFr)\b(?:\.(?=\s))?")
# "Fr. 5.-", "1'234.50 Fr.": where they are paid with. Elsewhere, and before a name, "Fr." is Frau.
_FRANCS = re.compile(r"\bFr\.\s?(?=\d)|(?<=\d)\s?Fr\b(?:\.(?=\s))?(?!\.?\s?\d)")
_NO_CENTIMES = re.compile(r"(?<=\d)\.[-–—]+(?!\w)")
_MINUS = re.compile(r"(?<![\w.,)])[-\u2212](?=\d)")
# "Baker St." is a street, "in St. Louis" a saint: which it is shows in what stands around it.
_STREET = re.compile(r"\b([A-Z][a-z]+|\d+(?:st|nd|rd|th)) St\.(?=,|\s[^A-Z]|$)")
_BY = {"en": "by", "es": "por", "fr": "fois", "it": "per", "pt": "por", "de": "mal"}
_SIDES = re.compile(r"(?<=\d)\s?x\s?(?=\d)")
_MEASURED_SIDES = re.compile(
    r"(?:(?<=\d)|(?<=\d [cmk]m)|(?<=\d[cmk]m)|(?<=\d m)|(?<=\d ft)|(?<=\d in))\s?[x×]\s?"
    r"(?=\d[\d.,]*\s?(?:[cmk]?m|ft|in)\b)"
)
# #BlackFriday2024 is four words; #FF5733 is a colour.
_HASHTAG = re.compile(r"(?<![\w&])#(?![\dA-Fa-f]{6}\b)[^\W\d_]\w+")
_PART_OF_HASHTAG = re.compile(r"(?<=[^\W\d_A-Z])(?=[A-Z])|(?<=[^\W\d_])(?=\d{4}$)|_")
_AMPERSAND = re.compile(r"\s&\s|(?<=\w)&(?=\w)")
_CLOCK = re.compile(r"(?<![\w:])([01]?\d|2[0-4])\s?h(?:\s?([0-5]\d))?\b")
_HOURS_BEHIND = re.compile(r"(?<=\d:[0-5]\d)\s?h(?:s|rs)?\b\.?")
_PLURAL = re.compile(r"^(\w{3,}[^s\W])s\b")  # what is one: the tables have the plural
_CARBON = re.compile(r"\bCO[2₂]")
_GERMAN_CLOCK = re.compile(r"\b([01]?\d|2[0-4])[:.]([0-5]\d)\s?Uhr\b")
# 1905 and 1999 as years are said by halves in English alone; 1500 and 1900 are whole hundreds either way.
_ENGLISH_YEAR = re.compile(r"(?<![\d.,$€£¥₹#])\b(1[1-9])(?:(0)([1-9])|([1-9]\d))\b(?![.,]?\d)")

# What shows that letters behind a figure are no unit: more of a word, a quotient or power, an elision ("1914-18 l'a").
_NO_UNIT = r"(?!['’]?\w|[/²³])"


def spell_out(text: str, locale: str) -> str:
    """A line with what is written short in words of its language, as far as they are known here.

    Where a language has no words here, the line comes back as it was, for the voice's own rules.
    """
    language = locale.partition("-")[0]
    text = text.replace("℃", "°C").replace("℉", "°F")
    if language in LEXICONS:
        text = write_in_latin(text, language)
    if "#" in text:
        text = _HASHTAG.sub(lambda found: _PART_OF_HASHTAG.sub(" ", found[0]), text)
    if language == "de":
        text = _with_francs(german_short.spell_german_short_forms(text), locale)
    if language == "hi":
        text = hindi.spell_short_forms(text)
    words = LEXICONS.get(language, NONE)
    text = rewrite(figures.normalise_fractions(measures.normalise_degrees(text)), language, "early")
    text = _CARBON.sub("C O 2", formulas.spell_formulas(text, language))
    text = _with_measures(text, language, locale, words)
    if by := _BY.get(language):
        text = _MEASURED_SIDES.sub(f" {by} ", _SIDES.sub(f" {by} ", text))
    text = _with_figures(figures.spell_telephone_numbers(text) if words.months else text, language, locale, words)
    text = measures.spell_short_scales(money.spell_money(text, locale, words), language)
    text = _with_times(figures.spell_ranges(text, words), language, words)
    text = counted.spell_agreeing_numbers(_with_ones(_with_units(text, words), words, language), language)
    text = _with_ordinals(text, words)
    if words.minus:
        text = _MINUS.sub(f"{words.minus} ", text)
    if words.ampersand:
        text = _AMPERSAND.sub(f" {words.ampersand} ", text)
    text = rewrite(_with_short_forms(text, language, words), language, "late")
    return german_short.decline_ones(text) if language == "de" else text


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
    # Here and below: a plain look whether it is there at all takes a tenth of what its pattern takes.
    for sign, said in words.units.items():
        if sign.strip() not in text:
            continue
        single = _PLURAL.sub(r"\1", said).replace("feet", "foot").replace("miles", "mile")
        one = words.one_unit.get(sign, f"1 {single}")
        # A sign that its table has behind a space is a unit only there: "80s" are years.
        gap, letters = (r"\s", sign[1:]) if sign[0] == " " else (r"\s?", sign)
        text = replace_pattern(rf"(?<![\w.,:/-])1{gap}{re.escape(letters)}{_NO_UNIT}", one, text)
        text = replace_pattern(rf"(?<=\d){gap}{re.escape(letters)}{_NO_UNIT}", f" {said}", text)
    return text


def _with_ones(text: str, words: Lexicon, language: str) -> str:
    for one, nouns in words.one_before.items() if "1 " in text else ():
        said = one if one.endswith("'") else f"{one} "

        def say_one(found: re.Match[str], said: str = said) -> str:
            is_name = is_named_by(found.string, found.start(), found.start() + 1, language)
            return found[0] if is_name else said

        text = replace_pattern(rf"(?<![\w.,:/-])1 (?=(?:{nouns.replace(' ', '|')})(?!\w))", say_one, text)
    return text


def _with_ordinals(text: str, words: Lexicon) -> str:
    if not words.ordinals:
        return text
    return replace_pattern(
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
        if word in text:
            text = replace_pattern(rf"(?<!\w){re.escape(word)}(?![\w.])", said, text)
    if language == "en":
        text = _STREET.sub(r"\1 Street", text)
    for short, said in words.short_months.items() if "." in text else ():
        text = replace_pattern(rf"(?:(?<=\d\s)|(?<=\d\sde\s)){short}\.", said, text)
    for short, said in words.before_name.items() if "." in text else ():
        # Behind another initial it is one, too: "J. D. Salinger".
        text = replace_pattern(
            rf"(?<!\w)(?<![A-Z]\.\s){re.escape(short)}\.\s?(?=[^\W\d_a-zà-ÿ][^\W\d_])", f"{said} ", text
        )
    for short, said in words.before_number.items():
        if short in text:
            text = replace_pattern(rf"(?<!\w){re.escape(short)}\s?(?=\d)", f"{said} ", text)
    for short in sorted(words.short, key=len, reverse=True) if "." in text else ():
        if short not in text:
            continue
        # Said as words; and the full stop, which would end the sentence, stays only where the sentence may end.
        stop = r"\.?" if "." in short else r"\."  # "sig.ra" has none of its own
        last = rf"{stop}(?=[\s,;)])" if short[0].isupper() or language == "hi" else rf"{stop}(?=\s+\w)|\.(?=[,;)])"
        text = replace_pattern(rf"(?<!\w){re.escape(short)}(?:{last})", words.short[short], text)
        text = replace_pattern(rf"(?<!\w){re.escape(short)}\.$", f"{words.short[short]}.", text)
    return text
