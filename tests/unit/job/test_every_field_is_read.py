"""A job's fields are promises: each is read by something that is not the job itself."""

import ast
from collections.abc import Iterator
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


def read_outside_the_job() -> set[tuple[str, str]]:
    """Every ``name.field`` in the code, by the last name before the dot: ``language.job.trim`` is (job, trim)."""
    found: set[tuple[str, str]] = set()
    for package in ("polyreel", "tasks", "flows", "deployments"):
        for path in (ROOT / package).rglob("*.py"):
            if path.parent.name != "job":
                found |= set(attributes(ast.parse(path.read_text("utf-8"))))
    return found


@pytest.fixture(scope="module")
def names_read() -> set[str]:
    """Every ``.name`` in the code, whoever is asked: rows are mostly asked where a call gives them."""
    trees = (
        ast.parse(path.read_text("utf-8"))
        for package in ("polyreel", "tasks", "flows", "deployments")
        for path in (ROOT / package).rglob("*.py")
    )
    return {node.attr for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Attribute)}


def attributes(tree: ast.AST) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
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


@pytest.fixture(scope="module")
def read() -> set[tuple[str, str]]:
    return read_outside_the_job()


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
