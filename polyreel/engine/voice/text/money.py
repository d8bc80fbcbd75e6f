"""Amounts of money, as they are said: ``$5.50``, ``25 €–40 €``, ``£45m``, ``₹5 lakh``. Currencies stand in a table."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

from polyreel.engine.voice.text import measures
from polyreel.engine.voice.text.currencies import Currency
from polyreel.engine.voice.text.lexicon import Lexicon

_ONE_NUMBER = r"\d{1,2}(?:,\d\d)+,\d{3}(?:\.\d+)?|\d+(?:[.,\u00a0\u202f ]\d{3})*(?:[.,]\d+)?"
_NUMBER = rf"(?:{_ONE_NUMBER})(?:[-–](?:{_ONE_NUMBER}))?"
_SIGNS = r"\b(?:R|US|CA|AU|NZ|HK|MX|CN|[CAS])[$¥]|(?<!\w)S/\.?(?=\s?\d)|zł(?!\w)|[$€£¥₹₣₽₩₺₪₴₿]"
# Signs that are one: as the table has it.
_SAME_SIGNS = {"CA$": "C$", "AU$": "A$", "S/.": "S/"}
_CODES = {
    **{"USD": "US$", "EUR": "€", "GBP": "£", "JPY": "¥", "INR": "₹", "BRL": "R$", "CAD": "C$", "AUD": "A$"},
    **{"NZD": "NZ$", "HKD": "HK$", "SGD": "S$", "MXN": "MX$", "CNY": "CN¥", "RUB": "₽", "KRW": "₩", "TRY": "₺"},
    **{"ILS": "₪", "UAH": "₴", "BTC": "₿", "PLN": "zł", "CHF": "₣", "PEN": "S/"},
}
_CODED = re.compile(rf"\b({'|'.join(_CODES)})\s?(?=\d)|(?<=\d)\s?({'|'.join(_CODES)})\b")
_MINUS_BEHIND = re.compile(r"([$€£¥₹])[-\u2212](?=\d)")
_PRICE_FOR_EACH = re.compile(
    rf"((?:{_SIGNS})\s?(?:{_ONE_NUMBER})[kKMm]?|(?<![\d.,])(?:{_ONE_NUMBER})\s?(?:{_SIGNS}))/(?=[^\W\d_]{{3}})"
)
_BOTH_BEFORE = re.compile(rf"({_SIGNS})\s?({_ONE_NUMBER})\s?[-–—]\s?(?:\1)\s?(?=\d)")
_BOTH_BEHIND = re.compile(rf"(?<![\d.,])({_ONE_NUMBER})\s?({_SIGNS})\s?[-–—]\s?({_ONE_NUMBER})\s?\2")
# "de" elides before a vowel: deux millions d'euros.
_FRENCH_MILLIONS = re.compile(r"(\bmi(?:llion|lliard)s?|000 000) (?:de )?(?=euros\b)")
_WHOLE_MILLIONS = re.compile(r"\d(?:[.\u00a0\u202f ]000){2}$")
# Where a bare $ is pesos.
_PESOS = frozenset(f"es-{region}" for region in ("MX", "AR", "CL", "CO", "UY", "DO", "CU"))
_PESO = Currency("un peso", "pesos", "centavo", "centavos")
# Of what money's millions are shortened to: one of them.
_ONE_SCALE = {
    **{
        "millones de": "millón de",
        "millions de": "million de",
        "milliards de": "milliard de",
        "milioni di": "milione di",
    },
    **{"miliardi di": "miliardo di", "milhões de": "milhão de", "bilhões de": "bilhão de"},
    **{"trilhões de": "trilhão de"},
    **{"Millionen": "Million", "Milliarden": "Milliarde", "Billionen": "Billion"},
}
_THOUSANDS = frozenset({"mil", "mila", "mille"})
_HUNDREDTHS = re.compile(r"(.+)[.,](\d\d)$")


def spell_money(text: str, locale: str, words: Lexicon) -> str:
    """Amounts in words of their currency, before the sign or behind it, in whole and hundredth parts."""
    if not words.currencies:
        return text
    language = locale.partition("-")[0]
    words = _with_own_currency(locale, words)
    text = _CODED.sub(lambda found: f"{_CODES[found[1]]} " if found[1] else f" {_CODES[found[2]]}", text)
    text = _BOTH_BEHIND.sub(r"\1-\3 \2", _BOTH_BEFORE.sub(r"\1\2-", _MINUS_BEHIND.sub(r"-\1", text)))
    each = measures.MEASURES[language].each
    text = _PRICE_FOR_EACH.sub(rf"\1 {each} ", text)
    scales = "|".join([words.millions, *map(re.escape, sorted(words.scales, key=len, reverse=True))])
    text = _make_pattern(scales).sub(lambda found: _spell_amount(found, words), text)
    return _FRENCH_MILLIONS.sub(r"\1 d'", text) if language == "fr" else text


def _with_own_currency(locale: str, words: Lexicon) -> Lexicon:
    """The words with what a bare ``$`` stands for where the language is spoken."""
    if locale not in _PESOS:
        return words
    currencies: Mapping[str, Currency] = {**words.currencies, "US$": words.currencies["$"], "$": _PESO}
    return replace(words, currencies=currencies)


@lru_cache
def _make_pattern(millions: str) -> re.Pattern[str]:
    scale = rf"(?:\s?(?:{millions})(?!\w))?"
    return re.compile(rf"({_SIGNS})\s?({_NUMBER}{scale})|(?<![\d.,])({_NUMBER}{scale})\s?({_SIGNS})")


def _spell_amount(found: re.Match[str], words: Lexicon) -> str:
    sign, number = (found[1], found[2]) if found[1] else (found[4], found[3])
    sign = _SAME_SIGNS.get(sign, sign)
    # A language's table may lack HK$: dollars are then better than signs spelt out.
    currency = words.currencies.get(sign) or words.currencies.get(sign[-1])
    if currency is None:
        return found[0]
    # One of a currency has its article: "un euro", "one dollar".
    if number == "1":
        return currency.one
    # The longest first: "mn" ends in neither "m" nor "n" alone.
    for short in sorted(words.scales, key=len, reverse=True):
        if number.endswith(short):
            figure, scale = number.removesuffix(short).rstrip(), words.scales[short]
            return f"{figure} {_ONE_SCALE.get(scale, scale) if figure == '1' else scale} {currency.several}"
    if words.of_millions and number[-1].isalpha() and number.split()[-1] not in _THOUSANDS:
        return f"{number} {words.of_millions} {currency.several}"
    if words.of_millions and _WHOLE_MILLIONS.search(number):
        return f"{number} {words.of_millions} {currency.several}"
    parted = _HUNDREDTHS.match(number)
    if parted is None:
        return f"{number} {currency.several}"
    return _spell_parts(parted[1], int(parted[2]), currency, words)


def _spell_parts(whole: str, hundredths: int, currency: Currency, words: Lexicon) -> str:
    """What is whole and what is not: ``0.75`` has nothing whole to say."""
    said = currency.one if whole == "1" else f"{whole} {currency.several}"
    if not hundredths:
        return said
    if whole == "0" and currency.hundredths:
        one = f"{words.one} {currency.hundredth}"
        return one if hundredths == 1 else f"{hundredths} {currency.hundredths}"
    return words.amount.format(whole_currency=said, part=hundredths)
