"""Arabic figures in Chinese characters: numbers, decimals, percent, dates, times, years and telephone numbers."""

from __future__ import annotations

import re
from decimal import Decimal

from polyreel.engine.voice.kokoro.figures_zh import (
    say_each,
    say_whole,
    spell_names,
    spell_points,
    spell_telephones,
    spell_vehicles,
)
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
from polyreel.engine.voice.text.measures import FEET, SIGN_BEHIND, normalise_degrees, write_fractions_apart
from polyreel.engine.voice.text.scripts import write_in_latin
from polyreel.engine.voice.text.short_forms import read_rows

# 兆 (10^12) is the largest word here; longer rows of figures are codes.
_MOST_DIGITS = 16
_UNITS = read_rows()["zh"]["units"]
_UNIT = re.compile(
    rf"(?<=\d)\s?({'|'.join(map(re.escape, sorted(_UNITS, key=len, reverse=True)))})(?![A-Za-z²³]|/[A-Za-z])"
)
_MONEY = {"$": "美元", "€": "欧元", "£": "英镑", "¥": "元", "￥": "元"}
_MONEY |= {"US$": "美元", "HK$": "港元", "NT$": "新台币", "₹": "卢比", "₩": "韩元"}
_CODES = {"USD": "$", "EUR": "€", "GBP": "£", "CNY": "¥", "RMB": "人民币", "HKD": "HK$", "JPY": "日元"}
_SIGNS = r"(?:US|HK|NT)?\$|[€£¥￥₹₩]"

