"""Stage x victim: the run, the served deployments or the server is killed while a served job is in that stage.

Every stage is held while it happens, so that the kill surely lands in it; one kill lands in all stages at once: nine
jobs are under way, one of them with a language in each of the languages' stages. Every job finishes, since it says
``after_crash: resume``; nothing recorded is done twice, nothing is delivered half. The server wants a password.
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from deployments.server.own_environment import TASKS_TOLD_WITHIN_S
from polyreel.plans import CLOSING_STAGES, JOB_STAGES, LANGUAGE_STAGES

# Nine jobs through three kills take five minutes on two cores, all of them in the first test's fixture.
pytestmark = [pytest.mark.servers, pytest.mark.timeout(900)]

LOCALES = ("es-ES", "fr-FR", "de-DE", "it-IT", "pt-BR", "hi-IN", "ar-SA", "zh-CN")
OF_JOBS = ("prepare", *JOB_STAGES, *CLOSING_STAGES)
STAGES = (*OF_JOBS, *LANGUAGE_STAGES)
VICTIMS = {
    "run": "deployments.runner.warm",
    "worker": "deployments.runner.served",
    "server": "deployments.server.api_server",
}
PASSWORD = "reel:secret"
# What looks for itself what is already done, and so is asked every time.
ALWAYS = ("prepare", "ingest", "deliver")
TRIES, MOST_TRIES = itertools.count(1), 2


@dataclass
class Matrix:
    """What was seen while the kills went on."""

    runs: dict[str, str] = field(default_factory=dict)
    reached: dict[str, list[int]] = field(default_factory=dict)
    ended: dict[str, dict[str, Any]] = field(default_factory=dict)
    states: dict[str, list[str]] = field(default_factory=dict)
    done: dict[str, Counter[str]] = field(default_factory=dict)
    folders: dict[str, Path] = field(default_factory=dict)


def place_of(stage: str) -> tuple[str, str]:
    """The job and the file that hold a stage."""
    if stage in OF_JOBS:
        return f"in-{stage}", f"-{stage}"
    return "in-languages", f"{LOCALES[LANGUAGE_STAGES.index(stage)]}-{stage}"


@pytest.fixture(scope="module")
def hold(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hold")


@pytest.fixture(scope="module")
def another_up(start_up: Any, tmp_path_factory: pytest.TempPathFactory, hold: Path) -> Callable[[], Any]:
    """Start a `polyreel up` of this module's own, as it does not come out of this unharmed."""
    return lambda: start_up(
        tmp_path_factory.mktemp("kill") / "home",
        *("--inbox-every", "3600", "--jobs-at-once", "10"),
        PREFECT_SERVER_API_AUTH_STRING=PASSWORD,
        POLYREEL_TESTS_HOLD=str(hold / "jobs"),
        PYTHONPATH=str(Path(__file__).with_name("holding")),
    )


@pytest.fixture(scope="module")
def up(another_up: Callable[[], Any]) -> Any:
    """The one for what is not killed in every stage."""
    return another_up()


def job(name: str, narrated: Path, folder: Path, locales: tuple[str, ...], **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "source": {"media": str(narrated / "narrated.mp4"), "locale": "en-US"},
        "targets": [{"locale": locale, "subtitles": str(narrated / f"narrated.{locale}.srt")} for locale in locales],
        "dubbing": {"provider": "embedded", "voices": "basic"},
        "delivery": [{"to": "folder", "path": str(folder)}],
        "after_crash": "resume",
        **more,
    }


@pytest.fixture
def long_job(narrated: Path, tmp_path: Path, film: Callable[[Path, int], Path]) -> Callable[[str], dict[str, Any]]:
    """A job that is at work for long enough to be met there: ``long_job(name)``, delivered to ``tmp_path / "out"``."""
    media = film(tmp_path / "film.mp4", 7)
    source = {"media": str(media), "locale": "en-US"}
    return lambda name: job(name, narrated, tmp_path / "out", LOCALES[:4], source=source)


def started(up: Any, asked: dict[str, Any]) -> str:
    deployment = up.call("GET", "/deployments/name/localise/localise")["id"]
    made = up.call("POST", f"/deployments/{deployment}/create_flow_run", parameters={"job": asked})
    return str(made["id"])


def wait_for(what: Callable[[], Any], within: float = 120) -> Any:
    deadline = time.monotonic() + within
    while not (found := what()):
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.05)
    return found


