"""`polyreel credentials`: save, list and check what the vendors know us by. Secrets are never printed."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Coroutine
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, TypeVar

import click

from deployments.commands.printing import echo

if TYPE_CHECKING:
    from types import ModuleType

    from blocks.credentials import CheckReport
    from deployments.server.embedded_server import EmbeddedServer

T = TypeVar("T")


@click.group()
def credentials() -> None:
    """Save, list and check vendor credentials."""


@credentials.command()
@click.argument("vendor")
@click.argument("name")
@click.option("--set", "settings", multiple=True, metavar="FIELD=VALUE", help="A field; VALUE may be env:VARIABLE.")
@click.option("--same-account", is_flag=True, help="Only the key is new: what was bought with the old one stays known.")
def save(vendor: str, name: str, settings: tuple[str, ...], same_account: bool) -> None:
    """Save credentials for VENDOR under NAME."""
    fields = dict(read_pair(setting) for setting in settings)

    async def keep(book: ModuleType) -> tuple[Any, str]:
        before = await book.find_account(vendor, name)
        kept = await (book.save_same_account if same_account else book.save_credentials)(vendor, name, fields)
        return kept, book.explain_other_account(vendor, before, await book.find_account(vendor, name))

    kept, warning = on_server(keep, as_json=False)
    echo(f"Saved {kept.vendor}/{kept.name}.")
    if warning:
        echo(warning, err=True)


@credentials.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_saved(as_json: bool) -> None:
    """List saved credentials; secrets are hidden."""
    found = on_server(lambda book: book.list_saved(), as_json=as_json)
    if as_json:
        click.echo(json.dumps([asdict(each) for each in found], indent=2))
        return
    for each in found:
        echo(f"{each.vendor}/{each.name}  " + "  ".join(f"{k}={v}" for k, v in each.fields.items()))
    if not found:
        echo("No credentials are saved.", err=True)


@credentials.command()
@click.argument("vendor")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def check(vendor: str, name: str, as_json: bool) -> None:
    """Make one harmless call with saved credentials; say what the account may do. Exit code 1: the vendor refuses."""
    report = on_server(lambda book: book.check_credentials(vendor, name), as_json=as_json)
    if as_json:
        click.echo(json.dumps(asdict(report), indent=2))
    else:
        _print_report(report)
    sys.exit(0 if report.ok else 1)


def _print_report(report: CheckReport) -> None:
    for line in report.may:
        echo(f"{report.vendor}/{report.name} {line}")
    if report.error:
        from polyreel.errors import as_sentence

        error = report.error
        told = as_sentence(error["message"], error["remedy"], error["code"])
        echo(f"{report.vendor}/{report.name}: {told}", err=True)


def read_pair(setting: str) -> tuple[str, str]:
    """A ``--set`` as its name and value."""
    field, separator, value = setting.partition("=")
    if not separator or not field:
        # Not the whole setting: it may be a secret typed without its field.
        raise click.BadParameter("a setting is not FIELD=VALUE", param_hint="--set")
    return field.strip(), value


def on_server(work: Callable[[ModuleType], Coroutine[Any, Any, T]], *, as_json: bool) -> T:
    """Do something with the saved blocks, on the user's server or on one of our own; errors are told, not raised."""
    from deployments.commands.errors import report_errors
    from deployments.process import environment
    from deployments.process.prefect_insides import leave_out_unneeded
    from deployments.server.embedded_server import server_for_this_run

    environment.prepare_environment()
    leave_out_unneeded()
    with report_errors(as_json), server_for_this_run(environment.server_address()) as server:
        if server:
            _wait_for(server, quiet=as_json)
        _look_unseen()
        from blocks import credentials as book

        return asyncio.run(work(book))


def _wait_for(server: EmbeddedServer, quiet: bool) -> None:
    if not quiet:
        echo("starting a Prefect server, which keeps the credentials ...", err=True)
    server.wait_until_ready()


def _look_unseen() -> None:
    # Prefect tells its server of every block that is loaded, from a thread that outlives the command's own server.
    from prefect.events.clients import NullEventsClient
    from prefect.events.worker import EventsWorker

    EventsWorker.set_client_override(NullEventsClient)
