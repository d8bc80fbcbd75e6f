"""`polyreel batch`: many jobs through the running server, a few at once."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from deployments.commands.printing import echo
from deployments.commands.submit import _on_server, as_json_option, find_batch_code

if TYPE_CHECKING:
    from polyreel.job import Job

# The state's message is Prefect's; a person should read the error that ended the batch.
_UNCAUGHT = re.compile(r"^Flow run encountered an exception: (\w+: )?")
"""What Prefect puts before the error that ended a run."""


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--each-of",
    metavar="VENDOR:FOLDER",
    help="Run the one job file for each video in this library's folder: nomad:ID, nomad:PATH or tpstreams:ID.",
)
@click.option("--at-once", type=click.IntRange(1, 64), default=2, show_default=True, help="How many jobs at a time.")
@click.option("--failed", is_flag=True, help="Only what was not delivered whole in the last batch of this catalogue.")
@as_json_option
def batch(files: tuple[Path, ...], each_of: str | None, at_once: int, failed: bool, as_json: bool) -> None:
    """Run a CATALOGUE (CSV, or YAML with `jobs:`), or several job files; wait; say what came of each.

    With --each-of nomad:FOLDER or tpstreams:FOLDER the one job file is the pattern of a job for each video right in
    there. FOLDER is its id as the library shows it; nomad also takes its path from the top (nomad:Courses/2026).

    Exit codes: 0 every job delivered whole (or none to do, which is said), 3 some were, 4 all wait for a person, 1 none
    was, 2 the catalogue (or a job) is invalid.
    """
    if each_of and len(files) != 1:
        raise click.UsageError("--each-of takes one job file, the pattern of all")
    summary = _on_server(lambda: _run_jobs(_list_places(files, each_of), at_once, failed), as_json)
    if as_json:
        click.echo(json.dumps(summary, ensure_ascii=False))
    else:
        _print_summary(summary)
    sys.exit(find_batch_code(summary["counts"].keys()))


async def _run_jobs(places: dict[str, Any], at_once: int, failed: bool) -> dict[str, Any]:
    from deployments.commands import remote
    from flows.batch import Batch, batch_key, load_jobs
    from polyreel.intake.folders import allow_as_caller
    from polyreel.intake.library import folder_of

    asked = Batch(at_once=at_once, only="failed" if failed else "all", after_crash="resume", **places)
    if asked.each_of:
        folder_of(asked.each_of)
    # The server runs the jobs: of this machine's files it may read those that this person named here, and no others.
    allow_as_caller(batch_key(asked))
    jobs = load_jobs(asked)  # a catalogue that can't be used is said here, at once
    if asked.each_of:
        await _require_folder(jobs[0], asked.each_of)
    async with remote.open_server() as client:
        made = await client.create_flow_run_from_deployment(
            await remote.deployment_id(client, "localise-batch/localise-batch"),
            parameters={"batch": asked.model_dump(mode="json")},
        )
        echo(f"batch {made.id}", err=True)
        done = await remote.wait_for_end(client, made.id)
        assert done.state is not None  # noqa: S101 - it is over
        summary = await remote.read_kept_artifact(client, made.id) or {"counts": {"failed": 1}, "jobs": {}}
    return {"run": str(made.id), "state": done.state.name, "message": done.state.message, **summary}


async def _require_folder(pattern: Job, address: str) -> None:
    """See that a library's folder can be read, before a run is made: of that nobody would see more than that it failed.

    Raises as `flows.batch.jobs_of_folder`, but for what may mend by itself.
    """
    from flows.batch import jobs_of_folder
    from polyreel.vendors.errors import CallError

    try:
        await jobs_of_folder(pattern, address)
    except CallError as error:
        # From where the server is the vendor may be reached, though not from here.
        if not error.transient:
            raise


def _list_places(files: tuple[Path, ...], each_of: str | None) -> dict[str, Any]:
    paths = [str(path.absolute()) for path in files]
    if each_of:
        # A single file is a catalogue otherwise; here it is the pattern of all jobs.
        return {"jobs": paths, "each_of": each_of}
    return {"catalogue": paths[0]} if len(paths) == 1 else {"jobs": paths}


def _print_summary(summary: dict[str, Any]) -> None:
    for name, outcome in summary["jobs"].items():
        problem = outcome["error"] or {}
        echo(f"{name:<24} {outcome['status']:<10} {outcome['manifest'] or problem.get('message', '')}".rstrip())
    echo(f"{summary['state']}: {_UNCAUGHT.sub('', summary['message'])}")
