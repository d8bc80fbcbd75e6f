"""All jobs in the UI, as a table and as a page: drawn by the flows on a schedule, whenever something has changed."""

from __future__ import annotations

import asyncio
import json
import time
from datetime import UTC, datetime
from typing import Any

import httpx
from prefect.artifacts import acreate_markdown_artifact, acreate_table_artifact
from prefect.client.orchestration import get_client
from prefect.exceptions import ObjectNotFound, PrefectHTTPStatusError
from prefect.logging import get_logger

from polyreel.errors import PolyreelError
from polyreel.report.digest import write_digest
from polyreel.report.overview import JobRow, list_jobs
from polyreel.report.records import read_records
from polyreel.review.approved import find_approved
from tasks.run.artifacts import try_call
from tasks.run.connections import books_of_run

KEY, PAGE_KEY = "polyreel-jobs", "polyreel-overview"
log = get_logger("polyreel.overview")


async def draw_jobs() -> None:
    """Draw every job of this machine: what waits for somebody first. A ledger that is away fails no round."""
    try:
        async with books_of_run() as books:
            entries = await books.ledger.select()
    except PolyreelError as error:
        log.warning("The table of jobs was not drawn: %s", error)
        return
    runs = await asyncio.to_thread(lambda: list(read_records()))
    rows = list_jobs(entries, runs, await find_approved(runs))
    table = [as_row(row) for row in rows]
    if await _is_drawn(KEY, table):
        return  # every few minutes the same picture would only hide the one before the last change
    page = write_digest(rows, runs, entries, time.time())
    await try_call(acreate_markdown_artifact(page, key=PAGE_KEY, description="Every job, and who must act."))
    await try_call(acreate_table_artifact(table, key=KEY, description="Every job, and whose turn it is."))


async def _is_drawn(key: str, table: list[dict[str, Any]]) -> bool:
    """Whether the last picture of this key shows just that."""
    try:
        async with get_client() as client:
            found = await client.request("GET", "/artifacts/{key}/latest", path_params={"key": key})
        return bool(json.loads(found.json()["data"]) == table)
    except (httpx.HTTPError, PrefectHTTPStatusError, ObjectNotFound, TypeError, ValueError):
        return False  # there is none, or nobody can say: it is drawn


def as_row(row: JobRow) -> dict[str, Any]:
    """A job as the UI's table has it."""
    ended = datetime.fromtimestamp(row.ended or row.began, UTC)
    return {
        "job": row.job,
        "state": row.state,
        "turn": row.who,
        "why": row.why,
        "what to do": row.todo,
        "languages": f"{row.delivered} of {len(row.languages)}",
        "how they stand": ", ".join(f"{locale} {standing}" for locale, standing in row.languages.items()),
        "minutes bought": row.minutes_charged + row.minutes_quoted,
        "runs": row.runs,
        "failed": row.failures,
        "last": ended.isoformat(timespec="minutes"),
    }
