"""Figures that Mandarin says one by one: telephones, rooms, trains, plates, models, names, versions, formulas.

Where a one might be heard as a seven (telephones, rooms, vehicles) it is 幺; in names and codes it stays 一.
"""

from __future__ import annotations

import re

from polyreel.engine.voice.kokoro.written import ADDRESS, DOT_OF_NAME, FORMULA, HYPHEN

DIGITS = "零一二三四五六七八九"
_PLACES = ("", "十", "百", "千")
_MYRIADS = ("", "万", "亿", "兆")
_HAN = r"\u3400-\u9fff"

# What follows a number that counts: then it is no telephone, no room and no name.
_COUNTS = "个次遍元块分人多余通张场年天小月万千百亿折米公名位克吨"
_CALLED = re.compile(
    rf"((?:拨打|拨|打|电话|热线|客服|报警|致电)(?:电话|号码)?(?:[是为:：]\s?|\s?))(\d{{3,6}})(?![\d%℃A-Za-z{_COUNTS}]|[.,-]\d)"
)
_HOTLINE_NAME = re.compile(r"(?<![\d.,-])(\d{3,6})(?=热线|专线|电话)")
_HOTLINE = re.compile(r"(?<![\d-])([48]00)-?(\d{3})-?(\d{4})(?![\d-])")
_ABROAD = re.compile(r"\+(\d{1,3}) (\d{3}) (\d{4}) (\d{4})(?!\d)")
# Mainland mobile numbers have eleven figures and begin with 13 to 19.
_MOBILE = re.compile(r"(?<![\d.,])1[3-9]\d{9}(?![\d.,])")
_MOBILE_APART = re.compile(r"(?<![\d-])(1[3-9]\d)[- ](\d{4})[- ](\d{4})(?![\d-])")
_LANDLINE = re.compile(r"(?<![\d-])\(?(0\d{2,3})(?:\)|[- ])(\d{3,4})[- ]?(\d{4})(?![\d-])(?:(转)(\d{2,5}))?")
_FORMATION = re.compile(r"(?<![\d-])(\d)-(\d)-(\d)(?:-(\d))?(?=阵型|阵容|的?站位)")
_ROOM = re.compile(r"(?<!\d)(\d{3,4})(?=(?:教|会议|病|办公)?室|房间|病房|包厢|宿舍)")
_TRAIN = re.compile(r"(?<![A-Za-z])([GDCZTK])(\d{3,4})(?=次)")
_FLIGHT = re.compile(r"(?<=航班)([A-Z]{2})(\d{3,4})(?!\d)|(?<![A-Za-z])([A-Z]{2})(\d{3,4})(?=次?航班)")
# A plate begins with its province's short name; only these exist.
_PLATE = re.compile(
    r"(?<=[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼])([A-Z])([A-Z\d]{5,6})(?![A-Z\d])"
)
_ROAD = re.compile(r"(?<!\d)(\d{3})(?=国道|省道|县道|高速)|(?<=[GS])(\d{3,4})(?=国道|省道|高速)")
_BUS = re.compile(r"(?<!\d)(\d{3})(?=路(?![程人]))")

# Behind these, and before those, three figures are a name.
_NAMED_BEFORE = re.compile(r"(?<=波音)\s?(7\d7)(?!\d)|(?<=空客A)(\d{3})(?!\d)")
_NAMED_BEHIND = re.compile(
    r"(?<![\d.,年])(\d{3})(?=事件|高校|院校|工程|工作制|医院|艺术区|错误|页面|部队|厂区|研究所|国际空间)"
)
_ISOTOPE = re.compile(rf"(?<=[铀钚碘铯锶碳钴镭氡钋])-?(\d{{2,3}})(?![\d.%{_COUNTS}])")
_ARMS = re.compile(r"(?:(?<=[歼运轰直])|(?<=米格|东风|红旗|鹰击))-(\d{1,2})(?!\d)")
_DAY_NAMED = re.compile(r"(?<![\d.])(\d{1,2})·(\d{1,2})(?!\d)")
_CODED = re.compile(
    r"((?:[单编账卡证学序工股][号號]|号码|密码|验证码|代码|邮政编码|邮编|区号|QQ)(?:[为是]|[:：]\s?|\s)?)(\d{3,})(?![\d.,])"
)
_DOCUMENT = re.compile(r"[〔\[［](\d{4})[〕\]］](?=\d+号)")
_LINES = re.compile(r"(?<![\d.,])(\d{3,4})[pP](?![A-Za-z])")
_VERSION = re.compile(r"(?<![\d.])(\d{1,3})((?:\.\d{1,3}){2})(?![\d.])")

# Without a figure in it a formula looks like any short word: these are meant.
_PLAIN_FORMULA = re.compile(r"(?<![A-Za-z])(NaCl|HCl|NaOH|KCl|CaO|CO|NaI|HF|HBr|ZnO|CuO|MgO|FeO)(?![A-Za-z\d])")
_GREEK = {
    **{
        "α": "阿尔法",
        "β": "贝塔",
        "γ": "伽马",
        "δ": "德尔塔",
        "Δ": "德尔塔",
        "ε": "艾普西隆",
        "θ": "西塔",
        "λ": "兰姆达",
    },
    **{"μ": "缪", "π": "派", "ρ": "柔", "σ": "西格玛", "Σ": "西格玛", "φ": "斐", "ω": "欧米伽", "Ω": "欧米伽"},
}
_GREEK_ALONE = re.compile(f"(?<![α-ωΑ-Ω])[{''.join(_GREEK)}](?![α-ωΑ-ΩA-Za-z])")


