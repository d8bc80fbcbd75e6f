"""The memory of a process tree as benchmarks see it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.tree import memory_while

_PARENT = """
import subprocess, sys
held = b"x" * 60_000_000
program = "import time; held = b'x' * 120_000_000; time.sleep(1.5)"
subprocess.run([sys.executable, "-c", program, "embedded" + "_server"])
"""


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="needs Linux's /proc")
def test_a_tree_is_the_sum_of_its_processes_by_what_they_are() -> None:
    with subprocess.Popen([sys.executable, "-c", _PARENT]) as program:
        found = memory_while(program, 0.05)
    assert 180 < found.peak_mb < 300
    assert found.most["polyreel"] > 60
    assert found.most["server"] > 120
    assert found.course[-1][0] > 1.0
