"""What the embedded engine can't do, the real command line says: one message, its exit code, and no half-made dub."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from polyreel.engine.models.registry import KOKORO, KOKORO_VOICES, SPLEETER, WHISPER_BASE, Model


def cue(number: int, start: str, end: str, text: str) -> str:
    return f"{number}\n00:00:{start} --> 00:00:{end}\n{text}\n"


def scripted(work: Any, *cues: str, locale: str = "es-ES", **changes: Any) -> Path:
    """A job whose target's script is these cues."""
    job: Path = work(locale, **changes)
    (job.parent / f"narrated.{locale}.srt").write_text("\n".join(cues), "utf-8")
    return job


def rotten(home: Path, *models: Model) -> None:
    """Files of the right names and sizes, and of nothing but zeros: what a bad disk, or a bad person, leaves."""
    for model in models:
        for file in model.files:
            place = home / "models" / model.name / file.path
            place.parent.mkdir(parents=True, exist_ok=True)
            with place.open("wb") as new:
                new.truncate(file.bytes)


def refused(done: Any, job: Path, code: str, words: str, exit_code: int, locale: str = "es-ES") -> None:
    """One error with its code, message and remedy; nothing delivered, and no trace of Python on the screen."""
    error = done.json.get("error") or done.json["languages"][locale]["error"]
    assert (error["code"], done.code) == (code, exit_code), error
    assert words in error["message"], error
    assert error["remedy"]
    assert "Traceback" not in done.stderr
    assert not list((job.parent / "out").rglob("*.mp4"))


@pytest.mark.parametrize(
    ("models", "change"),
    [
        ((KOKORO, KOKORO_VOICES), {"dubbing": {"provider": "embedded", "voices": "neural"}}),
        ((SPLEETER,), {"dubbing": {"provider": "embedded", "separation": "learned"}}),
        ((WHISPER_BASE,), {}),
    ],
    ids=["voices", "separation", "listener"],
)
def test_swapped_weights_are_never_run(
    work: Any, polyreel: Any, polyreel_home: Path, models: tuple[Model, ...], change: dict[str, Any]
) -> None:
    rotten(polyreel_home, *models)
    job = work("es-ES", **change)
    done = polyreel("run", job, "--json")
    refused(done, job, "model_damaged", "is damaged", 1)
    error = done.json.get("error") or done.json["languages"]["es-ES"]["error"]
    assert f"polyreel models pull {models[0].name}" in error["remedy"]
    verified = polyreel("models", "verify")
    assert verified.code == 1
    assert "has another hash than it should" in verified.stdout


def test_weights_that_a_job_asks_for_and_that_are_not_here_are_named_with_the_command(work: Any, polyreel: Any) -> None:
    job = work("es-ES", dubbing={"provider": "embedded", "voices": "neural"})
    done = polyreel("run", job, "--json")
    refused(done, job, "model_missing", "kokoro", 1)
    assert "polyreel models pull kokoro" in done.json["error"]["remedy"]


