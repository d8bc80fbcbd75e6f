"""A run's record says how it ended, however it ended; a disk that takes none fails no job."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from polyreel.errors import InvalidJob
from polyreel.job import Job
from polyreel.outcome import Outcome
from polyreel.report.records import RunRecord, read_records
from tasks.run import records
from tasks.run.records import keep_record

JOB = Job.model_validate({"name": "reel", "source": {"media": "reel.mp4", "locale": "en-US"}, "targets": ["es-ES"]})


def only_record() -> RunRecord:
    found = list(read_records())
    assert len(found) == 1
    return found[0]


def test_what_came_of_it_is_kept() -> None:
    with keep_record(JOB) as kept:
        assert only_record().state == "running"
        kept.outcome = Outcome(job="reel", status="partial")
    assert only_record().state == "partial"


def test_an_error_is_its_outcome_with_a_report() -> None:
    with pytest.raises(InvalidJob), keep_record(JOB):
        raise InvalidJob("no such file", remedy="Check the path.")
    outcome = only_record().outcome
    assert outcome is not None
    assert (outcome.status, outcome.error and outcome.error.code) == ("failed", "invalid_input")
    assert Path(outcome.report or "").is_file()


def test_a_run_that_is_cancelled_was_stopped() -> None:
    with pytest.raises(asyncio.CancelledError), keep_record(JOB):
        raise asyncio.CancelledError
    assert only_record().state == "stopped"


def test_a_run_that_is_suspended_waits() -> None:
    """Neither an outcome nor an error: Prefect ends the process, and starts another one later."""
    with keep_record(JOB):
        pass
    assert only_record().state == "waiting"


def test_a_disk_that_takes_no_record_fails_no_job(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> RunRecord:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(records.records, "begin_record", refuse)
    with keep_record(JOB) as kept:
        kept.outcome = Outcome(job="reel", status="completed")
    assert list(read_records()) == []
