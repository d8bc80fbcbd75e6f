"""`make demo-vendors`: the sample dubbed by every vendor and brought to every library, all of it over the sandbox."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from polyreel.job import Job


def main() -> None:
    """Everything goes below ./demo, the store included, so that it can be removed by hand."""
    from deployments.commands.job_run import exit_code, run_job
    from deployments.commands.rehearse import cost_sentence, make_rehearsal, show_accounts, start_rehearsal
    from deployments.commands.run_display import print_summary
    from polyreel.outcome import Outcome

    folder = Path("demo").absolute()
    os.environ.setdefault("POLYREEL_HOME", str(folder / "home"))
    click.echo("Making a sample ...")
    sample = asyncio.run(_make_demo_sample(folder))
    worst = 0
    with start_rehearsal("demo-vendors") as stage, _start_server():
        click.echo(f"The vendors are played at {stage.base_url}: open it to see their accounts.")
        for job in jobs_of(sample):
            asked, _notes = make_rehearsal(job, stage.home / "out")
            click.echo(f"\n== {job.name}")
            outcome: Outcome = run_job(asked, before=stage.save_credentials)
            print_summary(outcome)
            click.echo(cost_sentence(outcome))
            worst = max(worst, exit_code(outcome))
        click.echo("\n== accounts")
        show_accounts(stage)
    sys.exit(worst)


@contextmanager
def _start_server() -> Iterator[None]:
    """One Prefect server for every job: Prefect keeps the address that it had when it was imported."""
    from deployments.process import environment
    from deployments.server.embedded_server import server_for_this_run

    environment.prepare_environment("CRITICAL")
    with server_for_this_run(None) as server:
        if server:
            server.wait_until_ready()
        yield


def jobs_of(sample: Job) -> list[Job]:
    """The sample's job once per vendor that dubs, with every delivery that this version has."""
    from polyreel.delivery.places import PLACES
    from polyreel.dubbing.providers import PROVIDERS
    from polyreel.job import Job

    libraries = [
        {"to": place.name, "credentials": "rehearsal"}
        for place in PLACES.values()
        # A bucket is no vendor of the sandbox: nobody would play it.
        if place.make is not None and place.block is not None and not place.holds_tree
    ]
    changed: dict[str, Any] = sample.model_dump(mode="json")
    changed |= {
        # Two languages show what several do; more would only take longer.
        "targets": changed["targets"][:2],
        "delivery": [*changed["delivery"], *libraries],
        "staging": {"to": "nomad", "credentials": "rehearsal"},
    }
    vendors = [row for row in PROVIDERS.values() if row.block is not None and row.make is not None]
    return [
        Job.model_validate(
            changed
            | {"name": f"{sample.name}-{row.name}", "dubbing": {"provider": row.name, "credentials": "rehearsal"}}
        )
        for row in vendors
    ]


async def _make_demo_sample(folder: Path) -> Job:
    from polyreel.intake.jobfile import load_job
    from polyreel.sandbox.sample import make_sample

    return load_job((await make_sample(folder / "sample")).job)


if __name__ == "__main__":
    main()
