"""What finished stages returned: one small JSON record per stage key, as Prefect's result storage writes it.

Prefect writes these records in place, so a run that is killed may leave half of one, and it never asks whether the
artefacts that a record names are still there. Both are looked at here before a record is believed. In a store that is
shared with other machines, records are fetched from there before they are looked for here, and brought there after.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from polyreel import home
from polyreel.errors import StoreError
from polyreel.files import write_atomically
from polyreel.outcome import artefacts_in
from polyreel.store import Store
from polyreel.stores import open_store

# What Prefect 3.8.8 writes of its JSON serializer.
_READ_AS = {
    "type": "json",
    "jsonlib": "json",
    "object_encoder": "prefect.serializers.prefect_json_object_encoder",
    "object_decoder": "prefect.serializers.prefect_json_object_decoder",
    "dumps_kwargs": {},
    "loads_kwargs": {},
}
# What reading something else than a record raises; nested deeply enough, JSON is a RecursionError.
_NO_RECORD = (ValueError, KeyError, TypeError, RecursionError)


def record_of(key: str) -> Path:
    """Where the result of the stage with this key is kept."""
    return home.results_dir() / key


def is_done(key: str) -> bool:
    """Whether a stage's result is recorded here, readable, and all its artefacts can be had."""
    try:
        value = _recorded(key)
    except (OSError, *_NO_RECORD):
        return False
    store = open_store()
    return all(store.has(artefact) for artefact in artefacts_in(value))


def value_of(key: str) -> Any:
    """What a stage returned, as plain JSON; None where it is not done, or its files are gone."""
    if not is_done(key):
        return None
    value = _recorded(key)
    # Prefect writes a model as its class and its data.
    return value["data"] if isinstance(value, dict) and value.keys() == {"__class__", "data"} else value


def _recorded(key: str) -> Any:
    return _value_in(record_of(key).read_bytes())


def _value_in(content: bytes) -> Any:
    return json.loads(json.loads(content)["result"])


def drop_if_unusable(key: str) -> None:
    """Forget a result that can't be used, so that its stage is done again."""
    if record_of(key).exists() and not is_done(key):
        record_of(key).unlink(missing_ok=True)


# -- other machines


async def fetch(key: str) -> None:
    """See that a result which any machine has is here, as far as it can be used here; and there, if it is only here."""
    if home.shared_store() is None:
        return
    store = open_store()
    if await _is_usable(store, _content(key)):
        await store.offer(_name(key))
        return
    found = _as_our_own(key, await store.look_up(_name(key)) or b"")
    if found and await _is_usable(store, found):
        write_atomically(record_of(key), found)


async def share(*keys: str) -> None:
    """Let other machines have results, and all that is recorded."""
    await open_store().share(*(_name(key) for key in keys if record_of(key).exists()))


def _as_our_own(key: str, found: bytes) -> bytes:
    """The record as this machine would have written it; nothing where it is not one that a stage of ours returned.

    A record says how it is to be read, and may name any Python object for it: what comes from elsewhere may not.
    """
    try:
        record = json.loads(found)
        if record["metadata"]["serializer"] != _READ_AS or not _is_of_ours(json.loads(record["result"])):
            return b""
        record["metadata"]["storage_key"] = str(record_of(key))
    except _NO_RECORD:
        return b""
    return json.dumps(record).encode()


def _is_of_ours(value: Any) -> bool:
    if isinstance(value, dict):
        named = str(value.get("__class__", "tasks."))
        ours = named.startswith(("polyreel.", "tasks.")) and "__exc_type__" not in value
        return ours and all(map(_is_of_ours, value.values()))
    return all(map(_is_of_ours, value)) if isinstance(value, list) else True


async def _is_usable(store: Store, content: bytes) -> bool:
    try:
        return await store.present(tuple(artefacts_in(_value_in(content))))
    except (StoreError, *_NO_RECORD):
        return False


def _content(key: str) -> bytes:
    try:
        return record_of(key).read_bytes()
    except FileNotFoundError:
        return b""


def _name(key: str) -> str:
    return f"results/{key}"
