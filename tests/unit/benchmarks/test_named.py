"""`python -m benchmarks`: what there is, and what is said of what there isn't."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks import __main__ as program
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


def test_what_was_measured_is_kept_where_a_later_case_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Some take an hour, and are stopped half-way."""

    def measure() -> Iterator[dict[str, Any]]:
        yield {"name": "first", "seconds": 1.5}
        raise KeyboardInterrupt

    monkeypatch.setattr(program, "OUT", tmp_path)
    with pytest.raises(KeyboardInterrupt):
        program._gather_rows(measure(), "memory:long")
    kept = json.loads((tmp_path / "memory-long.json").read_text())
    assert kept == [{"name": "first", "seconds": 1.5}] == [json.loads(capsys.readouterr().err)]
