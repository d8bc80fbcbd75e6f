"""The command line. Nothing heavy is imported before a command needs it: `polyreel --help` answers at once."""

from __future__ import annotations

import importlib
import sys
from typing import Any, NoReturn

import click

from deployments.process.ending import INTERRUPTED, AllWritten
from deployments.process.garbage import look_seldom
from polyreel.machine.heap import share_pools
from polyreel.net.proxies import keep_loopback_direct

# name -> (where the command is, one line for --help). Kept here so that help needs none of the modules.
COMMANDS = {
    "run": ("deployments.commands.run:run", "Run a job: dub one reel into every language."),
    "plan": ("deployments.commands.plan:plan", "Check a job and show its stages; spends nothing."),
    "up": ("deployments.commands.up:up", "Server, UI and served deployments on this machine."),
    "submit": ("deployments.commands.submit:submit", "Hand a job to a running server."),
    "batch": ("deployments.commands.batch:batch", "Run a list or a catalogue of jobs on a running server."),
    "review": ("deployments.commands.review:review", "What waits for a person: look at it, approve, reject, edit."),
    "revise": ("deployments.commands.revise:revise", "Do the changed lines of a language again, in place."),
    "versions": ("deployments.commands.revise:versions", "What went out: list, compare, go back."),
    "status": ("deployments.commands.submit:status", "How runs on the server stand."),
    "cancel": ("deployments.commands.submit:cancel", "End a run, and everything it has started."),
    "logs": ("deployments.commands.submit:logs", "A run's log."),
    "deploy": ("deployments.commands.deploy:deploy", "Register the deployments of prefect.yaml for work pools."),
    "jobs": ("deployments.commands.jobs:jobs", "Every job, its state and cost, and who must act."),
    "series": ("deployments.commands.series:series", "What jobs of a series share: show, learn, import, export."),
    "ledger": ("deployments.commands.ledger:ledger", "What was bought, by which job; settle what only a person can."),
    "housekeeping": ("deployments.commands.housekeeping:housekeeping", "Clear up what crashes left, and what is old."),
    "schema": ("deployments.commands.plan:schema", "Print the JSON Schema of a job."),
    "models": ("deployments.commands.models:models", "The embedded engine's weights: list, pull, verify, remove."),
    "voices": ("deployments.commands.voices:voices", "The embedded engine's voices, and how each one sounds."),
    "subtitles": ("deployments.commands.subtitles:subtitles", "Convert and check subtitle files."),
    "provenance": (
        "deployments.commands.provenance:provenance",
        "What a file says of how it was made; whether it fits.",
    ),
    "credentials": ("deployments.commands.credentials:credentials", "Save, list and check vendor credentials."),
    "vendor": ("deployments.commands.vendor:vendor", "Call one of a vendor's operations by its name."),
    "sandbox": ("deployments.commands.sandbox:sandbox", "The five vendors on loopback, to rehearse against."),
}


class LazyGroup(click.Group):
    """A group that imports a command's module when the command is called."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; Ctrl-C ends it with the exit code that shells and the docs give to it, where click has 1."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo("polyreel: stopped.", err=True)
            ctx.exit(INTERRUPTED)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands, in the order people meet them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        if cmd_name not in COMMANDS:
            return None
        # Prefect alone takes a second to import, and most commands need none of it.
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        command = getattr(importlib.import_module(module), attribute)
        return command if isinstance(command, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="polyreel", prog_name="polyreel")
def cli() -> None:
    """One reel in, every language out."""


def main() -> NoReturn:
    """The `polyreel` program. Exit codes: 0 delivered, 1 failed, 2 invalid job, 3 partial, 4 held, 130 stopped."""
    # Before any import: each of them would search for garbage many times.
    look_seldom()
    # The allocator reads this once a thread begins; a pool per thread kept hundreds of MB that nobody used.
    share_pools()
    # A proxy in the environment would be asked for our own server at 127.0.0.1.
    keep_loopback_direct()
    from deployments.commands.errors import exit_code
    from deployments.commands.printing import echo
    from polyreel.errors import PolyreelError

    try:
        cli(standalone_mode=True)
    except PolyreelError as error:
        for each in error.each():
            echo(f"polyreel: {each.describe()}", err=True)
        sys.exit(exit_code(error))
    except AllWritten as end:
        # Python's own end would take what is loaded apart for most of a second.
        end.now()
    sys.exit(0)


if __name__ == "__main__":
    main()
