"""What a person sees of a run in the Prefect UI: how far it is, the languages in a table, and a summary at the end.

Drawing never fails a job: a server that doesn't take a picture is logged, and the job goes on. Each call costs the
server 30 to 130 ms, so the picture follows the board at a distance.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import time
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import httpx
from prefect.artifacts import (
    Artifact,
    acreate_markdown_artifact,
    acreate_progress_artifact,
    acreate_table_artifact,
    aupdate_progress_artifact,
)
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import ArtifactUpdate
from prefect.exceptions import PrefectHTTPStatusError
from prefect.logging import get_logger
from prefect.runtime import flow_run

from polyreel.errors import PolyreelError
from polyreel.errors.full_disk import as_full_disk
from polyreel.job import Job
from polyreel.locales import english_name
from polyreel.machine import home
from polyreel.machine.files import write_atomically
from polyreel.outcome import LanguageOutcome, Outcome
from polyreel.plans import JOB_STAGES, LANGUAGE_STAGES, closing_steps
from tasks.run.progress import Board, Step, board
from tasks.run.summary import summary

# Drawing the picture anew takes the server 30 to 130 ms.
EVERY_S = 5.0
EVERY_SHARE = 0.05
# A look at the board costs nothing; only drawing does.
_LOOK_S = 0.5
_PATIENCE_S = 45.0
"""As long as a server takes that died and is started again."""
_WEIGHTS = {"dub": 6, "separate": 3, "mux": 2, "package": 2}
"""How long stages take beside each other; all others count one."""

KEPT_KEYS = "%-outcome"
"""The keys, as SQL's LIKE has them, of what runs leave on the server for programs to read."""

Drawn = TypeVar("Drawn")
log = get_logger("polyreel.artifacts")


@asynccontextmanager
async def draw_run(job: Job) -> AsyncIterator[Picture]:
    """Draw a run while the block runs. On a server that is only this run's own, nobody looks: nothing is drawn."""
    picture = Picture(job, board())
    if os.environ.get("POLYREEL_EMBEDDED_SERVER"):
        yield picture
        return
    follower = asyncio.create_task(picture.follow())
    try:
        yield picture
    except Exception as error:
        full = as_full_disk(error)
        if full or isinstance(error, PolyreelError):
            picture.outcome = Outcome.of_failure(job.name, full or error)
        if full:
            raise full from error
        raise
    finally:
        follower.cancel()
        # Waited for, as its last drawing could come after the final one and hide it.
        await asyncio.gather(follower, return_exceptions=True)
        if picture.outcome:
            await picture.finish(picture.outcome)


