"""`polyreel revise` and `polyreel versions` say that they want a job's file where they are given its name."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from deployments.cli import cli


@pytest.mark.parametrize(
    "arguments", [("versions", "welcome", "es-ES", "--back", "1"), ("revise", "welcome", "es-ES", "edited.srt")]
)
def test_a_name_is_answered_with_what_is_wanted(arguments: tuple[str, ...]) -> None:
    told = CliRunner().invoke(cli, arguments)
    assert told.exit_code == 2
    assert "a job's name is not enough here" in told.stderr
    assert "welcome.yaml" in told.stderr
    other = CliRunner().invoke(cli, [arguments[0], "nowhere.yaml", *arguments[2:]])
    assert "there is no such job file. Check the path." in other.stderr
