"""`polyreel deploy`: the deployments of `prefect.yaml`, for work pools on a running server."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from deployments.commands.submit import _on_server


@click.command()
@click.argument("names", nargs=-1)
@click.option("--file", type=click.Path(path_type=Path), help="Another file than polyreel's own prefect.yaml.")
def deploy(names: tuple[str, ...], file: Path | None) -> None:
    """Register deployments for work pools; their pools are made where they are missing.

    Without NAMES those for processes: `prefect worker start --pool reels` then runs their jobs. Name `localise-docker`
    or `localise-kubernetes` for the templates.
    """
    for name, pool in _on_server(lambda: _register_deployments(names, file), as_json=False):
        click.echo(f"{name:<24} pool {pool}; its workers: prefect worker start --pool {pool}")


async def _register_deployments(names: tuple[str, ...], file: Path | None) -> list[tuple[str, str]]:
    from deployments.commands import remote
    from deployments.pools import register as pools

    # All names are looked up before any deployment is made: a wrong one leaves nothing half registered.
    wanted = pools.choose_entries(await asyncio.to_thread(pools.read_entries, file or pools.OWN_FILE), names)
    async with remote.open_server() as client:
        for entry in wanted:
            await pools.register_deployment(client, entry)
    return [(entry.name, entry.pool) for entry in wanted]