def test_a_disk_without_space_for_a_model_is_said_before_anything_is_fetched(tmp_path: Path) -> None:
    """On a real disk of eight megabytes."""
    namespaces = shutil.which("unshare")
    tried = [namespaces or "unshare", "-rm", "true"]
    if not namespaces or subprocess.run(tried, capture_output=True, check=False).returncode:
        pytest.skip("needs unshare and user namespaces, to make a small disk without being root")
    disk = tmp_path / "disk"
    disk.mkdir()
    command = f"mount -t tmpfs -o size=8m tmpfs {disk} && exec {sys.executable} -m deployments.cli models pull kokoro"
    done = subprocess.run(
        [namespaces, "-rm", "sh", "-c", command],
        env={**os.environ, "POLYREEL_HOME": str(disk / "home")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "'kokoro' needs 222 MB while it is pulled, and 8 MB are free" in done.stderr
    assert "POLYREEL_HOME" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("text", ["— … —", "[música] ♪"])
def test_a_script_without_a_letter_is_no_script(work: Any, polyreel: Any, text: str) -> None:
    job = scripted(work, cue(1, "01,000", "03,000", text))
    refused(polyreel("run", job, "--json"), job, "empty_transcript", "nothing in the script can be spoken", 1)


def test_one_cue_without_a_letter_among_others_is_a_note(work: Any, polyreel: Any) -> None:
    job = scripted(work, cue(1, "01,000", "03,000", "♪ ♫"), cue(2, "04,000", "08,000", "Hola, buenos días a todos."))
    done = polyreel("run", job, "--json")
    assert done.code == 0, done.stderr
    notes = done.json["languages"]["es-ES"]["notes"]
    assert any("Nothing to say (no words) in 1 cue" in note and "at 1.0 s" in note for note in notes)


def test_a_cue_of_two_thousand_characters_is_refused_rather_than_half_spoken(work: Any, polyreel: Any) -> None:
    long = ("Esta es una frase bastante larga, con una coma y algo más de texto. " * 30)[:2000]
    job = scripted(work, cue(1, "01,000", "03,000", long), cue(2, "05,000", "08,000", "Adiós."))
    done = polyreel("run", job, "--json")
    refused(done, job, "script_too_long", "too long to be spoken", 1)
    message = done.json["languages"]["es-ES"]["error"]["message"]
    assert "the line at 1.0 s" in message
    assert "the reel has 42.4 s" in message


def test_a_cue_of_eighty_milliseconds_borrows_the_silence_after_it(work: Any, polyreel: Any) -> None:
    """It is spoken whole and in time; that it is too short to be read is the subtitles' warning."""
    job = scripted(work, cue(1, "01,000", "01,080", "Hola a todos."), cue(2, "05,000", "08,000", "Hasta luego."))
    done = polyreel("run", job, "--json")
    assert done.code == 0, done.stderr
    checks = {check["name"]: check for check in done.json["languages"]["es-ES"]["checks"]}
    assert (checks["fit"]["status"], checks["speech_window"]["status"]) == ("pass", "pass")
    assert "fastest 1.00" in checks["fit"]["detail"]


def test_a_cue_of_eighty_milliseconds_without_silence_after_it_is_flagged_and_spoken_whole(
    work: Any, polyreel: Any
) -> None:
    job = scripted(
        work,
        cue(1, "01,000", "01,080", "Hola a todos, y buenos días."),
        cue(2, "01,080", "04,000", "Hasta luego a todos."),
    )
    done = polyreel("run", job, "--json")
    assert done.code == 0, done.stderr
    fit = next(check for check in done.json["languages"]["es-ES"]["checks"] if check["name"] == "fit")
    assert fit["status"] == "warn"
    assert "too long: line 1 at 1.0 s 'Hola a todos" in fit["detail"]


def test_a_script_in_another_language_is_refused_by_its_name(work: Any, polyreel: Any) -> None:
    job = work("es-ES", "fr-FR")
    shutil.copyfile(job.parent / "narrated.fr-FR.srt", job.parent / "narrated.es-ES.srt")
    done = polyreel("run", job, "--json")
    assert (done.code, done.json["status"]) == (3, "partial")
    error = done.json["languages"]["es-ES"]["error"]
    assert (error["code"], error["message"].partition(":")[2].strip()) == (
        "wrong_language",
        "the script is written in French",
    )
    assert [path.name for path in (job.parent / "out").rglob("*.mp4")] == ["narrated.fr-FR.mp4"]


def test_a_language_that_no_voice_speaks_is_refused_before_any_work(work: Any, polyreel: Any) -> None:
    job = scripted(work, cue(1, "01,000", "03,000", "Сайн байна уу."), locale="mn-MN")
    refused(polyreel("run", job, "--json"), job, "no_voice", "no voice speaks mn-MN", 2)


def test_a_voice_that_nobody_has_is_refused_with_those_there_are(work: Any, polyreel: Any) -> None:
    job = work("es-ES", targets=[{"locale": "es-ES", "subtitles": "narrated.es-ES.srt", "voice": "caruso"}])
    done = polyreel("run", job, "--json")
    refused(done, job, "no_voice", "caruso", 2)
    assert "Choose one of high, low" in done.json["error"]["remedy"]
