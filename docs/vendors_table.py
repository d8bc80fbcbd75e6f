"""Writes the table of endpoints into docs/vendors.md: `python docs/vendors_table.py`; `--check` only says if it is so.

Where the pipeline uses a method, and which test calls it, is read from the code: a file counts for a vendor when it
imports that vendor's package, or its block. A method that another used method of the same client calls is used too.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import sys
from collections import defaultdict
from functools import cache
from pathlib import Path

from polyreel.vendors.endpoints import Endpoint, list_endpoints
from polyreel.vendors.operations import OWN_BUSINESS, list_operations

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "vendors.md"
VENDORS = {
    "panjaya": "Panjaya",
    "dubformer": "Dubformer",
    "tpstreams": "TPStreams",
    "videojungle": "Video Jungle",
    "nomad": "Nomad-style asset manager",
}
PIPELINE = ("polyreel/dubbing", "polyreel/delivery", "polyreel/sources", "tasks", "flows", "blocks", "deployments")
TESTS = ("tests/vendors", "tests/unit/vendors")
BEGIN, END = "<!-- endpoints: begin -->", "<!-- endpoints: end -->"


def known() -> list[Endpoint]:
    """Every endpoint of every client."""
    for vendor in VENDORS:
        importlib.import_module(f"polyreel.vendors.{vendor}.client")
    return list_endpoints()


def tables() -> str:
    """One table per vendor, as Markdown."""
    by_vendor: dict[str, list[Endpoint]] = defaultdict(list)
    for each in known():
        by_vendor[each.vendor].append(each)
    return "\n\n".join(_table(vendor, by_vendor[vendor]) for vendor in VENDORS)


def written(page: str) -> str:
    """The page with fresh tables."""
    head, _, rest = page.partition(BEGIN)
    return f"{head}{BEGIN}\n{tables()}\n{END}{rest.partition(END)[2]}"


def _table(vendor: str, found: list[Endpoint]) -> str:
    uses, tests = _callers(vendor, PIPELINE), _callers(vendor, TESTS)
    head = "| endpoint | page, section | method | used by | test |"
    lines = [f"### {VENDORS[vendor]}", "", head, "|---|---|---|---|---|"]
    for each in found:
        name = each.client.rpartition(".")[2]
        place = f"{each.page}, {each.section}"
        path = each.path.replace("<", "&lt;").replace("|", "\\|")
        used = _shown(uses.get(name)) or _by_name(vendor, name)
        cells = (f"`{each.method}` {path}", place, f"`{name}`", used, _shown(tests.get(name)))
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _shown(files: list[str] | None) -> str:
    return ", ".join(files[:2]) if files else ""


def _by_name(vendor: str, name: str) -> str:
    """Who calls what no stage and no flow does: the client for itself, or a person by the command."""
    if name in OWN_BUSINESS:
        return "the client, before its first call"
    return f"`polyreel vendor {vendor} {name}`" if name in list_operations(vendor) else ""


def _callers(vendor: str, folders: tuple[str, ...]) -> dict[str, list[str]]:
    """Method name -> the files that call it, for this vendor, sorted."""
    inside = _inner_calls(vendor)
    found: dict[str, set[str]] = defaultdict(set)
    for file in (file for folder in folders for file in sorted((ROOT / folder).rglob("*.py"))):
        imports, attributes = _facts(file)
        if _speaks_to(imports, vendor) or (folders is TESTS and vendor in file.stem):
            for name in _reached(attributes, inside):
                found[name].add(file.relative_to(ROOT).as_posix())
    # The contract suites stand before the unit tests.
    return {name: sorted(files, reverse=folders is TESTS) for name, files in found.items()}


@cache
def _facts(file: Path) -> tuple[list[str], set[str]]:
    """What a file imports from, and the attributes that it names."""
    tree = ast.parse(file.read_text())
    imports = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    return imports, _attributes(tree)


def _speaks_to(imports: list[str], vendor: str) -> bool:
    ours = (f"polyreel.vendors.{vendor}", f"blocks.{vendor}")
    return any(name == each or name.startswith(each + ".") for name in imports for each in ours)


def _attributes(tree: ast.AST) -> set[str]:
    return {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}


def _inner_calls(vendor: str) -> dict[str, set[str]]:
    calls: dict[str, set[str]] = defaultdict(set)
    for file in (ROOT / "polyreel" / "vendors" / vendor).glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                calls[node.name] |= _attributes(node)
    return calls


def _reached(names: set[str], inside: dict[str, set[str]]) -> set[str]:
    reached: set[str] = set()
    waiting = set(names)
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting |= inside.get(name, set())
    return reached


def main(arguments: list[str]) -> int:
    """Write, or check."""
    parser = argparse.ArgumentParser(prog="python docs/vendors_table.py", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where the table is out of date")
    only_checks, page = parser.parse_args(arguments).check, PAGE.read_text("utf-8")
    fresh = written(page)
    if not only_checks:
        PAGE.write_text(fresh, "utf-8")
    elif page != fresh:
        sys.stderr.write("The table in docs/vendors.md is out of date. Run `python docs/vendors_table.py`.\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
