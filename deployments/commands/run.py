"""`polyreel run`: a job from the command line, with live progress; its outcome as JSON for programs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from deployments.commands.job_run import exit_code, run_job
from deployments.process.ending import AllWritten, take_termination_as_ctrl_c

if TYPE_CHECKING:
    from polyreel.job import Job
    from polyreel.outcome import Outcome

_NOTHING_DONE: dict[str, Any] = {
    "status": "failed", "languages": {}, "manifest": None, "report": None, "deliveries": [], "paid": [], "seconds": 0,
}  # fmt: skip
"""The outcome of a job that was refused as a whole: what its readers look for is there, and empty."""


@click.command()
@click.argument("job", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="Deliver into this folder instead of the job's.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON, and nothing else, on stdout.")
@click.option("--rehearse", is_flag=True, help="The same job over a sandbox of all vendors: nothing is bought.")
@click.option(
    "--faults",
    type=click.Choice(["none", "flaky", "stormy", "slow", "late", "callbacks"]),
    help="With --rehearse: which faults the sandbox plays.",
)
@click.option("-v", "--verbose", is_flag=True, help="Show Prefect's own log on stderr.")
def run(job: Path, out: Path | None, as_json: bool, rehearse: bool, faults: str | None, verbose: bool) -> None:
    """Run a job: dub one reel into every language, check it, deliver it.

    Exit codes: 0 every language delivered, 1 failed, 2 the job (or a file it names) is invalid, 3 some languages
    delivered, 4 held for a person.
    """
    from deployments.commands.errors import report_errors

    take_termination_as_ctrl_c()
    # A file that can't be read has no name of a job in it.
    with report_errors(as_json, job=job.stem, **_NOTHING_DONE):
        from polyreel.intake.jobfile import load_job, redirect_delivery

        asked = load_job(job)
    with report_errors(as_json, job=asked.name, **_NOTHING_DONE):
        if rehearse:
            outcome = _rehearse_job(asked, out, faults or "none", quiet=as_json, verbose=verbose)
        elif faults:
            raise click.UsageError("--faults is for a rehearsal: add --rehearse")
        else:
            outcome = run_job(redirect_delivery(asked, out) if out else asked, quiet=as_json, verbose=verbose)
    if as_json:
        click.echo(outcome.model_dump_json())
    else:
        from deployments.commands.run_display import print_summary

        print_summary(outcome)
    raise AllWritten(exit_code(outcome))


def _rehearse_job(job: Job, out: Path | None, faults: str, *, quiet: bool, verbose: bool) -> Outcome:
    from deployments.commands.rehearse import run_rehearsal

    if out is not None:
        raise click.UsageError("a rehearsal delivers into its own home: leave --out away")
    return run_rehearsal(job, faults=faults, quiet=quiet, verbose=verbose)
