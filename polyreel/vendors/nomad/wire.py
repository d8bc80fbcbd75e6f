"""How this vendor writes JSON: camelCase when we send, any case when we read, names or numbers for enums."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Any, TypeVar

from pydantic import ConfigDict
from pydantic.alias_generators import to_camel

from polyreel.vendors import models
from polyreel.vendors.answers import SparseAnswer as Answer

__all__ = ["Answer", "Request", "by_name_or_number", "rows"]

Number = TypeVar("Number", bound=IntEnum)
_ROWS = ("items", "results", "data", "assets")


class Request(models.Request):
    """What we send: every field known, nothing unknown, nulls left out, keys in camelCase."""

    model_config = ConfigDict(alias_generator=to_camel)


def rows(data: Any) -> list[Any] | None:
    """A list the vendor sends bare or under a key of its own (``items``, ``data`` ...); ``None`` for neither."""
    if isinstance(data, list):
        return data
    if data is None or data == {}:
        return []
    if not isinstance(data, Mapping):
        return None
    lists = {models.fold_word(str(name)): value for name, value in data.items() if isinstance(value, list)}
    # Other lists may stand beside it (what could not be shown, how to narrow it): the usual names go first.
    return next((lists[name] for name in _ROWS if name in lists), next(iter(lists.values()), None))


def by_name_or_number(kind: type[Number], value: Any) -> Number | None:
    """``"Available"``, ``"AVAILABLE"``, ``1``, ``"1"`` or ``{"id": 1}``; ``None`` for a word the page doesn't have."""
    if isinstance(value, Mapping):
        told = {models.fold_word(str(key)): each for key, each in value.items()}
        value = told.get("id", told.get("description", told.get("name")))
    text = str(value.value if isinstance(value, IntEnum) else value).strip()
    if text.lstrip("-").isdigit():
        return next((member for member in kind if member.value == int(text)), None)
    return next((member for member in kind if models.fold_word(member.name) == models.fold_word(text)), None)
