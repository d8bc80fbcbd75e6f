"""How this vendor writes JSON: camelCase when we send, any case when we read, names or numbers for enums."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import IntEnum
from typing import Annotated, Any, TypeVar

from pydantic import BeforeValidator, ConfigDict
from pydantic.alias_generators import to_camel

from polyreel.vendors import models
from polyreel.vendors.answers import SparseAnswer as Answer

__all__ = ["Answer", "Language", "Lookups", "Request", "Word", "by_name_or_number", "find_rows"]

Number = TypeVar("Number", bound=IntEnum)
_CODE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*")
_ROWS = ("items", "results", "data", "assets")


class Request(models.Request):
    """What we send: every field known, nothing unknown, nulls left out, keys in camelCase."""

    model_config = ConfigDict(alias_generator=to_camel)


def find_rows(data: Any) -> list[Any] | None:
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


def _read_word(value: Any) -> Any:
    """A word, or a lookup's (``{"id": 3, "description": "Subtitle"}``): what it is called goes before its id."""
    if not isinstance(value, Mapping):
        return value
    told = {models.fold_word(str(key)): each for key, each in value.items() if each is not None}
    return str(next((told[name] for name in ("description", "name", "id") if name in told), ""))


def _read_language(value: Any) -> Any:
    """A language's code, or a lookup that has one under any of its names."""
    if not isinstance(value, Mapping):
        return value
    codes = (each for each in value.values() if isinstance(each, str) and _CODE.fullmatch(each))
    return next(codes, None) or _read_word(value)


def _read_lookups(value: Any) -> Any:
    """Lookups, of which some may be their words alone."""
    if not isinstance(value, list):
        return value
    return [{"description": each} if isinstance(each, str) else each for each in value]


Word = Annotated[str, BeforeValidator(_read_word)]
Language = Annotated[str, BeforeValidator(_read_language)]
Lookups = Annotated[tuple[dict[str, Any], ...], BeforeValidator(_read_lookups)]
