"""What finished stages returned: one small JSON record per stage key: ``{"tag", "version", "value"}``.

A tag is a name of ours for a kind of result, never a class's path: code may move, and what was kept stays readable.
Which tags there are is the stages' affair; here a record is whole or it is none, and its files can be had or not. In a
store that is shared with other machines, records are fetched from there before they are looked for here, and brought
there after.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from polyreel.errors import StoreError
from polyreel.machine import home
from polyreel.machine.files import write_atomically
from polyreel.store.choice import open_store
from polyreel.store.named import find_stored_files
from polyreel.store.port import Store

# What reading something else than a record raises; nested deeply enough, JSON is a RecursionError.
_NO_RECORD = (ValueError, KeyError, TypeError, RecursionError)


@dataclass(frozen=True, slots=True)
class Record:
    """What a stage returned: the tag and version of its kind, and the value as plain JSON."""

    tag: str
    version: int
    value: Any


Known = Callable[[Record], bool]
"""Whether this version of polyreel can read a record's value."""


def path_of_record(key: str) -> Path:
    """Where the result of the stage with this key is kept."""
    return home.results_dir() / key


def load_record(key: str) -> Record | None:
    """The record of a stage that is done; None where there is none, or not all its files can be had."""
    try:
        record = _parse_record(path_of_record(key).read_bytes())
        usable = all(map(open_store().has, find_stored_files(record.value)))
    except (OSError, StoreError, *_NO_RECORD):  # StoreError: it names a file as no store of ours does
        return None
    return record if usable else None


def save_record(key: str, record: Record) -> None:
    """Keep what a stage returned. Durable when this returns. Raises `StoreError`."""
    write_atomically(path_of_record(key), json.dumps(asdict(record), ensure_ascii=False).encode())


def _parse_record(content: bytes) -> Record:
    """Raises one of `_NO_RECORD` for what is no record, a file of another version included."""
    found = json.loads(content)
    tag, version = found["tag"], found["version"]
    if not isinstance(tag, str) or not isinstance(version, int):
        raise TypeError("a record's tag is a word, its version a number")
    return Record(tag, version, found["value"])


# -- other machines


async def fetch_result(key: str) -> None:
    """See that a result which any machine has is here, as far as it can be used here; and there, if it is only here."""
    if home.read_shared_store() is None:
        return
    store = open_store()
    if await _is_usable(store, _read_content(key)):
        await store.offer_file(_name_record(key))
        return
    found = await store.look_up(_name_record(key)) or b""
    if await _is_usable(store, found):
        write_atomically(path_of_record(key), found)


async def share_results(*keys: str) -> None:
    """Let other machines have results, and all that is recorded."""
    await open_store().share_files(*(_name_record(key) for key in keys if path_of_record(key).exists()))


async def _is_usable(store: Store, content: bytes) -> bool:
    try:
        # Read in full, as a record whose files nobody has would make its stage look done, and the next one fail.
        return await store.present(tuple(find_stored_files(_parse_record(content).value)))
    except (StoreError, *_NO_RECORD):
        return False


def _read_content(key: str) -> bytes:
    try:
        return path_of_record(key).read_bytes()
    except FileNotFoundError:
        return b""


def _name_record(key: str) -> str:
    return f"results/{key}"
