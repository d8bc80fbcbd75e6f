"""Runs as `polyreel status` lists them."""

from __future__ import annotations

import pytest

from deployments.commands.submit import _print_answer


def test_a_run_is_one_line_however_many_its_message_has(capsys: pytest.CaptureFixture[str]) -> None:
    """Prefect says what is wrong with parameters in a list."""
    message = "Validation failed:\n - job.trim: the end (1 s) must come after the start (5 s)\n - job: no"
    _print_answer({"run": "2f1c", "job": "welcome", "state": "Failed", "message": message}, as_json=False)
    _print_answer({"run": "2f1d", "job": "welcome", "state": "Pending", "message": None}, as_json=False)
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["2f1c", "2f1d"]
