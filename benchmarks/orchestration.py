"""What Prefect costs a job, measured on a `polyreel up` of this benchmark's own (SQLite), each job in its own process.

Twenty languages go through every stage, the stages' work replaced by sleeps here and nowhere else: the decorator, the
keys, the bounded languages and the stored files are the product's. ``ratio`` is the wall time against the longest chain
of sleeps. Then what a person waits for: a finished job once more, and a run asked for through the API until it begins.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from deployments.process import environment

LIMIT = 1.10
ASKED = 7


def run() -> Iterator[dict[str, Any]]:
    """One row per measurement, as it comes: all of them take minutes."""
    with tempfile.TemporaryDirectory() as folder:
        yield from _rows(Path(folder))


def _rows(folder: Path) -> Iterator[dict[str, Any]]:
    home, sample = folder / "home", _sample(folder / "sample")
    with _up(home) as (up, api):
        os.environ["POLYREEL_HOME"] = str(home)
        environment.prepare_environment()
        env = {**os.environ, "PREFECT_API_URL": api}
        _sleeping(env, 1)  # the first run of a server pays for the server's own imports
        yield _slept("20 languages x all stages", _sleeping(env, 1)) | {"goal": f"<= {LIMIT}"}
        yield _asked_for(api, sample)
        yield _finished(env, sample)
        yield _slept("five such jobs at once", _sleeping(env, 5))
        yield from _memory(up)


# -- twenty languages, and five times twenty


def _slept(name: str, jobs: list[dict[str, Any]]) -> dict[str, Any]:
    worst = max(each["seconds"] for each in jobs)
    rest = {"cpu": jobs[0]["cpu"], "MiB": max(each["MiB"] for each in jobs)}
    return {"name": name, "seconds": worst, "ratio": worst / jobs[0]["chain"], **rest}


def _sleeping(env: dict[str, str], jobs: int) -> list[dict[str, Any]]:
    """Jobs in processes of their own, which begin together once all have their imports behind them."""
    command = [sys.executable, "-m", "benchmarks.sleeping"]
    pipe: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    running = [subprocess.Popen([*command, f"{time.time_ns()}"], env=env, **pipe) for _ in range(jobs)]
    for each in running:
        assert each.stdout is not None
        assert each.stdout.readline() == "ready\n"
    for each in running:
        assert each.stdin is not None
        each.stdin.write("go\n")
        each.stdin.flush()
    return [json.loads(each.communicate()[0]) for each in running]


# -- what a person waits for


def _finished(env: dict[str, str], job: Path) -> dict[str, Any]:
    """`polyreel run` of a job whose stages are all done, beyond what its imports take by themselves."""
    command = [sys.executable, "-m", "deployments.cli", "run", str(job), "--json"]
    _seconds(command, env)
    again = min(_seconds(command, env) for _ in range(3))
    words = "import flows.localise, deployments.commands.run, deployments.commands.run_display"
    imports = min(_seconds([sys.executable, "-c", words], env) for _ in range(3))
    facts = {"seconds": again, "imports": imports, "beyond imports": again - imports}
    return {"name": "a finished job once more", **facts, "goal": "<= 3 s beyond"}


def _seconds(command: list[str], env: dict[str, str]) -> float:
    begun = time.perf_counter()
    subprocess.run(command, env=env, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - begun


def _asked_for(api: str, job: Path) -> dict[str, Any]:
    """From ``create_flow_run`` to the first stage's start, one run after another."""
    from polyreel.intake.jobfile import load_job

    asked = load_job(job).model_dump(mode="json")
    with httpx.Client(base_url=api, timeout=60, trust_env=False) as client:
        deployment = client.get("/deployments/name/localise/localise").json()["id"]
        _first_stage(client, deployment, asked)
        waits = sorted(_first_stage(client, deployment, asked) for _ in range(ASKED))
    return {
        "name": "create_flow_run to first stage",
        "seconds": statistics.median(waits),
        "least": waits[0],
        "most": waits[-1],
        "goal": "median < 3 s",
    }


def _first_stage(client: httpx.Client, deployment: str, job: dict[str, Any]) -> float:
    begun = time.time()
    made = client.post(f"/deployments/{deployment}/create_flow_run", json={"parameters": {"job": job}}).json()
    while client.get(f"/flow_runs/{made['id']}").json()["state"]["type"] not in ("COMPLETED", "FAILED", "CRASHED"):
        time.sleep(0.2)
    wanted = {"flow_runs": {"id": {"any_": [made["id"]]}}}
    while not (tasks := [each for each in client.post("/task_runs/filter", json=wanted).json() if each["start_time"]]):
        time.sleep(0.2)
    return min(datetime.fromisoformat(each["start_time"]).timestamp() for each in tasks) - begun


# -- the machine


def _memory(up: int) -> Iterator[dict[str, Any]]:
    """Resident memory of each process of `polyreel up`, after all of this."""
    names = {"cli": "up itself", "api_server": "server", "served": "worker", "warm": "process that waits for a run"}
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            fields = dict(line.split(":", 1) for line in status.read_text().splitlines())
            command = status.with_name("cmdline").read_bytes().split(b"\0")
        except (FileNotFoundError, ProcessLookupError):
            continue
        if str(up) in (fields["Pid"].strip(), fields["PPid"].strip()) or _parent(int(fields["PPid"])) == up:
            module = command[2].decode().rpartition(".")[2] if len(command) > 2 else "?"
            yield {"name": f"memory: {names.get(module, module)}", "MiB": int(fields["VmRSS"].split()[0]) // 1024}


def _parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return 0


@contextmanager
def _up(home: Path) -> Iterator[tuple[int, str]]:
    command = [sys.executable, "-m", "deployments.cli", "up", "--port", "0", "--json", "--jobs-at-once", "5"]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    env = {**clean, "POLYREEL_HOME": str(home)}
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.pid, json.loads(process.stdout.readline())["api"]
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(60)


def _sample(folder: Path) -> Path:
    """A short reel with its scripts, spoken by espeak-ng."""
    from polyreel.sandbox.sample import make_sample

    return asyncio.run(make_sample(folder)).job


if __name__ == "__main__":
    print(json.dumps(list(run()), indent=2))
