"""`polyreel ledger`: what was bought, uploaded and delivered, by which job; and what only a person can settle."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Coroutine, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import click

from deployments.commands.printing import echo
from polyreel.errors.wording import spell_count
from polyreel.report.purchases import find_tail, format_minutes, shorten_key, sum_by_vendor

if TYPE_CHECKING:
    from polyreel.ledger.entry import Entry
    from polyreel.ledger.rows import Claim

T = TypeVar("T")
STATES = ("intended", "submitted", "ready", "collected", "failed", "unresolved", "forgotten")
# Ten hexadecimal digits are unique in any ledger that a person reads.
_SHORT, _SHORTEST, _MOST_SHOWN = 10, 6, 5


@click.group(invoke_without_command=True)
@click.option("--job", default="", help="Only what this job made.")
@click.option("--provider", default="", help="Only what is at this vendor.")
@click.option("--state", type=click.Choice(STATES), help="Only what stands so.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, and nothing else, on stdout.")
@click.pass_context
def ledger(ctx: click.Context, job: str, provider: str, state: str | None, as_json: bool) -> None:
    """What happened once: bought, uploaded, delivered; by which job, for how many minutes. Oldest first."""
    from deployments.commands.errors import report_errors

    if ctx.invoked_subcommand is not None:
        return
    with report_errors(as_json):
        entries, claims = _select_rows(job, provider, state)
        at_work = [each for each in claims if job in ("", each.what)]
        if as_json:
            known = {
                "entries": [_describe_row(entry) for entry in entries],
                "claims": [_describe_claim(each) for each in at_work],
            }
            click.echo(json.dumps(known, ensure_ascii=False, indent=2))
        else:
            _print_table(entries, is_filtered=bool(job or provider or state))
            for each in at_work:
                echo(_cut_text(f"At work now, alone: {' · '.join(filter(None, (each.what, each.name)))}", 80))


@ledger.command()
@click.argument("key")
@click.option("--found", metavar="ID", help="The vendor has it, under this id.")
@click.option("--not-bought", is_flag=True, help="The vendor has nothing: the next run buys it.")
@click.option("--minutes", type=click.FloatRange(min=0), help="With --found: what the vendor charged.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, and nothing else, on stdout.")
def settle(key: str, found: str | None, not_bought: bool, minutes: float | None, as_json: bool) -> None:
    """Say what became of a call whose answer was lost. KEY may be its beginning, as `polyreel ledger` shows it.

    What failed at the vendor, or was deleted there, can be bought again after --not-bought; its receipt is kept.
    """
    from deployments.commands.errors import report_errors

    if bool(found and found.strip()) == not_bought:
        raise click.UsageError("Give one of --found ID and --not-bought.")
    if minutes is not None and not_bought:
        raise click.UsageError("--minutes goes with --found.")
    with report_errors(as_json):
        entry = _run_work(_settle_call(key, found, minutes))
        said = f"It is settled as {entry.vendor_id}." if found else "It may be bought again."
        click.echo(json.dumps(_describe_row(entry), ensure_ascii=False) if as_json else f"{said} Run the job again.")


async def _settle_call(key: str, found: str | None, minutes: float | None) -> Entry:
    from polyreel.ledger.ledger import Ledger
    from polyreel.ledger.telling import hear_waiting

    # On stderr: with --json, stdout is for JSON alone.
    with hear_waiting(partial(echo, err=True)):
        async with Ledger() as it:
            whole = _whole_key(key, [entry.key for entry in await it.select()])
            if found:
                return await it.settle_found(whole, found.strip(), minutes)
            return await it.settle_not_bought(whole)


def _whole_key(given: str, keys: Iterable[str]) -> str:
    """The one key that begins so. Raises `InvalidJob`."""
    from polyreel.errors import InvalidJob

    keys = list(keys)
    if given in keys:
        return given
    head, _, tail = given.partition("~")
    begun = [key for key in keys if key.startswith(head) or shorten_key(key).startswith(head)]
    # What was changed of a purchase has its key and a tail: without the tail, the purchase itself is meant.
    found = [key for key in begun if find_tail(key).startswith(tail) and bool(find_tail(key)) == bool(tail)]
    # Fewer letters would fit any row, also one that was not meant.
    if len(found) > 1 or (found and len(given) < _SHORTEST):
        shown = ", ".join(shorten_key(key) for key in found[:_MOST_SHOWN])
        more = f" and {len(found) - _MOST_SHOWN} more" if len(found) > _MOST_SHOWN else ""
        verb = "begins" if len(found) == 1 else "begin"
        raise InvalidJob(
            f"{spell_count(len(found), 'row')} {verb} so: {shown}{more}", where=given, remedy="Give more of the key."
        )
    return found[0] if found else given


def _select_rows(job: str, provider: str, state: str | None) -> tuple[list[Entry], list[Claim]]:
    from polyreel.ledger.entry import State
    from polyreel.ledger.ledger import Ledger
    from polyreel.ledger.rows import Filter

    async def ask_ledger() -> tuple[list[Entry], list[Claim]]:
        async with Ledger() as it:
            states = frozenset({State(state)} if state else ())
            found = await it.select(Filter(job=job, provider=provider, states=states))
            return found, await it.list_claims()

    return _run_work(ask_ledger())


def _run_work(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


def _describe_row(entry: Entry) -> dict[str, Any]:
    """A row as JSON: times in ISO 8601, null for never; without what only the machinery needs."""
    # Who holds a row, and until when, are of use to runs alone, and change while one looks.
    row = entry.model_dump(mode="json", exclude={"holder", "lease_until"})
    return {name: _format_time(value) if name.endswith("_at") else value for name, value in row.items()}


def _describe_claim(claim: Claim) -> dict[str, Any]:
    return {"name": claim.name, "job": claim.what, "lease_until": _format_time(claim.lease_until)}


def _format_time(seconds: float) -> str | None:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds)) if seconds else None


def _print_table(entries: list[Entry], *, is_filtered: bool) -> None:
    if not entries:
        return echo("Nothing in the ledger is like this." if is_filtered else "The ledger is empty.")
    echo(_format_columns("KEY", "STATE", "PROVIDER", "KIND", "LOCALE", "MIN", "JOB"))
    for entry in entries:
        minutes = format_minutes(entry)
        key = shorten_key(entry.key)[:_SHORT]
        echo(_format_columns(key, entry.state, entry.provider, entry.kind, entry.locale, minutes, entry.job))
        if below := " · ".join(filter(None, (_format_time(entry.intended_at), entry.vendor_id, entry.note))):
            tail = find_tail(entry.key)
            echo(_cut_text(f"{f'~{tail}' if tail else '':<{_SHORT}} {below}", 80))
    count = f"{spell_count(len(entries), 'row')}."
    return echo("\n".join([count, *sum_by_vendor(entries)]))


def _format_columns(*cells: str) -> str:
    widths = (_SHORT, 10, 11, 9, 7, 6)
    head = " ".join(_cut_text(cell, width).ljust(width) for cell, width in zip(cells, widths, strict=False))
    return _cut_text(f"{head} {cells[-1]}", 80).rstrip()


def _cut_text(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"
