"""`python -m benchmarks`: what there is, and what is said of what there isn't."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.__main__ import BY_NAME, MODULES, read_names

FOLDER = Path(__file__).parents[3] / "benchmarks"


def test_every_benchmark_is_listed_and_is_there() -> None:
    """A benchmark is a module with `run`."""
    there = {file.stem.replace("_", "-") for file in FOLDER.glob("*.py") if "\ndef run(" in file.read_text()}
    assert there == {*MODULES, *BY_NAME}


def test_help_names_them_all(capsys: pytest.CaptureFixture[str]) -> None:
    """And is no traceback."""
    with pytest.raises(SystemExit) as ended:
        read_names(["--help"])
    said = "".join(capsys.readouterr().out.split())  # lines break at hyphens, too
    assert ended.value.code == 0
    assert all(name in said for name in (*MODULES, *BY_NAME))


def test_a_name_that_is_none_is_said_with_those_that_are(capsys: pytest.CaptureFixture[str]) -> None:
    """Before any of the others takes its time."""
    with pytest.raises(SystemExit) as ended:
        read_names(["startup", "starup:x"])
    said = capsys.readouterr().err
    assert ended.value.code == 2
    assert "there is no benchmark starup:x" in said
    assert "vendors-kills" in said


def test_names_with_parts_and_json_are_taken() -> None:
    assert read_names(["memory:long", "--json", "startup"]) == (["memory:long", "startup"], True)
    assert read_names([]) == ([], False)
