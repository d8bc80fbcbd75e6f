"""`polyreel batch`: many jobs through the running server, a few at once."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import click

from deployments.submit_cli import _on_server, as_json_option


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--at-once", type=click.IntRange(1, 64), default=2, show_default=True, help="How many jobs at a time.")
@click.option("--failed", is_flag=True, help="Only what was not delivered whole in the last batch of this catalogue.")
@as_json_option
def batch(files: tuple[Path, ...], at_once: int, failed: bool, as_json: bool) -> None:
    """Run a CATALOGUE (CSV, or YAML with `jobs:`), or several job files; wait; say what came of each.

    Exit codes: 0 every job delivered whole, 3 some were, 1 none was, 2 the catalogue (or a job) is invalid.
    """
    summary = _on_server(lambda remote: _run(remote, files, at_once, failed), as_json)
    if as_json:
        click.echo(json.dumps(summary, ensure_ascii=False))
    else:
        _say(summary)
    counts = summary["counts"]
    sys.exit(0 if counts.keys() == {"completed"} else 3 if {"completed", "partial"} & counts.keys() else 1)


async def _run(remote: ModuleType, files: tuple[Path, ...], at_once: int, failed: bool) -> dict[str, Any]:
    from flows.batch import Batch, load_jobs

    asked = Batch(at_once=at_once, only="failed" if failed else "all", after_crash="resume", **_places(files))
    load_jobs(asked)  # a catalogue that can't be used is said here, at once
    async with remote.server() as client:
        made = await client.create_flow_run_from_deployment(
            await remote.deployment_id(client, "localise-batch/localise-batch"),
            parameters={"batch": asked.model_dump(mode="json")},
        )
        click.echo(f"batch {made.id}", err=True)
        done = await remote.finished(client, made.id)
        summary = await remote.kept_of(client, made.id) or {"counts": {"failed": 1}, "jobs": {}}
    return {"run": str(made.id), "state": done.state.name, "message": done.state.message, **summary}


def _places(files: tuple[Path, ...]) -> dict[str, Any]:
    paths = [str(path.absolute()) for path in files]
    return {"catalogue": paths[0]} if len(paths) == 1 else {"jobs": paths}


def _say(summary: dict[str, Any]) -> None:
    for name, outcome in summary["jobs"].items():
        problem = outcome["error"] or {}
        click.echo(f"{name:<24} {outcome['status']:<10} {outcome['manifest'] or problem.get('message', '')}".rstrip())
    click.echo(f"{summary['state']}: {summary['message']}")
