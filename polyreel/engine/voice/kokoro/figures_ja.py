"""Figures that Japanese says one by one, or in a way of their own: telephones, addresses, formulas, versions, averages.

Everything else is left to Open JTalk, which knows its counters (さんぼん, ひとり, はつか, よじ).
"""

from __future__ import annotations

import re

from polyreel.engine.voice.kokoro.written import ADDRESS, DOT_OF_NAME, FORMULA, HYPHEN
from polyreel.engine.voice.text.short_forms import read_rows

_DIGITS = ["ゼロ", "イチ", "ニー", "サン", "ヨン", "ゴー", "ロク", "ナナ", "ハチ", "キュー"]
_SHORT_DIGITS = ["", "イチ", "ニ", "サン", "ヨン", "ゴ", "ロク", "ナナ", "ハチ", "キュー"]
_WORDS = read_rows()["ja"]["alone"]
_WORD = re.compile(
    rf"(?<![A-Za-z\d・-])({'|'.join(map(re.escape, sorted(_WORDS, key=len, reverse=True)))})(?![A-Za-z\d])"
)

_POSTCODE = re.compile(r"(?:〒|郵便番号)[ 、:]?(\d{3})-(\d{4})(?!\d)")
_TELEPHONE = re.compile(r"(?<![\d-])\(?(0\d{1,4})[-)( ](\d{1,4})[-) ](\d{3,4})(?![\d-])")
_ABROAD = re.compile(r"\+(\d{1,3})[- ](\d{1,4})[- ](\d{3,4})[- ](\d{4})(?!\d)")
# Only behind Japanese script: elsewhere three numbers with hyphens are a date, a score or a code.
_LOTS = re.compile(r"(?<=[\u3041-\u30ff\u3400-\u9fff])(\d{1,4})-(\d{1,4})-(\d{1,4})(?![\d-])")
_LOT = re.compile(r"((?:[区市町村郡][\u30a1-\u30fa\u3400-\u9fff]{1,6}|丁目))(\d{1,4})-(\d{1,4})(?![\d-])")
_FORMATION = re.compile(r"(?<![\d-])(\d)-(\d)-(\d)(?:-(\d))?(?=の?(?:布陣|フォーメーション|システム))")
_AVERAGE = re.compile(r"((?:打率|勝率|長打率|出塁率)[はがを]?\s?)0?\.(\d)(\d)(\d)(?!\d)")
_BOEING = re.compile(r"(?<=ボーイング)\s?(7\d7)(?!\d)")
_STATUS = re.compile(r"(?<!\d)(\d)0(\d)(?=エラー)")
_VERSION = re.compile(r"(?<![\d.])(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_HUNDREDTHS = re.compile(r"(?<=\d秒)(\d\d)(?!\d)")
# 3:16 behind anything else is a time or a score.
_BOOKS = "マタイ|マルコ|ルカ|ヨハネ|創世記|出エジプト記|詩編|箴言|イザヤ書|使徒言行録|ローマ|黙示録"
_VERSE = re.compile(rf"((?:{_BOOKS})(?:の?福音書?)?)\s?(\d{{1,3}}):(\d{{1,3}})(?:-(\d{{1,3}}))?(?![\d:])")
_AGED = re.compile(r"(?<=さん|選手|被告|監督|社長|俳優|会長)[（(](\d{1,3})[)）]|(?<=容疑者)[（(](\d{1,3})[)）]")
_EIGHT = re.compile(r"(?<![\d.,])([1-9]?)8(個|票)")
_EIGHTS = {"個": "ハッコ", "票": "ハッピョー"}
_EITHER = re.compile(r"(?<![\d、])([1-8])、([2-9])(日|人|年|時間|週間|名)(?![\d月])")
_COUNTED = {"日": "ニチ", "人": "ニン", "年": "ネン", "時間": "ジカン", "週間": "シューカン", "名": "メー"}
_TITLES = read_rows()["ja"]["before_name"]
_TITLE = re.compile(rf"(?<![A-Za-z])({'|'.join(_TITLES)})\.\s?(?=[^\W\d_])")
_PAGE = re.compile(r"(?<![A-Za-z])pp?\.\s?(\d{1,4}(?:[-–~〜]\d{1,4})?)")
_NUMBERED = read_rows()["ja"]["before_number"]
_BEFORE_NUMBER = re.compile(rf"(?<![A-Za-z])({'|'.join(map(re.escape, _NUMBERED))})\s?(?=\d)")

_GAS = re.compile(r"(?<![A-Za-z\d])([HNOF]|Cl|Br)([23])(?![A-Za-z\d])")
_PLAIN_FORMULA = re.compile(r"(?<![A-Za-z])(NaCl|HCl|NaOH|KCl|CaO)(?![A-Za-z\d])")
# The figures of short formulas are said in English, as in "CO2"; those of long ones are not.
_IN_ENGLISH = {"": "", "1": "ワン", "2": "ツー", "3": "スリー", "4": "フォー"}
_LETTERS = {
    **{
        "A": "エー",
        "B": "ビー",
        "C": "シー",
        "D": "ディー",
        "E": "イー",
        "F": "エフ",
        "G": "ジー",
        "H": "エイチ",
        "I": "アイ",
    },
    **{
        "K": "ケー",
        "L": "エル",
        "M": "エム",
        "N": "エヌ",
        "O": "オー",
        "P": "ピー",
        "R": "アール",
        "S": "エス",
        "T": "ティー",
    },
    **{"U": "ユー", "Z": "ゼット"},
}


def say_each(digits: str, *, ends: bool = False) -> str:
    """Figures one by one; where the number ``ends`` with them, two and five are short there."""
    said = [_DIGITS[int(digit)] for digit in digits]
    return "".join(said[:-1]) + (said[-1].removesuffix("ー") if ends and digits[-1] in "25" else said[-1])


def spell_telephones(text: str) -> str:
    """Telephones, postcodes and lots: before all that would take them for sums and ranges."""
    text = _POSTCODE.sub(lambda found: f"郵便番号、{say_each(found[1])}、{say_each(found[2])}", text)
    text = _ABROAD.sub(lambda found: "プラス" + "、".join(map(say_each, found.groups())), text)
    text = _TELEPHONE.sub(lambda found: "、".join(map(say_each, found.groups())), text)
    text = _FORMATION.sub(lambda found: say_each("".join(filter(None, found.groups())), ends=True), text)
    return _LOT.sub(r"\1\2の\3", _LOTS.sub(r"\1の\2の\3", text))


def spell_names(text: str) -> str:
    """Set phrases, models, verses and formulas, whose figures are part of a name."""
    text = _WORD.sub(lambda found: _WORDS[found[1]], text)
    text = _VERSE.sub(lambda found: f"{found[1]}{found[2]}章{found[3]}{f'から{found[4]}' if found[4] else ''}節", text)
    text = _BOEING.sub(lambda found: say_each(found[1]), text)
    text = _STATUS.sub(lambda found: f"{say_each(found[1])}マル{say_each(found[2])}", text)
    text = _AVERAGE.sub(_spell_average, text)
    text = FORMULA.sub(lambda found: _spell_formula(found[1]), text)
    text = _GAS.sub(lambda found: _spell_formula(found[0]), text)
    text = _PLAIN_FORMULA.sub(lambda found: _spell_letters(found[1]), text)
    text = _AGED.sub(lambda found: f"、{found[1] or found[2]}歳", text)
    text = _BEFORE_NUMBER.sub(lambda found: _NUMBERED[found[1]], text)
    return _PAGE.sub(r"\1ページ", _TITLE.sub(lambda found: _TITLES[found[1]], text))


def spell_counted(text: str) -> str:
    """What Open JTalk counts otherwise: 8個, and one number or the next (2、3日)."""
    text = _EIGHT.sub(lambda found: f"{_spell_tens(found[1])}{_EIGHTS[found[2]]}", text)
    return _EITHER.sub(_spell_either, text)


def spell_points(text: str) -> str:
    """The points of versions, addresses and files. Behind dates, which have points too."""
    text = ADDRESS.sub(lambda found: "ドット".join(map(say_each, found.groups())), text)
    text = _VERSION.sub(
        lambda found: f"{found[1]}テン{say_each(found[2], ends=True)}テン{say_each(found[3], ends=True)}", text
    )
    text = _HUNDREDTHS.sub(lambda found: say_each(found[1], ends=True), text)
    return HYPHEN.sub("", DOT_OF_NAME.sub("ドット", text))


def _spell_average(found: re.Match[str]) -> str:
    parts = zip(found.groups()[1:], ("ワリ", "ブ", "リン"), strict=True)
    return found[1] + "".join(_SHORT_DIGITS[int(digit)] + name for digit, name in parts if digit != "0")


def _spell_formula(written: str) -> str:
    parts = re.findall(r"([A-Z][a-z]?)(\d*)", written)
    is_short = all(number in _IN_ENGLISH for _, number in parts)
    say = _IN_ENGLISH.__getitem__ if is_short else _spell_below_hundred
    return "".join(_spell_letters(name) + say(number) for name, number in parts)


def _spell_letters(written: str) -> str:
    return "".join(_LETTERS[letter] for letter in written.upper())


def _spell_tens(tens: str) -> str:
    return f"{_SHORT_DIGITS[int(tens)] if tens > '1' else ''}ジュー" if tens else ""


def _spell_below_hundred(number: str) -> str:
    return _spell_tens(number[:-1]) + _SHORT_DIGITS[int(number[-1])] if 0 < len(number) < 3 else number


def _spell_either(found: re.Match[str]) -> str:
    first, second = int(found[1]), int(found[2])
    if second != first + 1:
        return found[0]
    said = {4: "シ", 7: "シチ"}.get(first, _SHORT_DIGITS[first])
    return f"{said}{_SHORT_DIGITS[second]}{_COUNTED[found[3]]}"
