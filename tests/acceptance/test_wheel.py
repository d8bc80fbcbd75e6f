"""The built wheel works alone: installed into a new environment, used from a folder far from the project."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from polyreel.sandbox.sample import make_sample

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package, built from the checkout without a network."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return next(folder.glob("polyreel-*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of programs of a new environment that holds the wheel; what it depends on is lent by this one."""
    folder = tmp_path_factory.mktemp("fresh") / "env"
    venv.create(folder, symlinks=True)
    python = folder / "bin" / "python"
    install = [sys.executable, "-m", "pip", "--python", str(python), "install", "-qq", "--no-deps", "--no-index"]
    subprocess.run([*install, "--disable-pip-version-check", str(wheel)], check=True)
    site = next(folder.glob("lib/python*/site-packages"))
    (site / "lent.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")  # a path alone: its own .pth files stay out
    return folder / "bin"


class Elsewhere:
    """A folder and a home of their own, in which the installed program is called."""

    def __init__(self, programs: Path, folder: Path) -> None:
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "PYTHON"))}
        self.programs, self.folder = programs, folder
        self.env = {**clean, "POLYREEL_HOME": str(folder / "home")}

    def call(self, program: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """Run a program of the new environment to its end."""
        command = [str(self.programs / program), *map(str, arguments)]
        return subprocess.run(
            command, cwd=self.folder, env=self.env, capture_output=True, text=True, timeout=280, check=False
        )


@pytest.fixture(scope="module")
def elsewhere(installed: Path, tmp_path_factory: pytest.TempPathFactory, new_database: Any) -> Iterator[Elsewhere]:
    """The installed `polyreel up`, in a folder elsewhere."""
    place = Elsewhere(installed, tmp_path_factory.mktemp("elsewhere"))
    new_database(place.folder / "home" / "prefect")
    up = subprocess.Popen(
        [str(installed / "polyreel"), "up", "--port", "0", "--json"],
        cwd=place.folder,
        env=place.env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert up.stdout is not None
    said = json.loads(up.stdout.readline() or "{}")
    assert "api" in said, said
    yield place
    up.send_signal(signal.SIGINT)
    assert up.wait(60) == 0
    up.stdout.close()


def test_the_wheel_holds_what_is_not_python_too(wheel: Path) -> None:
    """The type mark, the deployments, the pools' templates and the report's page; nothing of the tests."""
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {
        "polyreel/py.typed",
        "deployments/pools/prefect.yaml",
        "deployments/pools/docker.json",
        "polyreel/report/page.html.j2",
    } <= names
    tops = {name.partition("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {
        "polyreel",
        "blocks",
        "tasks",
        "flows",
        "deployments",
    }


@pytest.mark.servers
def test_the_code_that_runs_is_the_wheels(elsewhere: Elsewhere) -> None:
    """Nothing of the checkout is on the new environment's path."""
    done = elsewhere.call("python", "-P", "-c", "import polyreel, deployments; print(polyreel.__file__)")
    assert Path(done.stdout.strip()).is_relative_to(elsewhere.programs.parent), done.stderr


@pytest.mark.servers
def test_a_job_runs_from_a_folder_elsewhere(elsewhere: Elsewhere) -> None:
    """A job file and a reel, and nothing of the project around: every language is delivered."""
    job = asyncio.run(make_sample(elsewhere.folder / "sample", 8)).job
    done = elsewhere.call("polyreel", "run", job, "--json")
    assert done.returncode == 0, done.stderr
    outcome = json.loads(done.stdout)
    assert {each["status"] for each in outcome["languages"].values()} == {"delivered"}
    assert Path(outcome["report"]).is_file()


@pytest.mark.servers
def test_the_deployments_are_registered_from_a_folder_elsewhere(elsewhere: Elsewhere) -> None:
    """`polyreel deploy` finds the prefect.yaml that the package brought along."""
    done = elsewhere.call("polyreel", "deploy")
    assert done.returncode == 0, done.stderr
    names = [line.split()[0] for line in done.stdout.splitlines()]
    assert names == ["localise", "localise-inbox", "localise-batch", "revise", "housekeeping"]
