"""What programs read of a job that was refused as a whole."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from deployments.commands import revise, run
from polyreel.errors import InvalidJob

JOB = {"name": "welcome", "source": {"media": "reel.mp4", "locale": "en-US"}, "targets": ["fr-FR"]}


def _refuse(*_: Any, **__: Any) -> None:
    raise InvalidJob("no such vendor")


def test_a_refused_run_has_its_job_s_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not its file's, by which nobody else knows it; and what an outcome always has is there, and empty."""
    (tmp_path / "monday.yaml").write_text(json.dumps(JOB))
    monkeypatch.setattr(run, "run_job", _refuse)
    done = CliRunner().invoke(run.run, [str(tmp_path / "monday.yaml"), "--json"])
    told = json.loads(done.stdout)
    assert (done.exit_code, told["job"], told["status"]) == (2, "welcome", "failed")
    assert (told["languages"], told["deliveries"], told["paid"]) == ({}, [], [])


def test_a_refused_revision_has_its_job_s_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same."""
    (tmp_path / "monday.yaml").write_text(json.dumps(JOB))
    (tmp_path / "x.srt").write_text("1\n00:00:01,000 --> 00:00:02,000\nBonjour.\n")
    monkeypatch.setattr(revise, "_take_edit", _refuse)
    asked = [str(tmp_path / "monday.yaml"), "fr-FR", str(tmp_path / "x.srt"), "--json"]
    done = CliRunner().invoke(revise.revise, asked)
    assert (done.exit_code, json.loads(done.stdout)["job"]) == (2, "welcome")


def test_a_file_that_holds_no_job_is_called_as_the_file(tmp_path: Path) -> None:
    """There is no other name."""
    (tmp_path / "monday.yaml").write_text("name: [")
    done = CliRunner().invoke(run.run, [str(tmp_path / "monday.yaml"), "--json"])
    assert (done.exit_code, json.loads(done.stdout)["job"]) == (2, "monday")
