"""`make demo`: make a sample reel on the spot, dub it into several languages, and say where everything is."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import click

from deployments.run_cli import exit_code, run_job


def main() -> None:
    """Everything goes below ./demo, the store included, so that it can be removed by hand."""
    folder = Path("demo").absolute()
    os.environ.setdefault("POLYREEL_HOME", str(folder / "home"))
    click.echo("Making a sample: a moving picture, a spoken narration, music under it, and its scripts ...")
    job_file = asyncio.run(_sample(folder))
    click.echo(f"Dubbing it:  polyreel run {job_file.relative_to(Path.cwd())}")
    from deployments.display import summary
    from polyreel.jobfile import load_job

    outcome = run_job(load_job(job_file))
    summary(outcome)
    click.echo(f"\nThe videos are below {folder / 'out' / outcome.job}\nThe report:        {outcome.report}")
    sys.exit(exit_code(outcome))


async def _sample(folder: Path) -> Path:
    from polyreel.sandbox.sample import make_sample

    sample = await make_sample(folder / "sample")
    return sample.job


if __name__ == "__main__":
    main()
