"""`polyreel submit`, `status`, `cancel` and `logs`: the same job through a running server, here or far away."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Collection, Coroutine, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click

from deployments.commands.printing import echo, make_printable

T = TypeVar("T")
FINAL_CODES = {"completed": 0, "failed": 1, "partial": 3, "held": 4}

as_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, and nothing else, on stdout.")


@click.command()
@click.argument("job", type=click.Path(path_type=Path), required=False)
@click.option("--again", "run", type=str, help="Instead of a job: run this earlier run's job once more.")
@click.option("--key", help="An idempotency key of your own; by default it is derived from the job.")
@click.option("--wait", is_flag=True, help="Wait for the end; exit as `polyreel run` does.")
@as_json_option
def submit(job: Path | None, run: str | None, key: str | None, wait: bool, as_json: bool) -> None:
    """Hand a job to a running server: `polyreel up` on this machine, or PREFECT_API_URL.

    The same job handed in twice is one run: the server answers with the first one. Paths in the job file are made
    absolute here; they must mean the same where the job runs.
    """
    if (job is None) == (run is None):
        raise click.UsageError("give a job file, or --again RUN")
    found = _on_server(lambda: _submit_job(job, run, key, wait), as_json)
    _print_answer(found, as_json)
    sys.exit(_find_code_of_run(found) if wait else 0)


def _find_code_of_run(found: Mapping[str, Any]) -> int:
    if "counts" in found:
        return find_batch_code(found["counts"].keys())
    return find_exit_code(found.get("outcome") or {})


def find_batch_code(states: Collection[str]) -> int:
    """How a batch ends, from the states that its jobs are in: as `polyreel batch` says."""
    if set(states) <= {"completed"}:
        return 0
    # One whole delivery is enough: a script that goes on with what there is should see 3.
    if {"completed", "partial"} & set(states):
        return 3
    return 4 if set(states) == {"held"} else 1


def find_exit_code(outcome: Mapping[str, Any]) -> int:
    """As `polyreel run` ends, from what the server has of a run; 0 where it has no outcome yet."""
    from deployments.commands.errors import INVALID

    return INVALID if outcome.get("invalid") else FINAL_CODES.get(outcome.get("status", ""), 0)


async def _submit_job(job: Path | None, run: str | None, key: str | None, wait: bool) -> dict[str, Any]:
    from deployments.commands import remote
    from flows.runs import key_of
    from polyreel.intake.folders import allow_as_caller
    from polyreel.intake.jobfile import load_job

    asked = load_job(job) if job else None
    if asked:
        # The server's runs may read only what its owner allowed; what this person names here is as good as typed there.
        allow_as_caller(key_of(asked))
    async with remote.open_server() as client:
        made = await (
            remote.submit_job(client, asked, key)
            if asked
            else remote.run_again(client, await remote.find_run(client, run or ""))
        )
        # The server answers the same job with its first run: without a word one would wait for nothing.
        if made.state and made.state.is_final():
            echo(f"This was handed in before; once more: polyreel submit --again {made.id}", err=True)
        done = await remote.wait_for_end(client, made.id) if wait else made
        return dict(await remote.describe_run(client, done))


@click.command()
@click.argument("run", type=str, required=False)
@click.option("--limit", type=click.IntRange(1, 200), default=20, show_default=True, help="How many are listed.")
@as_json_option
def status(run: str | None, limit: int, as_json: bool) -> None:
    """How a run stands, with its outcome when it is over; without RUN, the latest ones.

    RUN is its id, or a beginning of it that no other run has; `cancel`, `logs` and `submit --again` take it so, too.
    """
    found = _on_server(lambda: _read_status(run, limit), as_json)
    if isinstance(found, list) and not as_json:
        for each in found:
            _print_answer(each, as_json)
        return
    _print_answer(found, as_json)


async def _read_status(run: str | None, limit: int) -> Any:
    from deployments.commands import remote

    async with remote.open_server() as client:
        if run:
            return await remote.describe_run(client, await remote.read_run(client, await remote.find_run(client, run)))
        return [await remote.describe_run(client, each) for each in await remote.list_recent(client, limit)]


@click.command()
@click.argument("run", type=str)
@as_json_option
def cancel(run: str, as_json: bool) -> None:
    """End a run, and everything it has started. What it finished is kept."""

    async def ask_server() -> dict[str, Any]:
        from deployments.commands import remote

        async with remote.open_server() as client:
            return dict(
                await remote.describe_run(client, await remote.cancel_run(client, await remote.find_run(client, run)))
            )

    _print_answer(_on_server(ask_server, as_json), as_json)


@click.command()
@click.argument("run", type=str)
@click.option("-f", "--follow", is_flag=True, help="Go on until the run is over.")
@as_json_option
def logs(run: str, follow: bool, as_json: bool) -> None:
    """A run's log. With --json, one JSON string a line."""

    async def show_log() -> None:
        from deployments.commands import remote

        async with remote.open_server() as client:
            async for line in remote.log_lines(client, await remote.find_run(client, run), follow):
                click.echo(json.dumps(line, ensure_ascii=False) if as_json else make_printable(line))

    _on_server(show_log, as_json)


def _print_answer(found: Any, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
    else:
        message = " ".join((found["message"] or "").split())  # one run, one line, whatever Prefect says
        echo(f"{found['run']}  {found['job']:<20} {found['state']:<10} {message}".rstrip())


def _on_server(work: Callable[[], Coroutine[Any, Any, T]], as_json: bool) -> T:
    """Do something on the running server. Needs one: a server of this command's own would know of no runs."""
    from deployments.commands.errors import report_errors
    from deployments.process import environment
    from deployments.process.prefect_insides import leave_out_unneeded
    from deployments.server.embedded_server import server_for_this_run
    from polyreel.errors import InvalidJob

    with report_errors(as_json):
        environment.prepare_environment()
        leave_out_unneeded()
        if (address := environment.server_address()) is None:
            raise InvalidJob(
                "no server is running", code="no_server", remedy="Start `polyreel up`, or set PREFECT_API_URL."
            )
        # Prefect reads the address from its settings, which this sets for the user's own server too.
        with server_for_this_run(address):
            return asyncio.run(work())
