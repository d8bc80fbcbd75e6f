"""`polyreel models` from the outside."""

from __future__ import annotations

import json

from click.testing import CliRunner

from deployments.models_cli import models
from polyreel import home


def test_list_says_what_each_model_is_for_and_that_none_is_here() -> None:
    told = json.loads(CliRunner().invoke(models, ["list", "--json"]).stdout)
    assert {each["name"]: each["state"] for each in told["models"]} == dict.fromkeys(
        ("kokoro", "kokoro-voices", "whisper-base", "spleeter-2stems", "whisper-tiny.en", "voice-prints"), "missing"
    )
    assert all(each["licence"] and each["purpose"] for each in told["models"])


def test_verify_of_a_half_model_fails_with_the_command() -> None:
    folder = home.models_dir() / "spleeter-2stems"
    folder.mkdir(parents=True)
    (folder / "checkpoint").write_bytes(b"x" * 67)
    done = CliRunner().invoke(models, ["verify"])
    assert done.exit_code == 1
    assert "model.index is missing" in done.stdout
    assert "polyreel models pull spleeter-2stems" in done.stderr


def test_an_unknown_model_is_an_invalid_request() -> None:
    done = CliRunner().invoke(models, ["pull", "kokkoro"])
    assert done.exit_code == 2
    assert "Did you mean kokoro?" in done.stderr


def test_remove_says_what_was_not_here() -> None:
    done = CliRunner().invoke(models, ["remove", "kokoro"])
    assert (done.exit_code, done.stdout) == (0, "kokoro: was not here\n")
