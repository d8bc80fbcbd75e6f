"""`polyreel series`: what a series learns from finished jobs and approved reviews, and gives out again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from polyreel.intake.jobfile import load_job
from polyreel.intake.learning import prepare_lesson
from polyreel.intake.series import read_memory
from polyreel.job import Job
from polyreel.outcome import CastSpeaker, Outcome, StoredFile
from polyreel.review.decisions import TIMEOUT, Reviewer, approve, ask, reject
from polyreel.review.edits import Edit, edit_script, from_lines
from polyreel.review.events import Event, ReviewKey, Shown
from polyreel.review.lessons import read_approved_scripts
from polyreel.review.log import ReviewLog
from polyreel.series.tmx import read_tmx, write_tmx
from polyreel.store.choice import open_store
from tests.unit.series.conftest import ENGLISH, SPANISH, UNITS


@pytest.fixture
def series() -> Callable[..., Any]:
    """``polyreel series`` with arguments."""
    from deployments.cli import cli

    return lambda *arguments: CliRunner().invoke(cli, ["series", *map(str, arguments)])


def test_a_job_writes_back_cast_and_lines_with_a_diff(
    episode: Callable[..., Path], series: Callable[..., Any], tmp_path: Path, harbour: Path
) -> None:
    outcome = Outcome(job="e1", status="completed", speakers={"Eva": CastSpeaker(voices={"es-ES": "luna"})})
    (tmp_path / "outcome.json").write_text(outcome.model_dump_json())
    arguments = ("learn", episode(), "--outcome", tmp_path / "outcome.json")
    shown = series(*arguments)
    assert "+  Eva:" in shown.output
    assert "es-ES: Buenos días, puerto." in shown.output
    assert "Nothing was written" in shown.output
    assert read_memory("harbour") == []
    assert series(*arguments, "--yes").output.endswith("Written.\n")
    job: Job = load_job(episode())
    assert job.speakers
    assert job.speakers["Eva"].voices == {"es-ES": "luna"}
    assert job.speakers["Ana"].gender == "female"
    assert len(read_memory("harbour")) == 2
    assert "knows all of it" in series(*arguments, "--yes").output


def test_an_edited_script_teaches_its_own_words(
    episode: Callable[..., Path], series: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "edited.srt").write_text(SPANISH.replace("No vino nadie.", "Nadie vino."))
    told = json.loads(series("learn", episode(), f"es-ES={tmp_path / 'edited.srt'}", "--yes", "--json").output)
    assert told["written"]
    assert told["lines"][1] == {"en-US": "Nobody came.", "es-ES": "Nadie vino."}
    wrong = series("learn", episode(), f"fr-FR={tmp_path / 'edited.srt'}")
    assert wrong.exit_code == 2


def keep(text: str) -> StoredFile:
    return open_store().keep_bytes(text.encode(), ".srt")


async def hold(job: Job, script: str = SPANISH, source: str = ENGLISH) -> tuple[ReviewLog, ReviewKey]:
    """A run of the job holds its Spanish script for a person."""
    log, key, made = ReviewLog(open_store()), ReviewKey.of(job, "es-ES"), keep(script)
    shown = Shown(source_locale="en-US", source_script=keep(source))
    await log.write(key, ask("script", made.sha256, made=made, script=made, reason="", shown=shown))
    return log, key


async def test_approved_edits_of_a_held_review_are_learned(
    episode: Callable[..., Path], tmp_path: Path, harbour: Path
) -> None:
    """Nothing before the approval, the edited words after it, and not what was edited later; a file counts first."""
    job = load_job(episode())
    log, key = await hold(job)
    edit = Edit(Reviewer("Ana"), from_lines({2: "Nadie vino."}))
    await edit_script(open_store(), key, edit)
    assert (await read_approved_scripts(open_store(), job)).files == {}
    await log.write(key, approve(Reviewer("Ana")))
    await edit_script(open_store(), key, Edit(Reviewer("Ana"), from_lines({2: "No vino ni un alma."})))
    approved = await read_approved_scripts(open_store(), job)
    assert approved.notes == ["es-ES: later edits, which nobody has approved, are left out."]
    lesson = prepare_lesson(job, {}, approved.files, heard=approved.source)
    assert [unit.text("es-ES") for unit in lesson.units] == ["Buenos días, puerto.", "Nadie vino."]
    replaced = keep(SPANISH.replace("vino", "llegó"))
    await log.write(key, ask("script", replaced.sha256, made=replaced, script=replaced, reason="", shown=Shown()))
    assert (await read_approved_scripts(open_store(), job)).files == {}


async def test_a_draft_that_was_approved_is_learned_beside_what_was_heard(episode: Callable[..., Path]) -> None:
    """The job names no script at all: both are from its review. A rejection and a timeout teach nothing."""
    source = {"media": "e1.mp4", "locale": "en-US"}
    job = load_job(episode(source=source, targets=["es-ES"], translation={"provider": "argos"}))
    log, key = await hold(job)
    await log.write(key, reject(Reviewer("Ana"), "too formal"))
    by_time = Event(kind="approved", by=TIMEOUT, script=keep(SPANISH), subject=keep(SPANISH).sha256)
    await log.write(key, lambda _: by_time)
    assert (await read_approved_scripts(open_store(), job)).files == {}
    await log.write(key, lambda _: by_time.model_copy(update={"by": "Ana"}))
    approved = await read_approved_scripts(open_store(), job)
    lesson = prepare_lesson(job, {}, approved.files, heard=approved.source)
    assert [dict(unit.texts) for unit in lesson.units][1] == {"en-US": "Nobody came.", "es-ES": "No vino nadie."}


def test_the_command_learns_from_the_review_and_names_one_that_is_damaged(
    episode: Callable[..., Path], series: Callable[..., Any]
) -> None:
    async def decide() -> ReviewKey:
        log, key = await hold(load_job(episode()), SPANISH.replace("No vino nadie.", "Nadie vino."))
        await log.write(key, approve(Reviewer("Ana")))
        return key

    key = asyncio.run(decide())
    assert "es-ES: Nadie vino." in series("learn", episode(), "--yes").output
    (open_store().root / key.folder / "000001.json").write_bytes(b"{")
    told = json.loads(series("learn", episode(), "--json").output)
    assert "000001.json" in told["notes"][0]
    assert [each["es-ES"] for each in told["lines"]] == ["No vino nadie."]  # the job's own file


def test_a_memory_is_taken_in_and_given_out(series: Callable[..., Any], tmp_path: Path, harbour: Path) -> None:
    (tmp_path / "theirs.tmx").write_bytes(write_tmx(UNITS, "en-US", "1"))
    assert series("import", "harbour", tmp_path / "theirs.tmx").output == "2 units read, 2 of them new.\n"
    assert series("import", "harbour", tmp_path / "theirs.tmx").output == "2 units read, 0 of them new.\n"
    assert series("export", "harbour", tmp_path / "ours.tmx").exit_code == 0
    assert len(read_tmx((tmp_path / "ours.tmx").read_bytes(), "ours.tmx")) == 2
    assert "2 approved lines" in series("show", "harbour").output
    assert series("show", "nobody").exit_code == 2


def test_a_folder_that_is_no_series_is_not_shown_as_an_empty_one(
    series: Callable[..., Any], tmp_path: Path, harbour: Path
) -> None:
    (tmp_path / "films").mkdir()
    for place in (tmp_path / "films", "..", f"{harbour}/.."):
        shown = series("show", place)
        assert (shown.exit_code, "there is no series in this folder" in shown.stderr) == (2, True)
    (harbour.parent / "new").mkdir()
    assert "new: 0 approved lines" in series("show", "new").output
