"""`polyreel series`: what the jobs of a series share, and what a finished job writes back to it."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from deployments.commands.printing import echo
from polyreel.errors.wording import spell_count

if TYPE_CHECKING:
    from polyreel.intake.learning import Lesson
    from polyreel.job import Job
    from polyreel.outcome import CastSpeaker
    from polyreel.review.lessons import ApprovedScripts

# Enough to see whether they are the right lines; the file has all of them.
_SHOWN = 10
as_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, and nothing else, on stdout.")


@click.group()
def series() -> None:
    """What the jobs of a series share: cast, glossary, words that stay, approved lines, profile.

    SERIES is as a job's `series`: a name below POLYREEL_HOME/series, or a folder with a slash in it.
    """


@series.command()
@click.argument("series")
@as_json_option
def show(series: str, as_json: bool) -> None:
    """The settings of a series, and how much its memory holds."""
    from deployments.commands.errors import report_errors

    with report_errors(as_json):
        from polyreel.intake.series import read_memory, read_series, read_series_pronunciations, require_series

        folder = require_series(series)
        found, units, said = read_series(series), read_memory(series), read_series_pronunciations(series)
        if as_json:
            counts = {"lines": len(units), "pronunciations": len(said)}
            return click.echo(json.dumps({**found.model_dump(mode="json"), **counts}, ensure_ascii=False))
        echo(f"{folder}: {spell_count(len(units), 'approved line')}")
        for name, speaker in found.cast.items():
            voices = ", ".join(f"{locale}: {voice}" for locale, voice in speaker.voices.items())
            echo(f"  {name}{f' ({speaker.gender})' if speaker.gender else ''}  {voices}")
        if found.do_not_translate:
            echo(f"  stay as they are: {', '.join(found.do_not_translate)}")
        if said:
            echo(f"  pronunciations: {len(said)}")
        return echo(f"  profile: {found.profile}") if found.profile else None


@series.command()
@click.argument("job", type=click.Path(path_type=Path))
@click.argument("scripts", nargs=-1, metavar="[LOCALE=FILE]...")
@click.option("--outcome", type=click.Path(path_type=Path), help="Take the cast from this outcome (`run --json`).")
@click.option("--yes", is_flag=True, help="Write it without asking.")
@as_json_option
def learn(job: Path, scripts: tuple[str, ...], outcome: Path | None, yes: bool, as_json: bool) -> None:
    """Write back what a job has to teach: whose voice was whose, and the lines that people wrote or approved.

    The cast is that of the job's last run on this machine. The lines are those of the script that a person approved in
    the job's review, else of the scripts that the job names, or of those that you give:
    `polyreel series learn episode.yaml es-ES=edited.srt`. What changes is shown first, and asked for.
    """
    from deployments.commands.errors import report_errors

    with report_errors(as_json):
        from polyreel.intake.jobfile import load_job
        from polyreel.intake.learning import prepare_lesson
        from polyreel.intake.learning import write_lesson as write_back

        asked = load_job(job)
        given, approved = dict(map(_split_name, scripts)), asyncio.run(_read_approved(asked))
        # What is given by hand counts before what was approved.
        lesson = prepare_lesson(
            asked, _read_cast(asked.name, outcome), {**approved.files, **given}, heard=approved.source
        )
        lesson = replace(lesson, notes=(*approved.notes, *lesson.notes))
        if not as_json:
            _print_lesson(lesson)
        # A program can't be asked: with --json nothing is written unless --yes is given.
        if not lesson.is_empty and (yes or (not as_json and _ask_for_consent())):
            write_back(lesson)
            written = True
        else:
            written = False
        if as_json:
            click.echo(json.dumps(_as_dict(lesson, written), ensure_ascii=False))
        elif written:
            echo("Written.")


def _ask_for_consent() -> bool:
    # A prompt without anybody at it would wait for ever, or take the end of the input for a no.
    if not sys.stdin.isatty():
        echo("Nothing was written: say --yes.", err=True)
        return False
    return click.confirm("Write this to the series?")


def _split_name(given: str) -> tuple[str, Path]:
    from polyreel import locales

    locale, equals, file = given.partition("=")
    if not equals:
        raise click.UsageError(f"{given!r} is not LOCALE=FILE")
    return locales.canonical(locale), Path(file)


async def _read_approved(job: Job) -> ApprovedScripts:
    from polyreel.review.lessons import read_approved_scripts
    from polyreel.store.choice import open_store

    store = open_store()
    await store.check_usable()
    return await read_approved_scripts(store, job)


def _read_cast(job: str, outcome: Path | None) -> dict[str, CastSpeaker]:
    from pydantic import ValidationError

    from polyreel.errors import InvalidJob
    from polyreel.intake.text import load_text
    from polyreel.outcome import Outcome
    from polyreel.report.records import read_records

    if outcome is None:
        ended = (record.outcome for record in read_records() if record.job == job and record.outcome)
        return next((dict(found.speakers) for found in ended if found.speakers), {})
    try:
        return dict(Outcome.model_validate_json(load_text(outcome)).speakers)
    except ValidationError:
        # Pydantic's lines are about our fields, which whoever gave a wrong file never saw.
        raise InvalidJob(
            "is no outcome", where=str(outcome), remedy="Give what `polyreel run --json` printed."
        ) from None


def _print_lesson(lesson: Lesson) -> None:
    for note in lesson.notes:
        echo(note)
    if lesson.is_empty:
        return echo(f"The series {lesson.place} knows all of it.")
    if lesson.diff:
        echo(lesson.diff.rstrip())
    for unit in lesson.units[:_SHOWN]:
        echo("+ " + "  =  ".join(f"{locale}: {text}" for locale, text in unit.texts))
    more = len(lesson.units) - _SHOWN
    return echo(f"+ and {spell_count(more, 'more line')}") if more > 0 else None


def _as_dict(lesson: Lesson, written: bool) -> dict[str, Any]:
    return {
        "series": lesson.place,
        "diff": lesson.diff,
        "lines": [dict(unit.texts) for unit in lesson.units],
        "notes": list(lesson.notes),
        "written": written,
    }


@series.command("import")
@click.argument("series")
@click.argument("file", type=click.Path(path_type=Path))
@as_json_option
def import_(series: str, file: Path, as_json: bool) -> None:
    """Take the lines of a TMX file into the memory of a series."""
    from deployments.commands.errors import report_errors

    with report_errors(as_json):
        from polyreel.intake.series import read_memory_file, remember_units

        units = read_memory_file(file)
        added = remember_units(series, units)
        if as_json:
            click.echo(json.dumps({"read": len(units), "new": len(added)}))
        else:
            echo(f"{len(units)} units read, {len(added)} of them new.")


@series.command()
@click.argument("series")
@click.argument("file", type=click.Path(path_type=Path))
def export(series: str, file: Path) -> None:
    """Write the memory of a series as TMX 1.4."""
    from deployments.commands.errors import report_errors

    with report_errors(as_json=False):
        from importlib.metadata import version

        from polyreel.intake.series import read_memory
        from polyreel.machine.files import write_output
        from polyreel.series.tmx import write_tmx

        units = read_memory(series)
        first = units[0].texts[0][0] if units else "en"
        write_output(file, write_tmx(units, first, version("polyreel")))
        echo(f"{len(units)} units written to {file}.")
