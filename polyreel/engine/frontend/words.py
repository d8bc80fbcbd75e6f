"""Signs that espeak-ng reads in the wrong order or not at all, put into words: money, ISO dates, abbreviations."""

from __future__ import annotations

import re

_MONEY = re.compile(r"([$€£¥₹])\s?(\d[\d.,]*\d|\d)|(\d[\d.,]*\d|\d)\s?([$€£¥₹])")
_ISO_DATE = re.compile(r"\b((?:19|20)\d\d)-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])\b")

_CURRENCIES = {
    "en": {"$": "dollars", "€": "euros", "£": "pounds", "¥": "yen", "₹": "rupees"},
    "es": {"$": "dólares", "€": "euros", "£": "libras", "¥": "yenes", "₹": "rupias"},
    "fr": {"$": "dollars", "€": "euros", "£": "livres", "¥": "yens", "₹": "roupies"},
    "it": {"$": "dollari", "€": "euro", "£": "sterline", "¥": "yen", "₹": "rupie"},
    "pt": {"$": "dólares", "€": "euros", "£": "libras", "¥": "ienes", "₹": "rupias"},
    "hi": {"$": "डॉलर", "€": "यूरो", "£": "पाउंड", "¥": "येन", "₹": "रुपये"},
}
_MONTHS = {
    "en": "January February March April May June July August September October November December",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "it": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "pt": "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    "hi": "जनवरी फ़रवरी मार्च अप्रैल मई जून जुलाई अगस्त सितंबर अक्टूबर नवंबर दिसंबर",
}
_DATES = {"en": "{month} {day}, {year}", "es": "{day} de {month} de {year}", "pt": "{day} de {month} de {year}"}
# Said as words, but their full stop would end the sentence for espeak-ng.
_TITLES = {
    "en": {"Dr": "Doctor", "Mr": "Mister", "Mrs": "Missis", "Ms": "Miss", "Prof": "Professor", "vs": "versus"},
    "es": {"Dr": "doctor", "Dra": "doctora", "Sr": "señor", "Sra": "señora", "Srta": "señorita", "Ud": "usted"},
    "fr": {"M": "monsieur", "Mme": "madame", "Mlle": "mademoiselle", "Dr": "docteur"},
    "it": {"Sig": "signor", "Sig.ra": "signora", "Dott": "dottor", "Prof": "professor"},
    "pt": {"Sr": "senhor", "Sra": "senhora", "Dr": "doutor", "Dra": "doutora"},
    "hi": {"डॉ": "डॉक्टर"},
}


def sayable(text: str, locale: str) -> str:
    """A line with its money, ISO dates and titles in words of its language (as far as they are known here)."""
    language = locale.partition("-")[0]
    text = _ISO_DATE.sub(lambda found: _date(found, language), text)
    text = _MONEY.sub(lambda found: _amount(found, language), text)
    return _with_titles(text, language)


def _amount(found: re.Match[str], language: str) -> str:
    sign, number = (found[1], found[2]) if found[1] else (found[4], found[3])
    return f"{number} {_CURRENCIES.get(language, {}).get(sign, sign)}"


def _date(found: re.Match[str], language: str) -> str:
    months = _MONTHS.get(language, "").split()
    if not months:
        return found[0]
    pattern = _DATES.get(language, "{day} {month} {year}")
    return pattern.format(day=int(found[3]), month=months[int(found[2]) - 1], year=found[1])


def _with_titles(text: str, language: str) -> str:
    titles = _TITLES.get(language, {})
    for short in sorted(titles, key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(short)}\.(?=\s)", titles[short], text)
    return text
