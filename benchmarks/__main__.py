"""`make bench`: every benchmark, or the ones named; a table on stdout, and the rows as JSON in benchmarks/out.

`python -m benchmarks vendors-kills` and `vendors-faults` are the matrices of what may go wrong at the vendors; `--json`
prints rows instead of tables. ``vendors-faults:nomad`` fills what concerns one vendor alone: whole, they take long.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

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
    "watermark",
    "transport",
    "objects",
    "orchestration",
    "waiting",
)
OUT = Path(__file__).parent / "out"


def main(names: list[str]) -> None:
    OUT.mkdir(exist_ok=True)
    as_json = "--json" in names
    found = {}
    for name in [name for name in names if name != "--json"] or MODULES:
        module_name, _, part = name.partition(":")
        module = importlib.import_module(f"benchmarks.{module_name.replace('-', '_')}")
        rows = found[name] = module.run(part) if part else module.run()
        (OUT / f"{name.replace(':', '-')}.json").write_text(json.dumps(rows, indent=2))
        if not as_json:
            print(getattr(module, "render", render)(name, rows), flush=True)
    if as_json:
        print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main(sys.argv[1:])
