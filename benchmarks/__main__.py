"""`make bench`: every benchmark, or the ones named; a table on stdout, and the rows as JSON in benchmarks/out.

`python -m benchmarks vendors-kills` and `vendors-faults` are the matrices of what may go wrong at the vendors; `--json`
prints rows instead of tables. ``vendors-faults:nomad`` fills what concerns one vendor alone: whole, they take long.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from unittest.mock import patch

from benchmarks.tables import render

MODULES = (
    "startup",
    "subtitles",
    "film",
    "packaging",
    "engine",
    "memory",
    "quality",
    "voices",
    "long-lines",
    "speakers",
    "planted",
    "watermark",
    "transport",
    "objects",
    "orchestration",
    "waiting",
)
BY_NAME = (
    "vendors-deliveries",
    "vendors-faults",
    "vendors-kills",
    "vendors-speed",
    "vendors-suspended",
)
"""Those that are run where they are named, alone: they take long."""
OUT = Path(__file__).parent / "out"


def read_names(arguments: list[str]) -> tuple[list[str], bool]:
    """The benchmarks that a command line names, and whether it wants JSON. Ends the program where it names others."""
    listed = f"without a name: {' '.join(MODULES)}. By their names alone: {' '.join(BY_NAME)}."
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__, epilog=listed)
    parser.add_argument(
        "names", nargs="*", metavar="NAME[:PART]", help="which benchmarks; a part of those that have any"
    )
    parser.add_argument("--json", action="store_true", help="print rows instead of tables")
    given = parser.parse_intermixed_args(arguments)
    known = {*MODULES, *BY_NAME}
    if unknown := [name for name in given.names if name.partition(":")[0] not in known]:
        parser.error(f"there is no benchmark {', '.join(unknown)}; there are: {' '.join(sorted(known))}")
    return given.names, given.json


def main(arguments: list[str]) -> None:
    names, as_json = read_names(arguments)
    OUT.mkdir(exist_ok=True)
    found = {}
    for name in names or MODULES:
        module_name, _, part = name.partition(":")
        module = importlib.import_module(f"benchmarks.{module_name.replace('-', '_')}")
        with patch.dict(os.environ):  # what one sets (a home of its own, its server) is no matter of the next
            rows = found[name] = _gather_rows(module.run(part) if part else module.run(), name)
        if not as_json:
            print(getattr(module, "render", render)(name, rows), flush=True)
    if as_json:
        print(json.dumps(found, indent=2))


def _gather_rows(rows: Iterable[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    """All of a benchmark's rows, each told on stderr and kept in its file as soon as it is there.

    Some take an hour: what was measured by then must not be lost with a run that is stopped.
    """
    gathered: list[dict[str, Any]] = []
    for row in rows:
        gathered.append(row)
        (OUT / f"{name.replace(':', '-')}.json").write_text(json.dumps(gathered, indent=2))
        print(json.dumps(row), file=sys.stderr, flush=True)
    return gathered


if __name__ == "__main__":
    main(sys.argv[1:])
