"""`polyreel voices` from the outside: who speaks a language, of which gender, and how each one sounds."""

from __future__ import annotations

import json
import wave
from pathlib import Path

import pytest
from click.testing import CliRunner

from deployments.commands.voices import voices


def test_the_voices_of_a_language_have_a_gender_and_say_what_they_need() -> None:
    found = json.loads(CliRunner().invoke(voices, ["es-MX", "--json"]).stdout)
    first = {"name": "kokoro:ef_dora", "locale": "es-MX", "gender": "female", "engine": "kokoro", "ready": False}
    assert first.items() <= found[0].items()
    assert found[0]["needs"] == "polyreel models pull kokoro kokoro-voices"
    robots = [each for each in found if each["engine"] == "espeak-ng"]
    assert {each["gender"] for each in robots} == {"female", "male"}
    assert all(each["ready"] for each in robots)


def test_without_a_locale_every_neural_voice_is_listed() -> None:
    done = CliRunner().invoke(voices, [])
    assert done.exit_code == 0
    for name in ("kokoro:af_heart", "kokoro:hm_omega", "kokoro:zf_xiaoxiao"):
        assert name in done.stdout


def test_a_voice_without_a_grade_says_why() -> None:
    shown = CliRunner().invoke(voices, ["bg-BG"]).stdout
    assert shown.splitlines()[-1] == "bg-BG: not measured: there is no test script in Bulgarian to hear it with."
    assert shown.count("test script") == 1, "once, and not for each voice"
    found = json.loads(CliRunner().invoke(voices, ["de-DE", "--json"]).stdout)
    assert {bool(each["why_not_measured"]) for each in found if each["measured"]} == {False}
    assert "test script" not in CliRunner().invoke(voices, ["de-DE"]).stdout


@pytest.mark.parametrize("locale", ["de-DE", "hi-IN", "ja-JP", "sw"])
def test_a_voice_can_be_heard(locale: str, tmp_path: Path) -> None:
    out = tmp_path / "sample.wav"
    done = CliRunner().invoke(voices, [locale, "--hear", "espeak-ng:f2", "--out", str(out), "--json"])
    assert done.exit_code == 0, done.output
    with wave.open(str(out)) as file:
        seconds = file.getnframes() / file.getframerate()
    assert json.loads(done.stdout)["seconds"] == pytest.approx(seconds, abs=0.01)
    assert seconds > 1


def test_a_voice_whose_language_has_no_sample_counts_in_it(tmp_path: Path) -> None:
    """It never reads English by the rules of another language."""
    seconds = []
    for text in ([], ["--text", "1, 2, 3, 4, 5, 6, 7, 8, 9, 10."]):
        asked = ["ru-RU", "--hear", "f2", "--out", str(tmp_path / "a.wav"), "--json", *text]
        seconds.append(json.loads(CliRunner().invoke(voices, asked).stdout)["seconds"])
    assert seconds[0] == pytest.approx(seconds[1], abs=0.1)


@pytest.mark.parametrize("arguments", [["--hear", "ef_dora"], ["--hear", "f2", "--out", "a.wav"]])
def test_a_voice_asked_for_by_halves_is_a_matter_of_usage(arguments: list[str]) -> None:
    """No file to write to, or no language: that is how the command was called, and no defect."""
    done = CliRunner().invoke(voices, arguments)
    assert done.exit_code == 2
    assert "Usage:" in done.stderr
    assert "defect" not in done.stderr


def test_a_neural_voice_that_is_not_here_is_said_with_its_command(tmp_path: Path) -> None:
    done = CliRunner().invoke(voices, ["--hear", "ef_dora", "--out", str(tmp_path / "a.wav")])
    assert done.exit_code == 1
    assert "polyreel models pull kokoro kokoro-voices" in done.stderr
    assert not (tmp_path / "a.wav").exists()


def test_a_language_that_nobody_speaks_and_a_voice_that_nobody_has_are_refused(tmp_path: Path) -> None:
    assert CliRunner().invoke(voices, ["mn-MN"]).exit_code == 1
    done = CliRunner().invoke(voices, ["de-DE", "--hear", "caruso", "--out", str(tmp_path / "a.wav")])
    assert done.exit_code == 1
    assert "caruso" in done.stderr


def test_a_text_is_said_with_the_pronunciations_of_a_file(tmp_path: Path) -> None:
    said, out = tmp_path / "said.tsv", tmp_path / "a.wav"
    said.write_text("Nguyen\tGüín\tes\nNguyen\tnever\tfr\n", encoding="utf-8")
    asked = ["say", "Hola, Nguyen.", "--locale", "es-MX", "--voice", "espeak-ng:f2", "--out", str(out), "--json"]
    found = json.loads(CliRunner().invoke(voices, [*asked, "--pronunciations", str(said)]).stdout)
    assert (found["said"], found["locale"]) == ("Hola, Güín.", "es-MX")
    assert json.loads(CliRunner().invoke(voices, asked).stdout)["said"] == "Hola, Nguyen."
    with wave.open(str(out)) as file:
        assert file.getnframes() / file.getframerate() == pytest.approx(found["seconds"], abs=0.5)


def test_a_text_that_cannot_be_said_or_has_no_language_is_refused(tmp_path: Path) -> None:
    assert CliRunner().invoke(voices, ["say", "Hola."]).exit_code == 2
    done = CliRunner().invoke(voices, ["say", "…", "--locale", "es", "--out", str(tmp_path / "a.wav")])
    assert done.exit_code != 0
    assert not (tmp_path / "a.wav").exists()
