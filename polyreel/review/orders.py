"""A revision, ordered: an edited script of a language that was delivered, approved by whoever orders it, once."""

from __future__ import annotations

from dataclasses import dataclass

from polyreel.errors import InvalidJob
from polyreel.job import Job
from polyreel.locales import canonical
from polyreel.review.decisions import Reviewer
from polyreel.review.edits import Edit, edit_script
from polyreel.review.events import Change, Event, ReviewKey, format_now
from polyreel.review.log import ReviewLog, Step
from polyreel.review.state import Review
from polyreel.review.versions import approve_own_script
from polyreel.store.port import Store


@dataclass(frozen=True, slots=True)
class Order:
    """Who orders which change, and why. ``name``: of the order, which counts once however often it is read."""

    reviewer: Reviewer
    change: Change
    reason: str = ""
    name: str = ""


def find_key(job: Job, locale: str) -> ReviewKey:
    """The review of a job's language. Raises `InvalidJob` where the job has no such target."""
    wanted = canonical(locale)
    targets = [target.locale for target in job.targets]
    if wanted not in targets:
        raise InvalidJob(
            f"the job has no target {wanted}",
            where=job.name,
            remedy=f"Name one of its languages: {', '.join(targets)}.",
        )
    return ReviewKey.of(job, wanted)


async def take_order(store: Store, key: ReviewKey, wanted: Order) -> Review:
    """Put the edited script in force. Raises `ReviewRefused` and SubtitleError; nothing is changed then.

    A run that begins anew, days later perhaps, reads its order again: what others have edited since stays.
    """
    log = ReviewLog(store)
    review = await log.read(key)
    if not _is_taken(review, wanted.name):
        await edit_script(store, key, Edit(wanted.reviewer, wanted.change, wanted.reason, wanted.name))
    # A second event, as a killed run may have written the edit alone: then it is approved now.
    review = await log.write(key, _approve_own(wanted))
    return review if not wanted.name or _is_taken(review, wanted.name) else await log.write(key, _note_order(wanted))


def _is_taken(review: Review, name: str) -> bool:
    return bool(name) and any(each.order == name for each in review.events)


def _approve_own(wanted: Order) -> Step:
    """Approve the script, unless it is one that somebody else has edited since the order was taken."""

    def step(review: Review) -> Event | None:
        mine = [each for each in review.events if wanted.name and each.order == wanted.name]
        if any(each.kind != "edited" or each.script != review.script() for each in mine):
            return None
        event = approve_own_script(Reviewer(wanted.reviewer.name))(review)
        return event and event.model_copy(update={"order": wanted.name})

    return step


def _note_order(wanted: Order) -> Step:
    """An order that changes nothing has been read all the same."""
    words = "a revision was ordered that changes nothing"
    return lambda _review: Event(
        kind="commented", by=wanted.reviewer.name, at=format_now(), reason=words, order=wanted.name
    )