def below(parent: int) -> Iterator[tuple[int, str]]:
    """Every process below one, with its command line."""
    family: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            family.setdefault(int((entry / "stat").read_text().rpartition(")")[2].split()[1]), []).append(
                int(entry.name)
            )
        except (FileNotFoundError, ProcessLookupError):
            continue
    waiting = list(family.get(parent, ()))
    while waiting:
        pid = waiting.pop()
        waiting += family.get(pid, ())
        try:
            yield pid, Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
        except (FileNotFoundError, ProcessLookupError):
            continue


def victims(up: Any, kind: str) -> list[int]:
    """The processes of a kind; of runs, those that are at work (they hold their mark)."""
    found = [pid for pid, line in below(up.process.pid) if f"-m {VICTIMS[kind]}" in line]
    return [pid for pid in found if kind != "run" or _is_at_work(up, pid)]


def _is_at_work(up: Any, pid: int) -> bool:
    marks = str(up.home / "up" / "runs")
    try:
        return any(str(handle.readlink()).startswith(marks) for handle in Path(f"/proc/{pid}/fd").iterdir())
    except (FileNotFoundError, ProcessLookupError):
        return False


def kill(up: Any, victim: str) -> None:
    for pid in victims(up, victim):
        os.kill(pid, signal.SIGKILL)


@pytest.fixture(scope="module")
def matrix(
    another_up: Callable[[], Any], hold: Path, narrated: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Matrix]:
    """What came of it, on a server that is gone afterwards.

    Every test of the module asks again for what failed; a third attempt would only take its minutes.
    """
    nth = next(TRIES)
    if nth > MOST_TRIES:
        pytest.fail("it was tried twice before: the module's first tests say what went wrong")
    hold = hold / "jobs"
    hold.mkdir()
    up, seen, out = another_up(), Matrix(), tmp_path_factory.mktemp("out")
    try:
        _kill_in_every_stage(up, seen, hold, narrated, out)
        yield seen
    finally:
        shutil.rmtree(hold)
        up.process.send_signal(signal.SIGINT)
        up.process.communicate(timeout=60)


def _kill_in_every_stage(up: Any, seen: Matrix, hold: Path, narrated: Path, out: Path) -> None:
    """Nine jobs, held in every stage; their processes killed, then the worker, then the server; then let go."""
    places = {stage: hold.joinpath(*place_of(stage)) for stage in STAGES}

    def all_reached(times: int) -> None:
        wait_for(lambda: all(len(_reached(path)) == times for path in places.values()), within=200)

    _hold(places, "after")
    for number, name in enumerate({path.parent.name: None for path in places.values()}):
        seen.folders[name] = out / name / name
        locales = LOCALES if name == "in-languages" else LOCALES[:1]
        # Another trim for each: what one job made is of no use to another.
        more: dict[str, Any] = {"trim": {"end": 6 + number / 10}}
        if name == "in-sign":
            more["provenance"] = {}  # no other job has that stage
        seen.runs[name] = started(up, job(name, narrated, out / name, locales, **more))
    all_reached(1)
    _hold(places, "before")
    kill(up, "run")
    all_reached(2)
    kill(up, "worker")
    all_reached(3)
    kill(up, "server")
    for path in places.values():
        path.unlink()
    for name, run in seen.runs.items():
        seen.ended[name] = _end_of(up, run)
        states = _answered(lambda run=run: up.call("GET", f"/flow_run_states/?flow_run_id={run}"))
        seen.states[name] = [each["name"] for each in states]
        seen.done[name] = _times_done(up, run)
    seen.reached = {stage: _reached(path) for stage, path in places.items()}


def _hold(places: dict[str, Path], moment: str) -> None:
    for path in places.values():
        path.parent.mkdir(exist_ok=True)
        path.with_suffix(".part").write_text(moment)
        path.with_suffix(".part").replace(path)


def _reached(path: Path) -> list[int]:
    """The processes that got there, in their order."""
    try:
        return [int(line) for line in path.with_name(f"{path.name}.reached").read_text().split()]
    except FileNotFoundError:
        return []


def _answered(ask: Callable[[], Any]) -> Any:
    """What the server says, once it does: it may be on its way back."""

    def tried() -> Any:
        try:
            return ask()
        except httpx.HTTPError:
            return None

    return wait_for(tried, within=150)


