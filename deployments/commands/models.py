"""`polyreel models`: the embedded engine's weights, on and off the shelf."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from polyreel.engine.models.registry import Model


@click.group()
def models() -> None:
    """The embedded engine's weights: list, pull, verify, remove. After a pull, everything works offline."""


@models.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, and nothing else, on stdout.")
def list_models(as_json: bool) -> None:
    """The models there are, what each is for, and whether it is here."""
    from polyreel.engine.models.registry import MODELS
    from polyreel.engine.models.shelf import find_state, list_strays
    from polyreel.machine import home

    found = [_describe_model(model, find_state(model)) for model in MODELS]
    if as_json:
        return click.echo(json.dumps({"folder": str(home.models_dir()), "models": found}, indent=2))
    for model in found:
        click.echo(f"{model['name']:<16} {model['megabytes']:>4} MB  {model['state']:<10}  {model['purpose']}")
        click.echo(f"{'':<16} {'':>4}     {'':<10}  {model['licence']}")
    for name in list_strays():
        click.echo(f"{name}: of no model that this version knows")
    return click.echo(f"in {home.models_dir()}")


def _describe_model(model: Model, state: str) -> dict[str, Any]:
    return {
        "name": model.name,
        "purpose": model.purpose,
        "licence": model.licence,
        "state": state,
        "bytes": model.bytes,
        "megabytes": round(model.bytes / 1e6),
        "files": [{"path": file.path, "bytes": file.bytes, "sha256": file.sha256} for file in model.files],
        "standard": model.standard,
    }


@models.command("pull")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--accept-licence", is_flag=True, help="You have read the licence of what has terms, and accept them.")
def pull_models(names: tuple[str, ...], accept_licence: bool) -> None:
    """Get models (all standard ones, when none is named): official releases first, package mirrors next.

    What was fetched before an interruption is not fetched again. Nothing is used before its hash is right.
    """
    from deployments.commands.errors import report_errors
    from polyreel.engine.models.registry import models_named, require_accepted
    from polyreel.engine.models.shelf import list_absent

    with report_errors(as_json=False):
        wanted = models_named(names)
        require_accepted(list_absent(*wanted), accept_licence)
        show_pull(wanted)


def show_pull(wanted: tuple[Model, ...]) -> None:
    """Pull models, the size told first, with a progress bar on stderr. Raises EngineError or StoreError."""
    from deployments.commands.pull_display import show_progress
    from polyreel.engine.models.pull import pull
    from polyreel.engine.models.shelf import list_absent

    # What is here is checked by pull all the same; only what is fetched has a size to tell.
    to_get = list_absent(*wanted)
    if to_get:
        megabytes = sum(model.bytes_to_fetch for model in to_get) / 1e6
        names = ", ".join(model.name for model in to_get)
        # On stderr: a script that reads stdout wants none of it.
        click.echo(f"About {megabytes:.0f} MB to fetch: {names}", err=True)
    with show_progress() as told:
        asyncio.run(pull(wanted, told))


@models.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, and nothing else, on stdout.")
def verify(names: tuple[str, ...], as_json: bool) -> None:
    """Read models that are here and compare every hash. Exit code 1 where one is damaged, or named and not here."""
    from deployments.commands.errors import FAILED, report_errors
    from polyreel.engine.models.registry import MODELS, models_named
    from polyreel.engine.models.shelf import find_state, pull_command
    from polyreel.engine.models.shelf import verify as faults_of

    with report_errors(as_json):
        wanted = models_named(names) if names else tuple(model for model in MODELS if find_state(model) != "missing")
    found = {model.name: [f"{fault.file} {fault.problem}" for fault in faults_of(model)] for model in wanted}
    damaged = tuple(model for model in wanted if found[model.name])
    if as_json:
        click.echo(json.dumps({"whole": not damaged, "models": found}, indent=2))
    else:
        for name, faults in found.items():
            click.echo(f"{name}: {'whole' if not faults else '; '.join(faults[:3])}")
        if not found:
            click.echo("no model is here yet; `polyreel models pull` gets them")
        if damaged:
            click.echo(f"polyreel: run `{pull_command(*damaged)}`", err=True)
    if damaged:
        sys.exit(FAILED)


@models.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
def remove(names: tuple[str, ...]) -> None:
    """Take models off the shelf."""
    from deployments.commands.errors import report_errors
    from polyreel.engine.models.registry import models_named
    from polyreel.engine.models.shelf import remove as take_off

    with report_errors(as_json=False):
        for model in models_named(names):
            freed = take_off(model)
            click.echo(f"{model.name}: {f'removed, {freed / 1e6:.0f} MB freed' if freed else 'was not here'}")
