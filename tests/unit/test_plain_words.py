"""Names that a stranger can guess: a function is a verb with its object; participles are for predicates."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from polyreel import errors as ours
from polyreel.vendors import errors as vendors

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
# The share of a room's functions, predicates and properties aside, whose name is one word: a verb without an object,
# or a noun without a verb. What is left are a port's methods, commands, and names that a format or a framework sets.
# Before their rename the sandbox stood at 48 %, ledger at 44, store at 39, engine at 38, packaging at 36,
# delivery at 35, net at 33, dubbing at 32, objects at 32, subtitles at 29, vendors at 28
# (what is left there are operations that people type, by their pages' names), sources at 27, intake at 24.
ONE_WORD = {
    "blocks": 0.18,
    "delivery": 0.1,
    "deployments": 0.15,
    "dubbing": 0.21,
    "engine": 0.2,
    "flows": 0.16,
    "intake": 0.03,
    "job": 0.13,
    "ledger": 0.21,
    "media": 0.12,
    "net": 0.2,
    "objects": 0.12,
    "packaging": 0.07,
    "planning": 0.08,
    "plans": 0.12,
    "report": 0.09,
    "review": 0.22,
    "sandbox": 0.1,
    "sources": 0.08,
    "store": 0.03,
    "subtitles": 0.14,
    "tasks": 0.22,
    "vendors": 0.1,
}
MOST_WITHOUT_REMEDY = 45
# What has a remedy of its kind need not say one each time.
KINDS = {
    name
    for module in (ours, vendors)
    for name, kind in vars(module).items()
    if inspect.isclass(kind) and issubclass(kind, ours.PolyreelError) and not getattr(kind, "default_remedy", "")
}


@dataclass(frozen=True)
class Words:
    """What was found in the modules of ours: names that say nothing, errors without a way out."""

    participles: list[str]
    without_remedy: list[str]
    one_word: dict[str, list[bool]]


@pytest.fixture(scope="module")
def words() -> Words:
    """Every module of ours, one tree at a time: all at once make each search for garbage a long one."""
    packages = ("polyreel", "blocks", "tasks", "flows", "deployments")
    found = Words([], [], {room: [] for room in ONE_WORD})
    for path in (path for package in packages for path in sorted((ROOT / package).rglob("*.py"))):
        name, nodes = str(path.relative_to(ROOT)), list(ast.walk(ast.parse(path.read_text("utf-8"))))
        found.participles.extend(_bare_participles(name, nodes))
        found.without_remedy.extend(_without_remedy(name, nodes))
        if (room := _room_of(path.relative_to(ROOT))) in ONE_WORD:
            found.one_word[room].extend(_one_word_names(nodes))
    return found


def _room_of(path: Path) -> str:
    """A package of the core; of the others, the package itself."""
    return path.parts[1] if path.parts[0] == "polyreel" else path.parts[0]


def _bare_participles(path: str, nodes: list[ast.AST]) -> Iterator[str]:
    """``folded(...)``, ``kept_of(...)``; a predicate (``-> bool``) and a property may be called so."""
    for node in nodes:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _is_called_by_participle(node):
            yield f"{path}: {node.name}"


def _is_called_by_participle(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    first = node.name.strip("_").split("_")[0]
    if first not in IRREGULAR and (not first.endswith("ed") or first in NO_PARTICIPLES):
        return False
    return not _may_be_a_noun(node)


def _may_be_a_noun(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether it is a predicate or a property, which read well without a verb."""
    is_predicate = node.returns is not None and ast.unparse(node.returns) == "bool"
    return is_predicate or any("property" in ast.unparse(each) for each in node.decorator_list)


def _one_word_names(nodes: list[ast.AST]) -> Iterator[bool]:
    """Of each function, dunders aside: whether its name is a single word that should be two."""
    for node in nodes:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("__"):
            yield "_" not in node.name.strip("_") and not _may_be_a_noun(node)


def test_functions_are_called_by_verbs(words: Words) -> None:
    """A few helpers may slip through; there were 314 of them once."""
    found = words.participles
    assert len(found) <= MOST, f"say what each does, such as `read_x`, `find_x`: {', '.join(found)}"


def test_few_names_are_one_word(words: Words) -> None:
    """``_write_srt`` can be guessed, ``_srt`` cannot; a port's ``translate`` or ``close`` needs no more."""
    shares = {room: sum(found) / len(found) for room, found in words.one_word.items()}
    over = {room: f"{share:.0%}" for room, share in shares.items() if share > ONE_WORD[room]}
    assert not over, f"too many names are one word, give the new ones a verb and an object: {over}"


def _without_remedy(path: str, nodes: list[ast.AST]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
            given = {each.arg for each in node.keywords}
            if name in KINDS and not given & {"remedy", None}:
                yield f"{path}:{node.lineno}: {name}"


def test_errors_say_what_to_do(words: Words) -> None:
    """What a page's own script sends, and what a caller puts right by itself, has nobody to tell; few others."""
    found = words.without_remedy
    assert len(found) <= MOST_WITHOUT_REMEDY, f"give each a remedy: {', '.join(found)}"
