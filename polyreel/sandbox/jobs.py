"""Work that goes on after the answer: kept in SQLite, so that a restarted sandbox takes it up again."""

from __future__ import annotations

import asyncio
import json
import logging
import sqlite3
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from polyreel.sandbox.faults import Faults
from polyreel.sandbox.settings import Pace
from polyreel.sandbox.state import Gone, Json, State

log = logging.getLogger("polyreel.sandbox.jobs")
# A dub may run the engine: more at once would make each slower, and add up their memory.
AT_ONCE = 2


@dataclass(frozen=True, slots=True)
class Job:
    """One step of a vendor's work on one subject."""

    id: str
    vendor: str
    step: str
    subject: str
    payload: Json
    state: str = "waiting"
    note: str = ""


Handler = Callable[[Job], Awaitable[None]]


class Jobs:
    """Starts steps, runs them when they are due, and remembers which are not done."""

    def __init__(self, state: State, pace: Pace, faults: Faults) -> None:
        self._state = state
        self._pace = pace
        self._faults = faults
        self._handlers: dict[tuple[str, str], Handler] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._slots = asyncio.Semaphore(AT_ONCE)

    def handle(self, vendor: str, step: str, handler: Handler) -> None:
        """Say what a step does."""
        self._handlers[vendor, step] = handler

    def start(
        self, vendor: str, step: str, subject: str, *, after: float = 0.0, least: float = 0.0, **payload: Any
    ) -> Job:
        """Begin a step ``after`` so many seconds at speed 1, and not before ``least`` real ones."""
        stuck = self._faults.take("job_stuck", vendor, step) is not None
        job = Job(str(uuid.uuid4()), vendor, step, subject, dict(payload), "stuck" if stuck else "waiting")
        due = time.time() + max(least, self._pace.wait(after))
        self._state.run(
            "INSERT INTO jobs VALUES (?, ?, ?, ?, ?, ?, ?, '', ?)",
            *(job.id, vendor, step, subject, json.dumps(payload), due, job.state, time.time()),
        )
        if not stuck:
            self._spawn_step(job, due)
        return job

    def resume(self) -> None:
        """Take up what was not done when the sandbox last stopped."""
        # 'running' too: whoever was killed in the middle of a step left it so, and steps may be done again.
        for row in self._state.rows("SELECT * FROM jobs WHERE state IN ('waiting', 'running') ORDER BY created"):
            self._spawn_step(_read_job(row), row["due"])

    def recent(self, limit: int = 100) -> list[Job]:
        """The newest jobs."""
        return [_read_job(row) for row in self._state.rows("SELECT * FROM jobs ORDER BY created DESC LIMIT ?", limit)]

    def drop(self, vendor: str, subject: str) -> None:
        """Forget what is still to do for a subject that was deleted."""
        self._state.run(
            "UPDATE jobs SET state = 'dropped' WHERE vendor = ? AND subject = ? AND state = 'waiting'", vendor, subject
        )

    async def close(self) -> None:
        """Stop at once; unfinished steps are taken up at the next start."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _spawn_step(self, job: Job, due: float) -> None:
        task = asyncio.get_running_loop().create_task(self._run_step(job, due))
        # asyncio holds its tasks weakly: unheld, one could vanish half done.
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run_step(self, job: Job, due: float) -> None:
        # Whoever waits for its time holds no slot.
        await asyncio.sleep(max(0.0, due - time.time()))
        async with self._slots:
            # It may have been dropped while it waited.
            if not self._mark(job, "running", ("waiting", "running")):
                return
            try:
                await self._handlers[job.vendor, job.step](job)
            except Gone as gone:
                self._mark(job, "dropped", ("running",), str(gone))
            except Exception as error:
                # Whatever breaks a step is that job's failure; the sandbox goes on serving.
                log.exception("job %s of %s failed", job.step, job.vendor)
                self._mark(job, "failed", ("running",), f"{type(error).__name__}: {error}")
            else:
                self._mark(job, "done", ("running",))

    def _mark(self, job: Job, state: str, allowed: tuple[str, ...], note: str = "") -> bool:
        spots = ", ".join("?" for _ in allowed)
        changed = self._state.run(
            f"UPDATE jobs SET state = ?, note = ? WHERE id = ? AND state IN ({spots})",  # noqa: S608 - only question marks
            *(state, note, job.id, *allowed),
        )
        return changed > 0


def _read_job(row: sqlite3.Row) -> Job:
    payload = json.loads(row["payload"])
    return Job(row["id"], row["vendor"], row["step"], row["subject"], payload, row["state"], row["note"])