_ISO_DATE = re.compile(r"(?<!\d)((?:19|20)\d\d)[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)")
_YEAR = re.compile(r"(?<!\d)(\d{4})(?=\s*年)")
_TIME = re.compile(r"(?<!\d)([01]?\d|2[0-3])[:：]([0-5]\d)(?!\d)")
# Two of something is 两; the second of something, and a figure that goes on, is 二.
_MEASURES = (
    r"个 只 次 天 位 名 本 张 条 件 种 小时 分钟 周 米 升 公里 公斤 岁 亿 万 千 块 毛 斤 吨 克 度 倍 人 辆 台 部 家 "
    r"支 枝 艘 颗 座 所 对 双 套 份 根 片 项 场 局 季(?!度) 届 球 分(?!之) 秒 年(?!级) 成 架 头 匹 首 篇 幅 棵 朵 杯 "
    r"瓶 碗 盒 袋 箱 包 桶 句 口 户 顿 滴 道 组 排 队 派 方 声 遍 趟 轮 英里 平方 立方 厘米 毫米 毫升 元 时(?!代) 页 "
    r"册 卷(?!烟) 集(?!团|中|合) 节课 门课 幅 段(?!位) 行(?!政|人) 格 盘 间(?!谍|隔|接) 扇 粒 株 副 批 群 伙 帮 "
    r"步(?!兵|枪) 圈 晚 夜 封 把 勺 亩 宗 笔 题 款 股 束 串 枚 顶 床 "
    r"点(?!\d|[零一二三四五六七八九])|点(?=\d\d?分)"
)
_TWO_OF = re.compile(
    rf"(?<![\d.第:：/初])(?<!民国)2(?=(?:\s?[-–—~〜到]\s?\d{{1,3}})?\s?(?:{'|'.join(_MEASURES.split())}))"
)
_FRACTION = re.compile(r"(?<![\d/])(\d{1,3})/(\d{1,5})(?![\d/])")
_PLAIN = str.maketrans("０１２３４５６７８９％：／～−µ＋＝", "0123456789%:/~-μ+=")
_LOWERED = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
_PLAIN_POINT = re.compile(r"(?<=\d)．(?=\d)")
_VULGAR = {"½": "1/2", "⅓": "1/3", "⅔": "2/3", "¼": "1/4", "¾": "3/4"}
_BETWEEN = re.compile(r"(?<![\d./:A-Za-z-])(\d{1,4}(?:\.\d+)?%?|两)\s?[-–—~〜]\s?(\d{1,4}(?:\.\d+)?|两)(?![\d./:-])")
_SCORE = re.compile(r"(?<![\d:])(\d{1,3}):(\d|\d{3,})(?![\d:])|(?<![\d:])(\d{3,}):(\d+)(?![\d:])")
_PROPORTION = re.compile(r"(?<=度|例|分|比|尺|率|释|以)([是为约]?)(\d{1,3}):(\d{1,3})(?![\d:.])")
# A Roman number right behind a name: 路易XIV, 最终幻想VII; one letter alone is just that letter.
_ROMAN_NAME = re.compile(
    r"(?<=[\u3400-\u9fff])(?=[IVX]{2})(?!X+(?![IV]))(X{0,3}(?:IX|IV|V?I{0,3}))(?![A-Za-z]|设计|系统|手册)"
)
_ROMAN = re.compile(r"(?<=第)\s?([IVX]{1,4})(?![A-Za-z])")
_AMOUNT = r"\d[\d,]*(?:\.\d+)?[万亿]{0,2}"
_CODED_BEFORE = re.compile(rf"(?<![A-Za-z])({'|'.join(_CODES)})\s?({_AMOUNT})")
_PRICED = re.compile(rf"(?<![A-Za-z])({_SIGNS})\s?({_AMOUNT}(?:[-–—~〜]{_AMOUNT})?)(?:[美欧港日]?元|英镑)?")
_CODED = re.compile(rf"(?<=\d)\s?({'|'.join(_CODES)})(?![A-Za-z])")
_PERCENT = re.compile(r"(-?)(?<![\d,.])(\d[\d,]*(?:\.\d+)?)\s?[%％]")
_RAISED = re.compile(r"(?<=[\d)])([⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]*[⁰¹⁴⁵⁶⁷⁸⁹][⁰¹²³⁴⁵⁶⁷⁸⁹]*|⁻?[²³]{2,}|⁻[²³])")
_POWER = re.compile(r"(?<![A-Za-z\d^])(\d+)\^(-?\d+)(?![\w.^])|(?<![A-Za-z\d^])(\d+)\^(-?\d+)(?=[\u3400-\u9fff])")
_EMERGENCY = re.compile(r"(?<![\w-])(\d)-(\d)-(\d)(?![\w-])")
_CLOCKS = re.compile(r"(?<=:[0-5]\d)\s?[-–—~〜]\s?(?=(?:次日|翌日|凌晨|晚上|下午)?\d{1,2}:[0-5]\d)")
_SECONDS = re.compile(r"(?<![\d:])([01]?\d|2[0-3]):([0-5]\d):([0-5]\d)(?![\d:])")
_YEARS = re.compile(r"(?<!\d)(\d{4})\s?[-–—~〜]\s?(\d{4})(?=\s*年)")
_YEAR_OF_ERA = re.compile(r"(?<=公元|元前)(?!\d00)(\d{3})(?=\s*年)")
_SHORT_YEAR = re.compile(
    r"(?<![\d第.])(\d\d)(?=年(?:\d{1,2}月|[春夏秋冬初底末]|出生|毕业|那[场年次]|奥运|世界杯|高考))"
)
_BORN = re.compile(r"(?<!\d)([0-9][05])(?=后)")
_FROM_TO = re.compile(
    r"(\d\s?(?:[年月日号点时分秒岁元米度章节页里斤块万亿%℃]|°C|公斤|公里|小时|分钟))\s?[-–—~〜]\s?(?=第?-?\d)|(?<=\d)\s?[~〜]\s?(?=-\d)"
)
_TIMED = re.compile(
    r"((?:成绩|用时|耗时|时长|纪录|马拉松|跑[了出完])[是为]?:?\s?)(\d{1,2}):([0-5]\d):([0-5]\d)(?![\d:])"
)
_HUNDREDTHS = re.compile(r"(?<=\d秒)(\d\d)(?!\d)")
_TALL = re.compile(r"(?<=\d米)(\d\d)(?![\d.]|\s?[个元岁人])")
_OFFSET = re.compile(r"(?<=UTC|GMT)\s?([+-])(?=\d)")
_BEAT = re.compile(r"(?<![\d/])(\d)/(2|4|8|16)(?=拍)")
_BOOKS = "福音|创世记|出埃及记|诗篇|箴言|罗马书|以赛亚书|启示录|行传|前书|后书"
_VERSE = re.compile(rf"((?:{_BOOKS})\s?)(\d{{1,3}}):(\d{{1,3}})(?:-(\d{{1,3}}))?(?![\d:])")
_ANGLE = re.compile(r"(?<!\d)(\d{1,3})°\s?(\d+)\s?[′'](?:\s?(\d+(?:\.\d+)?)\s?[″\"])?")
_COMPASS_WORDS = {"N": "北纬", "S": "南纬", "E": "东经", "W": "西经"}
_WON = re.compile(
    r"(?<![\d./:-])(\d{1,3})-(\d{1,3})(?=获胜|取胜|战胜|击败|战平|负于|不敌|惜败|告负|领先|落后|逆转|小胜|大胜)"
    r"|(?:(?<=以)|(?<=比分)|(?<=比分[是为]))(\d{1,3})-(\d{1,3})(?![\d./:-])"
)
_VOLUME = re.compile(r"(?<![A-Za-z])Vol\.\s?(\d+)")
_FOR_EACH = re.compile(
    r"(?<=[\u3400-\u9fff])/(?=(?:人|天|日|月|年|次|斤|公斤|吨|张|小时|平方米|平米|升|克|件|套|晚|间|位|分钟|秒|米|公里|台|股))"
)
_SIGNS_BETWEEN = {
    "≥": "大于等于",
    "≤": "小于等于",
    "≠": "不等于",
    "＜": "小于",
    "＞": "大于",
    "√": "根号",
    "∞": "无穷大",
    "∠": "角",
}
_OF_LETTERS = re.compile(r"(?<=[A-Za-z)²³])\s?([+=×÷])\s?(?=[A-Za-z\d(-])|(?<=[\d)])\s?([+=×÷])\s?(?=[A-Za-z(])")
_PLUS_BEHIND = re.compile(r"(?<=[A-Za-z])\+{1,2}(?![\w+])")
_SHARP = re.compile(r"(?<![A-Za-z\d])([CF])#(?![\w#])")
_NAME_DOT = re.compile(r"(?<=[\u3400-\u9fff])[·•‧・](?=[\u3400-\u9fff])")
_PERCENTS = re.compile(r"(?<![\d.])(\d{1,3}(?:\.\d+)?)%?\s?[-–—~〜]\s?(\d{1,3}(?:\.\d+)?)%")
_PERMILLE = re.compile(r"(?<![\d.])(\d+(?:\.\d+)?)\s?‰")
_MIXED = re.compile(r"(?<![\d/])(\d+)\s?([½⅓⅔¼¾])")
_BEFORE = {"~": "约", "≈": "约", "±": "正负", "№": "第"}
_HASHTAG = re.compile(r"(?<![A-Za-z\d&#])#(?![\dA-Fa-f]{6}(?!\w))([^\W\d]+)((?:19|20)\d\d(?!\d))?")
_NUMBERED = re.compile(r"(?<![A-Za-z])[Nn]o\.\s?(?=\d)")
_SUM = re.compile(r"(?<=\d)\s?([+×÷=])\s?(?=\d)")
_SIGNS_OF_SUM = {"+": "加", "×": "乘", "÷": "除以", "=": "等于"}
_AND_MORE = re.compile(r"(?<=\d)\+(?![\d+])")
_TENS_OF_THOUSANDS_AND_MORE = re.compile(r"(?<=\d[万亿])\+")
_SEASON = re.compile(r"(?<!\d)((?:19|20)\d\d)[-–/](\d{2}|\d{4})(?=\s?(?:赛季|学年|财年|年度))")
_YEAR_OF_MODEL = re.compile(r"(?<!\d)((?:19|20)\d\d)(?=款|版|届|赛季|学年|财年)")
_THOUSANDS_BEHIND = re.compile(rf"({_SIGNS})\s?(\d+(?:\.\d+)?)\s?([KMB])(?![A-Za-z])")
_SCALES = {"K": (1_000, 1, ""), "M": (1_000_000, 10_000, "万"), "B": (1_000_000_000, 100_000_000, "亿")}
_FOR_EACH_UNIT = re.compile(rf"(?<=[\u3400-\u9fff])/({'|'.join(map(re.escape, _UNITS))})(?![A-Za-z²³/])")
_MINUTES_SECONDS = re.compile(r"(?<!\d)(\d{1,2})['′’]([0-5]\d)(?:[\"″”]|'')")
_PROPORTIONS = re.compile(r"(?<![\d:])(\d{1,2}):(\d{1,2}):(\d{1,2})(?![\d:])")
_PLUS_BEFORE = re.compile(r"(?<![A-Za-z\d)+])\+(?=\d)")
_SQUARED_UNIT = re.compile(r"(?<=\d)\s?(km|cm|mm|m)\^?([23])(?![\w^])")
_SQUARED = re.compile(r"(?<=[\dA-Za-z)])([²³])")
_NUMBER = re.compile(r"(?:(?<![A-Za-z\d.])-)?(?<![\d.])\d+(?:,\d{3})*(?:\.\d+)?")


