"""How this vendor writes JSON: camelCase when we send, any case when we read, names or numbers for enums."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Any, ClassVar, TypeVar

from pydantic import ConfigDict, model_validator
from pydantic.alias_generators import to_camel

from polyreel.vendors import models

Number = TypeVar("Number", bound=IntEnum)


class Request(models.Request):
    """What we send: every field known, nothing unknown, nulls left out, keys in camelCase."""

    model_config = ConfigDict(alias_generator=to_camel)


class Answer(models.Answer):
    """What we read. Beyond the shared tolerance: null is the same as absent, and a fact may have several names."""

    also: ClassVar[Mapping[str, str]] = {}
    """Other spellings seen on the wire, folded (``contentlength``), and the field each one means."""

    @model_validator(mode="before")
    @classmethod
    def _by_any_name(cls, data: Any) -> Any:
        if not isinstance(data, Mapping):
            return data
        given = {str(key): value for key, value in data.items() if value is not None}
        own = {models.folded(name) for name in cls.model_fields}
        # A field's own spelling wins over its synonyms, whatever order the vendor sends them in.
        taken = {models.folded(key) for key in given} & own
        for key in [key for key in given if models.folded(key) not in own]:
            name = cls.also.get(models.folded(key))
            if name is not None and models.folded(name) not in taken:
                taken.add(models.folded(name))
                given[name] = given.pop(key)
        return given


def rows(data: Any) -> list[Any] | None:
    """A list the vendor sends bare or under a key of its own (``items``, ``data`` ...); ``None`` for neither."""
    if isinstance(data, list):
        return data
    if data is None or data == {}:
        return []
    if isinstance(data, Mapping):
        return next((value for value in data.values() if isinstance(value, list)), None)
    return None


def by_name_or_number(kind: type[Number], value: Any) -> Number | None:
    """``"Available"``, ``"AVAILABLE"``, ``1``, ``"1"`` or ``{"id": 1}``; ``None`` for a word the page doesn't have."""
    if isinstance(value, Mapping):
        value = value.get("id", value.get("description"))
    text = str(value.value if isinstance(value, IntEnum) else value).strip()
    if text.lstrip("-").isdigit():
        return next((member for member in kind if member.value == int(text)), None)
    return next((member for member in kind if models.folded(member.name) == models.folded(text)), None)
