"""Arabic figures in Chinese characters: numbers, decimals, percent, dates, times, years and telephone numbers."""

from __future__ import annotations

import re

from polyreel.engine.voice.text.figures import value_of
from polyreel.engine.voice.text.measures import FEET, normalise_degrees

_DIGITS = "零一二三四五六七八九"
_PLACES = ("", "十", "百", "千")
_MYRIADS = ("", "万", "亿", "兆")
_MOST_DIGITS = 16
_UNITS = {
    "°C": "摄氏度",
    "℃": "摄氏度",
    "°F": "华氏度",
    "℉": "华氏度",
    "km/h": "公里每小时",
    **{"km²": "平方公里", "cm²": "平方厘米", "m²": "平方米", "mm²": "平方毫米", "m³": "立方米", "cm³": "立方厘米"},
    "km": "公里",
    "kg": "公斤",
    "cm": "厘米",
    "mm": "毫米",
    "m/s": "米每秒",
    "m": "米",
    "ml": "毫升",
    "mL": "毫升",
    "L": "升",
    "mg": "毫克",
    "g": "克",
    "ha": "公顷",
    "kHz": "千赫兹",
    "MHz": "兆赫兹",
    "GHz": "吉赫兹",
    "Hz": "赫兹",
    "kW": "千瓦",
    "W": "瓦",
    "V": "伏",
    "dB": "分贝",
    **{"KB": "千字节", "MB": "兆字节", "GB": "吉字节", "TB": "太字节"},
    **{"mph": "英里每小时", "kWh": "千瓦时", "t": "吨", "lb": "磅", "ft": "英尺", "in": "英寸"},
    **{"h": "小时", "min": "分钟", "s": "秒", "°": "度"},
}
_MONEY = {"$": "美元", "€": "欧元", "£": "英镑", "¥": "元", "￥": "元"}
_MONEY |= {"US$": "美元", "HK$": "港元", "NT$": "新台币", "₹": "卢比", "₩": "韩元"}
_CODES = {"USD": "$", "EUR": "€", "GBP": "£", "CNY": "¥", "RMB": "人民币", "HKD": "HK$", "JPY": "日元"}
_SIGNS = r"(?:US|HK|NT)?\$|[€£¥￥₹₩]"

