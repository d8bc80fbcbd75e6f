"""Where a batch from the API reads and writes beside its jobs: its catalogue, and the summary."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.batch import Batch, _require_allowed, _write
from polyreel.errors import InvalidJob
from polyreel.intake.folders import SETTING, setting_of


@pytest.fixture
def allowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "allowed"
    folder.mkdir()
    (folder / "list.csv").write_text("name,media\n")
    monkeypatch.setenv(SETTING, setting_of([folder])[SETTING])
    return folder


def test_a_summary_that_is_a_link_is_not_read(allowed: Path, tmp_path: Path) -> None:
    batch = Batch(catalogue=str(allowed / "list.csv"))
    _require_allowed(batch)
    batch.summary.symlink_to(tmp_path / "secret.json")
    with pytest.raises(InvalidJob, match="outside of the folders"):
        _require_allowed(batch)


def test_a_summary_is_not_written_through_a_link(allowed: Path, tmp_path: Path) -> None:
    (allowed / ".list.csv.summary.json.part").symlink_to(tmp_path / "made.json")
    summary = Batch(catalogue=str(allowed / "list.csv")).summary
    _write(summary, {"counts": {}, "jobs": {}})
    assert summary.is_file()
    assert not (tmp_path / "made.json").exists()
