"""A flow's parameters as the UI draws them: the job's own JSON Schema, in the shape that makes the plainest form."""

from __future__ import annotations

from typing import Any

NULL = {"type": "null"}


def pleasant(schema: dict[str, Any]) -> dict[str, Any]:
    """The same schema with plain fields where the UI would draw a choice between a type and ``None``.

    A field that may be left out is drawn as that field, to be left empty. What the server accepts stays the same: for a
    field that is not required and has no default, Prefect itself lets ``null`` pass.
    """
    definitions = {name: _object(part) for name, part in schema.get("definitions", {}).items()}
    return {**_object(schema), "definitions": definitions, "additionalProperties": False}


def _object(schema: dict[str, Any]) -> dict[str, Any]:
    if "properties" not in schema:
        return schema
    return {**schema, "properties": {name: _field(part) for name, part in schema["properties"].items()}}


def _field(field: dict[str, Any]) -> dict[str, Any]:
    if "items" in field:
        field = {**field, "items": _choice(field["items"])}
    return _choice(_or_empty(field))


def _choice(field: dict[str, Any]) -> dict[str, Any]:
    """A choice of shapes is drawn as tabs when it is an ``anyOf``, as a box for JSON when it is anything else."""
    if "oneOf" not in field:
        return field
    rest = {name: value for name, value in field.items() if name not in ("oneOf", "discriminator", "default")}
    return {**rest, "anyOf": field["oneOf"]}


def _or_empty(field: dict[str, Any]) -> dict[str, Any]:
    kinds = field.get("anyOf", [])
    others = [kind for kind in kinds if kind != NULL]
    if len(others) == len(kinds) or len(others) != 1 or "type" not in others[0]:
        return field
    rest = {name: value for name, value in field.items() if name not in ("anyOf", "default")}
    return {**others[0], **rest}
