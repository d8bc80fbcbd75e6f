"""What both ends of a vendor's wire share: requests are strict, answers are tolerant.

Vendors spell keys and enum values in any case (`assetId`, `AssetID`, `asset_id`; `ready`, `Ready`), add fields, leave
fields out, and send null for what isn't there. An `Answer` takes all that; a `Request` takes nothing that the vendor's
page does not name.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from functools import cache
from typing import Any, Self

from pydantic import AliasChoices, BaseModel, ConfigDict, model_validator


def fold_word(word: str) -> str:
    """A key or enum value without case, dashes, underscores and blanks: `Not Started` and `notStarted` are the same."""
    return word.replace("_", "").replace("-", "").replace(" ", "").casefold()


class Request(BaseModel):
    """What we send: only documented fields, checked before anything is sent."""

    # A field that the page doesn't have may be ignored there: the work would be done, and charged, without it.
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    def as_wire(self) -> dict[str, Any]:
        """As the vendor spells it, without what was not given."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


class Answer(BaseModel):
    """What a vendor says: keys in any case, unknown ones kept aside in `model_extra`."""

    # Ids are numbers at some vendors and text at others; here they are names, and nobody reckons with them.
    model_config = ConfigDict(extra="allow", frozen=True, populate_by_name=True, coerce_numbers_to_str=True)

    @model_validator(mode="before")
    @classmethod
    def _fold_keys(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        names = _list_names(cls)
        known: dict[str, Any] = {}
        for key, value in data.items():
            # Null says what leaving a field out says.
            if value is None:
                continue
            name = names.get(fold_word(str(key)), str(key))
            # An exact spelling wins over a look-alike that comes later or came before.
            if name not in known or key == name:
                known[name] = value
        return known

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """Only what we know: an unknown field may hold a signed address."""
        return ((name, value) for name, value in super().__repr_args__() if name in type(self).model_fields)


class Word(StrEnum):
    """A vendor's enum, read in any case. A word it does not document becomes `UNKNOWN`, where there is one."""

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        wanted = fold_word(str(value))
        for member in cls:
            if fold_word(member.value) == wanted:
                return member
        return cls.__members__.get("UNKNOWN")


@cache
def _list_names(model: type[BaseModel]) -> dict[str, str]:
    return {
        fold_word(spelling): name
        for name, field in model.model_fields.items()
        for spelling in (name, *_list_spellings(field.alias), *_list_spellings(field.validation_alias))
    }


def _list_spellings(alias: object) -> list[str]:
    choices = alias.choices if isinstance(alias, AliasChoices) else [alias]
    return [choice for choice in choices if isinstance(choice, str)]
