"""`polyreel models` from the outside."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from deployments.commands.models import models
from polyreel.engine.models import registry, shelf
from polyreel.engine.models.registry import Model
from polyreel.machine import home

from .conftest import Clients, model


def test_list_says_what_each_model_is_for_and_that_none_is_here() -> None:
    told = json.loads(CliRunner().invoke(models, ["list", "--json"]).stdout)
    assert {each["name"]: each["state"] for each in told["models"]} == dict.fromkeys(
        [
            "kokoro",
            "kokoro-voices",
            "whisper-base",
            "spleeter-2stems",
            "whisper-tiny.en",
            "whisper-tiny",
            "whisper-small",
            "whisper-medium",
            "whisper-large-v3",
            "supertonic-3",
            "pocket-tts-en",
            "pocket-tts-en-voices",
            "voice-prints",
            "speech-quality",
            "watermark",
            "hls.js",
            "shaka-player",
        ],
        "missing",
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


def test_what_has_terms_is_pulled_only_when_they_are_accepted() -> None:
    """Refused before anything is asked of the network, with the place where the licence can be read."""
    refused = CliRunner().invoke(models, ["pull", "supertonic-3"])
    assert refused.exit_code == 2
    assert "whose terms have to be accepted: OpenRAIL-M" in refused.stderr
    assert f"{registry.SUPERTONIC.release.address}/LICENSE" in refused.stderr
    assert refused.stderr.rstrip().endswith("[licence_not_accepted]")
    assert shelf.pull_command(registry.SUPERTONIC).endswith("pull supertonic-3 --accept-licence")


def test_remove_says_what_was_not_here() -> None:
    done = CliRunner().invoke(models, ["remove", "kokoro"])
    assert (done.exit_code, done.stdout) == (0, "kokoro: was not here\n")


@pytest.fixture
def toy(clients: Clients, monkeypatch: pytest.MonkeyPatch) -> Model:
    """A registry of one small model, whose packages the stand-in clients have."""
    small = model()
    monkeypatch.setattr(registry, "MODELS", (small,))
    monkeypatch.setattr(shelf, "MODELS", (small,))
    return small


def test_a_models_whole_life(toy: Model) -> None:
    """Pulled with its size said first, listed, verified, found out when swapped, put right, and removed."""
    pulled = CliRunner().invoke(models, ["pull"])
    assert pulled.exit_code == 0, pulled.output
    assert pulled.stderr.startswith("About 0 MB to fetch: toy\n")
    assert pulled.stderr.endswith("toy: pulled and checked\n")
    assert json.loads(CliRunner().invoke(models, ["list", "--json"]).stdout)["models"][0]["state"] == "here"
    assert CliRunner().invoke(models, ["verify"]).stdout == "toy: whole\n"
    (shelf.folder_of(toy) / "small.txt").write_bytes(b"a small swapped file")
    swapped = CliRunner().invoke(models, ["verify", "--json"])
    assert (swapped.exit_code, json.loads(swapped.stdout)) == (
        1,
        {"whole": False, "models": {"toy": ["small.txt has another hash than it should"]}},
    )
    again = CliRunner().invoke(models, ["pull", "toy"])
    assert again.exit_code == 0
    assert CliRunner().invoke(models, ["verify", "toy"]).stdout == "toy: whole\n"
    assert CliRunner().invoke(models, ["remove", "toy"]).stdout == "toy: removed, 0 MB freed\n"
    assert shelf.find_state(toy) == "missing"


def test_on_a_terminal_a_bar_shows_how_far_a_pull_is(toy: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    pulled = CliRunner().invoke(models, ["pull"])
    assert pulled.exit_code == 0
    assert "━" in pulled.stderr
    assert "toy" in pulled.stderr


def test_a_pull_that_no_place_can_serve_ends_with_one_line_and_exit_code_1(toy: Model, clients: Clients) -> None:
    for package in clients.shop.iterdir():
        package.unlink()
    done = CliRunner().invoke(models, ["pull", "toy"])
    assert done.exit_code == 1
    assert "no place gave 'toy'" in done.stderr
    assert "Traceback" not in done.stderr
