"""What is printed of files and vendors steers no terminal."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from deployments.cli import cli
from deployments.commands.run_display import print_summary, show_board
from polyreel.job import Job
from polyreel.outcome import DeliveryOutcome, LanguageOutcome, Outcome, Problem
from tasks.run.progress import Board

# Sets the title, clears the screen, rings, and types (DECRQSS's answer); the last by a C1 control.
STEERING = "\x1b]0;title\x07\x1b[2J\x9b2J"


def is_plain(text: str) -> bool:
    return all(char.isprintable() or char in "\t\n" for char in text)


@pytest.mark.parametrize("command", ["convert", "check"])
def test_a_quoted_line_of_a_script_is_harmless(tmp_path: Path, command: str) -> None:
    file = tmp_path / "a.srt"
    file.write_text(f"before {STEERING}\n\n1\n00:00:01,000 --> 00:00:03,000\nHello\n", "utf-8")
    out = [str(tmp_path / "b.vtt")] if command == "convert" else []
    # As on a terminal: elsewhere click takes some of it out by itself.
    done = CliRunner().invoke(cli, ["subtitles", command, str(file), *out], color=True)
    assert "before " in done.output
    assert is_plain(done.output)


def test_an_error_that_names_such_a_file_is_harmless(tmp_path: Path) -> None:
    done = CliRunner().invoke(cli, ["subtitles", "check", str(tmp_path / f"a{STEERING}.srt")], color=True)
    assert done.exit_code == 2
    assert is_plain(done.output)


def test_the_end_of_a_run_is_harmless(capsys: pytest.CaptureFixture[str]) -> None:
    dub = LanguageOutcome(status="delivered", video=f"dubs/{STEERING}.mp4", notes=(f"Not spoken: {STEERING}",))
    refused = DeliveryOutcome(to="place", status="failed", error=Problem(code="refused", message=f"no {STEERING}"))
    elsewhere = DeliveryOutcome(to="other", status="delivered", location=STEERING, ids={"es-ES": STEERING})
    print_summary(
        Outcome(
            job="welcome",
            status="completed",
            languages={"es-ES": dub},
            notes=(STEERING,),
            deliveries=(refused, elsewhere),
            scripts={"es-ES": STEERING},
            manifest=STEERING,
            report=STEERING,
        )
    )
    assert is_plain(capsys.readouterr().out)


def test_a_warning_while_a_job_runs_is_harmless(capsys: pytest.CaptureFixture[str]) -> None:
    job = Job.model_validate({"name": "welcome", "source": {"media": "a.mp4", "locale": "en-US"}, "targets": ["es-ES"]})
    board = Board()
    with show_board(board, job, quiet=False):
        assert board.warn
        board.warn(f"the vendor says {STEERING}")
    told = capsys.readouterr().err
    assert "the vendor says" in told
    assert is_plain(told)
