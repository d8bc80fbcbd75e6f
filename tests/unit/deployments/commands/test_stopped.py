"""A program that is stopped before its run has begun: its exit code is that of one stopped later."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from deployments.cli import cli
from deployments.commands import run

JOB = {"name": "welcome", "source": {"media": "reel.mp4", "locale": "en-US"}, "targets": ["fr-FR"]}


@pytest.fixture
def _kept_handler() -> Iterator[None]:
    before = signal.signal(signal.SIGTERM, lambda *_: pytest.fail("nobody took the signal"))
    # A suite that a shell runs in the background is born deaf to it.
    deaf = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGTERM, before)
    signal.signal(signal.SIGINT, deaf)


@pytest.mark.usefixtures("_kept_handler")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_stopped_while_it_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    """130, and one line."""

    def start(*_: Any, **__: Any) -> None:
        os.kill(os.getpid(), number)
        signal.sigtimedwait([], 1)

    (tmp_path / "job.yaml").write_text(json.dumps(JOB))
    monkeypatch.setattr(run, "run_job", start)
    done = CliRunner().invoke(cli, ["run", str(tmp_path / "job.yaml"), "--json"])
    assert (done.exit_code, done.stdout, done.stderr) == (130, "", "polyreel: stopped.\n")
