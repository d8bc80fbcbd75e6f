"""`.ci/run` with a `make` that only says how its targets end: what fails is told, and nothing goes on behind it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run a copy of `.ci/run`, each target being a line of shell: ``run(lint="exit 2")``."""

    def begin(**targets: str) -> subprocess.CompletedProcess[str]:
        programs, copy = tmp_path / "bin", tmp_path / "clone" / ".ci" / "run"
        programs.mkdir()
        copy.parent.mkdir(parents=True)
        cases = "".join(f"{name.replace('_', '-')}) {line} ;;\n" for name, line in targets.items())
        _write_program(programs / "make", f'case "$1" in\n{cases}esac')
        _write_program(programs / "id", "echo 1000")  # nobody who may install
        script, path = (ROOT / ".ci" / "run").read_text("utf-8"), " PATH=/usr/local/bin:"
        assert path in script
        _write_program(copy, script.replace(path, f" PATH={programs}:/usr/local/bin:"))
        environment = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}", "TMPDIR": str(tmp_path)}
        return subprocess.run([copy], env=environment, capture_output=True, text=True, timeout=30, check=False)

    return begin


def _write_program(path: Path, script: str) -> None:
    path.write_text(script if script.startswith("#!") else f"#!/bin/sh\n{script}\n", "utf-8")
    path.chmod(0o755)


def test_weights_that_are_here_are_tested_with(run: Run) -> None:
    ended = run(weights="echo pulled")

    assert ended.returncode == 0
    assert "pulled\n== make test\n" in ended.stdout
    assert "== make test-models\n" in ended.stdout
    assert ended.stdout.endswith("not run here:\nnothing\n")


def test_weights_that_no_mirror_gives_are_named_as_what_was_not_run(run: Run) -> None:
    ended = run(weights="echo 'polyreel: no place gave it [place_failed]'; exit 2")

    assert ended.returncode == 0
    assert "[place_failed]" in ended.stdout
    assert "make test-models" not in ended.stdout
    assert ended.stdout.endswith("not run here:\ntests with real weights: they could not be pulled\n")


def test_a_defect_in_the_pull_is_not_taken_for_a_mirror_out_of_reach(run: Run) -> None:
    ended = run(weights="echo 'Traceback (most recent call last):'; exit 2")

    assert ended.returncode == 1
    assert "make test" not in ended.stdout


def test_a_check_that_fails_ends_the_pull_beside_it(run: Run, tmp_path: Path) -> None:
    # The pull holds a lock for as long as it lives.
    lock = tmp_path / "alive"
    ended = run(weights=f"exec flock {lock} sleep 60", lint=f"while [ ! -e {lock} ]; do sleep 0.05; done; exit 2")

    assert ended.returncode == 2
    assert "make docs" not in ended.stdout
    assert subprocess.run(["flock", "--timeout", "5", lock, "true"], check=False).returncode == 0


@pytest.mark.parametrize("target", ["setup", "lint", "docs", "test", "test_models", "demo"])
def test_whatever_fails_is_how_it_ends(run: Run, target: str) -> None:
    ended = run(**{target: "exit 2"})

    assert ended.returncode == 2
    assert "everything passed" not in ended.stdout
