"""`polyreel housekeeping`: one round of chores now, on the running server or on one of this command's own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from deployments.commands.printing import echo

if TYPE_CHECKING:
    from polyreel.upkeep import Chore


@click.command()
@click.option(
    "--forget-after",
    type=click.IntRange(1, 3650),
    metavar="DAYS",
    help="Delete vendors' copies of dubs so many days after they were collected.",
)
@click.option(
    "--abandoned-after",
    type=click.IntRange(1, 365),
    default=7,
    show_default=True,
    metavar="DAYS",
    help="Cancel uploads of ours that nobody went on with for so long.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be done; change nothing, here or at any vendor.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def housekeeping(forget_after: int | None, abandoned_after: int, dry_run: bool, as_json: bool) -> None:
    """Clear up what crashes left behind (staged files, uploads, undecided calls, dead links), and wake due runs.

    `polyreel up` does it every hour by itself.
    """
    from deployments.commands.credentials import on_server

    async def do_chores(_book: object) -> tuple[Chore, ...]:
        from flows.housekeeping import Housekeeping, do_round, plan_round

        asked = Housekeeping(forget_after=forget_after, abandoned_after=abandoned_after)
        return await (plan_round(asked) if dry_run else do_round(asked))

    chores = on_server(do_chores, as_json=as_json)
    from flows.housekeeping import as_dict
    from polyreel.upkeep import summarise

    if as_json:
        click.echo(json.dumps(as_dict(chores), ensure_ascii=False))
        return
    for each in chores:
        mark = "done" if each.done else "would" if each.planned else "left"
        echo(f"{mark:<5} {each.kind:<10} {each.provider:<12} {each.what}  {each.note}".rstrip())
    echo(f"{summarise(chores)}.")
