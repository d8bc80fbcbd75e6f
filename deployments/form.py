"""A flow's parameters as the UI draws them: the job's own JSON Schema, in the shape that makes the plainest form."""

from __future__ import annotations

from typing import Any

NULL = {"type": "null"}


def pleasant(schema: dict[str, Any]) -> dict[str, Any]:
    """The same schema with plain fields, tabs and lists where the UI would draw boxes for JSON, or nothing.

    Tried in the UI of Prefect 3.8.8. What the server accepts stays the same, but for one thing: a list of targets has
    either all of them with fields, or all of them as locales alone.
    """
    definitions: dict[str, Any] = dict(schema.get("definitions", {}))
    drawn = _object(schema, definitions)
    for name in list(definitions):
        definitions[name] = _object(definitions[name], definitions)
    return {**drawn, "definitions": definitions, "additionalProperties": False}


def _object(schema: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    if "properties" not in schema:
        return schema
    return {**schema, "properties": {name: _field(part, definitions) for name, part in schema["properties"].items()}}


def _field(field: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    if "items" in field:
        return _list({**field, "items": _choice(field["items"])}, definitions)
    return _choice(_or_empty(field))


def _choice(field: dict[str, Any]) -> dict[str, Any]:
    """A choice of shapes is drawn as tabs when it is an ``anyOf``, as a box for JSON when it is anything else."""
    if "oneOf" not in field:
        return field
    rest = {name: value for name, value in field.items() if name not in ("oneOf", "discriminator", "default")}
    return {**rest, "anyOf": field["oneOf"]}


def _or_empty(field: dict[str, Any]) -> dict[str, Any]:
    """A field that may be left out is drawn as that field, to be left empty.

    Where a field is not required and has no default, Prefect itself lets ``null`` pass.
    """
    kinds = field.get("anyOf", [])
    others = [kind for kind in kinds if kind != NULL]
    if len(others) == len(kinds) or len(others) != 1 or "type" not in others[0]:
        return field
    rest = {name: value for name, value in field.items() if name not in ("anyOf", "default")}
    return {**others[0], **rest}


def _list(field: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """A list whose items have a long and a short form: two tabs, as no item of either form is drawn."""
    shapes = field["items"].get("anyOf", [])
    long = [shape for shape in shapes if shape.get("type") == "object"]
    if len(shapes) != 2 or len(long) != 1:
        return field
    short = next(shape for shape in shapes if shape is not long[0])
    name = str(long[0]["title"])
    definitions[name] = _object(long[0], definitions)
    limits: dict[str, Any] = {key: field[key] for key in ("minItems", "maxItems") if key in field}
    rest = {key: value for key, value in field.items() if key not in ("type", "items", *limits)}
    arms = [
        {"title": "With fields", "type": "array", "items": {"$ref": f"#/definitions/{name}"}, **limits},
        {"title": "Locales alone", "type": "array", "items": short, **limits},
    ]
    return {**rest, "anyOf": arms}
