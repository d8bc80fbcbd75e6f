"""Names that a stranger can guess: a function is a verb with its object; participles are for predicates."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
# fmt: off
IRREGULAR = frozenset((
    "built", "bought", "brought", "chosen", "done", "drawn", "driven", "found", "given", "gone", "heard",
    "held", "kept", "known", "lost", "made", "meant", "paid", "said", "sent", "shown", "sold",
    "spoken", "taken", "thought", "told", "understood", "won", "worn", "written",
))
# fmt: on
NO_PARTICIPLES = frozenset(("embed", "feed", "need", "seed", "speed"))
MOST = 8


def _bare_participles() -> Iterator[str]:
    """``folded(...)``, ``kept_of(...)``; a predicate (``-> bool``) and a property may be called so."""
    for package in ("polyreel", "blocks", "tasks", "flows", "deployments"):
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _is_called_by_participle(node):
                    yield f"{path.relative_to(ROOT)}: {node.name}"


def _is_called_by_participle(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    first = node.name.strip("_").split("_")[0]
    is_predicate = node.returns is not None and ast.unparse(node.returns) == "bool"
    is_property = any("property" in ast.unparse(each) for each in node.decorator_list)
    is_participle = first in IRREGULAR or (first.endswith("ed") and first not in NO_PARTICIPLES)
    return is_participle and not is_predicate and not is_property


def test_functions_are_called_by_verbs() -> None:
    """A few helpers may slip through; there were 314 of them once."""
    found = list(_bare_participles())
    assert len(found) <= MOST, f"say what each does, such as `read_x`, `find_x`: {', '.join(found)}"