def say_each(digits: str) -> str:
    """Figures one by one, as in a name or a code."""
    return "".join(DIGITS[int(digit)] for digit in digits)


def _call(digits: str) -> str:
    """Figures one by one, as on the telephone."""
    return say_each(digits).replace("一", "幺")


def spell_telephones(text: str) -> str:
    """Telephones, and whatever else is called out: before all that would take them for sums and ranges."""
    text = _ABROAD.sub(lambda m: "加" + "，".join([say_each(m[1]), *map(_call, m.groups()[1:])]), text)
    text = _HOTLINE.sub(lambda m: "，".join(map(_call, m.groups())), text)
    text = _LANDLINE.sub(
        lambda m: f"{_call(m[1])}，{_call(m[2] + m[3])}" + (f"{m[4]}{_call(m[5])}" if m[4] else ""), text
    )
    text = _MOBILE_APART.sub(lambda m: "，".join(map(_call, m.groups())), text)
    text = _FORMATION.sub(lambda m: say_each("".join(each or "" for each in m.groups())), text)
    text = _MOBILE.sub(lambda m: _call(m[0]), text)
    text = _CALLED.sub(lambda m: m[1] + _call(m[2]), text)
    text = _HOTLINE_NAME.sub(lambda m: _call(m[1]), text)
    text = _CODED.sub(lambda m: m[1] + say_each(m[2]), text)
    return _ROOM.sub(lambda m: _call(m[1]), text)


def spell_vehicles(text: str) -> str:
    """Trains, flights, plates, roads and lines."""
    text = _TRAIN.sub(lambda m: m[1] + _call(m[2]), text)
    text = _FLIGHT.sub(lambda m: " ".join(m[1] or m[3]) + _call(m[2] or m[4]), text)
    text = _PLATE.sub(lambda m: m[1] + "".join(_call(each) if each.isdigit() else f" {each} " for each in m[2]), text)
    return _BUS.sub(lambda m: say_each(m[1]), _ROAD.sub(lambda m: _call(m[1] or m[2]), text))


def spell_names(text: str) -> str:
    """Models, events, documents and formulas, whose figures are part of a name."""
    text = _NAMED_BEFORE.sub(lambda m: say_each(m[1] or m[2]), text)
    text = _NAMED_BEHIND.sub(lambda m: say_each(m[1]), text)
    text = _ISOTOPE.sub(lambda m: say_each(m[1]) if len(m[1]) == 3 else m[1], text)
    # 歼-10 and 东风-17 are tens, 歼-20 is not.
    text = _ARMS.sub(lambda m: m[1] if int(m[1]) < 20 else say_each(m[1]), text)
    text = _DAY_NAMED.sub(lambda m: say_each(m[1] + m[2]), text)
    text = _DOCUMENT.sub(lambda m: say_each(m[1]), text)
    text = _LINES.sub(lambda m: f"{say_each(m[1])}P", text)
    text = FORMULA.sub(lambda m: _spell_formula(m[1]), text)
    text = _PLAIN_FORMULA.sub(lambda m: " ".join(m[1].upper()), text)
    return _GREEK_ALONE.sub(lambda m: _GREEK[m[0]], text)


def spell_points(text: str) -> str:
    """The points of versions, addresses and files. Behind dates, which have points too."""
    text = ADDRESS.sub(lambda m: "点".join(map(say_each, m.groups())), text)
    text = _VERSION.sub(lambda m: m[1] + "点".join(map(say_each, m[2].split("."))), text)
    return HYPHEN.sub("", DOT_OF_NAME.sub("点", text))


def _spell_formula(written: str) -> str:
    return re.sub(
        r"([A-Z][a-z]?)(\d*)", lambda m: f" {' '.join(m[1].upper())} {say_whole(int(m[2])) if m[2] else ''}", written
    )


def say_whole(number: int) -> str:
    """A number below 10^16. A gap of zeros is said once; ten to nineteen begin with 十."""
    if number == 0:
        return DIGITS[0]
    groups: list[int] = []
    while number:
        number, group = divmod(number, 10_000)
        groups.append(group)
    said = ""
    for power in range(len(groups) - 1, -1, -1):
        group = groups[power]
        if group:
            # 10,001 is 一万零一: a gap is said between groups too, but never twice.
            gap = "零" if said and (group < 1000 or not groups[power + 1]) else ""
            said += gap + _below_myriad(group) + _MYRIADS[power]
    return said.removeprefix("一") if said.startswith("一十") else said


def _below_myriad(number: int) -> str:
    said, gap = "", False
    for place in (3, 2, 1, 0):
        digit = number // 10**place % 10
        if digit:
            said += ("零" if gap and said else "") + DIGITS[digit] + _PLACES[place]
        gap = not digit
    return said
