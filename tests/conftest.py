"""What all tests share: the shared media, a home of their own, and one Prefect server for the whole session."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
TESTDATA = ROOT.parent / "shared" / "testdata"


@pytest.fixture(scope="session")
def testdata() -> Path:
    """The shared media and subtitles; tests that need them say so where they are absent."""
    if not TESTDATA.is_dir():
        pytest.skip("needs ../shared/testdata, which is not here")
    return TESTDATA


@pytest.fixture(scope="session")
def narrated(testdata: Path) -> Path:
    """The folder of the narrated video and its translations."""
    return testdata / "narrated"


@pytest.fixture(autouse=True)
def polyreel_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test keeps its store, results and scratch in a folder of its own."""
    folder = tmp_path / "polyreel-home"
    monkeypatch.setenv("POLYREEL_HOME", str(folder))
    return folder


@pytest.fixture(scope="session")
def prefect_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real Prefect server on loopback, one for the session; yields its API's address."""
    from deployments.embedded_server import EmbeddedServer

    with EmbeddedServer(tmp_path_factory.mktemp("prefect")) as server:
        server.wait_until_ready()
        yield server.address


@dataclass(frozen=True)
class Ended:
    """How a program ended."""

    code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        """Its stdout, which must be one JSON document and nothing else."""
        return json.loads(self.stdout)


Polyreel = Callable[..., Ended]


@pytest.fixture
def polyreel(polyreel_home: Path, prefect_server: str) -> Polyreel:
    """Run the real command line in a process of its own, against the session's server."""

    def call(*arguments: str | Path, cwd: Path | None = None, timeout: float = 240, **env: str) -> Ended:
        done = subprocess.run(
            [sys.executable, "-m", "deployments.cli", *map(str, arguments)],
            cwd=cwd or polyreel_home.parent,
            env={**os.environ, "POLYREEL_HOME": str(polyreel_home), "PREFECT_API_URL": prefect_server, **env},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    return call
