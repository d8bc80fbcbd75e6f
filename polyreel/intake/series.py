"""A series by its name or folder: settings, terms, how they are said, approved lines; each file in it is optional.

A bare name is a folder below ``POLYREEL_HOME/series``; anything with a slash is a path, taken from the job file's
folder.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import yaml
from pydantic import ValidationError

from polyreel.engine.voice.text.said_as import Pronunciation
from polyreel.errors import InvalidJob
from polyreel.intake.text import load_text, parse_yaml
from polyreel.job import Job
from polyreel.machine import home
from polyreel.machine.files import TooManyBytes, read_whole, write_atomically

if TYPE_CHECKING:
    from polyreel.series.memory import Unit
    from polyreel.series.values import Series

SETTINGS, GLOSSARY, MEMORY = "series.yaml", "glossary.tsv", "memory.tmx"
PRONUNCIATIONS = ("pronunciations.tsv", "pronunciations.pls")
"""One of the two."""


def folder_of(place: str) -> Path:
    """Where a series is kept: ``place`` as a job names it."""
    return Path(place).expanduser() if "/" in place else home.home() / "series" / place


def require_folder(place: str) -> Path:
    """The folder of a series that is there. Raises `InvalidJob`."""
    folder = folder_of(place)
    if not folder.is_dir():
        raise InvalidJob(
            "there is no such series",
            where=f"series: {place}",
            remedy=f"Make the folder {folder} (series.yaml, glossary.tsv, pronunciations.tsv and memory.tmx in it are "
            "all optional), or correct the name: a name without a slash is a folder below POLYREEL_HOME/series.",
        )
    return folder


def require_series(place: str) -> Path:
    """The folder of a series, which holds one of its files or lies where series do. Raises `InvalidJob`."""
    folder = require_folder(place)
    names = (SETTINGS, GLOSSARY, *PRONUNCIATIONS, MEMORY)
    # A new series begins as an empty folder; anywhere else, a folder without these files is just a folder.
    is_new = folder.resolve().parent == (home.home() / "series").resolve()
    if not is_new and not any((folder / name).exists() for name in names):
        raise InvalidJob(
            "there is no series in this folder",
            where=f"series: {place}",
            remedy=f"Name a folder that holds one of {', '.join(names)}, or a series below POLYREEL_HOME/series.",
        )
    return folder


def read_series(place: str) -> Series:
    """A series' settings; empty ones where it has no ``series.yaml``. Raises `InvalidJob` that names the field."""
    from polyreel.series.values import Series

    file = require_folder(place) / SETTINGS
    if not file.exists():
        return Series()
    data = parse_yaml(load_text(file), str(file))
    try:
        return Series.model_validate(data or {})
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(map(str, first["loc"])) or "series"
        known = ", ".join(Series.model_fields)
        remedy = f"Correct the field; a series has {known}."
        raise InvalidJob(f"{field}: {first['msg']}", where=str(file), remedy=remedy) from None


def with_series(job: Job) -> Job:
    """The job with what its series says where it says nothing itself. Raises `InvalidJob`."""
    if not job.series:
        return job
    from polyreel.series.values import apply_series

    return apply_series(job, read_series(job.series))


def glossary_of(job: Job) -> Path | None:
    """The series' glossary, where there is one."""
    file = require_folder(job.series) / GLOSSARY if job.series else None
    return file if file and file.exists() else None


def read_series_pronunciations(place: str) -> tuple[Pronunciation, ...]:
    """How the series' terms are said, in all languages. Raises `InvalidJob` that names the file and the line."""
    from polyreel.engine.voice.pronunciations import read_pronunciations

    folder = require_folder(place)
    files = [folder / name for name in PRONUNCIATIONS if (folder / name).exists()]
    if len(files) > 1:
        raise InvalidJob(
            f"{files[1].name} is there too", where=str(files[0]), remedy="Keep one of the two: rows, or a lexicon."
        )
    return read_pronunciations(files[0]) if files else ()


def read_memory(place: str) -> list[Unit]:
    """The approved lines of a series, oldest first. Raises `InvalidJob`."""
    file = require_folder(place) / MEMORY
    return read_memory_file(file) if file.exists() else []


def read_memory_file(file: Path) -> list[Unit]:
    """The units of any TMX file. Raises `InvalidJob` that names it."""
    from polyreel.series.tmx import MOST_BYTES, read_tmx

    try:
        return read_tmx(read_whole(file, MOST_BYTES), str(file))
    except TooManyBytes as error:
        raise InvalidJob(
            str(error), code="invalid_memory", where=str(file), remedy="Divide it, or export fewer languages."
        ) from None
    except OSError as error:
        raise InvalidJob(f"can't be read: {error.strerror}", where=str(file), remedy="Check the path.") from None


# -- writing back


def diff_series(place: str, new: Series) -> str:
    """What would change in ``series.yaml``, as a unified diff; empty where nothing would."""
    file = require_folder(place) / SETTINGS
    old = file.read_text("utf-8").splitlines(keepends=True) if file.exists() else []
    # By what they say: comments and the order of fields are no news.
    if _dump_settings(read_series(place)) == _dump_settings(new):
        return ""
    return "".join(difflib.unified_diff(old, _write_yaml(new).splitlines(keepends=True), SETTINGS, f"{SETTINGS} (new)"))


def write_series(place: str, new: Series) -> None:
    """Write the settings. Comments of a file that was written by hand are lost; the diff shows them."""
    write_atomically(require_folder(place) / SETTINGS, _write_yaml(new).encode())


def remember_units(place: str, new: Sequence[Unit]) -> list[Unit]:
    """Add approved lines to the memory; those that say something new. Raises `InvalidJob`, `StoreError`."""
    from polyreel.series.memory import merge_units
    from polyreel.series.tmx import write_tmx

    units, added = merge_units(read_memory(place), new)
    if added:
        first = units[0].texts[0][0]
        write_atomically(require_folder(place) / MEMORY, write_tmx(units, first, version("polyreel")))
    return added


def _dump_settings(series: Series) -> dict[str, object]:
    return series.model_dump(mode="json", exclude_defaults=True)


def _write_yaml(series: Series) -> str:
    return yaml.safe_dump(_dump_settings(series), allow_unicode=True, sort_keys=False) if _dump_settings(series) else ""
