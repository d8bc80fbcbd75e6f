"""`polyreel up`: server, UI and served deployments on one machine, in one command."""

from __future__ import annotations

import json
import signal
import sys
import time
from pathlib import Path

import click


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), default=4200, show_default=True, help="0 takes any free one.")
@click.option("--jobs-at-once", type=click.IntRange(1, 64), default=2, show_default=True, help="More wait their turn.")
@click.option("--inbox", metavar="DIR|s3://...", help="A folder or prefix whose job files are run, once each.")
@click.option("--inbox-every", type=click.FloatRange(1, 86400), default=60, show_default=True, help="Seconds.")
@click.option("--tell", multiple=True, metavar="TYPE/NAME", help="A notification block: told of runs that need you.")
@click.option("--json", "as_json", is_flag=True, help="Print where it is as one line of JSON.")
def up(
    port: int, jobs_at_once: int, inbox: str | None, inbox_every: float, tell: tuple[str, ...], as_json: bool
) -> None:
    """Server, UI and served deployments on this machine, until Ctrl-C. Listens on loopback only.

    `polyreel run` and the other commands use it while it is there. Relative paths in jobs that come in through the UI
    or the API are taken from the folder that this command is started in.
    """
    from deployments import address, environment
    from deployments.shown_errors import shown
    from deployments.up import Asked, Up, keep_up

    begun = time.monotonic()
    environment.prepare("INFO")
    with shown(as_json), address.only_one():
        wishes = {
            "jobs_at_once": jobs_at_once,
            "inbox": _whole(inbox) if inbox else None,
            "inbox_every_s": inbox_every,
        }
        made = Up(Asked(port, wishes, tell))
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, made.stop)
        try:
            made.start()
        except BaseException:
            made.close()
            raise
        _say(made.ui, made.api, as_json, time.monotonic() - begun)
        keep_up(made)


def _whole(inbox: str) -> str:
    from polyreel.inbox.port import open_inbox
    from polyreel.objects.address import is_object

    place = inbox if is_object(inbox) else str(Path(inbox).expanduser().absolute())
    open_inbox(place)  # What can't be one is said now, and not by a failed run every minute.
    return place


def _say(ui: str, api: str, as_json: bool, seconds: float) -> None:
    if as_json:
        click.echo(json.dumps({"ui": ui, "api": api, "seconds": round(seconds, 2)}))
    else:
        click.echo(f"polyreel is up at {ui} (ready in {seconds:.1f} s; API {api}). Ctrl-C ends it.")
    sys.stdout.flush()
