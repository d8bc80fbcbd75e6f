"""How long `polyreel --help` takes, as a multiple of the interpreter's own start."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import Any

ROUNDS = 15


def run() -> list[dict[str, Any]]:
    bare = [sys.executable, "-c", "pass"]
    ours = [sys.executable, "-m", "deployments.cli", "--help"]
    best = {"bare": float("inf"), "help": float("inf")}
    for _ in range(ROUNDS):
        best["bare"] = min(best["bare"], _seconds(bare))
        best["help"] = min(best["help"], _seconds(ours))
    ratio = best["help"] / best["bare"]
    return [{"name": "--help against the bare interpreter", **best, "ratio": ratio, "goal": "<= 10"}]


def _seconds(command: list[str]) -> float:
    begun = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begun
