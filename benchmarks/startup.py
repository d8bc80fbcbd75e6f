"""How long `polyreel --help` takes, and what the first run in a new home takes beside the second.

Both runs make the same film from nothing, each with a server of its own: between them everything that was made is
removed. In turns, as machines drift; the medians count.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.engine import Taken, run_program
from benchmarks.narrated import make_narrated

ROUNDS = 15
_HOMES = 5
_MADE = ("store", "results", "jobs", "scratch")


def run() -> list[dict[str, Any]]:
    bare = [sys.executable, "-c", "pass"]
    ours = [sys.executable, "-m", "deployments.cli", "--help"]
    best = {"bare": float("inf"), "help": float("inf")}
    for _ in range(ROUNDS):
        best["bare"] = min(best["bare"], _seconds(bare))
        best["help"] = min(best["help"], _seconds(ours))
    ratio = best["help"] / best["bare"]
    return [{"name": "--help against the bare interpreter", **best, "ratio": ratio, "goal": "<= 10"}, _first_runs()]


def _seconds(command: list[str]) -> float:
    begun = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begun


def _first_runs() -> dict[str, Any]:
    taken = [_run_twice() for _ in range(_HOMES)]
    (first, second), (first_cpu, second_cpu) = (
        [median(getattr(pair[turn], what) for pair in taken) for turn in (0, 1)] for what in ("wall", "cpu")
    )
    return {
        "name": f"the first run in a new home, and the second ({_HOMES} homes)",
        "first_s": first,
        "second_s": second,
        "more_s": median(one.wall - other.wall for one, other in taken),
        "first_cpu_s": first_cpu,
        "second_cpu_s": second_cpu,
        "goal": "more_s <= 4",
    }


def _run_twice() -> tuple[Taken, Taken]:
    narrated = make_narrated()
    with tempfile.TemporaryDirectory() as folder:
        job, home = Path(folder, "job.json"), Path(folder, "home")
        target = {"locale": "es-ES", "subtitles": str(narrated / "narrated.es-ES.srt")}
        source = {"media": str(narrated / "narrated.mp4"), "locale": "en-US"}
        dubbing = {"provider": "embedded", "voices": "basic", "separation": "ducked"}
        job.write_text(json.dumps({"name": "first", "source": source, "targets": [target], "dubbing": dubbing}))
        asked = ["-m", "deployments.cli", "run", str(job), "--out", str(Path(folder, "out")), "--json"]
        first = run_program(asked, {"POLYREEL_HOME": str(home)})
        for made in (*(home / each for each in _MADE), Path(folder, "out")):
            shutil.rmtree(made, ignore_errors=True)
        return first, run_program(asked, {"POLYREEL_HOME": str(home)})
