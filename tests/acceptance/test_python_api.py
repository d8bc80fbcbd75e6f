"""polyreel as a library: in a program, and as a step of somebody's own Prefect flow. The examples run as they stand."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from polyreel.sandbox.sample import make_sample

EXAMPLES = Path(__file__).parents[2] / "examples" / "python"


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A reel made on the spot, to be dubbed into one language."""
    made = asyncio.run(make_sample(tmp_path_factory.mktemp("reel") / "sample", 8)).job
    asked = yaml.safe_load(made.read_text("utf-8"))
    made.write_text(yaml.safe_dump(asked | {"targets": asked["targets"][:1]}), "utf-8")
    return made


def call(program: str, job: Path, **env: str) -> Any:
    command = [sys.executable, str(EXAMPLES / program), str(job)]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    return subprocess.run(command, env=clean | env, capture_output=True, text=True, timeout=280, check=False)


def test_a_program_runs_a_job_on_a_server_of_its_own(job: Path, polyreel_home: Path, new_database: Any) -> None:
    """Where no server is named, the call brings one along, and takes it down again."""
    new_database(polyreel_home / "prefect")
    done = call("dub.py", job)
    assert done.returncode == 0, done.stderr
    assert "nothing is charged" in done.stdout
    assert "es-ES delivered" in done.stdout


def test_a_job_is_a_step_of_somebodys_own_flow(job: Path, prefect_server: str, tmp_path: Path) -> None:
    """Their flow, their Prefect settings, their server: the job is a subflow of it, and its outcome is a value."""
    done = call("own_flow.py", job, PREFECT_API_URL=prefect_server, PREFECT_HOME=str(tmp_path / "theirs"))
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "sample is completed in es-ES"


def test_a_job_that_can_not_begin_is_an_error_with_a_code(tmp_path: Path) -> None:
    """The example's last line says the code and the reason."""
    (tmp_path / "job.yaml").write_text("name: x\nsource: {media: none.mp4, locale: en-US}\ntargets: [es-ES]\n", "utf-8")
    done = call("dub.py", tmp_path / "job.yaml")
    assert done.returncode == 1
    assert done.stderr.startswith("missing_script")


def test_loading_and_planning_need_no_workflow_framework(job: Path) -> None:
    """`load_job` and `plan` work in a process that never imports Prefect."""
    code = "import sys; from polyreel import load_job, plan; print(plan(load_job(sys.argv[1])).quote['sentence'])"
    code += "; assert 'prefect' not in sys.modules"
    done = subprocess.run([sys.executable, "-c", code, str(job)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "nothing is charged" in done.stdout
