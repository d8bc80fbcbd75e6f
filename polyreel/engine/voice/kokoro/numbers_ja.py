"""What is written short in Japanese, as it is said: dates, times, money, units. Open JTalk reads the figures itself."""

from __future__ import annotations

import re
import unicodedata

from polyreel.engine.voice.text.figures import value_of
from polyreel.engine.voice.text.measures import FEET, SEASON, normalise_degrees

_UNITS = {
    "°C": "度",
    "°F": "度",
    "km/h": "キロメートル毎時",
    "km": "キロメートル",
    "kg": "キログラム",
    "cm": "センチメートル",
    "mm": "ミリメートル",
    "m": "メートル",
    "mg": "ミリグラム",
    "g": "グラム",
    "ml": "ミリリットル",
    "mL": "ミリリットル",
    "L": "リットル",
    "ha": "ヘクタール",
    "kHz": "キロヘルツ",
    "MHz": "メガヘルツ",
    "GHz": "ギガヘルツ",
    "Hz": "ヘルツ",
    "KB": "キロバイト",
    "MB": "メガバイト",
    "GB": "ギガバイト",
    "TB": "テラバイト",
    "kW": "キロワット",
    "W": "ワット",
    "V": "ボルト",
    "dB": "デシベル",
    "%": "パーセント",
    "‰": "パーミル",
    **{"mph": "マイル毎時", "kWh": "キロワット時", "Mbps": "メガビット毎秒", "lb": "ポンド", "in": "インチ"},
    **{"ft": "フィート", "h": "時間", "min": "分", "s": "秒", "°": "度"},
}
_AREAS = {
    **{"km²": "平方キロメートル", "cm²": "平方センチメートル", "mm²": "平方ミリメートル", "m²": "平方メートル"},
    **{"cm³": "立方センチメートル", "m³": "立方メートル", "mm³": "立方ミリメートル", "km³": "立方キロメートル"},
}
_RAISED = re.compile(r"(?<=\d)\s?(km|cm|mm|m)([23])(?![\w^])")
_POWER = re.compile(r"(?<![\w^])(\d+)\^(\d+)(?![\w^])")
_ROMAN_CENTURY = re.compile(r"(?<![A-Za-z])[IVX]{1,5}(?=\s?世紀)")
_MONEY = {"$": "ドル", "US$": "ドル", "€": "ユーロ", "£": "ポンド", "¥": "円", "₩": "ウォン", "₹": "ルピー"}
_CODES = {"USD": "ドル", "EUR": "ユーロ", "GBP": "ポンド", "JPY": "円", "KRW": "ウォン"}

_ISO_DATE = re.compile(r"(?<!\d)((?:19|20)\d\d)[-/](0?[1-9]|1[0-2])[-/](0?[1-9]|[12]\d|3[01])(?!\d)")
_TIME = re.compile(r"(?<!\d)([01]?\d|2[0-4]):([0-5]\d)(?!\d)")
_AMOUNT = r"\d[\d,]*(?:\.\d+)?[万億兆]{0,2}"
_PRICED = re.compile(rf"(?<![A-Za-z])((?:US)?\$|[€£¥₩₹])\s?({_AMOUNT}(?:[-–—~〜]{_AMOUNT})?)")
_CODED = re.compile(rf"(?<=\d)\s?({'|'.join(_CODES)})(?![A-Za-z])")
_CLOCKS = re.compile(r"(?<=:[0-5]\d)\s?[-–—~〜]\s?(?=\d{1,2}:[0-5]\d)")
_SECONDS = re.compile(r"(?<![\d:])([01]?\d|2[0-4]):([0-5]\d):([0-5]\d)(?![\d:])")
_DOTTED_DATE = re.compile(r"(?<![\d.])((?:19|20)\d\d)\.(0?[1-9]|1[0-2])\.(0?[1-9]|[12]\d|3[01])(?![\d.])")
_FAHRENHEIT = re.compile(r"(-?\d+(?:\.\d+)?)\s?(?:°F|℉)")
_ERA = {"R": "令和", "H": "平成", "S": "昭和", "T": "大正", "M": "明治"}
_ERA_YEAR = re.compile(r"(?<![A-Za-z])([RHSTM])(\d{1,2})(?=年)")
_VULGAR = {"½": "二分の一", "⅓": "三分の一", "⅔": "三分の二", "¼": "四分の一", "¾": "四分の三"}
_MIXED = re.compile(rf"(?<=\d)\s?([{''.join(_VULGAR)}])")
_BEFORE = {"~": "約", "≈": "約", "±": "プラスマイナス", "№": "ナンバー"}
_BEFORE_NUMBER = re.compile(r"(?<![\w~])([~≈±№])\s?(?=\d)")
_SQUARED = re.compile(r"(?<=\d)([²³])")
_FORMULA = {"H₂O": "エイチツーオー", "H2O": "エイチツーオー", "CO₂": "シーオーツー", "CO2": "シーオーツー"}
_FORMULAS = re.compile(rf"(?<![A-Za-z])({'|'.join(_FORMULA)})(?![A-Za-z\d])")
_NUMBERED = re.compile(r"(?<=第)\s?([IVX]{1,4})(?![A-Za-z])")
_POSTCODE = re.compile(r"(?<=郵便番号)[ 、:]?(\d{3})-(\d{4})(?!\d)")
_EQUALS = re.compile(r"(?<=\d)\s?=\s?(?=\d)")
_DIGITS = ["ゼロ", "イチ", "ニー", "サン", "ヨン", "ゴー", "ロク", "ナナ", "ハチ", "キュー"]
_TELEPHONE = re.compile(r"(?<![\d-])(0\d{1,4})-(\d{1,4})-(\d{4})(?![\d-])")
_HALF = re.compile(r"(?<![\d/])(\d{1,2})/(\d{1,2})(?![\d/])")
_BETWEEN = re.compile(r"(?<![\d./:A-Za-z-])(\d{1,4}%?)\s?[-–—~〜]\s?(\d{1,4})(?![\d./:-])")
_MINUS = re.compile(r"(?<![\w.,])[-\u2212](?=\d)")


