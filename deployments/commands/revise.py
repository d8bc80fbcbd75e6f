"""`polyreel revise` and `polyreel versions`: lines changed after delivery, and the versions that come of it."""

from __future__ import annotations

import asyncio
import getpass
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from deployments.commands.printing import echo
from deployments.process.ending import AllWritten, take_termination_as_ctrl_c
from polyreel.errors.wording import spell_count

if TYPE_CHECKING:
    from polyreel.job import Job
    from polyreel.outcome import Outcome
    from polyreel.review.decisions import Reviewer
    from polyreel.review.log import Damaged
    from polyreel.review.state import Review

by_option = click.option(
    "--by", envvar="POLYREEL_REVIEWER", help="Who wants it; else POLYREEL_REVIEWER, else your login's name."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, and nothing else, on stdout.")


@click.command()
@click.argument("job", type=click.Path(path_type=Path))
@click.argument("locale")
@click.argument("edited", type=click.Path(path_type=Path))
@click.option("--why", default="", help="Why, for the record.")
@click.option("--revision", type=click.IntRange(min=1), help="What you have edited: merged with what came since.")
@by_option
@json_option
@click.option("-v", "--verbose", is_flag=True, help="Show Prefect's own log on stderr.")
def revise(
    job: Path, locale: str, edited: Path, why: str, revision: int | None, by: str | None, as_json: bool, verbose: bool
) -> None:
    """Do the changed lines of a language again, and deliver them in place.

    EDITED is the language's script with changes (.srt or .vtt). Only what changed is spoken, bought or asked for again;
    the version before is kept (`polyreel versions`). Exit codes are those of `polyreel run`.
    """
    from deployments.commands.errors import report_errors

    take_termination_as_ctrl_c()
    with report_errors(as_json, job=job.stem, status="failed"):
        from polyreel.review.decisions import Reviewer

        asked = _load_job(job)
    with report_errors(as_json, job=asked.name, status="failed"):
        reviewer = Reviewer(by or getpass.getuser(), revision)
        review = asyncio.run(_take_edit(asked, locale, edited, reviewer, why))
        outcome = _run_revision(asked, as_json, verbose)
    _print_outcome(outcome, review, as_json)


def _load_job(job: Path) -> Job:
    """The job of a file. Raises `InvalidJob`; for a mere name, which `polyreel review` takes, with what is wanted."""
    from polyreel.errors import InvalidJob
    from polyreel.intake.jobfile import load_job

    # A path that is missing is load_job's to tell; only a bare word may be a job's name.
    if job.suffix or len(job.parts) != 1 or job.exists():
        return load_job(job)
    # The job may be run for this, and no record of a run has all of its file.
    raise InvalidJob(
        "there is no such job file; a job's name is not enough here",
        where=str(job),
        remedy=f"Give the job's file, such as {job}.yaml (`polyreel review` takes names).",
    )


async def _take_edit(job: Job, locale: str, edited: Path, reviewer: Reviewer, why: str) -> Review:
    from polyreel.review.edits import from_file
    from polyreel.review.orders import Order, find_key, take_order
    from polyreel.store.choice import open_store

    store = open_store()
    await store.check_usable()
    key = find_key(job, locale)
    change = from_file(edited, key.locale, accept_repairs=job.subtitles.accept_repairs)
    return await take_order(store, key, Order(reviewer, change, why))


def _run_revision(job: Job, as_json: bool, verbose: bool) -> Outcome:
    from deployments.commands.job_run import run_job

    return run_job(job, quiet=as_json, verbose=verbose)


def _print_outcome(outcome: Outcome, review: Review, as_json: bool) -> None:
    from deployments.commands.job_run import exit_code

    if as_json:
        click.echo(outcome.model_dump_json())
    else:
        from deployments.commands.run_display import print_summary

        # The last edit is this command's: take_order has just written it.
        edit = next((each for each in reversed(review.events) if each.kind == "edited"), None)
        lines = len(edit.changed) if edit else 0
        echo(f"{review.key.locale}: {spell_count(lines, 'line')} changed, revision {review.revision}")
        print_summary(outcome)
    raise AllWritten(exit_code(outcome))


@click.command()
@click.argument("job", type=click.Path(path_type=Path))
@click.argument("locale", required=False)
@click.option("--compare", nargs=2, type=int, metavar="A B", help="The lines that differ between two versions.")
@click.option("--back", type=int, metavar="N", help="Deliver version N again: nothing is made or bought for it.")
@by_option
@json_option
def versions(
    job: Path, locale: str | None, compare: tuple[int, int] | None, back: int | None, by: str | None, as_json: bool
) -> None:
    """The versions of a job's languages that went out; compare two, or go back to one."""
    from deployments.commands.errors import report_errors

    if locale is None and (compare or back is not None):
        raise click.UsageError("name the language: polyreel versions JOB LOCALE ...")
    with report_errors(as_json):
        asked = _load_job(job)
        if back is not None:
            review = asyncio.run(_go_back(asked, str(locale), by or getpass.getuser(), back))
            outcome = _run_revision(asked, as_json, verbose=False)
        elif compare:
            _print_differences(asyncio.run(_compare_versions(asked, str(locale), compare)), as_json)
            return
        else:
            _print_versions(*asyncio.run(_read_reviews(asked, locale)), as_json)
            return
    _print_outcome(outcome, review, as_json)


async def _read_reviews(job: Job, locale: str | None) -> tuple[list[Review], list[Damaged]]:
    from polyreel.review.log import ReviewLog
    from polyreel.review.orders import find_key
    from polyreel.store.choice import open_store

    store = open_store()
    await store.check_usable()
    wanted = [locale] if locale else [target.locale for target in job.targets]
    found, damaged = await ReviewLog(store).read_all([find_key(job, each) for each in wanted])
    # The one language that was asked for can't be shown; of several, the others are.
    if damaged and locale:
        raise damaged[0].error
    return found, damaged


async def _compare_versions(job: Job, locale: str, numbers: tuple[int, int]) -> list[dict[str, Any]]:
    from polyreel.review.log import ReviewLog
    from polyreel.review.orders import find_key
    from polyreel.review.versions import compare_versions
    from polyreel.store.choice import open_store

    store = open_store()
    await store.check_usable()
    review = await ReviewLog(store).read(find_key(job, locale))
    return [each.model_dump() for each in await compare_versions(store, review, *numbers)]


async def _go_back(job: Job, locale: str, by: str, number: int) -> Review:
    from polyreel.review.decisions import Reviewer
    from polyreel.review.orders import find_key
    from polyreel.review.versions import go_back
    from polyreel.store.choice import open_store

    store = open_store()
    await store.check_usable()
    return await go_back(store, find_key(job, locale), Reviewer(by), number)


def _print_differences(found: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    for each in found:
        echo(each["at"])
        for mark, side in (("-", "before"), ("+", "after")):
            if each[side] is not None:
                chosen = f"  [{each[f'chosen_{side}']}]" if each[f"chosen_{side}"] else ""
                echo(f"  {mark} {' / '.join(each[side].splitlines())}{chosen}")
    echo(f"{len(found)} line{'s differ' if len(found) != 1 else ' differs'}." if found else "They say the same.")


def _print_versions(reviews: list[Review], damaged: list[Damaged], as_json: bool) -> None:
    from polyreel.review.versions import as_dict

    found = [as_dict(each) for each in reviews]
    for each in damaged:  # what was asked for is answered all the same
        echo(f"polyreel: {each.key.locale}: {each.error}", err=True)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    for language in found:
        echo(f"{language['locale']}{_describe_standing(language)}")
        for each in language["versions"]:
            echo(
                f"  {each['number']:>3}  {each['at']}{_describe_origin(each)}{'  delivered' if each['current'] else ''}"
            )


def _describe_standing(language: dict[str, Any]) -> str:
    if not language["versions"]:
        return ": nothing went out yet"
    return f": STALE, {' '.join(language['next'].split())}" if language["stale"] else ""


def _describe_origin(version: dict[str, Any]) -> str:
    if not version["by"]:
        return "  as made"
    reason = f": {' '.join(version['reason'].split())}" if version["reason"] else ""
    return f"  by {version['by']}{reason}"
