"""The ledger's database is asked in a thread: a slow one must not stop all that its event loop has to do."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from polyreel.ledger.rows import Rows

ROOT = Path(__file__).parents[3]
ASKS = {name for name in vars(Rows) if not name.startswith("_")} - {"close"}
ASYNC = """
async def look(rows):
    return rows.now()
"""
BY_WAY_OF_A_FUNCTION = """
def is_due(ledger, at):
    return ledger.rows.now() >= at
"""
IN_A_THREAD = """
async def look(rows, ledger):
    def ask():
        return rows.now()
    return await to_thread(ask), await to_thread(ledger.rows.now), await to_thread(lambda: ledger.rows.now())
"""


def list_blocking(source: str) -> list[int]:
    """The lines on which an async function asks rows by itself, or any function those of a ledger.

    A ledger belongs to an event loop: a function that has one is called there.
    """
    tree = ast.parse(source)
    every = [node for node in ast.walk(tree) if isinstance(node, ast.AsyncFunctionDef)]
    asked = {call.lineno for each in every for call in _list_calls(each.body, ast.FunctionDef) if _asks_rows(call)}
    of_a_ledger = {call.lineno for call in _list_calls(tree.body) if _asks_rows(call) and _is_of_ledger(call)}
    return sorted(asked | of_a_ledger)


def _list_calls(nodes: list[ast.stmt] | list[ast.AST], *left_out: type[ast.AST]) -> Iterator[ast.Call]:
    for node in nodes:
        if isinstance(node, (ast.Lambda, *left_out)):
            continue
        if isinstance(node, ast.Call):
            yield node
        yield from _list_calls(list(ast.iter_child_nodes(node)), *left_out)


def _asks_rows(call: ast.Call) -> bool:
    asked = call.func
    if not isinstance(asked, ast.Attribute) or asked.attr not in ASKS:
        return False
    return ast.unparse(asked.value).removesuffix("()").rpartition(".")[2].lstrip("_") in ("rows", "ledger_rows")


def _is_of_ledger(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and ast.unparse(call.func.value).endswith(".rows")


@pytest.mark.parametrize(("source", "lines"), [(ASYNC, [3]), (BY_WAY_OF_A_FUNCTION, [3]), (IN_A_THREAD, [])])
def test_it_is_seen_who_asks_on_the_event_loop(source: str, lines: list[int]) -> None:
    assert list_blocking(source) == lines


@pytest.mark.parametrize("package", ["polyreel", "tasks", "flows", "deployments"])
def test_nobody_asks_the_database_on_the_event_loop(package: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in sorted((ROOT / package).rglob("*.py"))
        for line in list_blocking(path.read_text("utf-8"))
    ]
    assert found == []