def in_words(text: str) -> str:
    """A line in which signs around figures are words. Full-width figures and signs become plain ones."""
    text = _with_signs(text)
    # Before the signs above a line come down to it: m² is no "m2".
    for sign, said in _AREAS.items():
        text = re.sub(rf"(?<=\d)\s?{sign}", said, text)
    text = SEASON.sub(r"\1から\2", FEET.sub(r"\1フィート\2インチ", text))
    text = _ROMAN_CENTURY.sub(lambda found: str(value_of(found[0])), text)
    text = _POWER.sub(r"\1の\2乗", normalise_degrees(text))
    # "㎡" comes as "m2": compatibility signs are taken apart before.
    text = _RAISED.sub(lambda found: _AREAS[found[1] + "²³"[int(found[2]) - 2]], text)
    text = _SQUARED.sub(lambda found: "の二乗" if found[1] == "²" else "の三乗", text)
    text = unicodedata.normalize("NFKC", text).replace("⁄", "/")
    text = _with_telephones(_DOTTED_DATE.sub(r"\1-\2-\3", text))
    text = _CLOCKS.sub("から", text)
    text = _SECONDS.sub(lambda found: f"{found[1]}時{found[2]}分{found[3]}秒", text)
    text = _ISO_DATE.sub(lambda found: f"{found[1]}年{int(found[2])}月{int(found[3])}日", text)
    text = _TIME.sub(lambda found: f"{int(found[1])}時" + (f"{int(found[2])}分" if int(found[2]) else ""), text)
    text = _CODED.sub(lambda found: _CODES[found[1]], text)
    text = _PRICED.sub(lambda found: f"{found[2]}{_MONEY[found[1]]}", text)
    text = _BETWEEN.sub(_range, _HALF.sub(_fraction, text))
    for sign, said in _UNITS.items():
        text = re.sub(rf"(?<=\d)\s?{re.escape(sign)}(?![A-Za-z/])", said, text)
    return _MINUS.sub("マイナス", text).replace("&", "アンド")


def _with_signs(text: str) -> str:
    """Before compatibility signs are taken apart."""
    text = _FAHRENHEIT.sub(r"華氏\1度", normalise_degrees(text))
    text = _FORMULAS.sub(lambda found: _FORMULA[found[1]], text)
    text = _MIXED.sub(lambda found: f"と{_VULGAR[found[1]]}", text)
    text = _BEFORE_NUMBER.sub(lambda found: _BEFORE[found[1]], text)
    text = _ERA_YEAR.sub(lambda found: f"{_ERA[found[1]]}{found[2]}", text)
    return _NUMBERED.sub(lambda found: str(value_of(found[1])), text)


def _with_telephones(text: str) -> str:
    text = _POSTCODE.sub(lambda found: f"、{_one_by_one(found[1])}、{_one_by_one(found[2])}", text)
    text = _EQUALS.sub("は", text)
    return _TELEPHONE.sub(lambda found: "、".join(map(_one_by_one, found.groups())), text)


def _one_by_one(digits: str) -> str:
    return "".join(_DIGITS[int(digit)] for digit in digits)


def _fraction(found: re.Match[str]) -> str:
    """A part of something; what can only be a day of a month is one."""
    part, whole = int(found[1]), int(found[2])
    return f"{part}月{whole}日" if whole > 10 and 1 <= part <= 12 and whole <= 31 else f"{whole}分の{part}"


def _range(found: re.Match[str]) -> str:
    falls = found[1].isdecimal() and len(found[1]) < 3 and int(found[1]) > int(found[2])
    return f"{found[1]}{'対' if falls else 'から'}{found[2]}"