class Picture:
    """One run's artifacts."""

    def __init__(self, job: Job, steps: Board) -> None:
        self._job = job
        self._board = steps
        # Prefect's artifact keys take lower-case letters, digits and dashes alone.
        self._key = re.sub(r"[^a-z0-9]+", "-", job.name.lower()).strip("-") or "job"
        self._progress: UUID | None = None
        self._table: UUID | None = None
        self.outcome: Outcome | None = None

    async def follow(self) -> None:
        """Draw what changed, every 5 s or 5 %, until cancelled."""
        share, at = -1.0, 0.0
        while True:
            now = self.share()
            # Prefect keeps every state of a table: what hasn't moved is not drawn again.
            if now > share and (now - share >= EVERY_SHARE or time.monotonic() - at >= EVERY_S):
                await self._draw(now, [self._make_row(target.locale) for target in self._job.targets])
                share, at = now, time.monotonic()
            await asyncio.sleep(_LOOK_S)

    async def finish(self, outcome: Outcome) -> None:
        """What programs read, the last picture, and the summary. A server that is away is not waited for long."""
        try:
            async with asyncio.timeout(_PATIENCE_S):
                page = summary(outcome, _find_served_address(outcome))
                await asyncio.gather(
                    keep_on_server(self._key, outcome.model_dump(mode="json"), "What `polyreel run --json` prints."),
                    self._draw_end(outcome),
                    try_call(acreate_markdown_artifact(page, key=f"{self._key}-summary", description="Summary")),
                )
        except TimeoutError:
            log.warning("The server did not answer for %g s: it has no last picture of the run", _PATIENCE_S)

    async def _draw_end(self, outcome: Outcome) -> None:
        if outcome.languages:  # else it never began
            await self._draw(1.0, [make_ended_row(locale, each) for locale, each in outcome.languages.items()])

    def share(self) -> float:
        """How much of the run is done, 0 to 1."""
        stages = [(stage, "") for stage in (*JOB_STAGES, *closing_steps(self._job))]
        stages += [(stage, target.locale) for target in self._job.targets for stage in LANGUAGE_STAGES]
        done = sum(
            _weigh_stage(stage) * _compute_share(self._board.steps.get((stage, locale))) for stage, locale in stages
        )
        return done / sum(_weigh_stage(stage) for stage, _ in stages)

    def _make_row(self, locale: str) -> dict[str, Any]:
        steps = [step for step in self._board.steps.values() if step.locale == locale]
        now = steps[-1] if steps else None
        word = f"{now.stage} {now.waits or now.state}" if now else "pending"
        return {"language": locale, "name": english_name(locale), "state": word}

    async def _draw(self, share: float, rows: list[dict[str, Any]]) -> None:
        percent = round(share * 100, 1)
        if self._progress is None:
            self._progress = await try_call(
                acreate_progress_artifact(percent, key=f"{self._key}-progress", description=self._job.name)
            )
            self._table = await try_call(
                acreate_table_artifact(rows, key=f"{self._key}-languages", description="Languages")
            )
            return
        await try_call(aupdate_progress_artifact(self._progress, percent))
        if self._table:
            await try_call(_redraw(self._table, rows))


def _find_served_address(outcome: Outcome) -> str:
    """Where `polyreel up` serves what this run delivered, as it is told to here; empty where nobody serves it."""
    base, run = os.environ.get("POLYREEL_DELIVERED_URL"), flow_run.get_id()
    if not (base and run and outcome.manifest):
        return ""
    write_atomically(home.delivered_dir() / run, str(Path(outcome.manifest).absolute().parent).encode())
    return f"{base}/{run}"


async def keep_on_server(name: str, content: dict[str, Any], description: str) -> None:
    """Leave JSON with the run on its server: who asks for it there may be far from the run's own machine."""
    kept = Artifact(type="result", key=f"{name}-outcome", description=description, data=content)
    await try_call(kept.acreate())


def _weigh_stage(stage: str) -> int:
    return _WEIGHTS.get(stage, 1)


def _compute_share(step: Step | None) -> float:
    if step is None:
        return 0.0
    return step.fraction if step.state == "running" else 1.0


def make_ended_row(locale: str, language: LanguageOutcome) -> dict[str, Any]:
    """A language in the table: state, length, fit, loudness, and why not where it was not delivered."""
    checks = {check.name: check for check in language.checks}

    def spell_check(name: str) -> str:
        check = checks.get(name)
        return "" if check is None or check.value is None else f"{check.value} {check.unit}".strip()

    return {
        "language": locale,
        "name": english_name(locale),
        "state": language.standing,
        "length": spell_check("duration"),
        "fit": spell_check("fit"),
        "loudness": spell_check("loudness"),
        "why": str(language.error) if language.error else _describe_failing(language),
        "video": language.dub or "",
    }


def _describe_failing(language: LanguageOutcome) -> str:
    return ", ".join(check.name for check in language.checks if check.status == "fail")


async def _redraw(table: UUID, rows: list[dict[str, Any]]) -> None:
    async with get_client() as client:
        await client.update_artifact(table, ArtifactUpdate(data=json.dumps(rows)))


async def try_call(call: Awaitable[Drawn]) -> Drawn | None:
    """What a call to the server gave; None, logged, where it did not take it."""
    try:
        return await call
    except (httpx.HTTPError, PrefectHTTPStatusError) as error:
        log.warning("The server did not take a picture of the run: %s", type(error).__name__)
        return None
