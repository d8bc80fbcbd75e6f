"""The shelf: where models lie (``POLYREEL_HOME/models/NAME/...``), and whether they are what they should be.

Files are put there whole and checked (see `polyreel.engine.models.pull`). Before a model is loaded, each file's hash is
computed once more, once per process: weights that were swapped or have rotted are never run.
"""

from __future__ import annotations

import shutil
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from polyreel.engine.models.registry import MODELS, Model, ModelFile
from polyreel.errors import EngineError
from polyreel.machine import home
from polyreel.machine.files import explain_errors, sha256_of

State = Literal["here", "incomplete", "missing"]


@dataclass(frozen=True, slots=True)
class Fault:
    """A file that is not as it should be, and how."""

    file: str
    problem: str


def folder_of(model: Model) -> Path:
    """Where a model's files lie, or would."""
    return home.models_dir() / model.name


def find_state(model: Model) -> State:
    """Whether all files are there, by name and size (which takes no time; `verify` reads them)."""
    present = [_has_size(folder_of(model) / file.path, file) for file in model.files]
    return "here" if all(present) else "incomplete" if any(present) else "missing"


def is_here(*models: Model) -> bool:
    """Whether these models can be used without pulling anything."""
    return all(find_state(model) == "here" for model in models)


def list_absent(*models: Model) -> tuple[Model, ...]:
    """Those of these models that have to be pulled first."""
    return tuple(model for model in models if find_state(model) != "here")


def pull_command(*models: Model) -> str:
    """The command that gets these models."""
    accepting = " --accept-licence" if any(model.has_terms for model in models) else ""
    return f"polyreel models pull {' '.join(model.name for model in models)}{accepting}"


def verify(model: Model) -> tuple[Fault, ...]:
    """Read every file and compare its hash; no fault means that the model is whole."""
    return tuple(
        Fault(file.path, problem)
        for file in model.files
        if (problem := _find_problem(folder_of(model) / file.path, file))
    )


def check_file(model: Model, path: str) -> Path:
    """One file of a model, checked by its hash. Raises EngineError: ``model_missing`` or ``model_damaged``."""
    file, place = model.file(path), folder_of(model) / path
    if not place.is_file():
        raise missing_models_error(model)
    # One at a time: two threads must not both read a file of hundreds of megabytes.
    with _checking:
        # A model is read whole to be hashed, and every session would ask for that anew.
        if _stamp_file(place) in _seen:
            return place
        problem = _find_problem(place, file)
        if problem:
            raise EngineError(
                f"the model '{model.name}' is damaged: {path} {problem}.",
                code="model_damaged",
                where=str(place),
                remedy=f"Run `{pull_command(model)}`: it fetches what is damaged again.",
            )
        _seen.add(_stamp_file(place))
    return place


def require(model: Model) -> Path:
    """The folder of a model of which every file is checked. Raises EngineError as `check_file` does."""
    for file in model.files:
        check_file(model, file.path)
    return folder_of(model)


def missing_models_error(*models: Model) -> EngineError:
    """The error for models that have not been pulled, with the command that gets them."""
    names = ", ".join(model.name for model in models)
    megabytes = round(sum(model.bytes_to_fetch for model in models) / 1e6)
    return EngineError(
        f"these weights are not on this machine: {names}.",
        code="model_missing",
        where=str(home.models_dir()),
        remedy=f"Run `{pull_command(*models)}` (about {megabytes} MB).",
    )


def remove(model: Model) -> int:
    """Take a model off the shelf; returns the bytes that this frees. Raises StoreError."""
    place = folder_of(model)
    if not place.exists():
        return 0
    freed = sum(each.stat().st_size for each in place.rglob("*") if each.is_file())
    with explain_errors("remove a model", place):
        shutil.rmtree(place)
    return freed


def list_strays() -> tuple[str, ...]:
    """Folders on the shelf that belong to no model of this version."""
    known = {model.name for model in MODELS}
    shelf = home.models_dir()
    if not shelf.is_dir():
        return ()
    return tuple(sorted(p.name for p in shelf.iterdir() if p.is_dir() and p.name not in known and p.name[0] != "."))


_checking = threading.Lock()
_seen: set[tuple[str, int, int]] = set()


def _stamp_file(place: Path) -> tuple[str, int, int]:
    # With the time, so that a file that was swapped after its check is checked again.
    found = place.stat()
    return str(place), found.st_size, found.st_mtime_ns


def _has_size(place: Path, file: ModelFile) -> bool:
    return place.is_file() and place.stat().st_size == file.bytes


def _find_problem(place: Path, file: ModelFile) -> str:
    if not place.is_file():
        return "is missing"
    size = place.stat().st_size
    if size != file.bytes:
        return f"has {size} bytes instead of {file.bytes}"
    return "" if sha256_of(place) == file.sha256 else "has another hash than it should"
