"""Job files: YAML (or JSON) into a `Job`, with errors that name the file, the field and the remedy."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from polyreel.errors import InvalidJob, shorten
from polyreel.errors.wording import spell_count
from polyreel.intake.text import load_text, parse_yaml
from polyreel.job import ADDRESS, FolderDelivery, Job
from polyreel.job.values import PATTERNS_IN_WORDS


def load_job(path: Path) -> Job:
    """Read a job file; its relative paths are taken from its own folder, and its series is in it.

    Raises `InvalidJob`.
    """
    # Here, and not above: most of what reads jobs has no series, and need not wait for what reads memories.
    from polyreel.intake.series import with_series

    return with_series(anchor_paths(parse_job(load_text(path), str(path)), path.absolute().parent))


def parse_job(text: str, name: str) -> Job:
    """A job from YAML or JSON text; ``name`` stands for it in errors."""
    data = parse_yaml(text, name)
    if not isinstance(data, dict):
        raise InvalidJob("a job is a mapping of fields", where=name, remedy="Begin with `name:` and `source:`.")
    if data and not set(map(str, data)) & set(Job.model_fields):
        # Its fields are not quoted: it may be any file of this machine, named by somebody who may not read it.
        raise InvalidJob("no field of a job is in it", where=name, remedy="Begin with `name:` and `source:`.")
    return validate_job(data, name)


def validate_job(data: Any, name: str) -> Job:
    """A job from plain data. Raises `InvalidJob` that lists every wrong field."""
    try:
        return Job.model_validate(data)
    except ValidationError as error:
        problems = _list_problems(error)
        more = len(problems) - _MOST_PROBLEMS
        told = [*problems[:_MOST_PROBLEMS], *([f"and {spell_count(more, 'more field')}"] if more > 0 else [])]
        raise InvalidJob(
            "; ".join(told), where=name, remedy="Correct the fields named; `polyreel schema` describes them all."
        ) from None


def anchor_paths(job: Job, folder: Path) -> Job:
    """The same job with every relative path made absolute from a folder. Addresses stay."""
    placed = with_paths(job, lambda place: _make_absolute(place, folder))
    return placed.model_copy(update={"delivery": tuple(each.with_paths(os.path.normpath) for each in placed.delivery)})


def make_paths_addresses(job: Job, address_of: Callable[[str], str]) -> Job:
    """The same job with every relative path made an address: it was not left in a folder. Raises `InvalidJob`."""

    def make_address(given: str) -> str:
        if is_address(given) or Path(given).expanduser().is_absolute():
            return _make_absolute(given, Path("/"))
        return address_of(os.path.normpath(given))

    for delivery in job.delivery:
        delivery.with_paths(lambda given: _require_whole_path(given, job.name))
    return with_paths(job, make_address)


def _require_whole_path(given: str, job: str) -> str:
    if not Path(given).expanduser().is_absolute():
        raise InvalidJob(
            f"there is no folder that {given!r} could be in",
            where=f"{job}: delivery",
            remedy="A job that is not left in a folder names where it delivers to by its whole path: /srv/out.",
        )
    return given


def with_paths(job: Job, place: Callable[[str], str]) -> Job:
    """The same job with ``place`` applied to every path in it, of every part that has some."""
    parts = {
        "source": job.source.with_paths(place),
        "targets": tuple(each.with_paths(place) for each in job.targets),
        "dubbing": job.dubbing.with_paths(place),
        "fallback": tuple(each.with_paths(place) for each in job.fallback),
        "translation": job.translation and job.translation.with_paths(place),
        "series": place(job.series) if job.series and "/" in job.series else job.series,
        "pronunciations": job.pronunciations and place(job.pronunciations),
        "delivery": tuple(each.with_paths(place) for each in job.delivery),
    }
    return job.model_copy(update=parts)


def redirect_delivery(job: Job, folder: Path) -> Job:
    """The same job with its folder delivery pointed elsewhere (``--out``)."""
    there = FolderDelivery(path=str(folder.absolute()))
    others = tuple(each for each in job.delivery if not each.path_fields)
    return job.model_copy(update={"delivery": (there, *others)})


def is_address(place: str) -> bool:
    """Whether a place names something by a scheme (``https://...``, ``nomad:<id>``) and not by a path."""
    return bool(ADDRESS.match(place))


def _make_absolute(place: str, folder: Path) -> str:
    if is_address(place):
        return place
    return str((folder / Path(place).expanduser()).absolute())


# So many wrong fields are named, each in so many characters: a thousand bad locales are one mistake.
_MOST_PROBLEMS = 10
_LONGEST_PROBLEM = 300
_LONGEST_NAME = 60
_WORDS = {
    "extra_forbidden": "there is no such field",
    "missing": "is required",
    "model_type": "is a group of fields (`name: value`), not a value",
    "tuple_type": "is a list",
    "string_type": "must be text (put it in quotes)",
}


def _list_problems(error: ValidationError) -> list[str]:
    # Without the input: a job file may be pasted into the wrong place, secrets and all.
    found = error.errors(include_url=False, include_input=False)
    places = {item["loc"] for item in found}
    told = (f"{_name_field(item['loc'])}: {_write_message(item)}" for item in found if not _only_repeats(item, places))
    return [shorten(each, _LONGEST_PROBLEM) for each in told]


def _only_repeats(item: Any, places: set[tuple[int | str, ...]]) -> bool:
    """Whether "too few items" only says again that an item inside was refused."""
    loc = item["loc"]
    return item["type"] == "too_short" and any(len(each) > len(loc) and each[: len(loc)] == loc for each in places)


def _write_message(item: Any) -> str:
    if item["type"] == "union_tag_not_found":
        return f"needs {item['ctx']['discriminator']}, which says what the other fields are".replace("'", "`")
    if item["type"] == "union_tag_invalid":
        told = item["ctx"]
        named, known = str(told["discriminator"]).replace("'", "`"), str(told["expected_tags"]).replace("'", "`")
        return f"its {named} is one of {known}, not {shorten(str(told['tag']), _LONGEST_NAME)}"
    if item["type"] == "string_pattern_mismatch" and (said := PATTERNS_IN_WORDS.get(item["ctx"]["pattern"])):
        return said
    words = _WORDS.get(item["type"]) or str(item["msg"]).removeprefix("Value error, ")
    if words.startswith("String should "):
        return "must " + words.removeprefix("String should ")
    return words[0].lower() + words[1:] if words[:5] == "Input" else words


def _name_field(loc: tuple[Any, ...]) -> str:
    parts = [f"[{part}]" if isinstance(part, int) else f".{shorten(str(part), _LONGEST_NAME)}" for part in loc]
    return "".join(parts).lstrip(".") or "job"
