"""What is written short in Japanese, as it is said: dates, times, money, units. Open JTalk reads the figures itself."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from decimal import Decimal

from polyreel.engine.voice.kokoro.figures_ja import say_each, spell_counted, spell_names, spell_points, spell_telephones
from polyreel.engine.voice.kokoro.written import (
    ABOUT_EQUAL,
    BEFORE_NUMBER,
    COMPASS,
    LAP,
    ROMAN_CENTURY,
    SUPERSCRIPTS,
    YEAR_AND_MONTH,
)
from polyreel.engine.voice.text.figures import value_of
from polyreel.engine.voice.text.measures import FEET, SEASON, SIGN_BEHIND, normalise_degrees, write_fractions_apart
from polyreel.engine.voice.text.short_forms import read_rows

_UNITS = read_rows()["ja"]["units"]


def _match_units(units: Iterable[str]) -> re.Pattern[str]:
    return re.compile(rf"(?<=\d)\s?({'|'.join(map(re.escape, sorted(units, key=len, reverse=True)))})(?![A-Za-z/²³])")


_UNIT = _match_units(_UNITS)
# Before the signs above a line come down to it: m² is no "m2".
_RAISED_UNIT = _match_units(sign for sign in _UNITS if sign[-1] in "²³")
_RAISED = re.compile(r"(?<=\d)\s?(km|cm|mm|m)([23])(?![\w^])")
_POWER = re.compile(r"(?<![A-Za-z\d^])(\d+)\^(-?\d+)(?![A-Za-z\d^])")
_HIGH = re.compile(r"(?<=[\d)])(⁻?[⁰¹²³⁴⁵⁶⁷⁸⁹]*[⁰¹⁴⁵⁶⁷⁸⁹][⁰¹²³⁴⁵⁶⁷⁸⁹]*|⁻?[²³]{2,}|⁻[²³])")
_MONEY = {
    **{
        "HK$": "香港ドル",
        "NT$": "台湾ドル",
        "A$": "オーストラリアドル",
        "C$": "カナダドル",
        "R$": "レアル",
        "฿": "バーツ",
    },
    **{"₽": "ルーブル", "CHF": "スイスフラン", "CNY": "人民元"},
}
_MONEY |= {"$": "ドル", "US$": "ドル", "€": "ユーロ", "£": "ポンド", "¥": "円", "₩": "ウォン", "₹": "ルピー"}
_CODES = {"USD": "ドル", "EUR": "ユーロ", "GBP": "ポンド", "JPY": "円", "KRW": "ウォン", "INR": "ルピー"}
_CODES |= {"CHF": "スイスフラン", "CNY": "人民元", "HKD": "香港ドル", "AUD": "オーストラリアドル", "THB": "バーツ"}

_ISO_DATE = re.compile(r"(?<!\d)((?:19|20)\d\d)[-/](0?[1-9]|1[0-2])[-/](0?[1-9]|[12]\d|3[01])(?!\d)")
_TIME = re.compile(r"(?<!\d)([01]?\d|2[0-4]):([0-5]\d)(?!\d)")
_AMOUNT = r"\d[\d,]*(?:\.\d+)?[万億兆]{0,2}"
_SIGNS = r"(?:US|HK|NT|A|C|R)?\$|[€£¥₩₹฿₽]"
_PRICED = re.compile(rf"(?<![A-Za-z])({_SIGNS})\s?([-−]?{_AMOUNT}(?:[-–—~〜]{_AMOUNT})?)")
_CODED_BEFORE = re.compile(rf"(?<![A-Za-z])({'|'.join(_CODES)})\s?({_AMOUNT})")
_SHORT_SCALE = re.compile(rf"(?<![A-Za-z])({_SIGNS})\s?(\d+(?:\.\d+)?)\s?([KMB])(?![A-Za-z])")
_SCALES = {"K": (1_000, 1, ""), "M": (1_000_000, 10_000, "万"), "B": (1_000_000_000, 100_000_000, "億")}
_THOUSAND = re.compile(r"(?<![\d,.])1,?000(?=[万億兆])")
_CODED = re.compile(rf"(?<=\d)\s?({'|'.join(_CODES)})(?![A-Za-z])")
_TIMED = re.compile(r"((?:記録|タイム|マラソン|完走)[^\d。、]{0,4})(\d{1,2}):([0-5]\d):([0-5]\d)(?![\d:])")
_SCORE = re.compile(r"(?<![\d:])(\d{1,3}):(\d)(?![\d:])")
_WON = re.compile(
    r"(?<![\d./:-])(\d{1,2})-(\d{1,2})(?=で(?:勝|負|敗|引き分|辛勝|快勝|惜敗|完敗|終)|の(?:勝利|敗北|引き分|逆転))"
)
_AGAINST = re.compile(r"(?<=\d)対(?=\d)")
_BC = re.compile(r"(?<![A-Za-z])BC\s?(?=\d)")
_FROM_TO = re.compile(
    r"(\d\s?(?:[年月日号時分秒歳円章節頁℃%人個本回度]|°C|ページ|メートル))\s?[-–—~〜]\s?(?=第?-?\d)|(?<=\d)[~〜](?=-\d)"
)
_WEEKDAYS = re.compile(
    r"(?<![月火水木金土日])([月火水木金土日])(?:曜日?)?\s?[-–—~〜]\s?(?=[月火水木金土日](?![月火水木金土日]))"
)
_DAYS = {"月": "ゲツ", "火": "カ", "水": "スイ", "木": "モク", "金": "キン", "土": "ド", "日": "ニチ"}
_RELEASE = re.compile(r"(?<![A-Za-z\d.])[vV](?:er\.?\s?)?(?=\d+\.\d)")
_DASH = re.compile(r"(?:(?<=\dm)|(?<=メートル))走(?![らりるれろっ])")
_MINUS_FIRST = re.compile(r"(?<![\d.,])([-−]\d{1,3}(?:\.\d+)?)[~〜](?=\d)")
_MIDNIGHT = re.compile(r"(?<![\d:.,])0(?=[時度](?!間))")
_BEAT = re.compile(r"(\d)分の(\d)拍子")
_OFFSET = re.compile(r"(?<=UTC|GMT)\+(?=\d)")
_COMPASS_WORDS = {"N": "北緯", "S": "南緯", "E": "東経", "W": "西経"}
_ANGLE = re.compile(r"(?<!\d)(\d{1,3})°\s?(\d{1,2})\s?[′'](?:\s?(\d{1,2}(?:\.\d+)?)\s?[″\"])?")
_LETTER_PLUS = re.compile(r"(?<=[A-Za-z²³)])\s?\+\s?(?=[A-Za-z\d(])")
_LETTER_EQUALS = re.compile(r"(?<=[A-Za-z²³)])\s?=\s?(?=[A-Za-z\d(-])|(?<=\d)\s?=\s?(?=[A-Za-z(])")
_UNIT_ALONE = re.compile(r"(?<![A-Za-z\d])((?:km|cm|mm|m)[²³])(?![\w])|/((?:km|cm|mm|m)[²³])(?![A-Za-z])")
_LETTER_RAISED = re.compile(r"(?<=[A-Za-z)])([²³])")
_SAID_SIGNS = {"√": "ルート", "≠": "ノットイコール", "≧": "ダイナリイコール", "≦": "ショーナリイコール"}
_SAID_SIGNS |= {"≥": "ダイナリイコール", "≤": "ショーナリイコール", "∞": "無限大", "＜": "ショーナリ", "＞": "ダイナリ"}
_HASHTAG = re.compile(r"(?<![\w&])[#＃](?=[^\W\d_])")
_CLOCKS = re.compile(r"(?<=:[0-5]\d)\s?[-–—~〜]\s?(?=翌?日?\d{1,2}:[0-5]\d)")
_SECONDS = re.compile(r"(?<![\d:])([01]?\d|2[0-4]):([0-5]\d):([0-5]\d)(?![\d:])")
_DOTTED_DATE = re.compile(r"(?<![\d.])((?:19|20)\d\d)\.(0?[1-9]|1[0-2])\.(0?[1-9]|[12]\d|3[01])(?![\d.])")
_FAHRENHEIT = re.compile(r"(?<![\d.])(-?\d+(?:\.\d+)?)\s?(?:°F|℉)")
_ERA = {"R": "令和", "H": "平成", "S": "昭和", "T": "大正", "M": "明治"}
_ERA_DATE = re.compile(r"(?<![A-Za-z])([RHSTM])(\d{1,2})\.(1[0-2]|[1-9])\.(3[01]|[12]\d|[1-9])(?![\d.])")
_ERA_YEAR = re.compile(r"(?<![A-Za-z])([RHSTM])(\d{1,2}|元)(?=年)")
_VULGAR = {"½": "二分の一", "⅓": "三分の一", "⅔": "三分の二", "¼": "四分の一", "¾": "四分の三"}
_MIXED = re.compile(rf"(?<=\d)\s?([{''.join(_VULGAR)}])")
_BEFORE = {"~": "約", "≈": "約", "±": "プラスマイナス", "№": "ナンバー"}
_SQUARED = re.compile(r"(?<=\d)([²³])")
_NUMBERED = re.compile(r"(?<=第)\s?([IVX]{1,4})(?![A-Za-z])")
_POSTCODE = re.compile(r"(?<=郵便番号)[ 、:]?(\d{3})-(\d{4})(?!\d)")
_EQUALS = re.compile(r"(?<=[\d乗])\s?=\s?(?=\d)")
_LESS = re.compile(r"(?<=\d)\s?[-−]\s?(?=\d+\s?=)")
_HALF = re.compile(r"(?<![\d/])(\d{1,3})/(\d{1,5})(?![\d/])")
_BETWEEN = re.compile(r"(?<![\d./:A-Za-z-])(\d{1,4}%?)\s?[-–—~〜]\s?(\d{1,4})(?![\d./:-])")
# Behind a name in katakana it is its hyphen.
_MINUS = re.compile(r"(?<![A-Za-z\d.,\u30a1-\u30fc])[-\u2212](?=\d)")


def in_words(text: str) -> str:
    """A line in which signs around figures are words. Full-width figures and signs become plain ones."""
    # The order matters: raised units and fractions before NFKC flattens them, telephones before ranges, dates before
    # points.
    text = _RAISED_UNIT.sub(lambda found: _UNITS[found[1]], text.replace("µ", "μ"))
    text = _UNIT_ALONE.sub(lambda found: f"マイ{_UNITS[found[2]]}" if found[2] else _UNITS[found[1]], text)
    text = _DASH.sub("ソー", _RELEASE.sub("バージョン", _with_signs(_with_letters(text))))
    text = SEASON.sub(r"\1から\2", FEET.sub(r"\1フィート\2インチ", text))
    text = ROMAN_CENTURY.sub(lambda found: str(value_of(found[0])), text)
    text = _HIGH.sub(lambda found: f"^{found[1].translate(SUPERSCRIPTS)}", text)
    text = _POWER.sub(r"\1の\2乗", normalise_degrees(text))
    # "㎡" comes as "m2": compatibility signs are taken apart before.
    text = _RAISED.sub(lambda found: _UNITS[found[1] + "²³"[int(found[2]) - 2]], text)
    text = _SQUARED.sub(lambda found: "の二乗" if found[1] == "²" else "の三乗", text)
    text = write_fractions_apart(unicodedata.normalize("NFKC", text).replace("⁄", "/"), "と")
    text = spell_counted(spell_names(spell_telephones(text)))
    text = _DOTTED_DATE.sub(r"\1-\2-\3", _EQUALS.sub("は", _LESS.sub("ひく", text)))
    text = _with_clocks(text)
    text = _ISO_DATE.sub(lambda found: f"{found[1]}年{int(found[2])}月{int(found[3])}日", text)
    text = _TIME.sub(lambda found: f"{int(found[1])}時" + (f"{int(found[2])}分" if int(found[2]) else ""), text)
    text = _with_money(SIGN_BEHIND.sub(r"\2\1", text))
    text = _BETWEEN.sub(_range, _HALF.sub(_fraction, spell_points(text)))
    text = _BEAT.sub(
        lambda found: f"{found[1]}ブンノ{'サンビョーシ' if found[2] == '3' else f'{found[2]}拍子'}",
        _AGAINST.sub("タイ", text),
    )
    text = _UNIT.sub(lambda found: _UNITS[found[1]], text)
    text = _MIDNIGHT.sub("レー", _THOUSAND.sub("イッセン", text))
    return _MINUS.sub("マイナス", text).replace("&", "アンド")


def _with_letters(text: str) -> str:
    """Sums of letters, powers of letters, and the signs between them."""
    text = _LETTER_EQUALS.sub("イコール", _LETTER_PLUS.sub("プラス", text))
    text = ABOUT_EQUAL.sub("ニアリーイコール", text)
    text = _LETTER_RAISED.sub(lambda found: "の二乗" if found[1] == "²" else "の三乗", text)
    for sign, said in _SAID_SIGNS.items():
        text = text.replace(sign, said)
    return _HASHTAG.sub("ハッシュタグ", text).replace("@", "アットマーク")


def _with_clocks(text: str) -> str:
    text = _WEEKDAYS.sub(lambda found: f"{_DAYS[found[1]]}カラ", text)
    text = _MINUS_FIRST.sub(r"\1から", _FROM_TO.sub(lambda found: f"{found[1] or ''}から", text))
    text = _TIMED.sub(lambda found: f"{found[1]}{found[2]}時間{int(found[3])}分{int(found[4])}秒", text)
    text = LAP.sub(lambda found: f"{found[1]}分{int(found[2])}秒{say_each(found[3], ends=True)}", text)
    text = _CLOCKS.sub("から", text)
    text = _SECONDS.sub(lambda found: f"{found[1]}時{int(found[2])}分{int(found[3])}秒", text)
    return _SCORE.sub(r"\1タイ\2", _WON.sub(r"\1タイ\2", text))


def _with_money(text: str) -> str:
    text = _SHORT_SCALE.sub(_scale, text)
    text = _CODED_BEFORE.sub(lambda found: f"{found[2]}{_CODES[found[1]]}", text)
    text = _CODED.sub(lambda found: _CODES[found[1]], text)
    return _PRICED.sub(lambda found: f"{found[2]}{_MONEY[found[1]]}", text)


def _scale(found: re.Match[str]) -> str:
    """``$1.5M``: a hundred and fifty 万 dollars."""
    worth, myriad, said = _SCALES[found[3]]
    return f"{found[1]}{(Decimal(found[2]) * worth / myriad).normalize():f}{said}"


def _with_signs(text: str) -> str:
    """Before compatibility signs are taken apart."""
    text = _FAHRENHEIT.sub(r"華氏\1度", normalise_degrees(text))
    text = COMPASS.sub(lambda found: f"{_COMPASS_WORDS[found[2]]}{found[1]}度", text)
    text = _ANGLE.sub(lambda found: f"{found[1]}度{found[2]}分{f'{found[3]}秒' if found[3] else ''}", text)
    text = _MIXED.sub(lambda found: f"と{_VULGAR[found[1]]}", text)
    text = BEFORE_NUMBER.sub(lambda found: _BEFORE[found[1]], text)
    text = _ERA_DATE.sub(lambda found: f"{_ERA[found[1]]}{found[2]}年{found[3]}月{found[4]}日", text)
    text = _ERA_YEAR.sub(lambda found: f"{_ERA[found[1]]}{found[2]}", _BC.sub("紀元前", text))
    text = YEAR_AND_MONTH.sub(lambda found: f"{found[1]}年{int(found[2])}月", _OFFSET.sub("プラス", text))
    return _NUMBERED.sub(lambda found: str(value_of(found[1])), text)


def _fraction(found: re.Match[str]) -> str:
    """A part of something; what can only be a day of a month is one."""
    part, whole = int(found[1]), int(found[2])
    is_date = 1 <= part <= 12 and (10 < whole <= 31 or 1 <= whole < part)
    return f"{part}月{whole}日" if is_date else f"{whole}分の{part}"


def _range(found: re.Match[str]) -> str:
    falls = found[1].isdecimal() and len(found[1]) < 3 and int(found[1]) >= int(found[2])
    return f"{found[1]}{'タイ' if falls else 'から'}{found[2]}"
