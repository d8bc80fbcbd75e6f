"""Arabic figures in Chinese characters: numbers, decimals, percent, dates, times, years and telephone numbers."""

from __future__ import annotations

import re

_DIGITS = "零一二三四五六七八九"
_PLACES = ("", "十", "百", "千")
_MYRIADS = ("", "万", "亿", "兆")
_MOST_DIGITS = 16
_MONEY = {"$": "美元", "€": "欧元", "£": "英镑", "¥": "元", "￥": "元"}

_ISO_DATE = re.compile(r"(?<!\d)((?:19|20)\d\d)[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)")
_YEAR = re.compile(r"(?<!\d)(\d{4})(?=\s*年)")
_TIME = re.compile(r"(?<!\d)([01]?\d|2[0-3])[:：]([0-5]\d)(?!\d)")
_PRICED = re.compile(r"([$€£¥￥])\s?(\d[\d,]*(?:\.\d+)?)")
_PERCENT = re.compile(r"(-?\d[\d,]*(?:\.\d+)?)\s*[%％]")
_NUMBER = re.compile(r"(?<![\d.])-?\d+(?:,\d{3})*(?:\.\d+)?")


def in_characters(text: str) -> str:
    """A line in which every figure is written as it is said in Mandarin."""
    text = _ISO_DATE.sub(lambda m: f"{_one_by_one(m[1])}年{_whole(int(m[2]))}月{_whole(int(m[3]))}日", text)
    text = _YEAR.sub(lambda m: _one_by_one(m[1]), text)
    text = _TIME.sub(_time, text)
    text = _PRICED.sub(lambda m: f"{_number(m[2])}{_MONEY[m[1]]}", text)
    text = _PERCENT.sub(lambda m: f"百分之{_number(m[1])}", text)
    return _NUMBER.sub(lambda m: _number(m[0]), text)


def _time(found: re.Match[str]) -> str:
    hour, minute = int(found[1]), int(found[2])
    if not minute:
        return f"{_whole(hour)}点"
    return f"{_whole(hour)}点{'零' if minute < 10 else ''}{_whole(minute)}分"


def _number(written: str) -> str:
    sign, digits = ("负", written[1:]) if written.startswith("-") else ("", written)
    whole, _, fraction = digits.replace(",", "").partition(".")
    decimals = f"点{_one_by_one(fraction)}" if fraction else ""
    if len(whole) > _MOST_DIGITS or (len(whole) > 1 and whole.startswith("0")):
        return sign + _one_by_one(whole) + decimals  # a telephone number or a code, not a quantity
    return sign + _whole(int(whole)) + decimals


def _one_by_one(digits: str) -> str:
    return "".join(_DIGITS[int(digit)] for digit in digits)


def _whole(number: int) -> str:
    """A number below 10^16. A gap of zeros is said once; ten to nineteen begin with 十."""
    if number == 0:
        return _DIGITS[0]
    groups: list[int] = []
    while number:
        number, group = divmod(number, 10_000)
        groups.append(group)
    said = ""
    for power in range(len(groups) - 1, -1, -1):
        group = groups[power]
        if group:
            gap = "零" if said and (group < 1000 or not groups[power + 1]) else ""
            said += gap + _below_myriad(group) + _MYRIADS[power]
    return said.removeprefix("一") if said.startswith("一十") else said


def _below_myriad(number: int) -> str:
    said, gap = "", False
    for place in (3, 2, 1, 0):
        digit = number // 10**place % 10
        if digit:
            said += ("零" if gap and said else "") + _DIGITS[digit] + _PLACES[place]
        gap = not digit
    return said
