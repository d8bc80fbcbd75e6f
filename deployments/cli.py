"""The command line. Nothing heavy is imported before a command needs it: `polyreel --help` answers at once."""

from __future__ import annotations

import importlib
import sys
from typing import NoReturn

import click

from deployments.ending import AllWritten
from deployments.garbage import look_seldom

# name -> (where the command is, one line for --help). Kept here so that help needs none of the modules.
COMMANDS = {
    "run": ("deployments.run_cli:run", "Run a job: dub one reel into every language."),
    "plan": ("deployments.plan_cli:plan", "Check a job and show its stages; spends nothing."),
    "up": ("deployments.up_cli:up", "Server, UI and served deployments on this machine."),
    "submit": ("deployments.submit_cli:submit", "Hand a job to a running server."),
    "batch": ("deployments.batch_cli:batch", "Run a list or a catalogue of jobs on a running server."),
    "status": ("deployments.submit_cli:status", "How runs on the server stand."),
    "cancel": ("deployments.submit_cli:cancel", "End a run, and everything it has started."),
    "logs": ("deployments.submit_cli:logs", "A run's log."),
    "deploy": ("deployments.deploy_cli:deploy", "Register the deployments of prefect.yaml for work pools."),
    "schema": ("deployments.plan_cli:schema", "Print the JSON Schema of a job."),
    "models": ("deployments.models_cli:models", "The embedded engine's weights: list, pull, verify, remove."),
    "voices": ("deployments.voices_cli:voices", "The embedded engine's voices, and how each one sounds."),
    "subtitles": ("deployments.subtitles_cli:subtitles", "Convert and check subtitle files."),
    "credentials": ("deployments.credentials_cli:credentials", "Save, list and check vendor credentials."),
    "sandbox": ("deployments.sandbox_cli:sandbox", "The five vendors on loopback, to rehearse against."),
}


class LazyGroup(click.Group):
    """A group that imports a command's module when the command is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands, in the order people meet them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        if cmd_name not in COMMANDS:
            return None
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
    """The `polyreel` program. Exit codes: 0 delivered, 1 failed, 2 invalid job, 3 partial, 4 held."""
    look_seldom()
    from polyreel.errors import InvalidJob, PolyreelError

    try:
        cli(standalone_mode=True)
    except PolyreelError as error:
        click.echo(f"polyreel: {error}", err=True)
        sys.exit(2 if isinstance(error, InvalidJob) else 1)
    except AllWritten as end:
        end.now()
    sys.exit(0)


if __name__ == "__main__":
    main()
