"""`make demo`: make a sample reel on the spot, dub it into several languages, and say where everything is."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import click

from deployments.commands.job_run import exit_code, run_job


def main() -> None:
    """Everything goes below ./demo, the store included, so that it can be removed by hand."""
    folder = Path("demo").absolute()
    os.environ.setdefault("POLYREEL_HOME", str(folder / "home"))
    _get_voices()
    click.echo("Making a sample: a moving picture, a spoken narration, music under it, and its scripts ...")
    job_file = asyncio.run(_make_demo_sample(folder))
    click.echo(f"Dubbing it:  polyreel run {job_file.relative_to(Path.cwd())}")
    from deployments.commands.run_display import print_summary
    from polyreel.intake.jobfile import load_job

    outcome = run_job(load_job(job_file))
    print_summary(outcome)
    click.echo(f"\nThe videos are below {folder / 'out' / outcome.job}\nThe report:        {outcome.report}")
    sys.exit(exit_code(outcome))


def _get_voices() -> None:
    """The weights of the neural voices, once; with ``LITE=1``, or where they can't be had, the demo does without."""
    from deployments.commands.models import show_pull
    from polyreel.engine.models.registry import KOKORO, KOKORO_VOICES
    from polyreel.errors import PolyreelError

    if os.environ.get("LITE", "") not in {"", "0"}:
        click.echo("LITE: no weights are fetched; Pico and espeak-ng speak, unless neural voices are here already.")
        return
    click.echo("Neural voices (once; `make demo LITE=1` goes without):")
    try:
        show_pull((KOKORO, KOKORO_VOICES))
    except PolyreelError as error:
        # The first thing that a person tries must end with a video, also behind a firewall.
        click.echo(f"They could not be fetched, so Pico and espeak-ng speak: {error}")


async def _make_demo_sample(folder: Path) -> Path:
    from polyreel.sandbox.sample import make_sample

    sample = await make_sample(folder / "sample")
    return sample.job


if __name__ == "__main__":
    main()
