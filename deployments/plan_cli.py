"""`polyreel plan` and `polyreel schema`: what a job would do, and what a job may say."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from polyreel.job import Job


@click.command()
def schema() -> None:
    """Print the JSON Schema of a job (for editors, forms and programs)."""
    from polyreel.job import Job

    document = {"$schema": "https://json-schema.org/draft/2020-12/schema", **Job.model_json_schema()}
    click.echo(json.dumps(document, indent=2, ensure_ascii=False))


@click.command()
@click.argument("job", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="Deliver into this folder instead of the job's.")
@click.option("--json", "as_json", is_flag=True, help="Print the plan as JSON, and nothing else, on stdout.")
def plan(job: Path, out: Path | None, as_json: bool) -> None:
    """Check a job, its files and its languages; show the stages and what is already done. Spends nothing."""
    from deployments.shown_errors import shown

    with shown(as_json):
        from polyreel.jobfile import delivered_to, load_job

        asked = load_job(job)
        with _server_of(asked, quiet=as_json):
            found = asyncio.run(_look(delivered_to(asked, out) if out else asked))
        click.echo(json.dumps(found, indent=2, ensure_ascii=False) if as_json else _as_text(found))


@contextmanager
def _server_of(job: Job, quiet: bool) -> Iterator[None]:
    """The server that keeps the credentials of the job's sources, where it names some."""
    if job.source.credentials is None:
        yield
        return
    from deployments import environment
    from deployments.embedded_server import server_for_this_run

    environment.prepare()
    with server_for_this_run(environment.server_address()) as server:
        if server:
            if not quiet:
                click.echo("starting a Prefect server, which keeps the credentials ...", err=True)
            server.wait_until_ready()
        yield


async def _look(job: Job) -> dict[str, Any]:
    from polyreel.preflight import look_ahead, prepare
    from polyreel.stores import open_store

    connection = None
    if job.source.credentials:
        from tasks.sources import connection_of

        connection = await connection_of(job)
    store = open_store()
    return await look_ahead(await prepare(job, store, connection), store)


_MARKS = {"done": "✓", "to do": "·", "can't": "✗", "unknown": "?"}


def _as_text(found: dict[str, Any]) -> str:
    lines = [
        f"{found['job']}: {found['source']['media']}",
        f"  {found['quote']['sentence']}",
        *(f"  {_MARKS[state]} {stage}" for stage, state in found["stages"].items()),
    ]
    for locale, language in found["languages"].items():
        marks = "  ".join(f"{_MARKS[state]} {stage}" for stage, state in language["stages"].items())
        lines.append(f"  {locale:<12} {marks}")
        if language["error"]:
            lines.append(f"  {'':<12} {language['error']['message']} {language['error']['remedy']}".rstrip())
    lines += [f"  delivers to {folder}" for folder in found["delivers_to"]]
    return "\n".join(lines)
