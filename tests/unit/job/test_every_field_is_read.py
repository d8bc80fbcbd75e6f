"""A job's fields are promises: each is read by something that is not the job itself."""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from polyreel import job
from polyreel.delivery.places import PLACES, Place
from polyreel.dubbing.providers import PROVIDERS, Provider
from polyreel.job import Job
from polyreel.job.values import Asked
from polyreel.sources.libraries.table import Library

ROOT = Path(job.__file__).parents[2]
# What the code calls a part of a job where it reads it.
CALLED = {
    "Job": {"job", "asked", "self", "plan", "found"},
    "Budget": {"budget"},
    "CheckLimits": {"given"},
    "Limit": {"asked"},
    "Fit": {"fit"},
    "Package": {"package", "each", "asked"},
    "Provenance": {"provenance"},
    "Quality": {"quality"},
    "ReviewTimeout": {"timeout"},
    "Subtitles": {"subtitles"},
    "Source": {"source", "asked"},
    "Speaker": {"speaker"},
    "Target": {"target", "asked"},
    "Translation": {"asked", "translation"},
    "Trim": {"trim", "wanted"},
}
OPTIONS = {"options", "_options", "asked", "dubbing", "provider", "delivery", "staging", "place", "row"}
NAMES_THE_MODEL = {"provider", "to"}


@pytest.fixture(scope="module")
def read_by_package() -> dict[bool, tuple[set[tuple[str, str]], set[str]]]:
    """What the code reads, by whether it is the job's own: each (owner, name), and each ``.name`` of whomever."""
    found: dict[bool, tuple[set[tuple[str, str]], set[str]]] = {True: (set(), set()), False: (set(), set())}
    for package in ("polyreel", "tasks", "flows", "deployments"):
        for path in (ROOT / package).rglob("*.py"):
            pairs, names = found[path.parent.name == "job"]
            nodes = list(ast.walk(ast.parse(path.read_text("utf-8"))))
            pairs.update(attributes(nodes))
            names.update(node.attr for node in nodes if isinstance(node, ast.Attribute))
    return found


@pytest.fixture(scope="module")
def read(read_by_package: dict[bool, tuple[set[tuple[str, str]], set[str]]]) -> set[tuple[str, str]]:
    """Every ``name.field`` outside the job, by the last name before the dot: ``language.job.trim`` is (job, trim)."""
    return read_by_package[False][0]


@pytest.fixture(scope="module")
def names_read(read_by_package: dict[bool, tuple[set[tuple[str, str]], set[str]]]) -> set[str]:
    """Every ``.name`` in the code, whoever is asked: rows are mostly asked where a call gives them."""
    return read_by_package[True][1] | read_by_package[False][1]


def attributes(nodes: Iterable[ast.AST]) -> Iterator[tuple[str, str]]:
    for node in nodes:
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name | ast.Attribute):
            yield (node.value.id if isinstance(node.value, ast.Name) else node.value.attr), node.attr
        if isinstance(node, ast.Call) and (asked := named_owner(node)):
            owner, name = asked
            if isinstance(owner, ast.Name | ast.Attribute) and isinstance(name, ast.Constant):
                yield (owner.id if isinstance(owner, ast.Name) else owner.attr), str(name.value)


def named_owner(call: ast.Call) -> tuple[ast.expr, ast.expr | None] | None:
    """``owner.get("field")`` and ``getattr(owner, "field")``: who is asked, and for what."""
    if isinstance(call.func, ast.Attribute) and call.func.attr == "get":
        return call.func.value, call.args[0] if call.args else None
    if isinstance(call.func, ast.Name) and call.func.id == "getattr" and len(call.args) > 1:
        return call.args[0], call.args[1]
    return None


def parts() -> list[type[Asked]]:
    """The models that a job is made of; of providers and places, those that this version has."""
    lacking = {row.options for row in [*PROVIDERS.values(), *PLACES.values()] if row.make is None}
    found = [each for each in vars(job).values() if isinstance(each, type) and issubclass(each, Asked)]
    return [each for each in found if each is not Asked and each not in lacking]


FIELDS = [(part.__name__, field) for part in parts() for field in part.model_fields]


@pytest.mark.parametrize(("part", "field"), FIELDS)
def test_every_field_of_a_job_is_read_somewhere(part: str, field: str, read: set[tuple[str, str]]) -> None:
    """Or it would be offered and do nothing."""
    names = CALLED.get(part, OPTIONS)
    assert field in NAMES_THE_MODEL or any((name, field) in read for name in names), f"nobody reads {part}.{field}"


def test_an_unread_field_would_be_found(read: set[tuple[str, str]]) -> None:
    """The test above can fail."""
    assert not any((name, "unread_field") in read for name in CALLED["Job"])


@pytest.mark.parametrize(
    ("row", "column"),
    [(row.__name__, each.name) for row in (Provider, Place, Library) for each in fields(row)],
)
def test_every_column_of_the_tables_is_asked_for_by_something(row: str, column: str, names_read: set[str]) -> None:
    """Or a row, a plug-in's too, would say what it can to nobody."""
    assert column in names_read, f"nobody reads {row}.{column}"


def test_every_provider_and_place_has_one_row() -> None:
    """What a job may name is what the tables have, with that model's own options."""
    schema: dict[str, Any] = Job.model_json_schema()["$defs"]
    rows = {row.options.__name__: row.name for row in [*PROVIDERS.values(), *PLACES.values()]}
    named = {name: part["properties"] for name, part in schema.items() if name in rows}
    assert len(named) == len(rows)
    for model, name in rows.items():
        word = named[model].get("provider") or named[model]["to"]
        assert word["const"] == name
