"""WebVTT's cue settings and region settings, judged as the specification's parser judges them (W3C WebVTT, section 6).

webvtt-py keeps settings as they were written and takes whole line numbers only; the parsing rules take ``line:1.5``,
let the last of two win, and forget a region where a line, a size or a direction is set. Hence these rules here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping

_SPACE = re.compile(r"[ \t\n\f\r]+")
_PERCENTAGE = re.compile(r"[0-9]+(?:\.[0-9]+)?%")
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_DIGITS = re.compile(r"[0-9]+")

Settings = tuple[tuple[str, str], ...]


def _is_percentage(value: str) -> bool:
    return bool(_PERCENTAGE.fullmatch(value)) and float(value[:-1]) <= 100


def _is_line(value: str) -> bool:
    line, comma, alignment = value.partition(",")
    known = _is_percentage(line) if line.endswith("%") else bool(_NUMBER.fullmatch(line))
    return known and (not comma or alignment in {"start", "center", "end"})


def _is_position(value: str) -> bool:
    position, comma, alignment = value.partition(",")
    return _is_percentage(position) and (not comma or alignment in {"line-left", "center", "line-right"})


def _is_anchor(value: str) -> bool:
    x, comma, y = value.partition(",")
    return bool(comma) and _is_percentage(x) and _is_percentage(y)


Rules = Mapping[str, Callable[[str], bool]]

_CUE: Rules = {
    "vertical": lambda value: value in {"rl", "lr"},
    "line": _is_line,
    "position": _is_position,
    "size": _is_percentage,
    "align": lambda value: value in {"start", "center", "end", "left", "right"},
}

_REGION: Rules = {
    "id": lambda value: "-->" not in value,
    "width": _is_percentage,
    "lines": lambda value: bool(_DIGITS.fullmatch(value)),
    "regionanchor": _is_anchor,
    "viewportanchor": _is_anchor,
    "scroll": lambda value: value == "up",
}


def _judge_settings(text: str, rules: Rules) -> tuple[dict[str, str], list[str]]:
    """What counts, by name (the last one wins), and what doesn't."""
    good: dict[str, str] = {}
    bad: list[str] = []
    for setting in filter(None, _SPACE.split(text)):
        name, _, value = setting.partition(":")
        if name and value and name in rules and rules[name](value):
            good[name] = value
        else:
            bad.append(setting)
    return good, bad


def cue_settings(text: str, regions: Collection[str]) -> tuple[Settings, tuple[str, ...]]:
    """The settings after a cue's times: those that hold, and those that the parsing rules drop, as they were written.

    ``regions`` are the ids defined so far; a region that isn't among them, or that stands beside a line, a size or a
    direction, does not hold.
    """
    good, bad = _judge_settings(text, {**_CUE, "region": lambda value: value in regions})
    is_placed = "line" in good or "vertical" in good or good.get("size", "100%") not in {"100%"}
    if is_placed and "region" in good:
        bad.append(f"region:{good.pop('region')}")
    return tuple(good.items()), tuple(bad)


def names_settings(words: Collection[str]) -> bool:
    """Whether every word names a cue setting, whatever its value is worth (``align:middle`` was one once)."""
    return all(name in {*_CUE, "region"} and colon for name, colon, _ in (word.partition(":") for word in words))


def region_settings(text: str) -> tuple[Settings, tuple[str, ...]]:
    """The settings of a REGION block: those that hold, and those that the parsing rules drop."""
    good, bad = _judge_settings(text, _REGION)
    return tuple(good.items()), tuple(bad)