_ISO_DATE = re.compile(r"(?<!\d)((?:19|20)\d\d)[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)")
_YEAR = re.compile(r"(?<!\d)(\d{4})(?=\s*年)")
_TIME = re.compile(r"(?<!\d)([01]?\d|2[0-3])[:：]([0-5]\d)(?!\d)")
_MOBILE = re.compile(r"(?<![\d.,])1[3-9]\d{9}(?![\d.,])")
# Two of something is 两; the second of something, and a figure that goes on, is 二.
_TWO_OF = re.compile(
    r"(?<![\d.第:：/-])2(?=\s?(?:个|只|次|天|位|名|本|张|条|件|种|小时|分钟|周|米|升|公里|公斤|岁|亿|万|千|点(?!\d|[零一二三四五六七八九])))"
)
# Two before a thousand or more at the front of a number is 两 as well.
_TWO_THOUSANDS = re.compile(r"(?<![\d.,:/])2(\d{3}|\d{4})(?![\d.,:/]|\s?年)")
_FRACTION = re.compile(r"(?<![\d/])(\d{1,2})/(\d{1,2})(?![\d/])")
_PLAIN = str.maketrans("０１２３４５６７８９％：／～", "0123456789%:/~")
_LOWERED = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
_PLAIN_POINT = re.compile(r"(?<=\d)．(?=\d)")
_VULGAR = {"½": "1/2", "⅓": "1/3", "⅔": "2/3", "¼": "1/4", "¾": "3/4"}
_LANDLINE = re.compile(r"(?<![\d-])(0\d{2,3})-(\d{7,8})(?![\d-])")
_BETWEEN = re.compile(r"(?<![\d./:A-Za-z-])(\d{1,4}%?)\s?[-–—~〜]\s?(\d{1,4}|两)(?![\d./:-])")
_SCORE = re.compile(r"(?<![\d:])(\d{1,2}):(\d)(?![\d:])")
_ROMAN = re.compile(r"(?<=第)\s?([IVX]{1,4})(?![A-Za-z])")
_AMOUNT = r"\d[\d,]*(?:\.\d+)?[万亿]{0,2}"
_PRICED = re.compile(rf"(?<![A-Za-z])({_SIGNS})\s?({_AMOUNT}(?:[-–—~〜]{_AMOUNT})?)")
_CODED = re.compile(rf"(?<=\d)\s?({'|'.join(_CODES)})(?![A-Za-z])")
_PERCENT = re.compile(r"(-?\d[\d,]*(?:\.\d+)?)\s*[%％]")
_POWER = re.compile(r"(?<![\w^])(\d+)\^(-?\d+)(?![\w^])")
_ROMAN_CENTURY = re.compile(r"(?<![A-Za-z])[IVX]{1,5}(?=\s?世[纪紀])")
_EMERGENCY = re.compile(r"(?<![\w-])(\d)-(\d)-(\d)(?![\w-])")
_CLOCKS = re.compile(r"(?<=:[0-5]\d)\s?[-–—~〜]\s?(?=\d{1,2}:[0-5]\d)")
_SECONDS = re.compile(r"(?<![\d:])([01]?\d|2[0-3]):([0-5]\d):([0-5]\d)(?![\d:])")
_YEARS = re.compile(r"(?<!\d)(\d{4})\s?[-–—~〜]\s?(\d{4})(?=\s*年)")
_YEAR_BC = re.compile(r"(?<=公元前)(\d{3})(?=\s*年)")
_BORN = re.compile(r"(?<!\d)([0-9]0)(?=后)")
_PERCENTS = re.compile(r"(?<![\d.])(\d{1,3}(?:\.\d+)?)%?\s?[-–—~〜]\s?(\d{1,3}(?:\.\d+)?)%")
_PERMILLE = re.compile(r"(\d+(?:\.\d+)?)\s?‰")
_MIXED = re.compile(r"(?<![\d/])(\d+)\s?([½⅓⅔¼¾])")
_BEFORE = {"~": "约", "≈": "约", "±": "正负", "№": "第"}
_BEFORE_NUMBER = re.compile(r"(?<![\w~])([~≈±№])\s?(?=\d)")
_NUMBERED = re.compile(r"(?<![A-Za-z])[Nn]o\.\s?(?=\d)")
_SUM = re.compile(r"(?<=\d)\s?([+×÷=])\s?(?=\d)")
_SIGNS_OF_SUM = {"+": "加", "×": "乘", "÷": "除以", "=": "等于"}
_AND_MORE = re.compile(r"(?<=\d)\+(?![\d+])")
_HOTLINE = re.compile(r"(?<![\d-])([48]00)-?(\d{3})-?(\d{4})(?![\d-])")
_ABROAD = re.compile(r"\+(\d{1,3}) (\d{3}) (\d{4}) (\d{4})(?!\d)")
_SEASON = re.compile(r"(?<!\d)((?:19|20)\d\d)[-–/](\d{2}|\d{4})(?=\s?赛季)")
_ROOM = re.compile(r"(?<!\d)(\d{3,4})(?=室|房间)")
_POSTCODE = re.compile(r"(邮编[:： ]?)(\d{6})(?!\d)")
_SQUARED = re.compile(r"(?<=\d)([²³])")
_NUMBER = re.compile(r"(?<![\d.])-?\d+(?:,\d{3})*(?:\.\d+)?")


