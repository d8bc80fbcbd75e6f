"""Where a rehearsed job goes: the sandbox has one account of each vendor, whichever the job names."""

from __future__ import annotations

from pathlib import Path

import pytest

from deployments.commands.rehearse import make_rehearsal
from polyreel.errors import InvalidJob
from polyreel.job import Job


def _make_job(*credentials: str) -> Job:
    return Job.model_validate(
        {
            "name": "welcome",
            "source": {"media": "/r.mp4", "locale": "en-US"},
            "targets": ["es-ES"],
            "delivery": [{"to": "tpstreams", "credentials": each, "folder": "Dubs"} for each in credentials],
        }
    )


def test_one_folder_of_two_accounts_is_delivered_to_once(tmp_path: Path) -> None:
    """Really they are two places: a note says what the rehearsal can't show."""
    asked, notes = make_rehearsal(_make_job("one", "two"), tmp_path)
    assert [each.to for each in asked.delivery] == ["folder", "tpstreams"]
    assert notes == ("the sandbox plays one account of tpstreams: TPStreams: Dubs is delivered to once",)


def test_one_folder_twice_is_refused_as_the_job_would_be(tmp_path: Path) -> None:
    """A rehearsal shows what the run would do."""
    with pytest.raises(InvalidJob, match="two deliveries go to"):
        make_rehearsal(_make_job("one", "one"), tmp_path)
