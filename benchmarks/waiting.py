"""Many runs that wait at one account: what that costs meanwhile, and how soon each is woken after a callback's hint."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from polyreel.ledger import steps
from polyreel.ledger.entry import Entry, Receipt, State, Subject
from polyreel.ledger.ledger import Ledger
from polyreel.ledger.sql import SqlRows
from polyreel.ledger.watch import Sighting, Watchers

ACCOUNT = "https://api.panjaya.ai#3f2a90bc11de"
IDLE_SECONDS, HINTS = 8.0, 10


class Vendor:
    """Answers at once, so that what is measured is ours."""

    def __init__(self) -> None:
        self.done: set[str] = set()
        self.asked = 0

    async def list_under_way(self, entries: Sequence[Entry]) -> list[Sighting]:
        self.asked += 1
        return [Sighting(each.key, State.READY if each.key in self.done else State.SUBMITTED) for each in entries]


def run() -> list[dict[str, Any]]:
    return [asyncio.run(_measured(count)) for count in (100, 1000)]


async def _measured(count: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        url = sa.URL.create("sqlite", database=str(Path(folder) / "ledger.db"))
        rows, another_process = SqlRows(url), SqlRows(url)
        keys = [f"k{number}" for number in range(count)]
        subject = Subject(kind="dub", account=ACCOUNT)
        rows.change_all({key: steps.record_receipt(key, subject, Receipt(id=key)) for key in keys})
        vendor, woken = Vendor(), dict[str, float]()
        before = _resident()
        async with Ledger(rows) as ledger, Watchers(ledger).watch(ACCOUNT, vendor) as watcher:

            async def wait(key: str) -> None:
                await watcher.wait_for(key, lambda row: row.state is State.READY)
                woken[key] = time.perf_counter()

            waiting = [asyncio.create_task(wait(key)) for key in keys]
            await asyncio.sleep(3)
            asked, processor = vendor.asked, time.process_time()
            await asyncio.sleep(IDLE_SECONDS)
            idle = {
                "asks_a_minute": (vendor.asked - asked) * 60 / IDLE_SECONDS,
                "processor": (time.process_time() - processor) / IDLE_SECONDS,
                "MB": (_resident() - before) / 1e6,
            }
            seconds = []
            for hint in range(HINTS):
                ready = keys[hint::HINTS]
                vendor.done |= set(ready)
                told = time.perf_counter()
                await asyncio.to_thread(another_process.poke, ACCOUNT)
                await asyncio.gather(*(waiting[keys.index(key)] for key in ready))
                seconds += [woken[key] - told for key in ready]
        rows.close()
        another_process.close()
    p50, p99 = statistics.median(seconds), statistics.quantiles(seconds, n=100)[98]
    return {"name": f"{count} runs that wait", **idle, "woken_p50_s": p50, "woken_p99_s": p99, "goal": "p99 <= 2 s"}


def _resident() -> int:
    fields = Path("/proc/self/statm").read_text().split()
    return int(fields[1]) * 4096
