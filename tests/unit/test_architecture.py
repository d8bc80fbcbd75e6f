"""The architecture's picture shows what is there."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def painter() -> Any:
    """The program that draws it."""
    spec = importlib.util.spec_from_file_location("architecture_picture", ROOT / "docs" / "architecture_picture.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up by name
    spec.loader.exec_module(module)
    return module


def test_the_committed_picture_is_what_the_sources_make(painter: Any) -> None:
    """Folders, import layers and words have not changed since it was drawn."""
    assert painter.PICTURE.read_text("utf-8") == painter.draw(), "run: python docs/architecture_picture.py"


def test_a_stranger_who_asks_for_help_or_a_check_draws_nothing(
    painter: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(painter, "PICTURE", tmp_path / "architecture.svg")
    for asked in ("--help", "--nonsense"):
        with pytest.raises(SystemExit):
            painter.main([asked])
    assert painter.main(["--check"]) == 1
    assert "python docs/architecture_picture.py" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
    assert (painter.main([]), painter.main(["--check"])) == (0, 0)


@pytest.mark.parametrize("root", ["polyreel", "blocks", "tasks", "flows", "deployments"])
def test_every_package_and_module_of_a_root_has_its_box(painter: Any, root: str) -> None:
    """Read from the folders here, not from the painter."""
    shown = set(re.findall(r'class="n"[^>]*>([^<]+)<', painter.PICTURE.read_text("utf-8")))
    folder = ROOT / root
    there = {path.parent.name for path in folder.glob("*/__init__.py")}
    there |= {path.stem for path in folder.glob("*.py") if path.stem != "__init__"}
    assert there <= shown


def test_words_are_said_of_what_is_there_and_of_nothing_else(painter: Any) -> None:
    """Each module has its line in docs/architecture.yaml, and each line its module."""
    roots = [band.name for band in painter.bands()]
    there = {*roots, *(f"{root}.{name}" for root in roots for name in painter.modules_of(root))}
    assert yaml.safe_load(painter.WORDS.read_text("utf-8")).keys() == there


def test_each_box_stands_where_the_import_layers_say(painter: Any) -> None:
    """A module stands lower than whatever may import it."""
    core = next(band for band in painter.bands() if band.name == "polyreel")
    row = {name: number for number, names in enumerate(core.rows) for name in names}
    assert row["planning"] < row["dubbing"] < row["engine"] < row["media"] < row["store"] < row["job"] < row["errors"]
    assert row["media"] == row["subtitles"]


@pytest.mark.parametrize(("package", "most"), [("polyreel", 8), ("polyreel/engine", 6), ("deployments", 3)])
def test_few_modules_lie_loose_beside_the_rooms(package: str, most: int) -> None:
    """A new module goes into the room that it belongs to; at a root, only what all rooms share, or the way in."""
    loose = sorted(path.stem for path in (ROOT / package).glob("*.py") if path.stem != "__init__")
    assert len(loose) <= most, f"find a room for one of these: {', '.join(loose)}"