def in_characters(text: str) -> str:
    """A line in which every figure is written as it is said in Mandarin."""
    text = _HASHTAG.sub(lambda m: m[1] + (say_each(m[2]) if m[2] else ""), write_in_latin(text, "zh"))
    # "㎡" comes as "m2" (compatibility signs are taken apart before).
    text = _SQUARED_UNIT.sub(lambda m: m[1] + "²³"[int(m[2]) - 2], text)
    text = _SEASON.sub(_season, _MINUTES_SECONDS.sub(r"\1分\2秒", FEET.sub(r"\1英尺\2英寸", text)))
    text = ROMAN_CENTURY.sub(lambda m: str(value_of(m[0])), text)
    text = _POWER.sub(_power, _RAISED.sub(lambda m: f"^{m[1].translate(SUPERSCRIPTS)}", normalise_degrees(text)))
    text = ABOUT_EQUAL.sub("约等于", text)
    text = _PLAIN_POINT.sub(".", text.translate(_PLAIN).translate(_LOWERED))
    text = SIGN_BEHIND.sub(r"\2\1", _SHARP.sub(r"\1 sharp", write_fractions_apart(text, "又")))
    text = _with_signs(_with_names(_EMERGENCY.sub(r"\1 \2 \3", spell_telephones(text))))
    for sign, written in _VULGAR.items():
        text = text.replace(sign, written)
    text = _ROMAN.sub(lambda m: str(value_of(m[1])), text.replace("@", " at "))
    text = _ROMAN_NAME.sub(lambda m: str(value_of(m[1])), text)
    text = _UNIT.sub(lambda m: _UNITS[m[1]], text)
    text = _SQUARED.sub(lambda m: "的平方" if m[1] == "²" else "的立方", text)
    text = _PRICED.sub(lambda m: f"{m[2]}{_MONEY[m[1]]}", text)
    text = _FOR_EACH.sub("每", _FOR_EACH_UNIT.sub(lambda m: f"每{_UNITS[m[1]]}", text))
    text = _PERCENTS.sub(lambda m: f"百分之{_number(m[1])}到百分之{_number(m[2])}", _with_clocks(text))
    text = _FRACTION.sub(_fraction, _TWO_OF.sub("两", text))
    text = _ISO_DATE.sub(lambda m: f"{say_each(m[1])}年{say_whole(int(m[2]))}月{say_whole(int(m[3]))}日", text)
    text = _BETWEEN.sub(_range, spell_points(text))
    text = _YEAR.sub(lambda m: say_each(m[1]), text)
    text = _SCORE.sub(lambda m: f"{m[1] or m[3]}比{m[2] or m[4]}", _TIME.sub(_time, text))
    text = _PERCENT.sub(lambda m: f"{'负' if m[1] else ''}百分之{_number(m[2])}", text)
    return _NUMBER.sub(lambda m: _number(m[0]), text)


