"""Which stored files a value names, wherever inside it: what has to be there before the value is worth anything."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from pydantic import BaseModel

from polyreel.outcome import StoredFile


def find_stored_files(value: Any) -> Iterator[StoredFile]:
    """Every stored file named anywhere in a value, a record of plain JSON, or a collection of such."""
    if isinstance(value, StoredFile):
        yield value
    # By its fields, as records of stages are plain JSON.
    elif isinstance(value, dict) and value.keys() >= {"uri", "sha256", "bytes"}:
        yield StoredFile(uri=value["uri"], sha256=value["sha256"], bytes=value["bytes"])
    else:
        for part in _parts_of(value):
            yield from find_stored_files(part)


def _parts_of(value: Any) -> Collection[Any]:
    if isinstance(value, BaseModel):
        return vars(value).values()
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list | tuple) else ()
