"""Our programs start in any folder, whatever modules lie in it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import deployments
import polyreel
from deployments.process.interpreter import python_command

NAMES = ("tasks", "flows", "blocks", "deployments", "polyreel", "json", "logging", "signal", "prefect", "uvicorn")


@pytest.fixture(params=["modules", "packages"])
def littered(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    for name in NAMES:
        place = tmp_path / (f"{name}.py" if request.param == "modules" else f"{name}/__init__.py")
        place.parent.mkdir(exist_ok=True)
        place.write_text("raise SystemExit('somebody else\\'s module was imported')\n")
    return tmp_path


def test_a_run_s_process_starts_in_a_folder_full_of_such_names(littered: Path) -> None:
    """Which it could not, when Python looked for modules there first."""
    order = json.dumps({"run": "none", "refused": True}).encode() + b"\n"
    started = subprocess.run(
        python_command("deployments.runner.warm"), cwd=littered, input=order, capture_output=True, check=False
    )
    assert (started.returncode, started.stderr) == (0, b"")
    bare = [part for part in python_command("deployments.runner.warm") if part != "-P"]
    assert subprocess.run(bare, cwd=littered, input=order, capture_output=True, check=False).returncode != 0


@pytest.mark.parametrize(
    "module", ["deployments.server.embedded_server", "deployments.server.api_server", "deployments.pools.run"]
)
def test_each_program_is_found_there(littered: Path, module: str) -> None:
    code = f"import importlib.util, sys; print(importlib.util.find_spec({module!r}).origin)"
    found = subprocess.run(
        [sys.executable, "-P", "-c", code], cwd=littered, capture_output=True, text=True, check=False
    )
    place = Path(found.stdout.strip())
    assert place.is_file(), found.stderr
    assert not place.is_relative_to(littered)


def test_no_interpreter_is_started_otherwise() -> None:
    """A start that forgets about the folder is found here, also in the pools' commands."""
    for root in (Path(next(iter(deployments.__path__))), Path(next(iter(polyreel.__path__)))):
        for file in [*root.rglob("*.py"), *root.rglob("*.json")]:
            text = file.read_text("utf-8")
            assert not re.search(r'sys\.executable, "-[mc]"', text), file
            if file.suffix == ".json":
                assert "python -m" not in text, file