def in_characters(text: str) -> str:
    """A line in which every figure is written as it is said in Mandarin."""
    # "㎡" comes as "m2" (compatibility signs are taken apart before).
    text = re.sub(r"(?<=\d)\s?(km|cm|mm|m)\^?([23])(?![\w^])", lambda m: m[1] + "²³"[int(m[2]) - 2], text)
    text = _SEASON.sub(_season, FEET.sub(r"\1英尺\2英寸", text))
    text = _ROMAN_CENTURY.sub(lambda m: str(value_of(m[0])), text)
    text = _EMERGENCY.sub(r"\1 \2 \3", _POWER.sub(r"\1的\2次方", normalise_degrees(text)))
    text = _PLAIN_POINT.sub(".", text.translate(_PLAIN).translate(_LOWERED))
    text = _with_signs(_with_telephones(text))
    for sign, written in _VULGAR.items():
        text = text.replace(sign, written)
    text = _ROMAN.sub(lambda m: str(value_of(m[1])), text.replace("@", " at "))
    for sign, said in _UNITS.items():
        text = re.sub(rf"(?<=\d)\s?{re.escape(sign)}(?![A-Za-z/²³])", said, text)
    text = _SQUARED.sub(lambda m: "的平方" if m[1] == "²" else "的立方", text)
    text = _LANDLINE.sub(lambda m: f"{_one_by_one(m[1])}，{_one_by_one(m[2])}", text)
    text = _MOBILE.sub(lambda m: _one_by_one(m[0]), text)
    text = _PRICED.sub(lambda m: f"{m[2]}{_MONEY[m[1]]}", text)
    text = _PERCENTS.sub(lambda m: f"百分之{_number(m[1])}到百分之{_number(m[2])}", _with_clocks(text))
    text = _TWO_OF.sub("两", text)
    text = _FRACTION.sub(_fraction, text)
    text = _ISO_DATE.sub(lambda m: f"{_one_by_one(m[1])}年{_whole(int(m[2]))}月{_whole(int(m[3]))}日", text)
    text = _BETWEEN.sub(_range, text)
    text = _YEAR.sub(lambda m: _one_by_one(m[1]), text)
    text = _SCORE.sub(r"\1比\2", _TIME.sub(_time, text))
    text = _PERCENT.sub(lambda m: f"百分之{_number(m[1])}", text)
    text = _TWO_THOUSANDS.sub(lambda m: "两" + _number(m[0])[1:], text)
    return _NUMBER.sub(lambda m: _number(m[0]), text)


def _with_signs(text: str) -> str:
    text = _MIXED.sub(_mixed, text.replace("&", "和"))
    text = _BEFORE_NUMBER.sub(lambda m: _BEFORE[m[1]], _NUMBERED.sub("第", text))
    text = _SUM.sub(lambda m: _SIGNS_OF_SUM[m[1]], text)
    text = _PERMILLE.sub(lambda m: f"千分之{_number(m[1])}", _AND_MORE.sub("多", text))
    return _CODED.sub(lambda m: _MONEY.get(_CODES[m[1]], _CODES[m[1]]), text)


def _with_telephones(text: str) -> str:
    """Before all that would take them for sums and ranges."""
    text = _ABROAD.sub(lambda m: "加" + "，".join(map(_one_by_one, m.groups())), text)
    text = _HOTLINE.sub(lambda m: "，".join(map(_one_by_one, m.groups())), text)
    text = _POSTCODE.sub(lambda m: m[1] + _one_by_one(m[2]), text)
    return _ROOM.sub(lambda m: _one_by_one(m[1]), text)


def _with_clocks(text: str) -> str:
    text = _SECONDS.sub(lambda m: f"{_time(m)}{_whole(int(m[3]))}秒", _CLOCKS.sub("到", text))
    text = _YEARS.sub(lambda m: f"{_one_by_one(m[1])}到{_one_by_one(m[2])}", text)
    return _BORN.sub(lambda m: _one_by_one(m[1]), _YEAR_BC.sub(lambda m: _one_by_one(m[1]), text))


def _season(found: re.Match[str]) -> str:
    return f"{_one_by_one(found[1])}到{_one_by_one(found[2])}"


def _mixed(found: re.Match[str]) -> str:
    part, whole = _VULGAR[found[2]].split("/")
    return f"{_whole(int(found[1]))}又{_whole(int(whole))}分之{_whole(int(part))}"


def _fraction(found: re.Match[str]) -> str:
    """A part of something; what can only be a day of a month is one."""
    part, whole = int(found[1]), int(found[2])
    if whole > 10 and 1 <= part <= 12 and whole <= 31:
        return f"{_whole(part)}月{_whole(whole)}日"
    return f"{_whole(whole)}分之{_whole(part)}"


def _range(found: re.Match[str]) -> str:
    falls = found[1].isdecimal() and found[2].isdecimal() and len(found[1]) < 3 and int(found[1]) > int(found[2])
    return f"{found[1]}{'比' if falls else '到'}{found[2]}"


def _time(found: re.Match[str]) -> str:
    minute = int(found[2])
    hour = "两" if int(found[1]) == 2 else _whole(int(found[1]))
    if not minute:
        return f"{hour}点"
    return f"{hour}点{'零' if minute < 10 else ''}{_whole(minute)}分"


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
