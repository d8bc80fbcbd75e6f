"""Scripts that people have approved in a job's reviews: what a series may learn of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from polyreel.job import Job
from polyreel.outcome import StoredFile
from polyreel.review.decisions import TIMEOUT
from polyreel.review.events import Event, ReviewKey
from polyreel.review.log import ReviewLog
from polyreel.review.state import Review
from polyreel.store.local import path_of
from polyreel.store.port import Store


@dataclass
class ApprovedScripts:
    """By locale, in the source's time; ``source`` is what they stood beside. ``notes``: what is left out, and why."""

    files: dict[str, Path] = field(default_factory=dict)
    source: Path | None = None
    notes: list[str] = field(default_factory=list)


async def read_approved_scripts(store: Store, job: Job) -> ApprovedScripts:
    """The script that a person approved last, of each of the job's languages that has one.

    What a timeout let through nobody has read, so it teaches nothing. An approval counts for as long as the job makes
    the script that it was an edition of. Raises `StoreError` for a store that is away.
    """
    scripts = ApprovedScripts()
    keys = [ReviewKey.of(job, target.locale) for target in job.targets]
    reviews, damaged = await ReviewLog(store).read_all(keys)
    scripts.notes += [f"{each.key.locale}: its review is left out: {each.error}" for each in damaged]
    for review in reviews:
        locale, approved = review.key.locale, find_approved_script(review)
        if approved is None:
            continue
        if review.script() != approved:
            scripts.notes.append(f"{locale}: later edits, which nobody has approved, are left out.")
        source = next((each.shown.source_script for each in reversed(review.events) if each.shown), None)
        wanted = [approved, *([source] if source else [])]
        if not await store.present(wanted):
            scripts.notes.append(f"{locale}: the approved script is no longer kept.")
            continue
        await store.fetch_files(wanted)
        scripts.files[locale] = path_of(approved)
        scripts.source = scripts.source or (path_of(source) if source else None)
    return scripts


def find_approved_script(review: Review) -> StoredFile | None:
    """The edition of the job's present script that a person approved last; None where nobody has."""
    made = next((each.made for each in reversed(review.events) if each.made), None)
    editions = review.editions(made) if made else ()
    return next((each.script for each in _list_approvals(review) if each.script in editions), None)


def _list_approvals(review: Review) -> Iterator[Event]:
    """A person's approvals, the latest first."""
    return (each for each in reversed(review.events) if each.kind == "approved" and each.by != TIMEOUT)
