"""Answers of vendors that have one fact under several names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import model_validator

from polyreel.vendors import models


class SparseAnswer(models.Answer):
    """What we read. Beyond the shared tolerance: a fact may have several names."""

    also: ClassVar[Mapping[str, str]] = {}
    """Other spellings seen on the wire, folded (``contentlength``), and the field each one means."""

    @model_validator(mode="before")
    @classmethod
    def _by_any_name(cls, data: Any) -> Any:
        if not isinstance(data, Mapping):
            return data
        given = {str(key): value for key, value in data.items() if value is not None}
        own = {models.fold_word(name) for name in cls.model_fields}
        # A field's own spelling wins over its synonyms, whatever order the vendor sends them in.
        taken = {models.fold_word(key) for key in given} & own
        for key in [key for key in given if models.fold_word(key) not in own]:
            name = cls.also.get(models.fold_word(key))
            if name is not None and models.fold_word(name) not in taken:
                taken.add(models.fold_word(name))
                given[name] = given.pop(key)
        return given
