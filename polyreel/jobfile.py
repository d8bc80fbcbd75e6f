"""Job files: YAML (or JSON) into a `Job`, with errors that name the file, the field and the remedy."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from polyreel.errors import InvalidJob
from polyreel.job import FolderDelivery, Job

MAX_BYTES = 1 << 20
_ADDRESS = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]+:")


_TRAPS = {"tag:yaml.org,2002:bool", "tag:yaml.org,2002:timestamp"}


class _JobLoader(yaml.SafeLoader):
    """SafeLoader without YAML's traps: aliases, twice-named keys, and ``no`` (Norwegian) read as false."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            mark = self.get_event().start_mark  # type: ignore[no-untyped-call] # bare in the stubs
            raise yaml.constructor.ConstructorError(None, None, "aliases (*name) are not used in job files", mark)
        return super().compose_node(parent, index)

    def construct_object(self, node: Any, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except (ValueError, KeyError, AttributeError):  # the library's ways of finding that `0x_` is no number
            problem = f"'{str(node.value)[:40]}' can't be read; put text in quotes"
            raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark) from None

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        seen = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(None, None, "a field's name is not text", key.start_mark)
            if key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"'{key.value}' is given twice", key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


_JobLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in _TRAPS]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_JobLoader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$", re.IGNORECASE), list("tTfF"))


def load_job(path: Path) -> Job:
    """Read a job file; its relative paths are taken from its own folder. Raises `InvalidJob`."""
    return anchored(parse_job(load_text(path), str(path)), path.absolute().parent)


def parse_job(text: str, name: str) -> Job:
    """A job from YAML or JSON text; ``name`` stands for it in errors."""
    data = parse_yaml(text, name)
    if not isinstance(data, dict):
        raise InvalidJob("a job is a mapping of fields", where=name, remedy="Begin with `name:` and `source:`.")
    return validated(data, name)


def parse_yaml(text: str, name: str) -> Any:
    """Plain data from YAML or JSON text. Raises `InvalidJob`."""
    try:
        return yaml.load(text, Loader=_JobLoader)  # noqa: S506 - a SafeLoader, made stricter
    except yaml.YAMLError as error:
        raise InvalidJob(
            f"not valid YAML: {_brief(error)}",
            where=name,
            remedy="Correct the file; `polyreel schema` has every field.",
        ) from None
    except RecursionError:
        raise InvalidJob("nested too deeply to be a job", where=name) from None


def validated(data: Any, name: str) -> Job:
    """A job from plain data. Raises `InvalidJob` that lists every wrong field."""
    try:
        return Job.model_validate(data)
    except ValidationError as error:
        problems = _problems(error)
        raise InvalidJob(
            "; ".join(problems), where=name, remedy="Correct the fields named; `polyreel schema` describes them all."
        ) from None


def anchored(job: Job, folder: Path) -> Job:
    """The same job with every relative path made absolute from a folder. Addresses stay."""
    delivery = tuple(
        d.model_copy(update={"path": os.path.normpath(_place(d.path, folder) or "")})
        if isinstance(d, FolderDelivery)
        else d
        for d in job.delivery
    )
    return _placed(job, lambda place: _place(place, folder)).model_copy(update={"delivery": delivery})


def seen_from(job: Job, address_of: Callable[[str], str]) -> Job:
    """The same job with every relative path made an address: it was not left in a folder. Raises `InvalidJob`."""
    for delivery in job.delivery:
        if isinstance(delivery, FolderDelivery) and not Path(delivery.path).expanduser().is_absolute():
            raise InvalidJob(
                f"there is no folder that {delivery.path!r} could be in",
                where=f"{job.name}: delivery",
                remedy="A job that is not left in a folder names where it delivers to by its whole path: /srv/out.",
            )

    def place(given: str | None) -> str | None:
        if given is None or is_address(given) or Path(given).expanduser().is_absolute():
            return _place(given, Path("/"))
        return address_of(os.path.normpath(given))

    return _placed(job, place)


