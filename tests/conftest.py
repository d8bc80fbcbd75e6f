"""What all tests share: a home of their own, and one Prefect server for the whole session."""

from __future__ import annotations

import fcntl
import gc
import itertools
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import httpx
import hypothesis
import pytest

from tests.warm_commands import Command, WarmCommands

pytest_plugins = ("tests.material",)

ROOT = Path(__file__).parents[1]
UNIT, ACCEPTANCE = (ROOT / "tests" / name for name in ("unit", "acceptance"))
# What the Makefile looks through for tests of whole servers and with real weights.
WHOLE = {ROOT / "tests" / name for name in ("acceptance", "faults", "integration")}

# Property tests try the same examples every time, so that a change is judged by what it changed. New ones are searched
# on purpose: pytest --hypothesis-profile=default.
hypothesis.settings.register_profile("same-examples", derandomize=True)
hypothesis.settings.load_profile("same-examples")

# Who asks for one of these fixtures carries its marker: nobody can forget it.
MARKERS = {"models": {"weights", "on_the_shelf"}, "server": {"prefect_server", "up", "start_up"}, "browser": {"page"}}


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Load all tests without looking for garbage, of which there is none: each worker would search 400,000 objects.

    Nor are they searched again between the tests: what is loaded stays until the end.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests by what they ask for; tests that start programs, servers, browsers and killed runs get a second try.

    They wait for other processes on whatever machine they run on; a defect fails both tries. pytest shows it as RERUN.
    """
    for item in items:
        for marker, fixtures in MARKERS.items():
            if fixtures & set(getattr(item, "fixturenames", ())):
                item.add_marker(marker)
        if UNIT not in item.path.parents:
            item.add_marker(pytest.mark.flaky(reruns=1))
        if any(map(item.get_closest_marker, ("servers", "models"))) and WHOLE.isdisjoint(item.path.parents):
            raise pytest.UsageError(f"{item.nodeid}: no make target would find it; put it among the integration tests")
    _order_modules(items)


def _order_modules(items: list[pytest.Item]) -> None:
    """Modules that take minutes first, those that work for them and those that wait in them by turns; units last.

    So workers that wait leave the processors to those that work, and at the end there is something short for each.
    """
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    kinds = {item.path: (UNIT in item.path.parents, ACCEPTANCE in item.path.parents) for item in items}
    modules: dict[tuple[bool, bool], list[Path]] = {}
    for path in sorted(kinds, key=lambda path: path not in slow):
        modules.setdefault(kinds[path], []).append(path)
    turns = {path: turn / len(paths) for paths in modules.values() for turn, path in enumerate(paths)}
    items.sort(key=lambda item: (kinds[item.path][0], turns[item.path]))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Each reason for which something was not run, once; also into the file that CI reads at its end."""
    for report in terminalreporter.stats.get("rerun", []):
        terminalreporter.section(f"passed or not, its first try failed: {report.nodeid}")
        terminalreporter.line("\n".join(report.longreprtext.splitlines()[-12:]))
    reports = terminalreporter.stats.get("skipped", [])
    counted = Counter(report.longrepr[2].removeprefix("Skipped: ") for report in reports)
    lines = [f"{count} not run: {reason}" for reason, count in sorted(counted.items())]
    if lines:
        terminalreporter.section("not run here")
        for line in lines:
            terminalreporter.line(line)
    if into := os.environ.get("POLYREEL_TESTS_SKIPPED"):
        with Path(into).open("a", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in lines)


_numbers = itertools.count()


