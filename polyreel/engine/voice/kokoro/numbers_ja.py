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
}
_AREAS = {
    **{"km²": "平方キロメートル", "cm²": "平方センチメートル", "mm²": "平方ミリメートル", "m²": "平方メートル"},
    **{"cm³": "立方センチメートル", "m³": "立方メートル", "mm³": "立方ミリメートル", "km³": "立方キロメートル"},
}
_RAISED = re.compile(r"(?<=\d)\s?(km|cm|mm|m)([23])(?![\w^])")
_POWER = re.compile(r"(?<![\w^])(\d+)\^(\d+)(?![\w^])")
_ROMAN_CENTURY = re.compile(r"(?<![A-Za-z])[IVX]{1,5}(?=\s?世紀)")
_MONEY = {"$": "ドル", "€": "ユーロ", "£": "ポンド", "¥": "円"}

_ISO_DATE = re.compile(r"(?<!\d)((?:19|20)\d\d)[-/](0?[1-9]|1[0-2])[-/](0?[1-9]|[12]\d|3[01])(?!\d)")
_TIME = re.compile(r"(?<!\d)([01]?\d|2[0-4]):([0-5]\d)(?!\d)")
_PRICED = re.compile(r"([$€£¥])\s?(\d[\d,]*(?:\.\d+)?)")
_HALF = re.compile(r"(?<![\d/])(\d{1,2})/(\d{1,2})(?![\d/])")
_BETWEEN = re.compile(r"(?<![\d./:A-Za-z-])(\d{1,4}%?)\s?[-–—~〜]\s?(\d{1,4})(?![\d./:-])")
_MINUS = re.compile(r"(?<![\w.,])[-\u2212](?=\d)")


def in_words(text: str) -> str:
    """A line in which signs around figures are words. Full-width figures and signs become plain ones."""
    # Before the signs above a line come down to it: m² is no "m2".
    for sign, said in _AREAS.items():
        text = re.sub(rf"(?<=\d)\s?{sign}", said, text)
    text = SEASON.sub(r"\1から\2", FEET.sub(r"\1フィート\2インチ", text))
    text = _ROMAN_CENTURY.sub(lambda found: str(value_of(found[0])), text)
    text = _POWER.sub(r"\1の\2乗", normalise_degrees(text))
    # "㎡" comes as "m2": compatibility signs are taken apart before.
    text = _RAISED.sub(lambda found: _AREAS[found[1] + "²³"[int(found[2]) - 2]], text)
    text = unicodedata.normalize("NFKC", text).replace("⁄", "/")
    text = _ISO_DATE.sub(lambda found: f"{found[1]}年{int(found[2])}月{int(found[3])}日", text)
    text = _TIME.sub(lambda found: f"{int(found[1])}時" + (f"{int(found[2])}分" if int(found[2]) else ""), text)
    text = _PRICED.sub(lambda found: f"{found[2]}{_MONEY[found[1]]}", text)
    text = _BETWEEN.sub(_range, _HALF.sub(_fraction, text))
    for sign, said in _UNITS.items():
        text = re.sub(rf"(?<=\d)\s?{re.escape(sign)}(?![A-Za-z/])", said, text)
    return _MINUS.sub("マイナス", text).replace("&", "アンド")


def _fraction(found: re.Match[str]) -> str:
    """A part of something; what can only be a day of a month is one."""
    part, whole = int(found[1]), int(found[2])
    return f"{part}月{whole}日" if whole > 10 and 1 <= part <= 12 and whole <= 31 else f"{whole}分の{part}"


def _range(found: re.Match[str]) -> str:
    falls = found[1].isdecimal() and len(found[1]) < 3 and int(found[1]) > int(found[2])
    return f"{found[1]}{'対' if falls else 'から'}{found[2]}"
