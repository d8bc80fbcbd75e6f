"""What all tests share: the shared media, a home of their own, and one Prefect server for the whole session."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import httpx
import pytest

from polyreel.engine.models.pull import pull
from polyreel.engine.models.registry import Model
from polyreel.media.binaries import ffmpeg

ROOT = Path(__file__).parents[1]
TESTDATA = ROOT.parent / "shared" / "testdata"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that start servers, browsers and killed runs get a second try, which pytest shows as RERUN.

    They wait for other processes on whatever machine they run on; a defect fails both tries.
    """
    for item in items:
        if {"acceptance", "faults", "objects"} & set(item.path.parts):
            item.add_marker(pytest.mark.flaky(reruns=1))


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


@pytest.fixture(scope="session")
def film(narrated: Path) -> Callable[[Path, int], Path]:
    """Write the narrated video repeated for so many minutes, like no other: ``film(path, 7)``.

    Whoever must meet a job at work gets a job that is long at it, and of which nothing is done yet.
    """

    def write(path: Path, minutes: int) -> Path:
        command = [str(ffmpeg()), "-v", "error", "-stream_loop", "-1", "-i", str(narrated / "narrated.mp4")]
        command += ["-t", str(minutes * 60), "-c", "copy", "-metadata", f"title={uuid.uuid4()}", str(path)]
        subprocess.run(command, check=True)
        return path

    return write


@pytest.fixture(autouse=True)
def polyreel_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test keeps its store, results and scratch in a folder of its own."""
    folder = tmp_path / "polyreel-home"
    monkeypatch.setenv("POLYREEL_HOME", str(folder))
    return folder


@pytest.fixture(scope="session")
def weights() -> Callable[..., Path]:
    """Real weights: ``weights(KOKORO)`` is the folder that holds ``kokoro/`` and whatever else was pulled into it.

    ``POLYREEL_TEST_MODELS`` names a folder that holds them, as ``POLYREEL_HOME/models`` does, or shall hold them.
    """

    def pulled(*models: Model) -> Path:
        named = os.environ.get("POLYREEL_TEST_MODELS")
        if not named:
            size = sum(model.mirror.bytes for model in models) / 1e6
            pytest.skip(f"needs real weights ({size:.0f} MB): set POLYREEL_TEST_MODELS to a folder to keep them in")
        folder = Path(named).absolute()
        with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as empty:
            patch.setenv("POLYREEL_HOME", empty)
            folder.mkdir(parents=True, exist_ok=True)
            (Path(empty) / "models").symlink_to(folder)
            with ThreadPoolExecutor(1) as aside:  # the test that asks may be a coroutine
                aside.submit(asyncio.run, pull(models, lambda _: None)).result()
        return folder

    return pulled


@pytest.fixture
def on_the_shelf(weights: Callable[..., Path], polyreel_home: Path) -> Callable[..., None]:
    """Put real weights on this test's own shelf: ``on_the_shelf(KOKORO, KOKORO_VOICES)``."""

    def put(*models: Model) -> None:
        folder = weights(*models)
        polyreel_home.mkdir(exist_ok=True)
        for model in models:
            place = polyreel_home / "models" / model.name
            place.parent.mkdir(exist_ok=True)
            place.symlink_to(folder / model.name)

    return put


NewDatabase = Callable[[Path], Path]


