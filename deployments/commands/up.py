"""`polyreel up`: server, UI and served deployments on one machine, in one command."""

from __future__ import annotations

import json
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from deployments.server.up import Up


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), default=4200, show_default=True, help="0 takes any free one.")
@click.option("--jobs-at-once", type=click.IntRange(1, 64), default=2, show_default=True, help="More wait their turn.")
@click.option("--inbox", metavar="DIR|s3://...", help="A folder or prefix whose job files are run, once each.")
@click.option("--inbox-every", type=click.FloatRange(1, 86400), default=60, show_default=True, help="Seconds.")
@click.option(
    "--files",
    multiple=True,
    metavar="DIR ...",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="What jobs from the API and the UI may read and write below; by default, the folder that this is started in.",
)
@click.argument("more_files", nargs=-1, metavar="", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--tell", multiple=True, metavar="TYPE/NAME", help="A notification block: told of runs that need you.")
@click.option("--callbacks", metavar="URL", help="The public address at which vendors call back; TLS is your proxy's.")
@click.option(
    "--callbacks-port",
    type=click.IntRange(0, 65535),
    default=4280,
    show_default=True,
    help="Where the proxy sends them.",
)
@click.option(
    "--callbacks-secret", default="", metavar="NAME", help="Saved `callbacks` credentials to check them with."
)
@click.option(
    "--forget-after",
    type=click.IntRange(1, 3650),
    metavar="DAYS",
    help="Delete vendors' copies of dubs so many days after they were collected.",
)
@click.option("--json", "as_json", is_flag=True, help="Print where it is as one line of JSON.")
def up(
    port: int,
    jobs_at_once: int,
    inbox: str | None,
    inbox_every: float,
    files: tuple[Path, ...],
    more_files: tuple[Path, ...],
    tell: tuple[str, ...],
    callbacks: str | None,
    callbacks_port: int,
    callbacks_secret: str,
    forget_after: int | None,
    as_json: bool,
) -> None:
    """Server, UI and served deployments on this machine, until Ctrl-C. Listens on loopback only.

    `polyreel run` and the other commands use it while it is there. Relative paths in jobs that come in through the UI
    or the API are taken from the folder that this command is started in. They may name files below that folder (or
    below --files DIR ...), below the inbox, and below POLYREEL_HOME/deliveries.
    """
    if more_files and not files:
        raise click.UsageError(f"--files goes before {more_files[0]}")
    from deployments.commands.errors import report_errors
    from deployments.process import address
    from deployments.server.up import Asked, Up, keep_up

    begun = time.monotonic()
    with report_errors(as_json), _prefect_prepared(), address.only_one():
        wishes = {
            "jobs_at_once": jobs_at_once,
            "inbox": _make_inbox_absolute(inbox) if inbox else None,
            "inbox_every_s": inbox_every,
            "forget_after": forget_after,
        }
        # Before anything starts: children inherit the environment as it is at their start.
        _allow_folders([*files, *more_files], inbox)
        made = Up(Asked(port, wishes, tell, _require_public_address(callbacks), callbacks_port, callbacks_secret))
        # SIGHUP as well: a closed terminal must not leave a server without an owner.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, made.stop)
        try:
            made.start()
        except BaseException:  # also when interrupted: what was started must not outlive this process
            made.close()
            raise
        # Only when it answers: programs read this line and call at once.
        _print_addresses(made, as_json, time.monotonic() - begun)
        keep_up(made)


@contextmanager
def _prefect_prepared() -> Iterator[None]:
    """With Prefect's settings in place; what keeps them from it is told like everything else."""
    from deployments.process import environment

    environment.prepare_environment("INFO")
    yield


def _allow_folders(files: list[Path], inbox: str | None) -> None:
    """Tell the runs, by their environment, which folders they may use."""
    import os

    from polyreel.intake.folders import read_allowed_folders, setting_of
    from polyreel.machine import home
    from polyreel.objects.address import is_object

    # The command's own word goes before the environment's.
    folders = files or read_allowed_folders() or [Path.cwd()]
    left_in = [Path(inbox)] if inbox and not is_object(inbox) else []
    os.environ.update(setting_of([*folders, *left_in, home.deliveries_dir()]))


def _make_inbox_absolute(inbox: str) -> str:
    from polyreel.intake.inbox.choice import open_inbox
    from polyreel.objects.address import is_object

    place = inbox if is_object(inbox) else str(Path(inbox).expanduser().absolute())
    open_inbox(place)  # What can't be one is said now, and not by a failed run every minute.
    return place


def _require_public_address(callbacks: str | None) -> str:
    if callbacks is None:
        return ""
    from polyreel.ledger.receiver import check_public_address

    return check_public_address(callbacks)


def _print_addresses(made: Up, as_json: bool, seconds: float) -> None:
    if as_json:
        receiver = {"callbacks": made.callbacks} if made.callbacks else {}
        click.echo(json.dumps({"ui": made.ui, "api": made.api, **receiver, "seconds": round(seconds, 2)}))
    else:
        click.echo(f"polyreel is up at {made.ui} (ready in {seconds:.1f} s; API {made.api}). Ctrl-C ends it.")
        if made.callbacks:
            click.echo(f"Callbacks are received at {made.callbacks}: let your proxy send them there.")
    # Into a pipe Python writes only when its buffer is full: whoever waits for this line would never see it.
    sys.stdout.flush()
