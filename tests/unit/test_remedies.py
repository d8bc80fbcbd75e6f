"""What people read when something goes wrong says what to do about it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from polyreel import errors
from polyreel.errors import PolyreelError
from polyreel.vendors import errors as vendor_errors

ROOT = Path(errors.__file__).parents[2]
CLASSES = {
    name: kind
    for module in (errors, vendor_errors)
    for name, kind in vars(module).items()
    if isinstance(kind, type) and issubclass(kind, PolyreelError)
}
# Read by nobody as they stand: they get their remedy where they are caught, or answer a program and are told as notes.
ELSEWHERE = frozenset(
    {
        "deployments/server/review/answers.py",  # the page's own program: the message is what to send instead
        "deployments/server/review/pages.py",
        "polyreel/delivery/places.py",
        "polyreel/vendors/callbacks.py",
        "polyreel/vendors/downloads.py",
        "tasks/run/looks.py",
    }
)


def list_bare(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        kind = CLASSES.get(name)
        given = {keyword.arg for keyword in node.keywords}
        if kind and not getattr(kind, "default_remedy", "") and not given & {"remedy", None}:
            yield f"{path.relative_to(ROOT)}:{node.lineno} {name}"


@pytest.mark.parametrize("package", ["polyreel", "tasks", "flows", "deployments", "blocks"])
def test_every_error_that_people_meet_has_a_remedy(package: str) -> None:
    files = (each for each in (ROOT / package).rglob("*.py") if "sandbox" not in each.parts)
    assert not [bare for path in files if str(path.relative_to(ROOT)) not in ELSEWHERE for bare in list_bare(path)]


def test_an_error_without_one_would_be_found(tmp_path: Path) -> None:
    file = ROOT / "polyreel" / "errors" / "__init__.py"
    assert not list(list_bare(file))
    assert [each for path in ELSEWHERE for each in list_bare(ROOT / path)]
