"""What is written short, put into words before a voice reads it: money, dates, times, units, ordinals, abbreviations.

Plain numbers are left to the voice: espeak-ng reads them in every language that it has.
"""

from __future__ import annotations

import re
from functools import lru_cache

from polyreel.engine.frontend.lexicon import LEXICONS, NONE, Lexicon

_NUMBER = r"\d+(?:[.,\u00a0\u202f ]\d{3})*(?:[.,]\d+)?"
_SIGNS = r"R\$|[$€£¥₹]"
_ISO_DATE = re.compile(r"\b((?:19|20)\d\d)-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])\b")
_HUNDREDTHS = re.compile(r"(.+)[.,](\d\d)$")
_MINUS = re.compile(r"(?<![\w.,)])[-\u2212](?=\d)")
_AMPERSAND = re.compile(r"(?<=\s)&(?=\s)")
_CLOCK = re.compile(r"\b([01]?\d|2[0-4])\s?h\s?([0-5]\d)\b")
_GERMAN_CLOCK = re.compile(r"\b([01]?\d|2[0-4])[:.]([0-5]\d)\s?Uhr\b")
# 1905 and 1999 as years are said by halves in English alone; 1500 and 1900 are whole hundreds either way.
_ENGLISH_YEAR = re.compile(r"(?<![\d.,$€£¥₹#])\b(1[1-9])(?:(0)([1-9])|([1-9]\d))\b(?![.,]?\d)")


def sayable(text: str, locale: str) -> str:
    """A line with what is written short in words of its language, as far as they are known here.

    Where a language has no words here, the line comes back as it was, for the voice's own rules.
    """
    language = locale.partition("-")[0]
    text = text.replace("℃", "°C").replace("℉", "°F")
    words = LEXICONS.get(language, NONE)
    text = _ISO_DATE.sub(lambda found: _date(found, words), text)
    text = _with_money(text, words)
    text = _with_times(text, language, words)
    text = _with_units(text, words)
    text = _with_ordinals(text, words)
    if words.minus:
        text = _MINUS.sub(f"{words.minus} ", text)
    if words.ampersand:
        text = _AMPERSAND.sub(words.ampersand, text)
    return _with_short_forms(text, language, words)


def _date(found: re.Match[str], words: Lexicon) -> str:
    months = words.months.split()
    if not months:
        return found[0]
    return words.date.format(day=int(found[3]), month=months[int(found[2]) - 1], year=found[1])


def _with_money(text: str, words: Lexicon) -> str:
    if not words.currencies:
        return text
    return _money(words.millions).sub(lambda found: _amount(found, words), text)


@lru_cache
def _money(millions: str) -> re.Pattern[str]:
    scale = rf"(?:\s(?:{millions})\b)?"
    return re.compile(rf"({_SIGNS})\s?({_NUMBER}{scale})|({_NUMBER}{scale})\s?({_SIGNS})")


def _amount(found: re.Match[str], words: Lexicon) -> str:
    sign, number = (found[1], found[2]) if found[1] else (found[4], found[3])
    currency = words.currencies.get(sign) or words.currencies.get(sign[-1], sign)
    parted = _HUNDREDTHS.match(number)
    if parted is None:
        return f"{number} {currency}"
    if parted[2] == "00":
        return f"{parted[1]} {currency}"
    return words.amount.format(whole=parted[1], currency=currency, part=parted[2].removeprefix("0"))


def _with_times(text: str, language: str, words: Lexicon) -> str:
    if words.clock:
        return _CLOCK.sub(lambda found: _clock(words, found), text)
    if language == "de":
        return _GERMAN_CLOCK.sub(lambda found: f"{found[1]} Uhr {found[2].lstrip('0')}".rstrip(), text)
    if language == "en":
        return _ENGLISH_YEAR.sub(
            lambda found: f"{found[1]} oh {found[3]}" if found[2] else f"{found[1]} {found[4]}", text
        )
    return text


def _clock(words: Lexicon, found: re.Match[str]) -> str:
    if found[2] == "00":
        return f"{found[1]} {words.hours}"
    return words.clock.format(hours=found[1], minutes=found[2].removeprefix("0"))


def _with_units(text: str, words: Lexicon) -> str:
    for sign, said in words.units.items():
        text = re.sub(rf"(?<=\d)\s?{re.escape(sign)}(?![\w/])", f" {said}", text)
    return text


def _with_ordinals(text: str, words: Lexicon) -> str:
    if not words.ordinals:
        return text
    return re.sub(rf"(?<![\w.,])(10|[1-9]){words.ordinal_signs}", lambda found: _ordinal(words.ordinals, found), text)


def _ordinal(ordinals: tuple[str, ...], found: re.Match[str]) -> str:
    masculine, _, feminine = ordinals[int(found[1]) - 1].partition(" ")
    is_feminine = bool(found[2]) and found[2] not in "º°"
    return feminine if is_feminine and feminine else masculine


def _with_short_forms(text: str, language: str, words: Lexicon) -> str:
    for short, said in words.before_number.items():
        text = re.sub(rf"(?<!\w){re.escape(short)}\s?(?=\d)", f"{said} ", text)
    for short in sorted(words.short, key=len, reverse=True):
        # Said as words; and the full stop, which would end the sentence, stays only where the sentence may end.
        last = r"\.(?=\s)" if short[0].isupper() or language == "hi" else r"\.(?=\s+\w)|\.(?=[,;)])"
        text = re.sub(rf"(?<!\w){re.escape(short)}(?:{last})", words.short[short], text)
        text = re.sub(rf"(?<!\w){re.escape(short)}\.$", f"{words.short[short]}.", text)
    return text
