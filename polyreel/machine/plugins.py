"""What other packages bring along, by Python's entry points: voices, formats, checks, providers and deliveries.

A package that is installed beside polyreel names what it has in its own ``pyproject.toml``, in one of `GROUPS`. Nothing
of it is imported before somebody needs that group. docs/plugins.md says what each group's object has to be.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Literal, TypeVar

from polyreel.errors import InvalidJob, PolyreelError

T = TypeVar("T")
Group = Literal["voices", "formats", "checks", "providers", "deliveries"]
GROUPS: tuple[Group, ...] = ("voices", "formats", "checks", "providers", "deliveries")


@dataclass(frozen=True, slots=True)
class Plugin:
    """One thing that a package brings: its entry point's name, which package and version it is, and the object."""

    name: str
    package: str
    value: Any

    @property
    def identity(self) -> str:
        """Changes with the package's version: part of the key of whatever it makes."""
        return f"{self.name} of {self.package}"


@cache
def plugins(group: Group) -> tuple[Plugin, ...]:
    """All that installed packages bring of a group, by name. Raises PolyreelError (``plugin_broken``)."""
    found = entry_points(group=f"polyreel.{group}")
    return tuple(_load(each) for each in sorted(found, key=lambda each: each.name))


def plugin_named(group: Group, name: str) -> Plugin:
    """One of a group. Raises InvalidJob (``plugin_missing``) with the names that there are."""
    there = plugins(group)
    for each in there:
        if each.name == name:
            return each
    known = f"Installed are {', '.join(each.name for each in there)}." if there else "None is installed."
    raise InvalidJob(
        f"no installed package brings '{name[:60]}'",
        code="plugin_missing",
        where=f"polyreel.{group}",
        remedy=f"{known} Install the package that has it into polyreel's environment.",
    )


def row_of_plugin(group: Group, name: str, kind: type[T]) -> T:
    """One of a group that has to be a row of our table. Raises InvalidJob (``plugin_missing``, ``plugin_broken``)."""
    found = plugin_named(group, name)
    if not isinstance(found.value, kind):
        raise InvalidJob(
            f"what {found.identity} brings is no `{kind.__module__}.{kind.__qualname__}`",
            code="plugin_broken",
            where=name,
            remedy="Update the package, or uninstall it.",
        )
    return found.value


def _load(point: EntryPoint) -> Plugin:
    package = f"{point.dist.name} {point.dist.version}" if point.dist else "a package without a name"
    try:
        return Plugin(point.name, package, point.load())
    except Exception as error:  # whatever a foreign module does when it is imported
        raise PolyreelError(
            f"the plug-in '{point.name}' of {package} can't be loaded: {type(error).__name__}: {str(error)[:200]}",
            code="plugin_broken",
            where=f"{point.group}: {point.value}",
            remedy="Update the package, or uninstall it.",
        ) from error
