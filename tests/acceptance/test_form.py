"""The form that the UI draws: every field has its words, menus are menus, and nothing is offered that is refused."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest

from polyreel.delivery.places import PLACES
from polyreel.dubbing.providers import PROVIDERS
from polyreel.job import Job

KINDS = {"string", "number", "integer", "boolean", "array", "object"}


@pytest.fixture(scope="module")
def forms() -> dict[str, dict[str, Any]]:
    """The schema of each deployment, as `polyreel up` registers it."""
    definitions = import_module("deployments.runner.definitions")
    made = definitions.make_deployments(definitions.Wishes())
    return {each.name: each._parameter_openapi_schema.model_dump(exclude_unset=True) for each in made}


def fields(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for model, definition in schema["definitions"].items():
        for name, field in definition.get("properties", {}).items():
            yield f"{model}.{name}", field


@pytest.mark.parametrize("deployment", ["localise", "localise-inbox", "localise-batch", "revise", "housekeeping"])
def test_every_field_has_a_title_and_a_help_text(forms: dict[str, Any], deployment: str) -> None:
    """A person who has never seen a job file knows what each field is for."""
    assert not {name for name, field in fields(forms[deployment]) if not field.keys() & {"title", "$ref"}}
    parts = forms[deployment]["definitions"]
    untold = {name: field for name, field in fields(forms[deployment]) if not field.get("description")}
    assert not {name for name, field in untold.items() if not parts[field["$ref"].rpartition("/")[2]]["description"]}


def test_every_field_is_of_a_kind_that_is_drawn(forms: dict[str, Any]) -> None:
    """A plain kind, one other part of the form, or tabs of those; a box for JSON only with an example beside it."""
    for name, field in fields(forms["localise"]):
        shapes = field.get("anyOf", [field])
        assert "oneOf" not in field, name
        assert "allOf" not in field, name
        for shape in shapes:
            assert "$ref" in shape or shape["type"] in KINDS | {"null"}, name
            assert "properties" not in shape, f"{name} is drawn as a box for JSON"
        if field.get("type") == "object":
            assert "{" in field["description"] or name == "Speaker.voices"


def test_fields_are_in_the_order_of_the_job(forms: dict[str, Any]) -> None:
    """What must be given comes first: name, source, then what and into which languages."""
    drawn = list(forms["localise"]["definitions"]["Job"]["properties"])
    assert drawn == list(Job.model_fields)
    assert drawn[:4] == ["name", "source", "trim", "targets"]


def test_choices_are_menus_and_credentials_are_names(forms: dict[str, Any]) -> None:
    """Whatever has a fixed set of values lists them; saved blocks are given by name."""
    drawn = dict(fields(forms["localise"]))
    for menu in ("EmbeddedDubbing.mix", "EmbeddedDubbing.loudness", "Quality.on_fail", "Subtitles.profile"):
        assert drawn[menu]["enum"]
    for name, field in drawn.items():
        if name.endswith(".credentials"):
            assert field["type"] == "string"
            assert field["pattern"] == "^[a-z0-9][a-z0-9-]{0,99}$"


def test_every_provider_and_place_that_this_version_has_is_a_tab(forms: dict[str, Any]) -> None:
    """The form is drawn from the same tables that runs go by."""
    rows = [*PROVIDERS.values(), *PLACES.values()]
    drawn = forms["localise"]["definitions"].keys()
    assert {row.options.__name__ for row in rows if row.make} == drawn & {row.options.__name__ for row in rows}
