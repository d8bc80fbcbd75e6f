"""Stage x victim: the run, the served deployments or the server is killed in the middle of a stage of a served job.

Every time the job finishes, since it says ``after_crash: resume``; nothing recorded is done twice, nothing is
delivered half.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

LOCALES = ("es-ES", "fr-FR")
STAGES = ("separate", "es-ES · dub", "es-ES · mux")
VICTIMS = {"run": "deployments.warm", "worker": "deployments.served", "server": "deployments.api_server"}


@pytest.fixture(scope="module")
def up(start_up: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A `polyreel up` of this module's own, as it does not come out of this unharmed."""
    return start_up(tmp_path_factory.mktemp("kill") / "home", "--inbox-every", "3600")


@pytest.fixture
def job(tmp_path: Path, narrated: Path) -> dict[str, Any]:
    shutil.copyfile(narrated / "narrated.mp4", tmp_path / "narrated.mp4")
    return {
        "name": tmp_path.name.replace("_", "-")[:60],
        # Another trim each time: what an earlier test made is of no use to this one.
        "trim": {"end": 6 + time.time() % 1},
        "source": {"media": str(tmp_path / "narrated.mp4"), "locale": "en-US"},
        "targets": [{"locale": locale, "subtitles": str(narrated / f"narrated.{locale}.srt")} for locale in LOCALES],
        "delivery": [{"to": "folder", "path": str(tmp_path / "out")}],
        "after_crash": "resume",
    }


def started(up: Any, job: dict[str, Any]) -> str:
    deployment = up.call("GET", "/deployments/name/localise/localise")["id"]
    made = up.call("POST", f"/deployments/{deployment}/create_flow_run", parameters={"job": job})
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
    """The processes of a kind; of runs, those that are at work (they hold their scratch folder's lock)."""
    found = [pid for pid, line in below(up.process.pid) if f"-m {VICTIMS[kind]}" in line]
    return [pid for pid in found if kind != "run" or _is_at_work(up, pid)]


def _is_at_work(up: Any, pid: int) -> bool:
    marks = str(up.home / "up" / "runs")
    try:
        return any(str(handle.readlink()).startswith(marks) for handle in Path(f"/proc/{pid}/fd").iterdir())
    except (FileNotFoundError, ProcessLookupError):
        return False


def under_way(up: Any, run: str, stage: str) -> bool:
    return up.stages(run).get(stage) in ("Running", "Completed")


@pytest.mark.parametrize("victim", VICTIMS)
@pytest.mark.parametrize("stage", STAGES)
def test_a_served_job_outlives_a_kill(up: Any, job: dict[str, Any], stage: str, victim: str) -> None:
    """Killed at this stage, the job is delivered whole all the same."""
    run = started(up, job)
    wait_for(lambda: under_way(up, run, stage))
    for pid in victims(up, victim):
        os.kill(pid, signal.SIGKILL)

    ended = wait_for(lambda: _ended(up, run), within=150)
    assert ended["state"]["message"].startswith("2 of 2 delivered"), ended["state"]
    assert not {name: times for name, times in _times_done(up, run).items() if times > 1}
    assert _whole(Path(job["delivery"][0]["path"]) / job["name"])


def _ended(up: Any, run: str) -> Any:
    import httpx

    try:
        found = up.run(run)
    except httpx.HTTPError:
        return None  # the server is on its way back
    return found if found["state"]["type"] in ("COMPLETED", "FAILED", "CANCELLED") else None


def _times_done(up: Any, run: str) -> Counter[str]:
    """How often each kept stage was really done; one that was found done is ``Cached``, not ``Completed``."""
    found = up.call("POST", "/task_runs/filter", flow_runs={"id": {"any_": [run]}})
    done = [task["name"].partition(" · ")[2] for task in found if task["state_name"] == "Completed"]
    return Counter(name for name in done if name not in ("prepare", "ingest", "deliver"))


def _whole(folder: Path) -> bool:
    manifest = json.loads((folder / "manifest.json").read_text())
    assert not list(folder.rglob("*.part"))
    return all((folder / entry["path"]).stat().st_size == entry["bytes"] for entry in manifest["files"])


def test_cancelling_ends_everything_and_delivers_nothing(up: Any, job: dict[str, Any]) -> None:
    """Cancelled in the middle of a stage, as the UI's button does it: its process is gone, nothing half-made stays."""
    run = started(up, job | {"trim": None})
    wait_for(lambda: under_way(up, run, "separate"))
    assert victims(up, "run")
    up.call("POST", f"/flow_runs/{run}/set_state", state={"type": "CANCELLING", "name": "Cancelling"})
    wait_for(lambda: not victims(up, "run"), within=15)
    assert up.until(run, "CANCELLED", within=30)
    assert not Path(job["delivery"][0]["path"]).exists()


def test_nothing_stays_when_up_itself_is_killed(up: Any, job: dict[str, Any]) -> None:
    """SIGKILL of `polyreel up`: server, served deployments, runs and their tools are gone with it."""
    run = started(up, job | {"trim": None})
    wait_for(lambda: under_way(up, run, "separate"))
    everybody = [pid for pid, _ in below(up.process.pid)]
    up.process.kill()
    up.process.communicate()
    wait_for(lambda: not [pid for pid in everybody if Path(f"/proc/{pid}").exists()], within=30)
