"""A run that is killed or stopped: nothing half-made stays, and the next run goes on where it was."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

LOCALE = "es-ES"
# Killed when this line shows: the stage is recorded, the next one is under way.
STAGES = ("separate done", "script done", "dub done", "collect done", "mux done", "check done")


@pytest.fixture
def job(tmp_path: Path, narrated: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    for name in ("narrated.mp4", "narrated.es-ES.srt"):
        shutil.copyfile(narrated / name, folder / name)
    path = folder / "job.yaml"
    asked = {
        "name": "narrated",
        "source": {"media": "narrated.mp4", "locale": "en-US"},
        "trim": {"end": 12},
        "targets": [{"locale": LOCALE, "subtitles": "narrated.es-ES.srt"}],
        "packaging": ["hls"],
    }
    path.write_text(json.dumps(asked))
    return path


def started(job: Path, home: Path, server: str | None, **more: str) -> subprocess.Popen[str]:
    env = {**os.environ, "POLYREEL_HOME": str(home), **({"PREFECT_API_URL": server} if server else {}), **more}
    return subprocess.Popen(
        [sys.executable, "-m", "deployments.cli", "run", str(job)],
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def lines_until(run: subprocess.Popen[str], words: str) -> list[str]:
    assert run.stderr is not None
    seen = []
    for line in run.stderr:
        seen.append(line.strip())
        if words in line:
            return seen
    raise AssertionError(f"{words!r} never came: {seen}")


def children_of(home: Path) -> Iterator[int]:
    """Processes that have a file or folder below a home in their command line or environment, ours excepted."""
    needle = str(home).encode()
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if int(entry.name) != os.getpid() and needle in (entry / "cmdline").read_bytes():
                yield int(entry.name)
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue


def gone_within(seconds: float, home: Path) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not list(children_of(home)):
            return True
        time.sleep(0.1)
    return False


def recorded(lines: list[str]) -> set[str]:
    """Stages that ended, as ``es-ES: mux`` or ``trim``."""
    return {line.rpartition(" done")[0] for line in lines if " done (" in line}


@pytest.mark.parametrize("stage", STAGES)
def test_a_run_killed_after_a_stage_goes_on_from_there(
    job: Path, polyreel_home: Path, prefect_server: str, polyreel: Any, stage: str
) -> None:
    """SIGKILL at any stage: the next run finishes, does no recorded stage twice, and leaves nothing half-written."""
    with started(job, polyreel_home, prefect_server) as run:
        seen = lines_until(run, stage)
        run.kill()
    assert gone_within(10, polyreel_home / "scratch")

    again = polyreel("run", job, "--json")
    assert again.code == 0, again.stderr
    outcome = again.json
    stages = {f"{LOCALE}: {name}": state for name, state in outcome["languages"][LOCALE]["stages"].items()}
    stages |= outcome["stages"]
    twice = {name for name in recorded(seen) if stages.get(name) == "done"} - {"prepare", "ingest"}
    assert not twice
    assert _whole(job.parent / "out" / "narrated")
    assert not [*(polyreel_home / "scratch").glob("*/*"), *job.parent.rglob("*.part")]


def _whole(folder: Path) -> bool:
    manifest = json.loads((folder / "manifest.json").read_text())
    return all((folder / entry["path"]).stat().st_size == entry["bytes"] for entry in manifest["files"])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_run_ends_what_it_started(
    job: Path, polyreel_home: Path, prefect_server: str, number: signal.Signals
) -> None:
    """Ctrl-C or SIGTERM in the middle of a stage: exit code 130, no process and nothing half-made left behind."""
    with started(job, polyreel_home, prefect_server) as run:
        lines_until(run, "dub done")
        run.send_signal(number)
        assert run.stderr is not None
        assert "stopped" in run.stderr.read()
        assert run.wait(30) == 130
    assert gone_within(5, polyreel_home)
    assert not list((polyreel_home / "scratch").glob("*/*"))
    assert not (job.parent / "out" / "narrated" / "manifest.json").exists()


def test_a_killed_run_leaves_no_server_behind(job: Path, polyreel_home: Path, new_database: Any) -> None:
    """A run that started a server of its own takes it along, even when it is killed."""
    new_database(polyreel_home / "prefect")
    with started(job, polyreel_home, None) as run:
        lines_until(run, "prepare done")
        servers = _servers_of(run.pid)
        assert servers
        run.kill()
    deadline = time.monotonic() + 15
    while any(Path(f"/proc/{pid}").exists() for pid in servers) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not [pid for pid in servers if Path(f"/proc/{pid}").exists()]


def _servers_of(parent: int) -> list[int]:
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[1]) == parent and b"embedded_server" in (entry / "cmdline").read_bytes():
            found.append(int(entry.name))
    return found


def test_a_server_that_is_down_is_one_clear_line(job: Path, polyreel: Any) -> None:
    """Nobody answers at PREFECT_API_URL: said at once, with what to do, before anything is begun."""
    done = polyreel("run", job, PREFECT_API_URL="http://127.0.0.1:9/api")
    assert done.code == 1
    assert done.stderr.strip().startswith("polyreel: http://127.0.0.1:9/api: no Prefect server answers")
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_server_that_goes_away_loses_no_work(
    job: Path, polyreel_home: Path, tmp_path: Path, new_database: Any
) -> None:
    """Killed in the middle of a run and never back: the run comes to its end, delivers, and says what is missing."""
    from deployments.server.embedded_server import EmbeddedServer

    with EmbeddedServer(new_database(tmp_path / "server")) as server:
        server.wait_until_ready()
        with started(job, polyreel_home, server.address, PREFECT_CLIENT_MAX_RETRIES="0") as run:
            lines_until(run, "dub done")
            server._child.kill()
            assert run.stderr is not None
            said = run.stderr.read()
            assert run.wait(60) == 0, said
    assert "the Prefect server went away" in said
    assert "Traceback" not in said
    assert _whole(job.parent / "out" / "narrated")
