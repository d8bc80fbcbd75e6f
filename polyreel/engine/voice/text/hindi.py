"""Hindi as it is written short: prices, hours with their quarters, halves, ordinals, sums, telephone numbers.

Runs before the rules that all languages share.
"""

from __future__ import annotations

import re
from decimal import Decimal

_FIGURES = str.maketrans("०१२३४५६७८९", "0123456789")
_HOURS = ["बारह", "एक", "दो", "तीन", "चार", "पांच", "छह", "सात", "आठ", "नौ", "दस", "ग्यारह", "बारह"]
_ORDINALS = {
    **{
        "1ला": "पहला",
        "1ली": "पहली",
        "1ले": "पहले",
        "2रा": "दूसरा",
        "2री": "दूसरी",
        "2रे": "दूसरे",
        "6ठा": "छठा",
        "6ठी": "छठी",
    },
    **{
        "3रा": "तीसरा",
        "3री": "तीसरी",
        "3रे": "तीसरे",
        "4था": "चौथा",
        "4थी": "चौथी",
        "4थे": "चौथे",
        "6ठे": "छठे",
        "9वां": "नौवां",
    },
    **{"100वां": "सौवां", "100वीं": "सौवीं", "100वें": "सौवें"},
}
_ORDINAL = re.compile(rf"(?<![\w.,])({'|'.join(_ORDINALS)})(?!\w)")
_RUPEES_BEFORE = re.compile(r"(?<!\w)(?:रु\.?|Rs\.?|INR)\s?(?=\d)")
_NO_PAISE = re.compile(r"(?<=\d)/-")
_ONE_RUPEE = re.compile(r"₹\s?1(?![\d.,])(?!\s?(?:हज़ार|लाख|करोड़|अरब))")
_RUPEES_AND_PAISE = re.compile(r"₹\s?(\d[\d,]*)\.(\d\d)(?!\d)(?!\s?(?:हज़ार|लाख|करोड़|अरब))")
_EACH = re.compile(r"(₹\s?\d[\d,]*)/(?=[\u0900-\u0963])")
_MILLIONS = re.compile(r"\$\s?(\d[\d.,]*) (मिलियन|बिलियन)")
_DASHED_DATE = re.compile(r"(?<![\d-])(0?[1-9]|[12]\d|3[01])-(0?[1-9]|1[0-2])-((?:19|20)\d\d)(?![\d-])")
_OCLOCK = re.compile(r"(?<![\d:])(0?[1-9]|1[0-2]):([0-5]\d)\s?बजे")
# What is done at that minute follows.
_GOES_ON = re.compile(r" (?!(?:पर|तक|से|को|के|हैं?|हुए|थे|रहे|हो|चुके)(?!\w))\w")
_LESS = re.compile(r"(?<=\d) - (?=\d+ ?=)")
_MIXED_QUARTER = re.compile(r"(?<![\d/])(\d{1,2})\s?([¼¾])")
_EACH_KILO = re.compile(r"(₹\s?\d[\d,]*)/(?:kg|किग्रा)(?!\w)")
_SHORT_DOLLARS = re.compile(r"\$\s?(\d+(?:\.\d+)?)\s?([MB])(?![A-Za-z])")
_HECTARES = re.compile(r"(?<=\d)\s?हे\.(?=\s|$)")
_MIXED = re.compile(r"(?<![\d/])(\d{1,2})\s?½")
_AND_A_HALF = {1: "डेढ़", 2: "ढाई"}
_SUM = re.compile(r"(?<=\d)\s?([+=×÷])\s?(?=\d)")
_SIGNS = {"+": "जमा", "=": "बराबर", "×": "गुणा", "÷": "भाग"}
_MORE_THAN = re.compile(r"(?<=\d)\+(?![\d+])")
_BESIDE = re.compile(r"±\s?(?=\d)")
_PERCENT = re.compile(r"(?<=\d)\s?%")
_MOBILE = re.compile(r"(?<![\d+-])([6-9]\d{4})[ -]?(\d{5})(?![\d-])")
_PIN = re.compile(r"(?<!\w)(पिन(?: कोड)?[: ]\s?)([1-9]\d{5})(?!\d)")
_WIDE_RANGE = re.compile(r"(?<![\d.,/:-])(\d{1,4}) - (\d{1,4})(?![\d./:-])")
_LETTERS = re.compile(r"(?<![A-Za-z])([A-Z])&([A-Z])(?![A-Za-z])")


