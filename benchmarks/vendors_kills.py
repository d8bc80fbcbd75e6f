"""The kill matrix: a process that buys is killed at every named point, at every call that must happen once.

`python -m benchmarks vendors-kills [--json]`. Each row is one kill and the run after it: what the vendor charged
(`purchases`, minutes of a one-minute reel), what it made, what was charged and stands in no row (`lost`), and the
seconds from the next run's start to the collected dub (`recover_s`; the rows `not killed` have what that takes anyway).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.vendors_stage import ROOT, Stage, make_film, open_stage

POINTS = (
    "before_intent", "after_intent", "during_before_commit", "during_after_commit", "before_receipt", "after_receipt"
)  # fmt: skip
LATER = ("while_waiting", "while_collecting")
# Held before the vendor has read it (what a dead caller asked for is dropped then); or after, its answer on its way.
HOLDS: dict[str, dict[str, Any]] = {
    "during_before_commit": {"kind": "slow", "seconds": 3.0},
    "during_after_commit": {"kind": "dripping", "seconds": 1.0},
}


@dataclass(frozen=True)
class Step:
    """One call that must happen once: whose it is, how the reel gets there, which row stands for it, where it goes."""

    provider: str
    kind: str
    way: str
    vendor: str
    path: str
    script: bool = False
    staging: dict[str, Any] | None = None

    @property
    def name(self) -> str:
        """As the table calls it."""
        return f"{self.provider} {self.kind} ({self.way})"


STEPS = (
    Step("panjaya", "asset", "url", "panjaya", "/v1/assets/"),
    Step("panjaya", "asset", "upload", "panjaya", "/v1/assets/upload"),
    Step("panjaya", "dub", "url", "panjaya", "/v1/assets/*/languages"),
    Step("dubformer", "dub", "url", "dubformer", "/api/v1/projects"),
    Step("dubformer", "translation", "url", "dubformer", "/api/v1/projects/*/translations", script=True),
    Step("dubformer", "staged", "staged", "nomad", "*/upload/start"),
)


def run(part: str = "") -> Iterator[dict[str, Any]]:
    """Every step whose name has ``part`` in it at every point; and each way once without a kill."""
    steps = [step for step in STEPS if part in step.name]
    with tempfile.TemporaryDirectory(prefix="polyreel-kills-") as folder:
        at = Path(folder)
        with open_stage(at, make_film(at)) as stage:
            for step in {step.name: step for step in steps}.values():
                yield kill_once(stage, step, "", at)
            for step in steps:
                for point in (*POINTS, *(LATER if step.kind == "dub" else ())):
                    yield kill_once(stage, step, point, at)


def render(name: str, rows: list[dict[str, Any]]) -> str:
    """A line for each kill, in 80 columns."""
    lines = [f"{'':<32}{'killed at':<21}{'bought':>6}{'made':>5}{'lost':>5}{'next run':>10}"]
    for row in rows:
        step, _, point = row["name"].partition(": ")
        at = point if row["killed"] in ("-", "yes") else f"{point}: {row['killed']}"
        numbers = f"{row['purchases']:>6g}{row['made']:>5}{row['lost']:>5g}{row['recover_s']:>8.1f} s"
        lines.append(f"{step:<32}{at:<21}{numbers}{'' if row['ended'] == 'collected' else ' ' + row['ended']}")
    return "\n".join([name, "-" * len(name), *lines, ""])


def kill_once(stage: Stage, step: Step, point: str, folder: Path, *, quiet: float = 8.0) -> dict[str, Any]:
    """Kill a buyer at a point (none where it is empty), let the next one finish, and count."""
    name = f"k{uuid.uuid4().hex[:10]}"
    home = folder / name
    home.mkdir()
    order: dict[str, Any] = {
        "provider": step.provider, "kind": step.kind, "way": step.way, "script": step.script, "name": name,
        "url": stage.url, "film": str(stage.film), "film_url": stage.film_url, "folder": str(home), "quiet": quiet,
        "lease": 45.0, "staging": step.staging,
    }  # fmt: skip
    before = stage.minutes_left(step.provider)
    killed = _kill(stage, step, point, order) if point else "-"
    stage.calm()
    began = time.monotonic()
    with _buyer(order) as heir:
        printed, _ = heir.communicate(timeout=180)
    seconds = time.monotonic() - began
    found: dict[str, Any] = (
        json.loads(printed) if heir.returncode == 0 else {"ended": f"exit code {heir.returncode}", "rows": []}
    )
    charged = before - stage.minutes_left(step.provider)
    booked = sum(row["charged_minutes"] or 0 for row in found["rows"] if row["kind"] == "dub")
    return {
        "name": f"{step.name}: {point or 'not killed'}",
        "killed": killed,
        "purchases": charged,
        "made": len(stage.list_made(step.provider, name)),
        "lost": charged - booked,
        "recover_s": round(seconds, 1),
        "ended": found["ended"],
    }


def _kill(stage: Stage, step: Step, point: str, order: dict[str, Any]) -> str:
    if hold := HOLDS.get(point):
        stage.arm(**hold, vendor=step.vendor, method="POST", path=step.path)
    with _buyer({**order, "point": point}) as victim:
        reached = _wait(lambda: _is_reached(stage, point, order) or victim.poll() is not None)
        if point == "during_after_commit":
            time.sleep(1.0)  # struck is what was asked; the vendor has done it a moment later
        alive = victim.poll() is None
        victim.kill()
        victim.wait()
    return "yes" if reached and alive else "NOT REACHED"


def _is_reached(stage: Stage, point: str, order: dict[str, Any]) -> bool:
    return not stage.list_armed() if point in HOLDS else (Path(order["folder"]) / point).exists()


def _wait(true: Callable[[], bool], seconds: float = 180) -> bool:
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


@contextmanager
def _buyer(order: dict[str, Any]) -> Any:
    environment = {**os.environ, "POLYREEL_HOME": f"{order['folder']}/home"}
    environment.pop("POLYREEL_LEDGER_URL", None)
    argv = [sys.executable, "-m", "benchmarks.vendors_buyer", json.dumps(order)]
    process = subprocess.Popen(argv, env=environment, stdout=subprocess.PIPE, cwd=ROOT)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()
