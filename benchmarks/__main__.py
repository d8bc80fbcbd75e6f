"""`make bench`: every benchmark, or the ones named; a table on stdout, and the rows as JSON in benchmarks/out."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

MODULES = ("startup", "subtitles", "film", "engine", "quality", "transport", "objects", "orchestration")
OUT = Path(__file__).parent / "out"


def main(names: list[str]) -> None:
    console = Console()
    OUT.mkdir(exist_ok=True)
    for name in names or MODULES:
        rows = importlib.import_module(f"benchmarks.{name}").run()
        (OUT / f"{name}.json").write_text(json.dumps(rows, indent=2))
        console.print(_table(name, rows))


def _table(name: str, rows: list[dict[str, Any]]) -> Table:
    columns = list(dict.fromkeys(key for row in rows for key in row))
    table = Table(title=name, title_justify="left")
    for column in columns:
        table.add_column(column, justify="left" if column == "name" else "right")
    for row in rows:
        table.add_row(*(_cell(row.get(column, "")) for column in columns))
    return table


def _cell(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    main(sys.argv[1:])
