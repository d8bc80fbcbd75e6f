"""What is written short, put into words by the patterns of ``rewrites.tsv``: a row a rule, for one language or several.

A replacement takes the pattern's groups, as they stand (``{1}``) or said otherwise (``{1:roman}``); how else than by
the functions here is looked up in the table's own lists (``{1:day}``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Literal

from polyreel.engine.voice.text.ordinals import spell_ordinal

TABLE = Path(__file__).with_name("rewrites.tsv")
Stage = Literal["early", "late"]
_LIST = "list"
_EVERY = "*"
_PLACE = re.compile(r"\{(\d)(?::([a-z_]+))?\}")
_SHARED = re.compile(r"<([a-z_]+)>")
_CLASS = r"\[\^?\]?(?:\\.|[^\]\\])*\]"
_PLAIN_GROUP = re.compile(rf"\((?:\?:|\?<?=)?(?!\?)((?:[^()|\\\[\]]|\\.|{_CLASS})*)\)(?![?*{{])")
_PIECE = re.compile(rf"(\\.|{_CLASS}|.)([?*+]|\{{\d*,?\d*\}})?")
_OPERATORS = frozenset("()|^$.?*+")
_MAY_BE_NONE = frozenset("?*{")
_ROMAN_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}


@dataclass(frozen=True, slots=True)
class _Rule:
    """A pattern, its replacement, and letters that every match of it holds."""

    pattern: re.Pattern[str]
    template: str
    letters: str


@dataclass(frozen=True, slots=True)
class _Rules:
    """One language's rules by stage, and its lists."""

    early: tuple[_Rule, ...]
    late: tuple[_Rule, ...]
    lists: Mapping[str, Mapping[str, str]]


def rewrite(text: str, language: str, stage: Stage) -> str:
    """A line after this language's rules of a stage: ``early`` sees what is written, ``late`` what the others left."""
    rules = _read_rules(language)
    for rule in getattr(rules, stage):
        # A plain look for letters takes a tenth of what the pattern takes, and few lines hold those of a rule.
        if rule.letters in text:
            text = rule.pattern.sub(partial(_fill, rule.template, language, rules.lists), text)
    return text


def _fill(template: str, language: str, lists: Mapping[str, Mapping[str, str]], found: re.Match[str]) -> str:
    def say_group(place: re.Match[str]) -> str:
        group = found[int(place[1])] or ""
        how = place[2]
        if not how or not group:
            return group
        return _WAYS[how](group, language) if how in _WAYS else lists[how].get(group, group)

    return _PLACE.sub(say_group, template)


def _say_apart(text: str, _language: str) -> str:
    return " ".join(text)


def _say_value(number: str, _language: str) -> str:
    values = [_ROMAN_VALUES[letter] for letter in number.upper()]
    return str(sum(-one if one < then else one for one, then in zip(values, [*values[1:], 0], strict=True)))


def _say_number(number: str, _language: str) -> str:
    return str(int(number))


def _say_ordinal(number: str, language: str, *, feminine: bool = False) -> str:
    value = int(number if number.isdigit() else _say_value(number, language))
    return spell_ordinal(value, language, feminine=feminine) or number


_WAYS: Mapping[str, Callable[[str, str], str]] = {
    "apart": _say_apart,
    "roman": _say_value,
    "number": _say_number,
    "upper": lambda text, _language: text.upper(),
    "nth": _say_ordinal,
    "nth_f": partial(_say_ordinal, feminine=True),
}


@cache
def _read_rules(language: str) -> _Rules:
    stages: dict[str, list[_Rule]] = {"early": [], "late": []}
    lists: dict[str, dict[str, str]] = {}
    for line in TABLE.read_text("utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        languages, kind, written, said = line.split("\t")
        if language not in languages.split(",") and languages != _EVERY:
            continue
        if kind.startswith(_LIST):
            lists.setdefault(kind.partition(" ")[2], {})[written] = said
            continue
        pattern = _SHARED.sub(lambda found: _either(lists[found[1]]), written)
        stages[kind].append(_Rule(re.compile(pattern), said.replace("␣", " "), find_sure_letters(pattern)))
    return _Rules(tuple(stages["early"]), tuple(stages["late"]), lists)


def find_sure_letters(pattern: str) -> str:
    """Letters or signs in a row without which a pattern can't match, the longest such; empty where none are sure.

    A group's are sure where it has no alternatives and is neither negative nor repeated.
    """
    while (flat := _PLAIN_GROUP.sub(r"\\b\1\\b", pattern)) != pattern:
        pattern = flat
    runs, depth = [""], 0
    for piece, repeated in _PIECE.findall(pattern):
        depth += (piece == "(") - (piece == ")")
        if piece == "|" and not depth:
            return ""
        is_letter = piece not in _OPERATORS if len(piece) == 1 else piece[0] == "\\" and not piece[1].isalnum()
        if is_letter and not depth and repeated[:1] not in _MAY_BE_NONE:
            runs[-1] += piece[-1]
        if not is_letter or depth or repeated:
            runs.append("")
    return max(runs, key=lambda run: len(run.strip()))


def _either(listed: Mapping[str, str]) -> str:
    return f"(?:{'|'.join(sorted(map(re.escape, listed), key=len, reverse=True))})"
