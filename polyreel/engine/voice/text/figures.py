"""What is written with figures, as it is said: ranges, dates, hours, fractions, decades, Roman and telephone numbers.

Each rule gives words, or plain figures that a voice reads by itself; what no rule knows stays as it was.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from polyreel.engine.voice.text.lexicon import Lexicon

_DASH = r"\s?[–—]\s?|-"
_TIME = r"\d{1,2}(?::[0-5]\d|\s?h(?:[0-5]\d)?\b)"
_RANGE = re.compile(
    rf"(?<![\w.,/:\-–])({_TIME}|\d{{1,4}}(?:[.,]\d+)?%?)(?:{_DASH})(?!0\d)({_TIME}|\d{{1,4}}(?:[.,]\d+)?)(?![\d/:\-–])"
)
_ISO_DATE = re.compile(r"\b((?:19|20)\d\d)-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])\b")
_DATE = re.compile(r"(?<![\d/.])(\d{1,2})([/.])(\d{1,2})\2((?:1\d|20)\d\d)(?![\d/]|\.\d)")
# Where the month is written first.
# A date without a locale's region is taken for American in English, as espeak-ng takes the bare tag.
_MONTH_FIRST = frozenset({"en", "en-us", "en-ph", "en-pr"})
_FULL_HOUR = re.compile(
    r"(?<![\d:])(0?\d|1\d|2[0-4]):00(?![\d:])(?:\s?(?:h|hs|hrs|horas|heures|Uhr|बजे|o'clock)(?!\w))?"
)
_HALF_DAY = re.compile(r"(?<![\d:])(\d{1,2}):00(?=\s?[ap]\.?\s?m\b)", re.IGNORECASE)
_OH = re.compile(r"(?<![\d:])(\d{1,2}):0([1-9])(?![\d:])")
_WRITTEN_FRACTIONS = {"½": "1/2", "⅓": "1/3", "⅔": "2/3", "¼": "1/4", "¾": "3/4"}
_VULGAR = re.compile(rf"(?:(\d)\s?)?([{''.join(_WRITTEN_FRACTIONS)}])")
_OTHER_VULGAR = re.compile(r"\s?[⅐⅑⅒⅕-⅞]")
_FRACTION = re.compile(r"(?<![\d/.,])(?:(\d+) )?(1/2|1/3|2/3|1/4|3/4)(?![\d/])")
_AROUND = re.compile(r"\b(24/7|50/50|9/11)\b")
_DECADE = re.compile(r"(?:\b(1\d|20)|['’]|\b)([2-9])0['’]?s\b")
_CENTURIES = re.compile(r"\b(?:(1\d)00|2000)s\b")
_TENS = ("", "", "twenties", "thirties", "forties", "fifties", "sixties", "seventies", "eighties", "nineties")
_TELEPHONE = re.compile(
    r"(?<![\w.,-])(?:\+\d[\d ().-]{6,18}\d|\(\d{2,3}\) ?\d{3,5}-\d{4}|(?:1[ .-])?\d{3}[ .-]\d{3}[.-]\d{4}|\d{3}-\d{4}"
    r"|1[ -]?[89]\d\d[ -]\d{3}[ -]\d{3,4}|0 ?[1-9]\d{2}(?: \d{3}){2}\d?|0[1-9]\d{1,3}(?: \d{3,8}){1,3}"
    r"|0\d(?:\.\d\d){4}|[89]00 \d{3} \d{3}"
    r"|1-[89]\d\d-[A-Z][A-Z\d-]{3,12}|0\d{2,4}[-/]\d{3,8}(?:-\d{2,4})?|[5-9]\d\d-\d{3}-\d{3})(?![\w-])"
)
_ROMAN = re.compile(r"(?:\b([A-Za-zÀ-ÿ]+) |\b)(?=[IVX])(X{0,3}(?:IX|IV|V?I{0,3}))(\.(?=\s[a-zß-ÿ]))?(?![\w'’&+]|\.\w)")
_CENTURY = re.compile(r"\b(?=[IVX])(X{0,3}(?:IX|IV|V?I{0,3}))(?:[eᵉ]|ème|(er|ᵉʳ))(?!\w)")
_PARTS = "chapter part volume book act scene phase type section article season episode class chapitre partie tome acte "
_PARTS += "kapitel teil band akt szene phase klasse artikel"
_NUMBERED = frozenset(_PARTS.split())
_NAMES = "louis henry elizabeth charles george edward richard james william philip francis frederick wilhelm catherine "
_NAMES += (
    "nicholas alexander ivan peter paul pius benedict leo gregory innocent clement urban ferdinand alfonso leopold "
)
_NAMES += "albert otto ramses ramesses ptolemy napoleon mary john friedrich karl ludwig heinrich elisabeth katharina"
_RULERS = frozenset(_NAMES.split())
_VALUES = {"I": 1, "V": 5, "X": 10}


def spell_dates(text: str, locale: str, words: Lexicon) -> str:
    """``2024-05-03`` and ``3/5/2024``, day or month first as the locale has it."""
    months = words.months.split()
    if not months:
        return text
    text = _ISO_DATE.sub(lambda found: _spell_date(found[0], int(found[3]), int(found[2]), found[1], words), text)
    month_first = locale.casefold() in _MONTH_FIRST

    def say_date(found: re.Match[str]) -> str:
        first, second = int(found[1]), int(found[3])
        day, month = (second, first) if second > 12 or (month_first and first <= 12) else (first, second)
        return _spell_date(found[0], day, month, found[4], words)

    return _DATE.sub(say_date, text)


def _spell_date(written: str, day: int, month: int, year: str, words: Lexicon) -> str:
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return written
    first = words.first_day if day == 1 else ""
    return words.date.format(day=first or day, month=words.months.split()[month - 1], year=year)


def spell_ranges(text: str, words: Lexicon) -> str:
    """``5-10`` and ``9:00–17:00``, from one to the other; what falls is a score."""
    if not words.until:
        return text
    return _RANGE.sub(lambda found: f"{found[1]} {_choose_range_word(found[1], found[2], words)} {found[2]}", text)


def _choose_range_word(first: str, second: str, words: Lexicon) -> str:
    falls = first.isdigit() and second.isdigit() and len(first) < 3 and int(first) > int(second)
    return words.against if falls and words.against else words.until


def spell_hours(text: str, language: str, words: Lexicon) -> str:
    """A full hour without its zeros; in English, minutes below ten with an "oh"."""
    if not words.full_hour:
        return text
    if language == "en":
        text = _OH.sub(r"\1 oh \2", _HALF_DAY.sub(r"\1", text))
    return _FULL_HOUR.sub(lambda found: _full_hour(int(found[1]), language, words), text)


def _full_hour(hour: int, language: str, words: Lexicon) -> str:
    if language == "en" and not 1 <= hour <= 12:
        # 13 o'clock is said by nobody; the military form is.
        return f"{hour} hundred hours"
    if hour == 1 and words.one_hour:  # a la una; à une heure
        return words.one_hour if language == "fr" else words.one_hour.partition(" ")[0]
    return words.full_hour.format(hour=hour)


def normalise_fractions(text: str) -> str:
    """``⅝`` as figures around a stroke that stands in fractions alone; halves, thirds and quarters have rules here."""
    return _OTHER_VULGAR.sub(lambda found: f" {unicodedata.normalize('NFKC', found[0].strip())}", text)


def spell_fractions(text: str, words: Lexicon) -> str:
    """Halves, thirds and quarters, alone or behind a whole number."""
    if not words.fractions:
        return text
    text = _VULGAR.sub(lambda found: f"{found[1] or ''} {_WRITTEN_FRACTIONS[found[2]]}".strip(), text)
    said = dict(zip(_WRITTEN_FRACTIONS.values(), words.fractions, strict=True))
    text = _FRACTION.sub(
        lambda found: f"{found[1]} {words.ampersand} {said[found[2]]}" if found[1] else said[found[2]], text
    )
    return _AROUND.sub(lambda found: found[0].replace("/", " "), text)


def spell_telephone_numbers(text: str) -> str:
    """Telephone numbers figure by figure, with a pause between groups."""
    return _TELEPHONE.sub(lambda found: _figure_by_figure(found[0]), text)


def _figure_by_figure(number: str) -> str:
    first, *rest = re.findall(r"\d+|[A-Z]+", number)
    country = f"+{first}" if number.startswith("+") else " ".join(first)
    # Letters are a word that is easy to keep: 1-800-FLOWERS.
    return ", ".join([country, *(part if part.isalpha() else " ".join(part) for part in rest)])


def spell_decades(text: str) -> str:
    """``1990s``, ``1900s`` and ``'90s``, in English."""
    text = _CENTURIES.sub(lambda found: f"{found[1]} hundreds" if found[1] else "two thousands", text)
    return _DECADE.sub(lambda found: f"{found[1] or ''} {_TENS[int(found[2])]}".strip(), text)


