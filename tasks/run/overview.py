"""All jobs as a table in the UI, drawn by the flow on the schedule whenever something changed in its round."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

from prefect.artifacts import acreate_table_artifact
from prefect.logging import get_logger

from polyreel.errors import PolyreelError
from polyreel.report.overview import JobRow, list_jobs
from tasks.run.artifacts import try_call
from tasks.run.connections import books_of_run

KEY = "polyreel-jobs"
log = get_logger("polyreel.overview")


async def draw_jobs() -> None:
    """Draw every job of this machine: what waits for somebody first. A ledger that is away fails no round."""
    try:
        async with books_of_run() as books:
            entries = await books.ledger.select()
    except PolyreelError as error:
        log.warning("The table of jobs was not drawn: %s", error)
        return
    rows = await asyncio.to_thread(list_jobs, entries)
    await try_call(
        acreate_table_artifact([as_row(row) for row in rows], key=KEY, description="Every job, and whose turn it is.")
    )


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
        "minutes bought": row.minutes_charged + row.minutes_quoted,
        "runs": row.runs,
        "failed": row.failures,
        "last": ended.isoformat(timespec="minutes"),
    }
