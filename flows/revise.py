"""Lines changed after delivery: a language's edited script is taken as an order, and the job goes through it again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from prefect import flow, runtime
from pydantic import Field, model_validator

from flows.localise import run_recorded
from polyreel.intake.folders import require_path
from polyreel.job import Asked, Job, Locale, Place
from polyreel.job.review import PersonName
from polyreel.review.answer import read_edits
from polyreel.review.decisions import Reviewer
from polyreel.review.edits import from_file
from polyreel.review.events import Change
from polyreel.review.orders import Order, find_key, take_order
from polyreel.store.choice import open_store


class Revision(Asked):
    """Which language's lines change, to what, and who wants it."""

    locale: Locale = Field(title="Language", description="One of the job's.", examples=["es-ES"])
    edited: Place | None = Field(
        default=None,
        title="Edited script",
        description="The language's script with changes (.srt, .vtt), instead of lines.",
        examples=["/srv/reels/welcome.es-ES.srt"],
    )
    lines: str = Field(
        default="",
        max_length=400_000,
        title="Lines",
        description="New texts by line, each on a line of its own, instead of a file: `3: Hola a todos.`",
    )
    by: PersonName = Field(title="Your name", description="Who orders it. It is kept with the version.")
    why: str = Field(default="", max_length=2000, title="Why", description="For the record.")
    revision: int | None = Field(
        default=None, ge=1, title="Revision", description="What you have edited: merged with what came since."
    )

    @model_validator(mode="after")
    def _has_one_change(self) -> Revision:
        if bool(self.edited) == bool(self.lines.strip()):
            raise ValueError("give either an edited script's file or lines")
        return self


@flow(
    name="revise", flow_run_name="{job.name} {revision.locale}", retries=0,
    persist_result=True, result_serializer="json",
)  # fmt: skip
async def revise(job: Job, revision: Revision) -> Any:
    """Do the changed lines of a language again, check them, and deliver them in place; the version before is kept."""
    key = find_key(job, revision.locale)
    change = _read_change(job, revision)
    store = open_store()
    await store.check_usable()
    reviewer = Reviewer(revision.by, revision.revision)
    # Named after the run: one that was killed or suspended reads its order again, and it counts once.
    await take_order(store, key, Order(reviewer, change, revision.why, str(runtime.flow_run.id or "")))
    return await run_recorded(job)


def _read_change(job: Job, revision: Revision) -> Change:
    if revision.edited:
        require_path(revision.edited)
        file = Path(revision.edited).expanduser()
        return from_file(file, revision.locale, accept_repairs=job.subtitles.accept_repairs)
    change = read_edits(revision.lines)
    assert change is not None  # noqa: S101 - the model has seen that there are some
    return change
