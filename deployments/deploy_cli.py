"""`polyreel deploy`: the deployments of `prefect.yaml`, for work pools on a running server."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import ModuleType

import click

from deployments.submit_cli import _on_server


@click.command()
@click.argument("names", nargs=-1)
@click.option("--file", type=click.Path(path_type=Path), default=Path("prefect.yaml"), show_default=True)
def deploy(names: tuple[str, ...], file: Path) -> None:
    """Register deployments for work pools; their pools are made where they are missing.

    Without NAMES those for processes: `prefect worker start --pool reels` then runs their jobs. Name `localise-docker`
    or `localise-kubernetes` for the templates.
    """
    for name, pool in _on_server(lambda remote: _deploy(remote, names, file), as_json=False):
        click.echo(f"{name:<24} pool {pool}; its workers: prefect worker start --pool {pool}")


async def _deploy(remote: ModuleType, names: tuple[str, ...], file: Path) -> list[tuple[str, str]]:
    from deployments import pools

    wanted = pools.chosen(await asyncio.to_thread(pools.entries, file), names)
    async with remote.server() as client:
        for entry in wanted:
            await pools.register(client, entry)
    return [(entry.name, entry.pool) for entry in wanted]
