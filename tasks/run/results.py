"""The one table of what stages return: each kind under a tag and a version of ours, and the serializer over it.

A tag outlives names and modules: a class may be renamed or moved, and what was kept of it stays readable. What a
version of polyreel can't read (an unknown tag, another version, a value that no longer fits) was not done yet: the
stage runs again. Whatever must happen only once is safe all the same, as the ledger holds it, not these records.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from polyreel.dubbing.picture import OwnPicture
from polyreel.dubbing.port import Dubbed, DubRequest, Receipt
from polyreel.engine.separation.stems import Stems
from polyreel.outcome import Reel, StoredFile
from polyreel.plans import MadeScript
from polyreel.store.results import Record, load_record, save_record
from tasks.run.values import (
    FoundLanguage,
    LanguageResult,
    Listening,
    MendedDub,
    Packaged,
    Shots,
    Signed,
    SpokenLanguage,
    Tracks,
)

KINDS: dict[str, tuple[Any, int]] = {
    "nothing": (None, 1),
    "stored-file": (StoredFile, 1),
    "reel": (Reel, 1),
    "stems": (Stems, 1),
    "script": (MadeScript, 1),
    "dub-request": (DubRequest, 1),
    "own-picture": (OwnPicture, 1),
    "dub-receipt": (Receipt, 1),
    "dub": (Dubbed, 1),
    "listening": (Listening, 1),
    "mended-dub": (MendedDub, 1),
    "spoken-language": (SpokenLanguage, 1),
    "found-language": (FoundLanguage, 1),
    "shots": (Shots, 1),
    "subtitle-tracks": (Tracks, 1),
    "language": (LanguageResult, 1),
    "package": (Packaged, 1),
    "signed": (Signed, 1),
}
"""Tag -> (type, version). Raise the version when a value of the old form would be believed wrongly in the new one."""


def encode(value: Any) -> Record:
    """A stage's result as a record. Raises `KeyError` for a type without a tag."""
    kind = None if value is None else type(value)
    tag = _index_tags()[kind]
    return Record(tag, KINDS[tag][1], _make_adapter(tag).dump_python(value, mode="json"))


def decode(record: Record) -> Any:
    """The result that a record holds. Raises `LookupError` for a tag or a version that is not ours to read."""
    kind = KINDS.get(record.tag)
    if kind is None or kind[1] != record.version:
        raise LookupError(f"{record.tag}, version {record.version}")
    try:
        # By way of JSON, as it was kept: strict models take a list for a tuple from JSON alone.
        return _make_adapter(record.tag).validate_json(json.dumps(record.value))
    except ValidationError as error:
        raise LookupError(f"{record.tag}, version {record.version}: {error.error_count()} fields don't fit") from error


def is_known(record: Record) -> bool:
    """Whether `decode` can read a record."""
    try:
        decode(record)
    except LookupError:
        return False
    return True


def is_done(key: str) -> bool:
    """Whether the stage with this key is done: its result is kept, can be read, and its files can be had."""
    record = load_record(key)
    return record is not None and is_known(record)


def load_result(key: str) -> tuple[Any] | None:
    """What the stage with this key returned, in a tuple of one, as it may be None; None where it is not done."""
    record = load_record(key)
    if record is None:
        return None
    try:
        return (decode(record),)
    except LookupError:
        return None


def save_result(key: str, value: Any) -> None:
    """Keep what a stage returned. Blocks for the disk. Raises `StoreError`."""
    save_record(key, encode(value))


@cache
def _index_tags() -> dict[Any, str]:
    return {kind: tag for tag, (kind, _) in KINDS.items()}


@cache
def _make_adapter(tag: str) -> TypeAdapter[Any]:
    return TypeAdapter(KINDS[tag][0])
