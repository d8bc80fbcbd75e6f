"""`python -m polyreel.sandbox`, and the command that `polyreel sandbox` mounts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from polyreel.sandbox.dialect import Shapes

PROFILES = ("none", "flaky", "stormy", "slow", "late", "callbacks")


@click.command("sandbox")
@click.option("--port", default=0, show_default=True, type=click.IntRange(0, 65535), help="0 picks a free port.")
@click.option("--instant", is_flag=True, help="Jobs finish at once, dubbed by a cheap stand-in.")
@click.option(
    "--speed",
    default=1.0,
    show_default=True,
    type=click.FloatRange(0, min_open=True),
    help="How many times faster jobs run.",
)
@click.option(
    "--faults", "profile", default="none", show_default=True, type=click.Choice(PROFILES), help="Which faults strike."
)
@click.option(
    "--shapes",
    default="usual",
    show_default=True,
    type=click.Choice(["usual", "other"]),
    help="The answers' shapes: the usual ones, or the others that the vendors' documents allow.",
)
@click.option("--data", type=click.Path(file_okay=False, path_type=Path), help="Where state is kept.")
def command(port: int, instant: bool, speed: float, profile: str, shapes: Shapes, data: Path | None) -> None:
    """Five vendors on loopback, to rehearse without an account. The first line printed is the base URL."""
    from polyreel.sandbox.server import serve_sandbox
    from polyreel.sandbox.settings import Settings

    settings = Settings.of(data=data, port=port, speed=None if instant else speed, profile=profile, shapes=shapes)
    try:
        serve_sandbox(settings, announce=click.echo)
    except OSError as error:
        raise click.ClickException(
            f"the sandbox can't listen on port {port}: {error}. Choose another, or 0."
        ) from error


if __name__ == "__main__":
    command()
