"""The figures of docs/subtitles.md are those that subtitles are checked against."""

from __future__ import annotations

import re
from math import inf
from pathlib import Path

from polyreel.subtitles.profiles import BBC, NETFLIX, PROFILES, Profile, ScriptLimits

_PAGE = Path(__file__).parents[3] / "docs" / "subtitles.md"


def _tables() -> tuple[dict[str, list[str]], ...]:
    section = _PAGE.read_text("utf-8").split("\n## Profiles\n")[1].split("\n## ")[0]
    tables = re.findall(r"(?:^\|.*\n)+", section, re.MULTILINE)
    rows = [[re.split(r"\s*\|\s*", line.strip("| \n")) for line in table.splitlines()] for table in tables]
    # A first cell without words is lost with the bars around it.
    return tuple({row[0]: row[1:] for row in table if not row[0].startswith("-")} for table in rows)


def _shown(figure: float | None) -> str:
    return "not named" if figure is None or figure in {inf, 100} else f"{figure:g}"


def _column(house: Profile) -> dict[str, str]:
    limits = house.default
    shortest = f"{house.shortest_ms_per_word} per word" if house.shortest_ms_per_word else _shown(house.shortest_ms)
    gap = f"none, or {house.gap_ms} ms" if house.gap_ms else "none" if house.may_touch else f"{house.gap_frames} frames"
    return {
        "characters per line": _shown(limits.line),
        "characters per second": _shown(limits.per_second),
        "characters per second in captions": _shown(limits.captions_per_second or limits.per_second),
        "lines": _shown(house.lines),
        "shortest (ms)": shortest,
        "longest (ms)": _shown(house.longest_ms),
        "gap": gap,
    }


def test_every_house_stands_in_the_table_with_its_figures() -> None:
    houses = [house for house in PROFILES.values() if house]
    columns = [_column(house) for house in houses]
    first, *_ = _tables()
    assert next(iter(first)) == "`netflix`"
    assert [first["`netflix`"][place].strip("`") for place in range(4)] == [house.name for house in houses[1:]]
    for figure in columns[0]:
        assert first[figure] == [column[figure] for column in columns]


def test_every_language_with_figures_of_its_own_stands_in_the_table() -> None:
    _, second = _tables()
    second.pop("language")

    def said(limits: ScriptLimits, with_captions: bool) -> str:
        captions = f", {_shown(limits.captions_per_second or limits.per_second)}" if with_captions else ""
        return f"{_shown(limits.line)}, {_shown(limits.per_second)}{captions}"

    languages = {*NETFLIX.languages, *BBC.languages}
    assert second == {
        each: [said(NETFLIX.find_limits(each), True), said(BBC.find_limits(each), False)] for each in languages
    }
