"""Many jobs at once: a list of job files, or a catalogue in CSV or YAML that says only what differs.

CSV, one job a row. ``name`` and ``media`` are needed; ``locale`` is the source's language, ``targets`` the languages
(``es-ES fr-FR``, or with ``;``), ``scripts`` a pattern with ``{locale}`` for their scripts; any other column is a field
of the job by its path (``trim.end``, ``dubbing.mix``, ``quality.on_fail``). An empty cell is a field left out.

YAML: ``defaults:`` (fields for every job) and ``jobs:`` (a list of jobs, or of paths of job files).
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from polyreel.errors import InvalidJob
from polyreel.intake.jobfile import anchor_paths, load_job, validate_job
from polyreel.intake.text import load_text, parse_yaml
from polyreel.job import Job

# Each becomes a run with a row on the server, which lists them all in the UI.
MAX_JOBS = 10_000
# YAML would take a film called 2012 for a number, and `no` for false.
_TEXT = ("name", "media", "locale", "subtitles", "path")
_SHORT = {"media": "source.media", "locale": "source.locale", "script": "source.subtitles"}


def load_catalogue(path: Path, require: Callable[[str], object] = str) -> list[Job]:
    """Every job of a catalogue (or the one of a job file). Raises `InvalidJob` naming the row or entry.

    ``require`` is shown the path of each job file that the catalogue names, before it is read, and may refuse it.
    """
    text = load_text(path)
    jobs = _from_csv(text, path) if path.suffix.lower() == ".csv" else _from_yaml(text, path, require)
    if not jobs:
        raise InvalidJob("there is no job in it", where=str(path), remedy="Add rows, or entries below `jobs:`.")
    return require_distinct_names(jobs, str(path))


def require_distinct_names(jobs: list[Job], where: str) -> list[Job]:
    """The jobs, each of its own name: two of one name would write into one folder. Raises `InvalidJob`."""
    seen: set[str] = set()
    for job in jobs:
        if job.name in seen:
            raise InvalidJob(f"two jobs are called {job.name}", where=where, remedy="Give each a name of its own.")
        seen.add(job.name)
    if len(jobs) > MAX_JOBS:
        raise InvalidJob(f"{len(jobs):,} jobs are too many (at most {MAX_JOBS:,})", where=where, remedy="Split it.")
    return jobs


def _from_yaml(text: str, path: Path, require: Callable[[str], object]) -> list[Job]:
    data = parse_yaml(text, str(path))
    if not isinstance(data, dict) or "jobs" not in data:
        return [anchor_paths(validate_job(data, str(path)), path.absolute().parent)]
    defaults, entries = data.get("defaults") or {}, data["jobs"]
    if data.keys() - {"defaults", "jobs"} or not isinstance(defaults, dict) or not isinstance(entries, list):
        raise InvalidJob(
            "a catalogue has `jobs:` (a list) and, if wanted, `defaults:` (fields), and nothing else",
            where=str(path),
            remedy="Take other fields out, or move them below `defaults:`.",
        )
    for entry in entries:
        if isinstance(entry, str):
            # All of them before any is read: a refused one must not be told by what is in it.
            require(str(path.absolute().parent / entry))
    return [_read_entry(entry, defaults, path, f"{path}, job {number}") for number, entry in enumerate(entries, 1)]


def _read_entry(entry: Any, defaults: dict[str, Any], path: Path, where: str) -> Job:
    folder = path.absolute().parent
    if isinstance(entry, str):
        return load_job(folder / entry)
    if not isinstance(entry, dict):
        raise InvalidJob(
            "is neither a job nor the path of a job file",
            where=where,
            remedy="Write fields (`name: ...`), or the path of a job file as text.",
        )
    return anchor_paths(validate_job(_merge_fields(defaults, entry), where), folder)


def _merge_fields(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    both = {
        key: _merge_fields(below[key], above[key])
        for key in below.keys() & above.keys()
        if _are_both_mappings(below, above, key)
    }
    return {**below, **above, **both}


def _are_both_mappings(below: dict[str, Any], above: dict[str, Any], key: str) -> bool:
    return isinstance(below[key], dict) and isinstance(above[key], dict)


def _from_csv(text: str, path: Path) -> list[Job]:
    # A spreadsheet writes what its country takes for a comma.
    head = text.partition("\n")[0]
    # Strict, so that a quote that is never closed is told and does not swallow the rest of the file.
    rows = csv.DictReader(io.StringIO(text), delimiter=max(",;\t", key=head.count), strict=True)
    try:
        return [_read_row(row, path, rows.line_num) for row in rows if any(row.values())]
    except csv.Error as error:
        raise InvalidJob(
            f"is not CSV: {error}",
            where=f"{path}, line {rows.line_num}",
            remedy="Save it as CSV in UTF-8, one job a line below a line of column names.",
        ) from None


def _read_row(row: dict[str | None, Any], path: Path, line: int) -> Job:
    where = f"{path}, line {line}"
    if None in row:
        raise InvalidJob("has more cells than there are columns", where=where, remedy="Quote cells that hold commas.")
    cells = {str(key).strip(): str(value).strip() for key, value in row.items() if value and str(value).strip()}
    scripts = cells.pop("scripts", None)
    locales = re.split(r"[;,\s]+", cells.pop("targets", ""))
    data: dict[str, Any] = {
        "targets": [_make_target(locale, scripts, cells.get("name", "")) for locale in locales if locale]
    }
    for column, text in cells.items():
        _put_cell(data, _SHORT.get(column, column).split("."), text, where)
    return anchor_paths(validate_job(data, where), path.absolute().parent)


def _make_target(locale: str, scripts: str | None, name: str) -> dict[str, str]:
    if scripts is None:
        return {"locale": locale}
    return {"locale": locale, "subtitles": scripts.replace("{locale}", locale).replace("{name}", name)}


def _put_cell(data: dict[str, Any], places: list[str], text: str, where: str) -> None:
    for place in places[:-1]:
        data = data.setdefault(place, {})
        if not isinstance(data, dict):
            raise InvalidJob(
                f"the column {'.'.join(places)} goes below a field that has a value",
                where=where,
                remedy="Keep one of the two columns.",
            )
    # A cell is text where the field wants text, and YAML's number or list where it wants those.
    data[places[-1]] = text if places[-1] in _TEXT else parse_yaml(text, where)