def _with_names(text: str) -> str:
    """What belongs to a name, a place or a work: before figures are numbers, and dashes ranges."""
    text = spell_names(spell_vehicles(_NAME_DOT.sub(" ", text)))
    text = _VERSE.sub(lambda m: f"{m[1]}{m[2]}章{m[3]}{f'到{m[4]}' if m[4] else ''}节", _VOLUME.sub(r"第\1卷", text))
    text = _BEAT.sub(lambda m: f"{say_whole(int(m[2]))}{say_whole(int(m[1]))}", text)
    text = COMPASS.sub(lambda m: f"{_COMPASS_WORDS[m[2]]}{m[1]}度", text)
    return _ANGLE.sub(lambda m: f"{m[1]}度{m[2]}分{f'{m[3]}秒' if m[3] else ''}", text)


def _with_signs(text: str) -> str:
    text = _MIXED.sub(_mixed, text.replace("&", "和"))
    text = _OFFSET.sub(lambda m: "加" if m[1] == "+" else "减", text)
    text = _FROM_TO.sub(lambda m: f"{m[1] or ''}到", text)
    text = BEFORE_NUMBER.sub(lambda m: _BEFORE[m[1]], _NUMBERED.sub("第", text))
    text = _SUM.sub(lambda m: _SIGNS_OF_SUM[m[1]], text)
    text = _OF_LETTERS.sub(lambda m: _SIGNS_OF_SUM[m[1] or m[2]], text)
    text = _PLUS_BEHIND.sub(lambda m: "加" * len(m[0]), text)
    for sign, said in _SIGNS_BETWEEN.items():
        text = text.replace(sign, said)
    text = _AND_MORE.sub("多", _TENS_OF_THOUSANDS_AND_MORE.sub("加", text))
    text = _PERMILLE.sub(lambda m: f"千分之{_number(m[1])}", text)
    text = _PLUS_BEFORE.sub("正", _THOUSANDS_BEHIND.sub(_scale, text))
    text = _CODED_BEFORE.sub(lambda m: f"{m[2]}{_MONEY.get(_CODES[m[1]], _CODES[m[1]])}", text)
    return _CODED.sub(lambda m: _MONEY.get(_CODES[m[1]], _CODES[m[1]]), text)