@pytest.fixture(autouse=True)
def polyreel_home(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test keeps its store, results and scratch in a folder of its own."""
    if "tmp_path" in request.fixturenames or UNIT not in request.path.parents:
        folder: Path = request.getfixturevalue("tmp_path") / "polyreel-home"
    else:
        # Most units keep nothing: to make a folder for each of 4,600 took 2.5 s of a processor.
        homes: Path = request.getfixturevalue("tmp_path_factory").getbasetemp() / "homes"
        homes.mkdir(exist_ok=True)
        folder = homes / f"{next(_numbers)}"
    monkeypatch.setenv("POLYREEL_HOME", str(folder))
    return folder


NewDatabase = Callable[[Path], Path]


@pytest.fixture(scope="session")
def new_database(pytestconfig: pytest.Config) -> NewDatabase:
    """Put Prefect's database into a folder, new and empty, before a server starts there: ``new_database(folder)``.

    Its migrations take 18 s of a processor each time, and are not ours to test. They are run once for this Prefect, and
    kept beside pytest's own cache. `polyreel up`, in its own tests, still begins with nothing.
    """
    from deployments.server.new_database import migrate_database, put_new_database

    kept = ROOT / ".pytest_cache" / f"prefect-{metadata.version('prefect')}.db"
    kept.parent.mkdir(exist_ok=True)
    with kept.with_suffix(".lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)  # pytest's workers want it at the same moment
        if not kept.exists():
            migrate_database(kept)

    def put(folder: Path) -> Path:
        put_new_database(folder, kept)
        return folder

    return put


@pytest.fixture(scope="session")
def prefect_server(tmp_path_factory: pytest.TempPathFactory, new_database: NewDatabase) -> Iterator[str]:
    """A real Prefect server on loopback, one for the session; yields its API's address."""
    from deployments.server.embedded_server import EmbeddedServer

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
    callbacks: str = ""

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


def _litter(folder: Path) -> None:
    """Make modules in a folder that are called like ours and Python's, and end whoever imports them."""
    for name in (
        "tasks.py",
        "flows/__init__.py",
        "deployments/__init__.py",
        "polyreel/__init__.py",
        "json.py",
        "yaml.py",
    ):
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text("raise SystemExit('somebody else's module was imported')\n")


def _start_up(home: Path, *options: str, **more: str) -> Up:
    inbox = home.parent / f"{home.name}-inbox"
    _litter(home.parent)
    program = [sys.executable, "-P", "-m", "deployments.cli", "up", "--port", "0", "--json", "--inbox", str(inbox)]
    # Jobs of the tests lie in folders of their own, beside the one that it is started in.
    made = Path(__file__).parents[1] / ".pytest_cache"  # where reels lie that tests have made
    made.mkdir(exist_ok=True)
    folders = ["--files", str(home.parent.parent), "--files", str(made)]
    # Each look at the inbox is a run, with its process: only tests of the inbox have it looked at often.
    seldom = [] if "--inbox-every" in options else ["--inbox-every", "3600"]
    command = [*program, *([] if "--files" in options else folders), *seldom, *options]
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
    password = more.get("PREFECT_SERVER_API_AUTH_STRING", "")
    return Up(home, inbox, process, said["api"], said["ui"], password, said.get("callbacks", ""))


def _end_up(up: Up) -> int:
    up.process.send_signal(signal.SIGINT)
    code = up.process.wait(60)
    assert up.process.stdout is not None
    up.process.stdout.close()
    return code


@pytest.fixture(scope="module")
def up(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """`polyreel up`, one for the module, with the module's `UP_OPTIONS` if it has any."""
    # Webhooks of the tests go to this machine.
    allowed = {"POLYREEL_ALLOW_NETWORKS": "127.0.0.0/8"}
    options = getattr(request.module, "UP_OPTIONS", ())
    running = _start_up(tmp_path_factory.mktemp("up") / "home", *options, **allowed)
    yield running
    assert _end_up(running) == 0  # one Ctrl-C


@pytest.fixture(scope="module")
def start_up(new_database: NewDatabase) -> Iterator[Callable[..., Up]]:
    """Start another `polyreel up`, with more in its environment, and wait until it says where it is."""
    running: list[Up] = []

    def start(home: Path, *options: str, **more: str) -> Up:
        if not (home / "prefect" / "prefect.db").exists():  # else the test has put something into it
            new_database(home / "prefect")
        running.append(_start_up(home, *options, **more))
        return running[-1]

    yield start
    codes = [_end_up(each) for each in running if each.process.poll() is None]
    assert not any(codes)


@pytest.fixture(scope="session")
def warm_commands() -> Iterator[WarmCommands]:
    """Commands that needn't import everything once more."""
    with tempfile.TemporaryDirectory() as folder:  # pytest's own are too deep for the address of a socket
        commands = WarmCommands(Path(folder))
        yield commands
        commands.close()


@pytest.fixture
def polyreel(polyreel_home: Path, prefect_server: str, warm_commands: WarmCommands) -> Polyreel:
    """Run the real command line in a process of its own, against the session's server."""

    def call(*arguments: str | Path, cwd: Path | None = None, timeout: float = 240, **env: str) -> Ended:
        environment = {**os.environ, "POLYREEL_HOME": str(polyreel_home), "PREFECT_API_URL": prefect_server, **env}
        command = Command(tuple(map(str, arguments)), environment, cwd or polyreel_home.parent)
        done = warm_commands.run(command, timeout)
        return Ended(done.returncode, done.stdout, done.stderr)

    return call