def spell_short_forms(text: str) -> str:
    """A Hindi line in which what is written short has words, or the form that later rules know."""
    text = _ORDINAL.sub(lambda found: _ORDINALS[found[1]], text.translate(_FIGURES))
    text = _with_rupees(_HECTARES.sub(" हेक्टेयर", _LESS.sub(" घटा ", text)))
    text = _MIXED_QUARTER.sub(_quarter, text)
    text = _DASHED_DATE.sub(r"\1/\2/\3", _WIDE_RANGE.sub(r"\1 से \2", text))
    text = _MIXED.sub(lambda found: _half_more(int(found[1])), _OCLOCK.sub(_hour, text))
    text = _MOBILE.sub(lambda found: f"{' '.join(found[1])}, {' '.join(found[2])}", text)
    text = _PIN.sub(lambda found: found[1] + " ".join(found[2]), text)
    text = _SUM.sub(lambda found: f" {_SIGNS[found[1]]} ", _LETTERS.sub(r"\1 और \2", text))
    text = _BESIDE.sub("प्लस माइनस ", _MORE_THAN.sub(" से अधिक", text))
    return _PERCENT.sub(" प्रतिशत", text)


def _with_rupees(text: str) -> str:
    text = _NO_PAISE.sub("", _RUPEES_BEFORE.sub("₹", text))
    text = _ONE_RUPEE.sub("1 रुपया", text)
    text = _RUPEES_AND_PAISE.sub(_rupees_and_paise, text)
    text = _EACH.sub(r"\1 प्रति ", _EACH_KILO.sub(r"\1 प्रति किलोग्राम", text))
    text = _SHORT_DOLLARS.sub(_dollars, text)
    return _MILLIONS.sub(r"\1 \2 डॉलर", text)


def _rupees_and_paise(found: re.Match[str]) -> str:
    rupees = "1 रुपया" if found[1] == "1" else f"{found[1]} रुपये"
    return rupees if found[2] == "00" else f"{rupees} {int(found[2])} पैसे"


def _dollars(found: re.Match[str]) -> str:
    """A million is ten lakhs, a billion an अरब."""
    if found[2] == "B":
        return f"{found[1]} अरब डॉलर"
    return f"{(Decimal(found[1]) * 10).normalize():f} लाख डॉलर"


def _quarter(found: re.Match[str]) -> str:
    """A quarter more is सवा, a quarter less than the next one पौने."""
    number = int(found[1]) + (found[2] == "¾")
    said = _HOURS[number] if number < len(_HOURS) else str(number)
    return f"पौने {said}" if found[2] == "¾" else ("सवा" if number == 1 else f"सवा {said}")


def _hour(found: re.Match[str]) -> str:
    """A quarter past, half past and a quarter to have words of their own; one and a half, two and a half too."""
    hour, minute = int(found[1]), int(found[2])
    match minute:
        case 0:
            return found[0]
        case 15:
            return f"सवा {_HOURS[hour]} बजे"
        case 30:
            return f"{_half_more(hour)} बजे"
        case 45:
            return f"पौने {_HOURS[hour % 12 + 1]} बजे"
    at = " पर" if _GOES_ON.match(found.string, found.end()) else ""
    return f"{_HOURS[hour]} बजकर {minute} मिनट{at}"


def _half_more(number: int) -> str:
    return _AND_A_HALF.get(number) or f"साढ़े {_HOURS[number] if number < len(_HOURS) else number}"
