"""What a run's process imports before it begins."""

from __future__ import annotations

import subprocess
import sys

_FEW_RUNS_NEED = (
    "fastapi",
    "docx",
    "sqlalchemy",
    "polyreel.engine.voice.kokoro.japanese",
    "polyreel.engine.voice.kokoro.mandarin",
)


def test_a_run_imports_nothing_that_only_some_runs_need() -> None:
    """A job that is done already pays for each of them with every repetition."""
    code = f"import sys, flows.localise; print([m for m in {_FEW_RUNS_NEED} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