def replace_roman_numerals(text: str, language: str, of_rulers: Callable[[int], str] = str) -> str:
    """Roman numbers below forty as figures; behind a ruler's name, as ``of_rulers`` has it.

    One letter alone is a number only where something numbered stands before it (``Part V``).
    """
    if language == "fr":
        text = _CENTURY.sub(lambda found: f"{value_of(found[1])}{'er' if found[2] else 'e'}", text)
    return _ROMAN.sub(lambda found: _replace_roman_numeral(found, of_rulers), text)


def _replace_roman_numeral(found: re.Match[str], of_rulers: Callable[[int], str]) -> str:
    before, number, stop = found[1] or "", found[2], found[3] or ""
    is_ruler = before.casefold() in _RULERS and number != "I"
    # XXX stands for what is left open or unfit to print far more often than for thirty.
    if number == "XXX" or before == "an" or not (len(number) > 1 or is_ruler or before.casefold() in _NUMBERED):
        return found[0]
    return f"{before} {of_rulers(value_of(number)) if is_ruler else f'{value_of(number)}{stop}'}".lstrip()


def value_of(number: str) -> int:
    """What a Roman number below forty is worth."""
    values = [_VALUES[letter] for letter in number]
    return sum(-one if one < then else one for one, then in zip(values, [*values[1:], 0], strict=True))
