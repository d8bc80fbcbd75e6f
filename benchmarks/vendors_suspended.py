"""Runs that really wait: jobs of a `polyreel up` are suspended while a vendor dubs, and woken when it is done.

`python -m benchmarks vendors-suspended:24` takes 24 jobs (12 where no number is given); each is a run of its own, begun
in a process of its own, so hundreds take as many minutes on two cores. What the vendor's side of waiting costs with
thousands of rows is `benchmarks/waiting.py`, which makes rows and no runs.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from benchmarks.orchestration import _up
from benchmarks.vendors_speed import _save
from benchmarks.vendors_stage import make_film, open_stage

USUAL, LANGUAGE = 12, "es-ES"
_WITHIN_SECONDS = 1500.0
_SANDBOX = (
    "import sys; from pathlib import Path; from polyreel.sandbox.server import serve_sandbox; "
    "from polyreel.sandbox.settings import Pace, Settings; "
    "serve_sandbox(Settings(Path(sys.argv[1]), 0, Pace({pace}), engine='instant'), "
    "announce=lambda url: print(url, flush=True))"
)
_IDLE_SECONDS = 30.0


def run(part: str = "") -> list[dict[str, Any]]:
    """One row: memory while all wait, requests of the vendor meanwhile, and how soon each run is at work again."""
    count = int(part or USUAL)
    # So slow that the last has been suspended before the first is done: about eight seconds for each to begin.
    pace = round(60 / (90 + 10 * count), 3)
    with tempfile.TemporaryDirectory(prefix="polyreel-suspended-") as folder:
        at = Path(folder)
        command = _SANDBOX.format(pace=pace)
        os.environ |= {"POLYREEL_ALLOW_NETWORKS": "127.0.0.0/8", "POLYREEL_FILES": folder}
        with open_stage(at, make_film(at), command=command) as stage, _up(at / "home") as (up, api):
            env = {**os.environ, "POLYREEL_HOME": str(at / "home"), "PREFECT_API_URL": api}
            _save(stage, env)
            stage.arm(kind="slow", seconds=0.0, times=0, vendor="dubformer", method="GET", path="*")
            with httpx.Client(base_url=api, timeout=60, trust_env=False) as client:
                before = _memory_of(up)
                runs = [_submit(client, at, stage.film_url, number) for number in range(count)]
                _wait_for(client, runs, {"PAUSED"})
                asked = _count_calls(stage)
                time.sleep(_IDLE_SECONDS)
                asked = _count_calls(stage) - asked
                waiting = _memory_of(up)  # not before: a run is suspended a moment before its process has ended
                ended = _wait_for(client, runs, {"COMPLETED", "FAILED", "CRASHED"})
                _tell_failures(client, ended)
                woken = _measure_waking(client, runs, at / "home")
    return [
        {
            "name": f"{count} suspended runs",
            "MB_before": before / 1e6,
            "MB_while_all_wait": waiting / 1e6,
            "requests_a_minute": asked * 60 / _IDLE_SECONDS,
            "completed": sum(each == "COMPLETED" for each in ended.values()),
            **woken,
            "goal": "1,000 in 2 GB; woken p99 <= 2 s",
        }
    ]


def _submit(client: httpx.Client, at: Path, film: str, number: int) -> str:
    script = at / f"{number}.srt"
    script.write_text(f"1\n00:00:00,300 --> 00:00:02,700\nJob {number}.\n")
    job = {
        "name": f"sleeper-{number}",
        "source": {"media": film, "locale": "en-US", "subtitles": str(script)},
        "targets": [LANGUAGE],
        "dubbing": {"provider": "dubformer", "credentials": "account"},
        "delivery": [{"to": "folder", "path": str(at / "out")}],
        "wait": "suspend",
    }
    deployment = client.get("/deployments/name/localise/localise").json()["id"]
    made = client.post(f"/deployments/{deployment}/create_flow_run", json={"parameters": {"job": job}})
    return str(made.raise_for_status().json()["id"])


def _wait_for(client: httpx.Client, runs: list[str], wanted: set[str]) -> dict[str, str]:
    """The states of the runs once all are in one of the wanted."""
    deadline = time.monotonic() + _WITHIN_SECONDS
    while time.monotonic() < deadline:
        found = {each: client.get(f"/flow_runs/{each}").json()["state"]["type"] for each in runs}
        if all(state in wanted for state in found.values()):
            return found
        if broken := [each for each, state in found.items() if state in ("FAILED", "CRASHED") and state not in wanted]:
            raise RuntimeError(str(client.get(f"/flow_runs/{broken[0]}").json()["state"]))
        print(json.dumps({state: list(found.values()).count(state) for state in set(found.values())}), file=sys.stderr)
        time.sleep(5)
    raise RuntimeError(f"not all runs became {wanted}: {found}")


def _tell_failures(client: httpx.Client, ended: dict[str, str]) -> None:
    for run_id in [each for each, state in ended.items() if state != "COMPLETED"]:
        print(client.get(f"/flow_runs/{run_id}").json()["state"]["message"], file=sys.stderr)


def _measure_waking(client: httpx.Client, runs: list[str], home: Path) -> dict[str, float]:
    """Seconds from the row's change to the run that is called again, and to the run that is at work again."""
    from polyreel.ledger.address import ledger_rows
    from polyreel.ledger.rows import Filter

    os.environ["POLYREEL_HOME"] = str(home)
    ready = {row.job: row.ready_at for row in ledger_rows().select(Filter(kind="dub"))}
    called, at_work = [], []
    for run_id in runs:
        job = client.get(f"/flow_runs/{run_id}").json()["name"]
        states = client.get("/flow_run_states/", params={"flow_run_id": run_id}).json()
        times = sorted((datetime.fromisoformat(each["timestamp"]).timestamp(), each["type"]) for each in states)
        since = [(moment - ready[job], state) for moment, state in times if moment >= ready[job]]
        called.append(min(seconds for seconds, state in since if state in ("SCHEDULED", "PENDING")))
        at_work.append(min(seconds for seconds, state in since if state == "RUNNING"))
    return {
        "called_p50_s": statistics.median(called),
        "called_max_s": max(called),
        "at_work_p50_s": statistics.median(at_work),
        "at_work_max_s": max(at_work),
    }


def _count_calls(stage: Any) -> int:
    """Questions so far: by a fault that does nothing, whose strikes the rehearsal server counts."""
    return sum(each["struck"] for each in stage.list_armed())


def _memory_of(up: int) -> int:
    """Bytes of `polyreel up` and everything below it; what processes share is counted once."""
    below: dict[int, int] = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            below[int(status.parent.name)] = int(status.read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
    return sum(_share_of(pid) for pid in below if _is_below(pid, up, below))


def _is_below(pid: int, top: int, parents: dict[int, int]) -> bool:
    while pid not in (0, 1, top):
        pid = parents.get(pid, 0)
    return pid == top


def _share_of(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
