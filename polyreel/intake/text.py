"""The text of job files, catalogues and series: YAML (or JSON) of a bounded size, without YAML's traps."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml

from polyreel.errors import InvalidJob
from polyreel.machine.files import TooManyBytes, read_whole

# A job with hundreds of languages has some hundred kilobytes. A bound so that a film left in an inbox is not read as
# one; nothing depends on its exact value.
MAX_BYTES = 1 << 20


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


def _name_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(found := dict(pairs)) < len(pairs):
        raise ValueError("a name is given twice")
    return found


def parse_yaml(text: str, name: str) -> Any:
    """Plain data from YAML or JSON text. Raises `InvalidJob`."""
    try:
        if text.lstrip()[:1] == "{":
            with suppress(ValueError):  # no JSON: YAML's own braces, or a fault that is told with its line below
                return json.loads(text, object_pairs_hook=_name_once, parse_constant=str)
        return yaml.load(text, Loader=_JobLoader)  # noqa: S506 - a SafeLoader, made stricter
    except yaml.YAMLError as error:
        raise InvalidJob(
            f"not valid YAML: {_shorten_yaml_error(error)}",
            where=name,
            remedy="Correct the file; `polyreel schema` has every field.",
        ) from None
    except RecursionError:
        raise InvalidJob(
            "nested too deeply to be a job",
            where=name,
            remedy="`polyreel schema` prints what a job may hold.",
        ) from None


def load_text(path: Path, name: str | None = None) -> str:
    """The text of a job file; ``name`` stands for it in errors. Raises `InvalidJob` where it can't be read."""
    where = name or str(path)
    try:
        return read_whole(path, MAX_BYTES).decode("utf-8-sig")
    except TooManyBytes as error:
        found = f"{error.bytes:,} bytes"
        raise InvalidJob(
            f"is {found}, too large for a job file (at most {MAX_BYTES:,})",
            where=where,
            remedy="Give the job file; media and scripts are named in it.",
        ) from None
    except FileNotFoundError:
        raise InvalidJob("there is no such job file", where=where, remedy="Check the path.") from None
    except OSError as error:
        raise InvalidJob(
            f"can't be read: {error.strerror}",
            where=where,
            remedy="Check the path, and that polyreel may read it.",
        ) from None
    except UnicodeDecodeError:
        raise InvalidJob("is not UTF-8 text", where=where, remedy="Save it as UTF-8.") from None


def _shorten_yaml_error(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    place = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
    return f"{getattr(error, 'problem', None) or 'it can not be parsed'}{place}"