def _placed(job: Job, place: Callable[[str | None], str | None]) -> Job:
    source = job.source.model_copy(
        update={
            "media": place(job.source.media),
            "subtitles": place(job.source.subtitles),
            "background": place(job.source.background),
        }
    )
    targets = tuple(t.model_copy(update={"subtitles": place(t.subtitles)}) for t in job.targets)
    dubbing = job.dubbing
    if dubbing.provider == "dubformer":
        dubbing = dubbing.model_copy(update={"glossary": place(dubbing.glossary)})
    translation = job.translation
    if translation:
        translation = translation.model_copy(update={"glossary": place(translation.glossary)})
    changed = {"source": source, "targets": targets, "dubbing": dubbing, "translation": translation}
    return job.model_copy(update=changed)


def delivered_to(job: Job, folder: Path) -> Job:
    """The same job with its folder delivery pointed elsewhere (``--out``)."""
    there = FolderDelivery(path=str(folder.absolute()))
    others = tuple(d for d in job.delivery if not isinstance(d, FolderDelivery))
    return job.model_copy(update={"delivery": (there, *others)})


def is_address(place: str) -> bool:
    """Whether a place names something by a scheme (``https://...``, ``nomad:<id>``) and not by a path."""
    return bool(_ADDRESS.match(place))


def _place(place: str | None, folder: Path) -> str | None:
    if place is None or is_address(place):
        return place
    return str((folder / Path(place).expanduser()).absolute())


def load_text(path: Path, name: str | None = None) -> str:
    """The text of a job file; ``name`` stands for it in errors. Raises `InvalidJob` where it can't be read."""
    where = name or str(path)
    try:
        if path.is_dir():
            raise InvalidJob("is a folder, not a job file", where=where)
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise InvalidJob(f"is {size:,} bytes, too large for a job file (at most {MAX_BYTES:,})", where=where)
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise InvalidJob("there is no such job file", where=where, remedy="Check the path.") from None
    except OSError as error:
        raise InvalidJob(f"can't be read: {error.strerror}", where=where) from None
    except UnicodeDecodeError:
        raise InvalidJob("is not UTF-8 text", where=where, remedy="Save it as UTF-8.") from None


def _brief(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    place = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
    return f"{getattr(error, 'problem', None) or 'it can not be parsed'}{place}"


_WORDS = {
    "extra_forbidden": "there is no such field",
    "missing": "is required",
    "model_type": "is a group of fields (`name: value`), not a value",
    "tuple_type": "is a list",
    "string_type": "must be text (put it in quotes)",
}


def _problems(error: ValidationError) -> list[str]:
    found = error.errors(include_url=False, include_input=False)
    places = {item["loc"] for item in found}
    return [f"{_field(item['loc'])}: {_message(item)}" for item in found if not _follows(item, places)]


def _follows(item: Any, places: set[tuple[int | str, ...]]) -> bool:
    """Whether "too few items" only says again that an item inside was refused."""
    loc = item["loc"]
    return item["type"] == "too_short" and any(len(each) > len(loc) and each[: len(loc)] == loc for each in places)


def _message(item: Any) -> str:
    loc = item["loc"]
    if item["type"] == "union_tag_not_found":
        return f"needs {item['ctx']['discriminator']}, which says what the other fields are".replace("'", "`")
    if item["type"] == "string_pattern_mismatch" and loc and loc[-1] == "name":
        return "must be a slug: letters, digits, '.', '_' and '-', beginning with a letter or digit, at most 80"
    words = _WORDS.get(item["type"]) or str(item["msg"]).removeprefix("Value error, ")
    return words[0].lower() + words[1:] if words[:5] == "Input" else words


def _field(loc: tuple[Any, ...]) -> str:
    parts = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc]
    return "".join(parts).lstrip(".") or "job"