def _end_of(up: Any, run: str) -> dict[str, Any]:
    """A run, once it is over."""

    def ended() -> Any:
        found = up.run(run)
        return found if found["state"]["type"] in ("COMPLETED", "FAILED", "CANCELLED") else None

    found: dict[str, Any] = _answered(ended)
    return found


def _times_done(up: Any, run: str) -> Counter[str]:
    """How often each kept stage was really done; one that was found done is ``Cached``, not ``Completed``."""
    time.sleep(TASKS_TOLD_WITHIN_S + 0.5)  # the run's last tasks are on their way
    found = _answered(lambda: up.call("POST", "/task_runs/filter", flow_runs={"id": {"any_": [run]}}, limit=200))
    done = [task["name"].partition(" · ")[2] for task in found if task["state_name"] == "Completed"]
    return Counter(name for name in done if name not in ALWAYS)


@pytest.mark.parametrize("victim", VICTIMS)
@pytest.mark.parametrize("stage", STAGES)
def test_a_served_job_outlives_a_kill(matrix: Matrix, stage: str, victim: str) -> None:
    """Killed in this stage, the job goes on with it and is delivered whole; nothing recorded is done twice."""
    name, _ = place_of(stage)
    attempts = matrix.reached[stage]
    assert len(attempts) == len(set(attempts)) == 3, (
        "one process before, one after each deadly kill; none for the server"
    )
    if victim != "server":
        marks = [state for state in matrix.states[name] if state in ("Crashed", "AwaitingRetry")]
        assert marks == ["Crashed", "AwaitingRetry"] * 2
    asked = len(LOCALES) if name == "in-languages" else 1
    assert matrix.ended[name]["state"]["message"].startswith(f"{asked} of {asked} delivered")
    assert not {stage: times for stage, times in matrix.done[name].items() if times > 1}
    assert _whole(matrix.folders[name])


def _whole(folder: Path) -> bool:
    manifest = json.loads((folder / "manifest.json").read_text())
    assert not list(folder.rglob("*.part"))
    return all((folder / entry["path"]).stat().st_size == entry["bytes"] for entry in manifest["files"])


def test_cancelling_from_far_away_ends_everything(
    up: Any, long_job: Callable[[str], dict[str, Any]], tmp_path: Path, polyreel: Any
) -> None:
    """Who has the password cancels from another home: within 5 s the run and its tools are gone, nothing half-made."""
    (tmp_path / "job.yaml").write_text(json.dumps(long_job("to-be-cancelled")))
    there = {"PREFECT_API_URL": up.api}
    refused = polyreel("submit", tmp_path / "job.yaml", "--json", **there)
    assert (refused.code, refused.json["error"]["code"]) == (1, "unauthorized")
    there["PREFECT_API_AUTH_STRING"] = PASSWORD
    run = polyreel("submit", tmp_path / "job.yaml", "--json", **there).json["run"]
    tools = wait_for(lambda: _tools(up))
    assert polyreel("cancel", run, "--json", **there).json["state"] in ("Cancelling", "Cancelled")
    processes = [*tools, *victims(up, "run")]
    wait_for(lambda: not [pid for pid in processes if Path(f"/proc/{pid}").exists()] and not _tools(up), within=5)
    assert up.until(run, "CANCELLED", within=30)
    assert polyreel("status", run, "--json", **there).json["outcome"]["error"]["code"] == "run_died"
    assert "prepare" in polyreel("logs", run, **there).stdout
    assert not (tmp_path / "out").exists()
    assert not [*(up.home / "scratch").glob("*/*")]


def _tools(up: Any) -> list[int]:
    """What runs have started: media tools and voices."""
    return [pid for run in victims(up, "run") for pid, _ in below(run)]


def test_nothing_stays_when_up_itself_is_killed(up: Any, long_job: Callable[[str], dict[str, Any]]) -> None:
    """SIGKILL of `polyreel up`: server, served deployments, runs and their tools are gone with it."""
    started(up, long_job("to-be-orphaned"))
    wait_for(lambda: _tools(up))
    everybody = [pid for pid, _ in below(up.process.pid)]
    up.process.kill()
    up.process.communicate()
    wait_for(lambda: not [pid for pid in everybody if Path(f"/proc/{pid}").exists()], within=30)
