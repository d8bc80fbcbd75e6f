"""A language's versions: what went out, in which words; compared, gone back to, and seen to be stale."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from polyreel.errors import ReviewRefused
from polyreel.outcome import Value
from polyreel.review.decisions import Reviewer, place_of
from polyreel.review.events import Event, ReviewKey, format_now
from polyreel.review.log import ReviewLog, Step
from polyreel.review.state import Review
from polyreel.store.local import path_of
from polyreel.store.port import Store
from polyreel.subtitles import plain_text, read_file
from polyreel.subtitles.choices import NO_CHOICE, LineChoice, describe_choice, read_choices
from polyreel.subtitles.model import Cue
from polyreel.subtitles.timing import clock


class Version(Value):
    """One version that went out. ``by`` and ``reason`` are those of the edit that made its script, if one did."""

    number: int
    at: str
    script: str
    by: str = ""
    reason: str = ""
    changed: tuple[int, ...] = ()
    current: bool = False


class Difference(Value):
    """A line that two versions have not in common; a side that has none is None. What is chosen for it, if anything."""

    at: str
    before: str | None = None
    after: str | None = None
    chosen_before: str = ""
    chosen_after: str = ""


def list_versions(review: Review) -> tuple[Version, ...]:
    """The versions that went out, oldest first. The last one is what is delivered now."""
    found = list(review.list_delivered())
    return tuple(_make_version(review, number, event, number == len(found)) for number, event in found)


def _make_version(review: Review, number: int, event: Event, current: bool) -> Version:
    # Going back to a version later is no edit of that one: only what had happened by then counts.
    before = review.events[: next(place for place, each in enumerate(review.events) if each is event)]
    edits = [each for each in before if each.kind == "edited" and each.script == event.script]
    made = edits[-1] if edits else Event(kind="edited")
    script = event.script.sha256 if event.script else ""
    return Version(
        number=number, at=event.at, script=script, by=made.by, reason=made.reason, changed=made.changed, current=current
    )


def is_stale(review: Review) -> bool:
    """Whether what is delivered was made from an older script than the one in force."""
    versions = [event for _, event in review.list_delivered()]
    return bool(versions) and versions[-1].script != review.script()


def describe_next(review: Review) -> str:
    """What becomes of an edited script that has not gone out yet, and what to do: one line for a person."""
    asking = review.asking()
    what = {"script": "the edited script", "final": "the new dub"}[asking.stage] if asking else ""
    if asking and asking.standing == "waiting":
        return f"{what} waits to be approved: polyreel review {review.key.job} {review.key.locale}"
    if asking and asking.decision and asking.standing == "rejected":
        return f"{what} was rejected by {asking.decision.by}: polyreel review {review.key.job} {review.key.locale}"
    if asking and asking.standing == "approved":
        return f"{what} is approved: run the job"
    return "the script was edited since: run the job"


async def compare_versions(store: Store, review: Review, one: int, other: int) -> tuple[Difference, ...]:
    """The lines that differ between two versions. Raises `ReviewRefused` for a version that there is not."""
    before, after = await _read_lines(store, review, one), await _read_lines(store, review, other)
    gone = {line.cue.start_ms: line for said, line in before.items() if said not in after}
    come = {line.cue.start_ms: line for said, line in after.items() if said not in before}
    return tuple(
        Difference(
            at=clock(start),
            before=gone[start].text if start in gone else None,
            after=come[start].text if start in come else None,
            chosen_before=gone[start].chosen if start in gone else "",
            chosen_after=come[start].chosen if start in come else "",
        )
        for start in sorted({*gone, *come})
    )


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of a version, and what was chosen for it."""

    cue: Cue
    choice: LineChoice = NO_CHOICE

    @property
    def text(self) -> str:
        return plain_text(self.cue.text)

    @property
    def chosen(self) -> str:
        """In words: ``recorded by Ana``, ``voice ef_dora, pace 1.1``, or nothing."""
        return describe_choice(self.choice)


async def _read_lines(store: Store, review: Review, number: int) -> dict[object, _Line]:
    """A version's lines by what makes each what it is."""
    script = _find_version(review, number).script
    if script is None:
        return {}
    await store.fetch_files((script,))
    track = (await asyncio.to_thread(read_file, path_of(script))).track
    choices = read_choices(track)
    lines = [_Line(cue, choices.get(place, NO_CHOICE)) for place, cue in enumerate(track.cues)]
    return {(each.cue.start_ms, each.cue.end_ms, each.text, each.cue.speaker, each.choice): each for each in lines}


def _find_version(review: Review, number: int) -> Event:
    found = dict(review.list_delivered())
    if number not in found:
        raise ReviewRefused(
            f"there is no version {number}: {len(found)} went out",
            code="no_such_version",
            where=place_of(review.key),
            remedy="`polyreel versions JOB.yaml LOCALE` lists them.",
        )
    return found[number]


async def go_back(store: Store, key: ReviewKey, reviewer: Reviewer, number: int) -> Review:
    """Put the script of an earlier version in force again, as an order of this person. Raises `ReviewRefused`."""
    log = ReviewLog(store)
    review = await log.write(key, _return_to(reviewer, number))
    return await log.write(key, approve_own_script(reviewer)) if review.revision else review


def _return_to(reviewer: Reviewer, number: int) -> Step:
    def step(review: Review) -> Event | None:
        reviewer.require_allowed(review)
        version, now = _find_version(review, number), review.script()
        if now is None or version.script is None or version.script == now:
            return None
        return Event(
            kind="edited", by=reviewer.name, at=format_now(), subject=now.sha256, script=version.script,
            reason=f"back to version {number}",
        )  # fmt: skip

    return step


def approve_own_script(reviewer: Reviewer) -> Step:
    """Whoever orders a revision approves its script with it: they have just written it."""

    def step(review: Review) -> Event | None:
        reviewer.require_allowed(review)
        script = review.script()
        if script is None:
            return None
        decision = review.decision("script", script.sha256)
        if decision and decision.kind == "approved":
            return None
        return Event(kind="approved", by=reviewer.name, at=format_now(), subject=script.sha256, script=script)

    return step


def as_dict(review: Review) -> dict[str, Any]:
    """What `polyreel versions --json` prints of one language."""
    return {
        "job": review.key.job,
        "locale": review.key.locale,
        "stale": is_stale(review),
        "next": describe_next(review) if is_stale(review) else "",
        "revision": review.revision,
        "versions": [each.model_dump(mode="json") for each in list_versions(review)],
    }
