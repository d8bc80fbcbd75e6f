"""Rows of figures in 80 columns, no name cut: a table where it fits, else each row's figures below its name."""

from __future__ import annotations

import textwrap
from typing import Any

WIDTH = 80
Row = dict[str, Any]


def render(title: str, rows: list[Row], width: int = WIDTH) -> str:
    """A title and its rows as text; no line is longer than ``width``, if no single word is."""
    columns = list(dict.fromkeys(key for row in rows for key in row))
    table = _table(columns, rows)
    body = table if max(map(len, table)) <= width else [line for row in rows for line in _listed(row, width)]
    return "\n".join([title, "-" * len(title), *body, ""])


def _table(columns: list[str], rows: list[Row]) -> list[str]:
    cells = [columns, *[[_cell(row.get(column, "")) for column in columns] for row in rows]]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return ["  ".join(_placed(*each) for each in zip(row, widths, columns, strict=True)).rstrip() for row in cells]


def _placed(text: str, width: int, column: str) -> str:
    return text.ljust(width) if column == "name" else text.rjust(width)


def _listed(row: Row, width: int) -> list[str]:
    name = textwrap.wrap(str(row.get("name", "")), width)
    # A figure stays with its unit: the spaces inside of one are not for breaking at.
    figures = [f"{key} {_cell(value)}".replace(" ", "\0") for key, value in row.items() if key != "name"]
    wrapper = textwrap.TextWrapper(
        width, initial_indent="    ", subsequent_indent="    ", break_on_hyphens=False, break_long_words=False
    )
    lines = wrapper.wrap("   ".join(figures))
    return [*name, *(line.replace("\0", " ") for line in lines)]


def _cell(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