@pytest.fixture(scope="session")
def new_database(pytestconfig: pytest.Config) -> NewDatabase:
    """Put Prefect's database into a folder, new and empty, before a server starts there: ``new_database(folder)``.

    Its migrations take 18 s of a processor each time, and are not ours to test. They are run once for this Prefect, and
    kept beside pytest's own cache. `polyreel up`, in its own tests, still begins with nothing.
    """
    kept = ROOT / ".pytest_cache" / f"prefect-{metadata.version('prefect')}.db"
    kept.parent.mkdir(exist_ok=True)
    with kept.with_suffix(".lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)  # pytest's workers want it at the same moment
        if not kept.exists():
            _migrate(kept)

    def put(folder: Path) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(kept, folder / "prefect.db")
        return folder

    return put


def _migrate(final: Path) -> None:
    code = "import asyncio; from prefect.server.database import dependencies as of"
    code += "; asyncio.run(of.provide_database_interface().create_db())"
    with tempfile.TemporaryDirectory() as folder:
        env = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
        subprocess.run([sys.executable, "-c", code], env={**env, "PREFECT_HOME": folder}, check=True)
        whole, part = Path(folder) / "prefect.db", final.with_suffix(".part")
        with closing(sqlite3.connect(whole)) as made, closing(sqlite3.connect(part)) as copy:
            made.backup(copy)  # what is still in its log, too
        part.replace(final)


@pytest.fixture(scope="session")
def prefect_server(tmp_path_factory: pytest.TempPathFactory, new_database: NewDatabase) -> Iterator[str]:
    """A real Prefect server on loopback, one for the session; yields its API's address."""
    from deployments.embedded_server import EmbeddedServer

    with EmbeddedServer(new_database(tmp_path_factory.mktemp("prefect"))) as server:
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


@dataclass
class Up:
    """A `polyreel up` of the tests' own."""

    home: Path
    inbox: Path
    process: subprocess.Popen[str]
    api: str = ""
    ui: str = ""
    password: str = ""

    def env(self) -> dict[str, str]:
        """What makes the command line use it: it is found through its home, as a person's is."""
        return {"POLYREEL_HOME": str(self.home), "PREFECT_API_URL": ""}

    def call(self, method: str, path: str, **body: Any) -> Any:
        """One call of the API."""
        auth = httpx.BasicAuth(*self.password.split(":")) if self.password else None
        answer = httpx.request(method, f"{self.api}{path}", json=body or None, auth=auth, timeout=60, trust_env=False)
        return answer.raise_for_status().json() if answer.content else None

    def run(self, run_id: str) -> dict[str, Any]:
        """A run, as the API shows it."""
        found: dict[str, Any] = self.call("GET", f"/flow_runs/{run_id}")
        return found

    def until(self, run_id: str, *states: str, within: float = 120) -> dict[str, Any]:
        """The run, once it is in one of these states."""
        deadline = time.monotonic() + within
        while (run := self.run(run_id))["state"]["type"] not in states:
            assert time.monotonic() < deadline, run["state"]
            time.sleep(0.2)
        return run

    def stages(self, run_id: str) -> dict[str, str]:
        """State by task of a run, as ``es-ES · dub``."""
        found = self.call("POST", "/task_runs/filter", flow_runs={"id": {"any_": [run_id]}})
        return {task["name"].partition(" · ")[2]: task["state_name"] for task in found}


def _start_up(home: Path, *options: str, **more: str) -> Up:
    inbox = home.parent / f"{home.name}-inbox"
    command = [sys.executable, "-m", "deployments.cli", "up", "--port", "0", "--json", "--inbox", str(inbox), *options]
    env = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    process = subprocess.Popen(
        command,
        cwd=home.parent,
        env={**env, "POLYREEL_HOME": str(home), **more},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    said = json.loads(process.stdout.readline() or "{}")
    if "api" not in said:
        process.kill()
        process.communicate()
        logs = [log.read_text()[-2000:] for log in (home / "up").glob("*.log")]
        raise AssertionError(f"it did not come up: {said} {logs}")
    return Up(home, inbox, process, said["api"], said["ui"], more.get("PREFECT_SERVER_API_AUTH_STRING", ""))


def _end_up(up: Up) -> int:
    up.process.send_signal(signal.SIGINT)
    code = up.process.wait(60)
    assert up.process.stdout is not None
    up.process.stdout.close()
    return code


@pytest.fixture(scope="session")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """`polyreel up`, one for the session, with an inbox that is looked at every ten seconds."""
    running = _start_up(tmp_path_factory.mktemp("up") / "home", "--inbox-every", "10")
    yield running
    assert _end_up(running) == 0  # one Ctrl-C


@pytest.fixture(scope="module")
def start_up(new_database: NewDatabase) -> Iterator[Callable[..., Up]]:
    """Start another `polyreel up`, with more in its environment, and wait until it says where it is."""
    running: list[Up] = []

    def start(home: Path, *options: str, **more: str) -> Up:
        new_database(home / "prefect")
        running.append(_start_up(home, *options, **more))
        return running[-1]

    yield start
    codes = [_end_up(each) for each in running if each.process.poll() is None]
    assert not any(codes)


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
