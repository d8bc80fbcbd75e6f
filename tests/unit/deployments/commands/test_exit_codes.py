"""A job ends the same way here and through a server: with the same exit code, and the same words for programs."""

from __future__ import annotations

import ast
import importlib
import json
import re
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from deployments.cli import COMMANDS
from deployments.commands.errors import exit_code, report_errors
from deployments.commands.job_run import EXIT_CODES
from deployments.commands.submit import find_batch_code, find_exit_code
from polyreel.errors import FetchError, HeldForPerson, InvalidJob, MediaError, PolyreelError, UnresolvedCall
from polyreel.errors.together import join_errors
from polyreel.outcome import Outcome

_INVALID = InvalidJob("no such file", code="file_not_found", where="source.media", remedy="Correct the path.")
_AWAY = FetchError("nobody listens there", where="films.example", remedy="Try later.")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (_INVALID, 2),
        (_AWAY, 1),
        (PolyreelError("no voice", code="no_voice"), 1),
        (join_errors(_AWAY, _INVALID), 2),
        (HeldForPerson("its script waits to be approved", code="review_script"), 4),
        (UnresolvedCall("it is not known whether it was taken", key="a-key"), 4),
        (MediaError("no picture", code="unsupported_media"), exit_code(MediaError("no picture"))),
    ],
)
def test_a_job_that_could_not_run_ends_alike(error: PolyreelError, code: int) -> None:
    """`polyreel run` and `polyreel submit --wait`, with and without JSON."""
    there = json.loads(Outcome.of_failure("welcome", error).model_dump_json())
    assert (exit_code(error), find_exit_code(there)) == (code, code)

    @click.command()
    def run() -> None:
        with report_errors(True, job="welcome", status="failed"):
            raise error

    here = CliRunner().invoke(run)
    told = json.loads(here.stdout)
    assert here.exit_code == code
    names = ("job", "status", "error", "errors", "invalid")
    assert {**{"errors": []}, **told} == {name: there[name] for name in names}


@pytest.mark.parametrize("status", ["completed", "failed", "partial", "held"])
def test_every_outcome_ends_alike(status: str) -> None:
    """As docs/jobs.md has it."""
    promised = {"completed": 0, "failed": 1, "partial": 3, "held": 4}[status]
    there = Outcome(job="welcome", status=status).model_dump(mode="json")  # type: ignore[arg-type]
    assert (EXIT_CODES[status], find_exit_code(there)) == (promised, promised)  # type: ignore[index]


@pytest.mark.parametrize(
    ("states", "code"),
    [
        ({"completed"}, 0),
        ({"completed", "failed"}, 3),
        ({"completed", "held"}, 3),
        ({"partial"}, 3),
        ({"held"}, 4),
        ({"failed"}, 1),
        (set(), 0),
    ],
)
def test_a_batch_ends_as_its_page_says(states: set[str], code: int) -> None:
    """0 all, 3 some, 4 all wait for a person, 1 none (docs/deployments.md)."""
    assert find_batch_code(states) == code


OF_ANY = {0, 1, 2}
"""Done, failed, called wrongly: `report_errors` and click give these in every command."""


def codes_of(command: str) -> set[int]:
    """The exit codes that a command ends the program with, read from the calls in what it reaches in its module."""
    place, _, name = COMMANDS[command][0].partition(":")
    tree = ast.parse(Path(str(importlib.import_module(place).__file__)).read_text())
    functions = {each.name: each for each in ast.walk(tree) if isinstance(each, ast.FunctionDef)}
    below = [each.name for each in functions.values() if f"{name}.command" in map(_name_of, each.decorator_list)]
    reached, left = set[str](), [name, *below]
    while left:
        if (each := left.pop()) in functions and each not in reached:
            reached.add(each)
            left += [node.id for node in ast.walk(functions[each]) if isinstance(node, ast.Name)]
    calls = [node for each in reached for node in ast.walk(functions[each]) if isinstance(node, ast.Call)]
    ends = [each for each in calls if ast.unparse(each.func) in ENDS]
    return OF_ANY | {code for call in ends for arg in call.args for code in numbers_in(arg, functions)}


def _name_of(decorator: ast.expr) -> str:
    return ast.unparse(decorator.func if isinstance(decorator, ast.Call) else decorator)


ENDS = {"sys.exit", "AllWritten"}


def numbers_in(node: ast.AST, functions: dict[str, ast.FunctionDef]) -> set[int]:
    """Whole numbers in an expression, and in what it calls: of an outcome's exit code, all of them."""
    found: set[int] = set()
    for each in ast.walk(node):
        if isinstance(each, ast.Constant) and type(each.value) is int:
            found.add(each.value)
        elif isinstance(each, ast.Name) and each.id in ("exit_code", "find_exit_code", "find_batch_code"):
            found |= set(EXIT_CODES.values())
        elif isinstance(each, ast.Call) and isinstance(each.func, ast.Name) and each.func.id in functions:
            for line in functions[each.func.id].body:
                found |= numbers_in(line, functions)
    return found


def read_table() -> dict[str, set[int]]:
    """The commands of docs/jobs.md, and the codes that it gives them."""
    page = Path(__file__).parents[4] / "docs" / "jobs.md"
    rows = re.findall(r"^\| `([a-z]+)` \| ([0-9 ]+) \|", page.read_text(), re.M)
    return {name: {int(code) for code in codes.split()} for name, codes in rows}


def test_the_page_names_the_codes_that_commands_end_with() -> None:
    """Read from the code: a command that ends otherwise than others, and a code that none ends with, are seen."""
    table = read_table()
    found = {command: codes_of(command) for command in COMMANDS}
    assert {name: codes for name, codes in found.items() if name in table} == table
    assert {name for name, codes in found.items() if codes != OF_ANY} <= table.keys()
    assert found["run"] == {0, 1, 2, 3, 4}
