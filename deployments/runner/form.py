"""A flow's parameters as the UI draws them: the job's own JSON Schema, in the shape that makes the plainest form."""

from __future__ import annotations

import re
from typing import Any

from polyreel.delivery.places import PLACES
from polyreel.dubbing.providers import PROVIDERS

NULL = {"type": "null"}
LACKING = {each.options.__name__ for each in PROVIDERS.values() if each.make is None}
LACKING |= {each.options.__name__ for each in PLACES.values() if each.make is None}
"""What a job may name and this version refuses in any case: not offered, and refused when the run is asked for."""
_WORDS = {"string": "One", "array": "Several"}
_PATHS = "An absolute path; a relative one begins in the folder that polyreel was started in."
_SPEAKERS = 'As JSON: {"Ann": {"voices": {"es-ES": "VOICE"}}}.'


def make_ui_form(schema: dict[str, Any]) -> dict[str, Any]:
    """The same schema with plain fields, tabs and lists where the UI would draw boxes for JSON, or nothing.

    Tried in the UI of Prefect 3.8.8. What the server accepts stays the same, but for one thing: a list of targets has
    either all of them with fields, or all of them as locales alone.
    """
    definitions: dict[str, Any] = dict(schema.get("definitions", {}))
    drawn = _flatten_object(schema, definitions)
    for name in list(definitions):
        definitions[name] = {**_flatten_object(definitions[name], definitions), "title": _split_camel(name)}
    # Their choices are gone above: definitions that nothing names would still be listed.
    kept = {name: each for name, each in definitions.items() if name not in LACKING}
    return {**drawn, "definitions": kept, "additionalProperties": False}


def _flatten_object(schema: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    if "properties" not in schema:
        return schema
    return {
        **schema,
        "properties": {name: _flatten_field(part, definitions) for name, part in schema["properties"].items()},
    }


def _flatten_field(field: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    field = _adapt_help(field)
    if "items" in field:
        return _make_list_field({**field, "items": _flatten_choice(field["items"])}, definitions)
    return _flatten_choice(_or_empty(_merge_optional_choice(field)))


def _adapt_help(field: dict[str, Any]) -> dict[str, Any]:
    """The help text as it is true here: there is no job file, and a mapping is drawn as a box for JSON."""
    words = field.get("description", "")
    words = words.replace("Relative to the job file.", _PATHS).replace(" (relative to the job file)", "")
    if "Speaker" in str(field) and "additionalProperties" in str(field):
        words = f"{words} {_SPEAKERS}"
    return {**field, "description": words} if words else field


def _flatten_choice(field: dict[str, Any]) -> dict[str, Any]:
    """A choice of shapes is drawn as tabs when it is an ``anyOf``, as a box for JSON when it is anything else."""
    if "oneOf" not in field:
        return _name_tab(field)
    # A default of one shape would be put into the form of another tab.
    rest = {name: value for name, value in field.items() if name not in ("oneOf", "discriminator", "default")}
    shapes = [each for each in field["oneOf"] if each.get("$ref", "").rpartition("/")[2] not in LACKING]
    return {**rest, "anyOf": shapes} if len(shapes) > 1 else {**rest, **shapes[0]}


def _merge_optional_choice(field: dict[str, Any]) -> dict[str, Any]:
    """A choice of shapes that may be left out: the shapes and nothing, side by side."""
    shapes = [shape for kind in field.get("anyOf", []) for shape in kind.get("oneOf", [kind])]
    return {**field, "anyOf": shapes} if len(shapes) > len(field.get("anyOf", [])) else field


def _name_tab(field: dict[str, Any]) -> dict[str, Any]:
    """Tabs are called by what they hold, not by its type."""
    if "anyOf" not in field:
        return field
    return {
        **field,
        "anyOf": [{"title": _WORDS[kind["type"]], **kind} if _is_bare(kind) else kind for kind in field["anyOf"]],
    }


def _is_bare(kind: dict[str, Any]) -> bool:
    return kind.get("type") in _WORDS


def _split_camel(name: str) -> str:
    """``EmbeddedDubbing`` as ``Embedded dubbing``."""
    return re.sub(r"(?<=[a-z])([A-Z])", lambda found: f" {found[0].lower()}", name)


def _or_empty(field: dict[str, Any]) -> dict[str, Any]:
    """A field that may be left out is drawn as that field, to be left empty.

    Where a field is not required and has no default, Prefect itself lets ``null`` pass.
    """
    kinds = field.get("anyOf", [])
    others = [kind for kind in kinds if kind != NULL]
    if len(others) == len(kinds) or len(others) != 1 or "type" not in others[0]:
        return field
    rest = {name: value for name, value in field.items() if name not in ("anyOf", "default")}
    return {**_with_null(others[0]), **rest}


def _with_null(kind: dict[str, Any]) -> dict[str, Any]:
    # Prefect lets null pass by its type alone: a list of values refuses it still.
    return {**kind, "enum": [*kind["enum"], None]} if "enum" in kind else kind


def _make_list_field(field: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """A list whose items have a long and a short form: two tabs, as no item of either form is drawn."""
    shapes = field["items"].get("anyOf", [])
    long = [shape for shape in shapes if shape.get("type") == "object"]
    # Other lists of choices are drawn well as they are.
    if len(shapes) != 2 or len(long) != 1:
        return field
    short = next(shape for shape in shapes if shape is not long[0])
    name = str(long[0]["title"])
    definitions[name] = _flatten_object(long[0], definitions)
    limits: dict[str, Any] = {key: field[key] for key in ("minItems", "maxItems") if key in field}
    rest = {key: value for key, value in field.items() if key not in ("type", "items", *limits)}
    arms = [
        {"title": "With fields", "type": "array", "items": {"$ref": f"#/definitions/{name}"}, **limits},
        {"title": "Locales alone", "type": "array", "items": short, **limits},
    ]
    return {**rest, "anyOf": arms}
