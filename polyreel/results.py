"""What finished stages returned: one small JSON record per stage key, as Prefect's result storage writes it.

Prefect writes these records in place, so a run that is killed may leave half of one, and it never asks whether the
artefacts that a record names are still there. Both are looked at here before a record is believed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from polyreel import home
from polyreel.outcome import Artefact
from polyreel.store import Store


def record_of(key: str) -> Path:
    """Where the result of the stage with this key is kept."""
    return home.results_dir() / key


def is_done(key: str) -> bool:
    """Whether a stage's result is recorded, readable, and all its artefacts are still there."""
    try:
        value = _recorded(key)
    except (OSError, ValueError, KeyError, TypeError):
        return False
    store = Store()
    return all(store.has(artefact) for artefact in artefacts_in(value))


def value_of(key: str) -> Any:
    """What a stage returned, as plain JSON; None where it is not done, or its files are gone."""
    if not is_done(key):
        return None
    value = _recorded(key)
    # Prefect writes a model as its class and its data.
    return value["data"] if isinstance(value, dict) and value.keys() == {"__class__", "data"} else value


def _recorded(key: str) -> Any:
    return json.loads(json.loads(record_of(key).read_bytes())["result"])


def drop_if_unusable(key: str) -> None:
    """Forget a result that can't be used, so that its stage is done again."""
    if record_of(key).exists() and not is_done(key):
        record_of(key).unlink(missing_ok=True)


def artefacts_in(value: Any) -> Iterator[Artefact]:
    """Every artefact named anywhere in a result."""
    if isinstance(value, dict) and value.keys() >= {"uri", "sha256", "bytes"}:
        yield Artefact(uri=value["uri"], sha256=value["sha256"], bytes=value["bytes"])
        return
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from artefacts_in(part)
