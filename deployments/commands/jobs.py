"""`polyreel jobs`: every job of this machine, how it stands, what it cost, and whose turn it is."""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING

import click

from deployments.commands.printing import echo
from polyreel.errors.wording import spell_count

if TYPE_CHECKING:
    from polyreel.report.overview import JobRow, Wanted

STATES = ("running", "waiting", "held", "partial", "failed", "died", "stopped", "completed")
WHO = ("you", "vendor", "machine", "nobody")
_MARKS = {"completed": "✓", "failed": "✗", "died": "✗", "partial": "!", "held": "‖", "stopped": "·"}


@click.command()
@click.option("--state", "states", multiple=True, type=click.Choice(STATES), help="Only jobs that stand so.")
@click.option("--job", default="", metavar="TEXT", help="Only jobs with this in their name.")
@click.option("--since", metavar="24h|7d|DAY", help="Only jobs that ran since then.")
@click.option(
    "--who", default="", type=click.Choice(["", "you", "vendor", "machine", "nobody"]), help="Whose turn it is."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, and nothing else, on stdout.")
def jobs(states: tuple[str, ...], job: str, since: str | None, who: str | None, as_json: bool) -> None:
    """Every job that was run on this machine: state, languages, minutes, and who must act. Needs no server.

    What waits for you comes first. Runs of other machines are in their own lists; the ledger's minutes are everybody's.
    """
    from deployments.commands.errors import report_errors

    with report_errors(as_json):
        rows = _read_rows(_build_filter(states, job, since, who or ""))
        if as_json:
            click.echo(
                json.dumps({"jobs": [row.model_dump(mode="json") for row in rows]}, ensure_ascii=False, indent=2)
            )
        else:
            _print_rows(rows)


def _build_filter(states: tuple[str, ...], job: str, since: str | None, who: str) -> Wanted:
    from polyreel.report.overview import Wanted, parse_since

    try:
        begin = parse_since(since) if since else 0.0
    except ValueError:
        raise click.BadParameter("Say 90m, 24h, 7d or a day such as 2026-11-28.", param_hint="--since") from None
    return Wanted(frozenset(states), job, who, begin)


def _read_rows(wanted: Wanted) -> list[JobRow]:
    from polyreel.ledger.address import ledger_rows
    from polyreel.ledger.rows import Filter
    from polyreel.report.overview import list_jobs
    from polyreel.report.records import read_records
    from polyreel.review.approved import find_approved

    runs = list(read_records())
    # From the records and the ledger, and not from a server: whoever asks may have none running.
    rows = list_jobs(ledger_rows().select(Filter()), runs, asyncio.run(find_approved(runs)))
    return [row for row in rows if wanted.matches(row)]


def _print_rows(rows: list[JobRow]) -> None:
    if not rows:
        return echo("No job that was run here is like this.")
    width = min(28, max(len(row.job) for row in rows))
    for row in rows:
        done = f"{row.delivered}/{len(row.languages)}"
        cost = f"{row.minutes_charged + row.minutes_quoted:g} min" if row.minutes_charged or row.minutes_quoted else ""
        # Local time: a person compares it with the clock on the wall.
        when = time.strftime("%d %b %H:%M", time.localtime(row.ended or row.began))
        turn = {"you": "your turn", "vendor": _join_lines(row.why), "machine": "at work", "nobody": ""}[row.who]
        cells = f"{row.job:<{width}}  {row.state:<9} {done:>6}  {cost:>9}  {when}  {turn}"
        echo(f"{_MARKS.get(row.state, '▸')} {cells}".rstrip())
        if row.who == "you":
            echo(f"    {_join_lines(row.why)}")
            echo(f"    → {_join_lines(row.todo)}" if row.todo else "    → Look at its report.")
        if row.report:
            echo(f"    {row.report}")
    return echo(_describe_sum(rows))


def _join_lines(text: str) -> str:
    return " ".join(text.split())


def _describe_sum(rows: list[JobRow]) -> str:
    yours = sum(row.who == "you" for row in rows)
    charged, quoted = sum(row.minutes_charged for row in rows), sum(row.minutes_quoted for row in rows)
    bought = f"; {charged:g} min charged, {quoted:g} quoted" if charged or quoted else ""
    return f"{spell_count(len(rows), 'job')}, {yours} for you{bought}."