def _scale(found: re.Match[str]) -> str:
    """``$1.5M``: a hundred and fifty 万 dollars."""
    worth, myriad, said = _SCALES[found[3]]
    return f"{found[1]}{(Decimal(found[2]) * worth / myriad).normalize():f}{said}"


def _power(found: re.Match[str]) -> str:
    base, exponent = found[1] or found[3], found[2] or found[4]
    return f"{base}的{exponent}次方"


def _with_clocks(text: str) -> str:
    text = _WON.sub(lambda m: f"{m[1] or m[3]}比{m[2] or m[4]}", _PROPORTION.sub(r"\1\2比\3", text))
    text = _TIMED.sub(lambda m: f"{m[1]}{_hours(m[2])}小时{_minutes(m[3])}分{_minutes(m[4])}秒", text)
    text = LAP.sub(lambda m: f"{_hours(m[1])}分{_minutes(m[2])}秒{say_each(m[3])}", text)
    text = _TALL.sub(lambda m: say_each(m[1]), _HUNDREDTHS.sub(lambda m: say_each(m[1]), text))
    text = _SECONDS.sub(lambda m: f"{_time(m)}{say_whole(int(m[3]))}秒", _CLOCKS.sub("到", text))
    text = YEAR_AND_MONTH.sub(lambda m: f"{m[1]}年{int(m[2])}月", _PROPORTIONS.sub(r"\1比\2比\3", text))
    text = _YEAR_OF_MODEL.sub(lambda m: say_each(m[1]), text)
    text = _YEARS.sub(lambda m: f"{say_each(m[1])}到{say_each(m[2])}", text)
    text = _SHORT_YEAR.sub(lambda m: say_each(m[1]), text)
    return _BORN.sub(lambda m: say_each(m[1]), _YEAR_OF_ERA.sub(lambda m: say_each(m[1]), text))


def _hours(written: str) -> str:
    return "两" if int(written) == 2 else say_whole(int(written))


def _minutes(written: str) -> str:
    """Minutes or seconds behind something larger: below ten with a nought."""
    return ("零" if int(written) < 10 else "") + say_whole(int(written)) if int(written) else "零"


def _season(found: re.Match[str]) -> str:
    return f"{say_each(found[1])}到{say_each(found[2])}"


def _mixed(found: re.Match[str]) -> str:
    part, whole = _VULGAR[found[2]].split("/")
    return f"{say_whole(int(found[1]))}又{say_whole(int(whole))}分之{say_whole(int(part))}"


def _fraction(found: re.Match[str]) -> str:
    """A part of something; what can only be a day of a month is one."""
    part, whole = int(found[1]), int(found[2])
    if whole > 10 and 1 <= part <= 12 and whole <= 31:
        return f"{say_whole(part)}月{say_whole(whole)}日"
    if 1 <= whole < part <= 12:  # 5/1: more than the whole is a day, too
        return f"{say_whole(part)}月{say_whole(whole)}日"
    named = {100: "百", 1_000: "千", 10_000: "万"}.get(whole) or say_whole(whole)
    return f"{named}分之{say_whole(part)}"


def _range(found: re.Match[str]) -> str:
    falls = found[1].isdecimal() and found[2].isdecimal() and len(found[1]) < 3 and int(found[1]) >= int(found[2])
    return f"{found[1]}{'比' if falls else '到'}{found[2]}"


def _time(found: re.Match[str]) -> str:
    minute = int(found[2])
    hour = "两" if int(found[1]) == 2 else say_whole(int(found[1]))
    if not minute:
        return f"{hour}点"
    return f"{hour}点{'零' if minute < 10 else ''}{say_whole(minute)}分"


def _number(written: str) -> str:
    sign, digits = ("负", written[1:]) if written.startswith("-") else ("", written)
    whole, _, fraction = digits.replace(",", "").partition(".")
    decimals = f"点{say_each(fraction)}" if fraction else ""
    if len(whole) > _MOST_DIGITS or (len(whole) > 1 and whole.startswith("0")):
        return sign + say_each(whole) + decimals  # a telephone number or a code, not a quantity
    said = say_whole(int(whole))
    # Two thousands, or more of them, at the front of a number are 两.
    return sign + (f"两{said[1:]}" if said[:2] in {"二千", "二万", "二亿"} else said) + decimals
